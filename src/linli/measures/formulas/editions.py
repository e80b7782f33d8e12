"""Which cells of a month are published as open data: a partition that lets no small number be worked out.

Along every axis (places, categories, ...) the values stand in a fixed order. Neighbours are joined until each part
holds at least K matters; a part that is one value alone may be divided further, into the values below it. So every
matter is counted in exactly one part of every axis. Places are also crossed with each other axis, in rows and columns
joined until every cell holds K. docs/open-data.md shows why no set of 1 to 9 matters follows from these numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from linli.measures.formulas.months import K

PLACE, TOTAL = "place", "total"


@dataclass(frozen=True)
class Value:
    """One value of an axis and those below it, in their fixed order. A matter stands at a value with none below."""

    code: str
    zh: str = ""
    en: str = ""
    level: str = ""
    below: tuple[Value, ...] = field(default=(), repr=False)

    def ends(self) -> Iterator[str]:
        """The codes of the lowest values."""
        if not self.below:
            yield self.code
        for value in self.below:
            yield from value.ends()


Part = tuple[Value, ...]
"""Neighbouring values that are published as one."""
Facts = Mapping[tuple[str, ...], int]
"""How many matters there are with this lowest value along each axis, in the order of the axes."""


@dataclass(frozen=True)
class Cell:
    """One published number: of a part of places, of a part of another axis, of both, or of everything."""

    axis: str
    place: Part | None
    part: Part | None
    matters: int

    @property
    def table(self) -> str:
        """Which table the cell belongs to; the cells of one table hold every matter once."""
        if self.place is None:
            return self.axis
        return f"{PLACE}-{self.axis}" if self.part else PLACE


def cells(axes: Mapping[str, Value], facts: Facts, k: int = K) -> list[Cell]:
    """Everything published about these matters; nothing when they are fewer than `k`. The first axis is the place."""
    total = sum(facts.values())
    if total < k:
        return []
    counts = [_along(facts, n) for n in range(len(axes))]
    found = [Cell(TOTAL, None, None, total)]
    for n, (axis, root) in enumerate(axes.items()):
        for part in parts(root, counts[n], k):
            matters = _within(part, counts[n])
            found.append(Cell(axis, part, None, matters) if n == 0 else Cell(axis, None, part, matters))
    place, *others = axes.items()
    rows = division(place[1], counts[0], k)
    for n, (axis, root) in enumerate(others, start=1):
        pairs = Counter[tuple[str, str]]()
        for values, matters in facts.items():
            pairs[values[0], values[n]] += matters
        for row, column, matters in crossing(rows, division(root, counts[n], k), pairs, k):
            found.append(Cell(axis, row, column, matters))
    return found


def parts(value: Value, counts: Mapping[str, int], k: int = K) -> list[Part]:
    """What a value is divided into, as far down as the parts hold `k` each."""
    found: list[Part] = []
    for part in division(value, counts, k):
        if len(part) == 1 and part[0] is not value:
            found += parts(part[0], counts, k)
        else:
            found.append(part)
    return found


def division(value: Value, counts: Mapping[str, int], k: int = K) -> list[Part]:
    """A value divided into the values right below it, neighbours joined; itself where they would make one part."""
    joined = runs([(_within((below,), counts),) for below in value.below], k)
    if len(joined) < 2:
        return [(value,)]
    return [tuple(value.below[n] for n in run) for run in joined]


def runs(cells: Sequence[Sequence[int]], k: int = K) -> list[range]:
    """Neighbours joined until a run holds `k` in every column; what is left over joins the last run.

    Where a run ends depends on nothing but sums that are published or below `k`, so it gives no number away.
    """
    found: list[range] = []
    begin, sums = 0, [0] * (len(cells[0]) if cells else 0)
    for n, row in enumerate(cells):
        sums = [have + more for have, more in zip(sums, row, strict=True)]
        if min(sums, default=0) >= k:
            found.append(range(begin, n + 1))
            begin, sums = n + 1, [0] * len(sums)
    if found and begin < len(cells):
        found[-1] = range(found[-1].start, len(cells))
    return found


def crossing(
    rows: Sequence[Part], columns: Sequence[Part], pairs: Mapping[tuple[str, str], int], k: int = K
) -> list[tuple[Part, Part, int]]:
    """The finest table of rows by columns all of whose cells hold `k`; none with fewer than two of either.

    Rows and columns are joined by their own sums, which are published, each table out of the one before: joined by
    its cells, or tried in several ways, a table would tell which of the cells below it are small.
    """
    grid = _grid(rows, columns, pairs)
    for down, across in _coarser([sum(row) for row in grid], [sum(each) for each in zip(*grid, strict=True)]):
        found = [
            (_join(rows, here), _join(columns, there), sum(grid[n][m] for n in here for m in there))
            for here in down
            for there in across
        ]
        if all(matters >= k for _row, _column, matters in found):
            return found
    return []


def _coarser(tall: list[int], wide: list[int]) -> Iterator[tuple[list[range], list[range]]]:
    """Ways to join rows and columns, each coarser than the one before: the smallest of all joins its neighbour."""
    sums = (tall, wide)
    joined = [[range(n, n + 1) for n in range(len(side))] for side in sums]
    while min(map(len, joined)) > 1:
        yield joined[0], joined[1]
        held = [
            [sum(side[n] for n in run) for run in runs_] for side, runs_ in zip(sums, joined, strict=True)
        ]
        side = min((n for n in (0, 1) if len(joined[n]) > 2), key=lambda n: min(held[n]), default=0)
        least = min(held[side]) + 1
        again = runs([(n,) for n in held[side]], least)
        joined[side] = [range(joined[side][run[0]].start, joined[side][run[-1]].stop) for run in again]


def _grid(
    rows: Sequence[Part], columns: Sequence[Part], pairs: Mapping[tuple[str, str], int]
) -> list[list[int]]:
    row_of = {code: n for n, part in enumerate(rows) for value in part for code in value.ends()}
    column_of = {code: n for n, part in enumerate(columns) for value in part for code in value.ends()}
    grid = [[0] * len(columns) for _ in rows]
    for (place, value), matters in pairs.items():
        grid[row_of[place]][column_of[value]] += matters
    return grid


def _join(joined: Sequence[Part], run: range) -> Part:
    return tuple(value for n in run for value in joined[n])


def _along(facts: Facts, axis: int) -> Counter[str]:
    counts = Counter[str]()
    for values, matters in facts.items():
        counts[values[axis]] += matters
    return counts


def _within(part: Part, counts: Mapping[str, int]) -> int:
    return sum(counts.get(code, 0) for value in part for code in value.ends())


def alone(counts: Sequence[int], k: int = K) -> list[int | None]:
    """The values of one axis as a page shows them: None for each that is published only joined with another."""
    single = {run[0] for run in runs([(n,) for n in counts], k) if len(run) == 1}
    return [count if n in single else None for n, count in enumerate(counts)]
