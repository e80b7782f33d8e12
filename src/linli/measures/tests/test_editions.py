"""What of a month is published: nothing below ten, and nothing below ten can be worked out of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.measures.formulas.editions import Cell, Part, Value, alone, cells, crossing, division, runs
from linli.measures.formulas.months import K

COUNTY = Value(
    "county",
    below=(
        Value("a", below=(Value("a1"), Value("a2"), Value("a.0"))),
        Value("b"),
        Value("c"),
    ),
)
CATEGORIES = Value("category", below=(Value("x", below=(Value("x.1"), Value("x.2"))), Value("y")))
PROGRESS = Value("progress", below=(Value("in_time"), Value("late")))
AXES = {"place": COUNTY, "category": CATEGORIES, "progress": PROGRESS}
ATOMS = list(itertools.product(*(list(axis.ends()) for axis in AXES.values())))
Key = tuple[tuple[tuple[int, ...], int], ...]
Set = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

months = st.lists(st.integers(0, 24), min_size=len(ATOMS), max_size=len(ATOMS))
scarce = st.lists(st.sampled_from([0, 0, 0, 1, 2, 9, 30]), min_size=len(ATOMS), max_size=len(ATOMS))


def published(counts: Sequence[int], k: int = K) -> list[Cell]:
    return cells(AXES, dict(zip(ATOMS, counts, strict=True)), k)


def codes(part: Part | None) -> set[str] | None:
    return None if part is None else {code for value in part for code in value.ends()}


def indicator(cell: Cell, axes: dict[str, Value], atoms: Sequence[tuple[str, ...]]) -> list[int]:
    """Which combinations of values a cell counts."""
    places, values, at = codes(cell.place), codes(cell.part), list(axes).index
    return [
        int((places is None or atom[0] in places) and (values is None or atom[at(cell.axis)] in values))
        for atom in atoms
    ]


def derivable(rows: Sequence[Sequence[int]]) -> Set:
    """Every set of cases whose number follows from these numbers by adding, subtracting and multiplying.

    They are the vectors of zeros and ones in the span of the published sets. In reduced form a vector of the span is
    determined by its entries at the pivots, which here are zero or one: so all are tried.
    """
    reduced: list[list[Fraction]] = []
    pivots: list[int] = []
    for row in rows:
        left = [Fraction(n) for n in row]
        for held, pivot in zip(reduced, pivots, strict=True):
            left = [n - left[pivot] * m for n, m in zip(left, held, strict=True)]
        if not any(left):
            continue
        pivot = next(n for n, value in enumerate(left) if value)
        left = [n / left[pivot] for n in left]
        reduced = [[n - held[pivot] * m for n, m in zip(held, left, strict=True)] for held in reduced]
        reduced.append(left)
        pivots.append(pivot)
    basis = np.array([[float(n) for n in row] for row in reduced])
    choices = np.array(list(itertools.product((0.0, 1.0), repeat=len(reduced))))
    found = choices @ basis
    is_set = (np.minimum(np.abs(found), np.abs(found - 1)) < 1e-9).all(axis=1)
    sets: Set = found[is_set]
    return sets


def small(rows: Sequence[Sequence[int]], counts: Sequence[int], k: int = K) -> list[float]:
    """How many cases the derivable sets hold that hold some, but fewer than `k`."""
    held = derivable(rows) @ np.array(counts, dtype=float)
    return sorted({float(n) for n in held if 0.5 < n < k - 0.5})


@given(st.one_of(months, scarce))
def test_every_table_counts_every_matter_once(counts: list[int]) -> None:
    found = published(counts)
    tables = Counter(cell.table for cell in found)
    assert bool(found) == (sum(counts) >= K)
    for table in tables:
        sets = [indicator(cell, AXES, ATOMS) for cell in found if cell.table == table]
        assert [sum(column) for column in zip(*sets, strict=True)] == [1] * len(ATOMS)
    for cell in found:
        assert cell.matters >= K
        held = zip(indicator(cell, AXES, ATOMS), counts, strict=True)
        assert cell.matters == sum(counted * n for counted, n in held)


@given(st.one_of(months, scarce))
@settings(max_examples=40, deadline=None)
def test_no_set_of_one_to_nine_follows_from_what_is_published(counts: list[int]) -> None:
    found = published(counts)
    if found:
        assert small([indicator(cell, AXES, ATOMS) for cell in found], counts) == []


def test_a_careless_table_is_caught() -> None:
    """The adversary of the test above finds what hiding single cells leaves open."""
    counts = [n % 7 for n in range(len(ATOMS))]
    totals = [cell for cell in published(counts) if cell.table in ("total", "place", "category")]
    careless = [
        [int(atom[0] == place and atom[1] == value) for atom in ATOMS]
        for place, value in itertools.product(COUNTY.ends(), CATEGORIES.ends())
        if sum(n for atom, n in zip(ATOMS, counts, strict=True) if atom[:2] == (place, value)) >= K
    ]
    assert careless
    rows = [indicator(cell, AXES, ATOMS) for cell in totals]
    assert small(rows, counts) == []
    assert small([*rows, *careless], counts) != []


@given(st.one_of(months, scarce), st.one_of(months, scarce))
@settings(max_examples=10, deadline=None)
def test_nothing_more_follows_from_two_editions(first: list[int], second: list[int]) -> None:
    """A matter is counted in one month only, so the sets of two editions have nothing in common."""
    rows, held = [], [*first, *second]
    nothing = [0] * len(ATOMS)
    for cell in published(first):
        if cell.table in ("place", "category"):
            rows.append([*indicator(cell, AXES, ATOMS), *nothing])
    for cell in published(second):
        if cell.table in ("place", "category"):
            rows.append([*nothing, *indicator(cell, AXES, ATOMS)])
    if rows:
        assert small(rows, held) == []


# An adversary who knows the method, too ---------------------------------------------------------


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def given_away(axes: dict[str, Value], total: int, k: int) -> list[tuple[Key, tuple[int, ...]]]:
    """Sets of 1 to k - 1 cases whose number is the same in every month that would be published just so."""
    atoms = list(itertools.product(*(list(axis.ends()) for axis in axes.values())))
    alike: dict[Key, list[tuple[int, ...]]] = {}
    for counts in compositions(total, len(atoms)):
        found = cells(axes, dict(zip(atoms, counts, strict=True)), k)
        key = tuple((tuple(indicator(cell, axes, atoms)), cell.matters) for cell in found)
        alike.setdefault(key, []).append(counts)
    sets = np.array(list(itertools.product((0, 1), repeat=len(atoms)))[1:]).T
    pinned: list[tuple[Key, tuple[int, ...]]] = []
    for shown, possible in alike.items():
        held = np.array(possible) @ sets
        same = (held.min(axis=0) == held.max(axis=0)) & (held[0] > 0) & (held[0] < k)
        if shown and same.any():
            pinned.append((shown, tuple(sets[:, int(np.argmax(same))])))
    return pinned


def flat(name: str, width: int) -> Value:
    return Value(name, below=tuple(Value(f"{name}{n}") for n in range(width)))


NESTED = Value("p", below=(Value("p0", below=(Value("p00"), Value("p01"))), Value("p1"), Value("p2")))


@pytest.mark.parametrize(
    ("axes", "total", "k"),
    [
        ({"place": flat("p", 5)}, 12, 3),
        ({"place": NESTED}, 14, 4),
        ({"place": flat("p", 2), "category": flat("c", 2)}, 14, 3),
        ({"place": flat("p", 3), "category": flat("c", 2)}, 11, 2),
        ({"place": flat("p", 3), "category": flat("c", 2)}, 13, 2),
        ({"place": flat("p", 2), "category": flat("c", 2), "progress": flat("d", 2)}, 8, 2),
    ],
)
def test_knowing_the_method_does_not_help(axes: dict[str, Value], total: int, k: int) -> None:
    assert given_away(axes, total, k) == []


def test_joining_rows_by_their_cells_would_give_numbers_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why rows are joined by their sums alone: this is the table that was refuted."""

    def greedy(
        rows: Sequence[Part], columns: Sequence[Part], pairs: dict[tuple[str, str], int], k: int
    ) -> list[tuple[Part, Part, int]]:
        grid = [[pairs.get((row[0].code, column[0].code), 0) for column in columns] for row in rows]
        joined = runs(grid, k)
        return [
            (tuple(rows[n][0] for n in run), column, sum(grid[n][at] for n in run))
            for run in joined
            for at, column in enumerate(columns)
            if len(joined) > 1
        ]

    axes = {"place": flat("p", 3), "category": flat("c", 2)}
    assert given_away(axes, 11, 2) == []
    monkeypatch.setattr("linli.measures.formulas.editions.crossing", greedy)
    assert given_away(axes, 11, 2) != []


