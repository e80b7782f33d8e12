"""What rounds come to, held against a plain count over random villages, grids that stand or closed, and rounds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from conftest import NOW, Cast, Town
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.mediation.actions import screening
from linli.mediation.actions.screening import Tally
from linli.mediation.models import Mediation, ScreeningRound
from linli.mediation.tests.matters import matter
from linli.orgs.models import Kind, Organisation

pytestmark = pytest.mark.django_db
MONTHS = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
LASTS = {month: (month + timedelta(days=31)).replace(day=1) - timedelta(days=1) for month in MONTHS}
BEGINNINGS = [date(2026, 1, 1), date(2026, 9, 1), date(2026, 9, 30), date(2026, 10, 5)]
ENDS = [None, None, None, date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 20)]


class Made(NamedTuple):
    """A place, its rounds as (month, disputes counted, disputes registered), and its grids."""

    since: date
    until: date | None
    rounds: list[tuple[date, int, int]]
    kind: Kind
    grids: list[Any]


rounds = st.lists(
    st.tuples(st.sampled_from(MONTHS), st.integers(0, 4), st.sampled_from([*[0] * 12, 1, 2])),
    max_size=3,
    unique_by=lambda row: row[0],
)
terms = st.tuples(st.sampled_from(BEGINNINGS), st.sampled_from(ENDS)).filter(
    lambda term: term[1] is None or term[1] >= term[0]
)


def places(kinds: list[Kind], grids: Any) -> Any:
    return st.builds(
        lambda term, *rest: Made(*term, *rest),
        terms,
        rounds,
        st.sampled_from(kinds),
        grids,
    )


villages = places([Kind.VILLAGE, Kind.COMMUNITY], st.lists(places([Kind.GRID], st.just([])), max_size=4))


def is_standing(place: Made, month: date) -> bool:
    return place.since <= LASTS[month] and (place.until is None or place.until > LASTS[month])


def of_month(place: Made, month: date) -> list[tuple[int, int]]:
    return [(counted, registered) for on, counted, registered in place.rounds if on == month]


def plainly(village: Made, month: date) -> Tally:
    """The same again in the plainest words there are."""
    own = of_month(village, month)
    theirs = [row for grid in village.grids for row in of_month(grid, month)]
    waited_for = [grid for grid in village.grids if is_standing(grid, month)]
    is_done = bool(own) or (bool(waited_for) and all(of_month(grid, month) for grid in waited_for))
    registered = sum(n for _counted, n in own + theirs)
    found = max(sum(max(row) for row in own), sum(max(row) for row in theirs), registered)
    stands = is_standing(village, month)
    return Tally(int(stands and is_done), int(stands), found, registered)


def build(made: Made, above: Organisation, code: str, by: Any, cases: list[Any]) -> Organisation:
    place = Organisation.objects.create(
        code=code,
        name=code,
        kind=made.kind,
        parent=above,
        path=f"{above.path}{code}/",
        valid_from=made.since,
        valid_until=made.until,
    )
    for month, found, registered in made.rounds:
        row = ScreeningRound.objects.create(place=place, month=month, found=found, by=by, at=NOW)
        taken = [cases.pop().pk for _each in range(min(registered, len(cases)))]
        assert len(taken) == registered
        Mediation.objects.filter(pk__in=taken).update(screening=row)
    for n, grid in enumerate(made.grids):
        build(grid, place, f"{code}{n:03d}", by, cases)
    return place


def registered_in(made: Made) -> int:
    return sum(n for *_row, n in made.rounds) + sum(registered_in(grid) for grid in made.grids)


def added(tallies: list[Tally]) -> Tally:
    return Tally(*map(sum, zip(*tallies, strict=True)))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    made=st.lists(villages, min_size=1, max_size=4).filter(lambda all_: sum(map(registered_in, all_)) <= 8)
)
def test_villages_are_gone_through_and_disputes_found_as_a_plain_count_says(
    made: list[Made], town: Town, cast: Cast, pool: list[Any]
) -> None:
    with transaction.atomic():
        Organisation.objects.filter(kind__in=screening.SCREENED).update(valid_until=date(2026, 1, 1))
        by, cases = cast.people["officer"], list(pool)
        built = [
            build(each, town["east" if n % 2 else "west"], f"v{n}", by, cases) for n, each in enumerate(made)
        ]
        agrees(town, made, built)
        transaction.set_rollback(True)


def agrees(town: Town, made: list[Made], built: list[Organisation]) -> None:
    paths = [town[name].path for name in ("county", "east", "west")] + [place.path for place in built]
    found = screening.below(town["county"], paths, MONTHS)
    done = screening.done_in(town["county"].path, MONTHS)
    for month in MONTHS:
        expected = [plainly(each, month) for each in made]
        for place, tally in zip(built, expected, strict=True):
            assert found.get((place.path, month), Tally()) == tally
            rows = {row.place: row for row in screening.rounds_of(place, month)}
            if tally.whole:
                assert rows[place].tally == tally
            assert sum(row.found for row in rows.values()) == tally.found
        assert found.get((paths[0], month), Tally()) == added(expected)
        assert done[month] == added(expected)[:2]
        rows_of_all = screening.rounds_of(town["county"], month)
        assert sum(row.found for row in rows_of_all) == added(expected).found
        assert sum(row.linked for row in rows_of_all) == added(expected).linked
        cases = screening.registered(town["county"].path, month).count()
        assert cases == added(expected).linked


@pytest.fixture
def pool(town: Town, cast: Cast, committee: Any) -> list[Any]:
    return [matter(town, cast) for _each in range(8)]


def test_it_takes_two_statements_however_many_places_months_and_rounds(town: Town, cast: Cast) -> None:
    def asked() -> list[int]:
        counts = []
        for ask in (
            lambda: screening.rounds_of(town["county"], MONTHS[1]),
            lambda: screening.below(town["county"], [town["east"].path], MONTHS),
            lambda: screening.done_in(town["county"].path, MONTHS),
        ):
            with CaptureQueriesContext(connection) as queries:
                ask()
            counts.append(len(queries))
        return counts

    assert asked() == [2, 2, 2]
    grid = Made(BEGINNINGS[0], None, [(month, 2, 0) for month in MONTHS], Kind.GRID, [])
    many = Made(BEGINNINGS[0], None, grid.rounds, Kind.VILLAGE, [grid] * 5)
    for n in range(5):
        build(many, town["east"], f"w{n}", cast.people["officer"], [])
    assert asked() == [2, 2, 2]