# The parts --------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 12))
def test_runs_are_neighbours_that_hold_enough(counts: list[int], k: int) -> None:
    found = runs([(n,) for n in counts], k)
    if not found:
        assert sum(counts) < k
        return
    assert [n for run in found for n in run] == list(range(len(counts)))
    for run in found[:-1]:
        assert sum(counts[n] for n in run) >= k > sum(counts[n] for n in run[:-1])
    assert sum(counts[n] for n in found[-1]) >= k


def test_small_villages_are_joined_and_large_ones_divided() -> None:
    counts = {"a1": 12, "a2": 3, "a.0": 8, "b": 4, "c": 7}
    assert [[value.code for value in part] for part in division(COUNTY, counts)] == [["a"], ["b", "c"]]
    found = [cell for cell in cells({"place": COUNTY}, {(code,): n for code, n in counts.items()})]
    shown = [([value.code for value in cell.place], cell.matters) for cell in found if cell.place]
    assert shown == [(["a1"], 12), (["a2", "a.0"], 11), (["b", "c"], 11)]


def test_a_crossing_has_all_its_cells() -> None:
    rows, columns = [(Value("p"),), (Value("q"),)], [(Value("x"),), (Value("y"),)]
    enough = {("p", "x"): 10, ("p", "y"): 12, ("q", "x"): 30, ("q", "y"): 11}
    assert [matters for *_parts, matters in crossing(rows, columns, enough)] == [10, 12, 30, 11]
    assert crossing(rows, columns, {**enough, ("q", "y"): 9}) == []


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_a_page_shows_only_what_stands_alone_in_the_open_data(counts: list[int]) -> None:
    county = flat("t", len(counts))
    held = {f"t{n}": count for n, count in enumerate(counts)}
    single = {part[0].code for part in division(county, held) if len(part) == 1}
    for n, shown in enumerate(alone(counts)):
        if shown is not None and len(counts) > 1 and single != {"t"}:
            assert f"t{n}" in single
            assert shown == counts[n] >= K
