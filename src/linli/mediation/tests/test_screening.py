"""Rounds of screening: done once a month in each village, missing ones visible above, and nobody listed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.mediation.actions import reading, screening
from linli.mediation.models import Mediation, ScreeningRound
from linli.mediation.tests.matters import matter
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM, Actor

pytestmark = pytest.mark.django_db
SEPTEMBER = date(2026, 9, 1)


def recorded(town: Town, by: Actor, **changes: Any) -> ScreeningRound:
    given: dict[str, Any] = {"place": town["village"], "month": date(2026, 9, 17), "found": 2, "at": NOW}
    return screening.record_round(by=by, **{**given, **changes})


def test_what_was_not_done_is_seen_above(town: Town, cast: Cast, django_assert_num_queries: Any) -> None:
    done = recorded(town, cast["officer"], note="走访了六个小组。")
    assert (done.month, done.found) == (SEPTEMBER, 2)
    with django_assert_num_queries(2):
        rows = screening.rounds_of(town["county"], date(2026, 9, 30))
    assert [(row.place, row.round) for row in rows] == [
        (town["village"], done),
        (town["west_village"], None),
    ]
    assert [row.is_done for row in rows] == [True, False]
    assert [row.place for row in screening.rounds_of(town["west"], SEPTEMBER)] == [town["west_village"]]
    assert not screening.rounds_of(town["village"], date(2026, 8, 1))[0].is_done


def test_disputes_found_are_counted_with_the_cases_they_became(
    town: Town, cast: Cast, committee: Any
) -> None:
    done = recorded(town, cast["officer"])
    for linked, found, missing in [(0, 2, 2), (1, 2, 1), (2, 2, 0), (3, 3, 0)]:
        (row,) = screening.rounds_of(town["village"], SEPTEMBER)
        assert (row.linked, row.found, row.to_register) == (linked, found, missing)
        Mediation.objects.filter(pk=matter(town, cast).pk).update(screening=done)


def test_a_round_in_which_nothing_was_found_is_a_round(town: Town, cast: Cast) -> None:
    recorded(town, cast["centre"], found=0)
    (row,) = screening.rounds_of(town["village"], SEPTEMBER)
    assert (row.is_done, row.found) == (True, 0)


def test_only_the_month_once(town: Town, cast: Cast) -> None:
    recorded(town, cast["officer"])
    with pytest.raises(cases.BadData) as refusal:
        recorded(town, cast["centre"], month=date(2026, 9, 3))
    assert "绿林村" in refusal.value.errors["month"]
    recorded(town, cast["officer"], month=date(2026, 8, 3))


def test_the_month_begins_by_the_clock_of_the_place(town: Town, cast: Cast) -> None:
    eve = datetime(2026, 9, 30, 15, 59, tzinfo=UTC)
    with pytest.raises(cases.BadData) as refusal:
        recorded(town, cast["officer"], month=date(2026, 10, 1), at=eve)
    assert list(refusal.value.errors) == ["month"]
    recorded(town, cast["officer"], month=date(2026, 10, 1), at=eve.replace(hour=16, minute=0))


@pytest.mark.parametrize("who", ["dispatcher", "grid_worker", "outsider", "mediator", "county_dispatcher"])
def test_a_post_without_that_duty_is_refused(town: Town, cast: Cast, who: str) -> None:
    with pytest.raises(cases.NotAllowed):
        recorded(town, cast[who])


def test_nobody_records_for_a_place_elsewhere(town: Town, cast: Cast) -> None:
    for by in (cast["officer"], cast["centre"], SYSTEM):
        with pytest.raises(cases.NotAllowed):
            recorded(town, by, place=town["west_village"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"found": -1}, "found"),
        ({"found": 501}, "found"),
        ({"note": "长" * 201}, "note"),
        ({"note": "三组王某 13800138000 要重点看。"}, "note"),
    ],
)
def test_says_what_is_wrong_with_a_round(town: Town, cast: Cast, changes: Any, field: str) -> None:
    with pytest.raises(cases.BadData) as refusal:
        recorded(town, cast["officer"], **changes)
    assert list(refusal.value.errors) == [field]
    assert not ScreeningRound.objects.exists()


def test_a_round_is_of_a_village_a_community_or_a_grid(town: Town, cast: Cast) -> None:
    with pytest.raises(cases.BadData) as refusal:
        recorded(town, cast["centre"], place=town["east"])
    assert list(refusal.value.errors) == ["place"]


# Grids --------------------------------------------------------------------------------------------


def row_of(unit: Organisation) -> screening.Screened:
    (row,) = screening.rounds_of(unit, SEPTEMBER)
    return row


def test_a_grid_worker_records_the_own_grid_and_no_other(town: Town, cast: Cast) -> None:
    recorded(town, cast["grid_worker"], place=town["grid"], found=0)
    row = row_of(town["grid"])
    assert (row.place, row.is_done, row.found) == (town["grid"], True, 0)
    for other in ("grid2", "village", "west_grid"):
        with pytest.raises(cases.NotAllowed):
            recorded(town, cast["grid_worker"], place=town[other])


def test_a_village_is_gone_through_when_each_of_its_grids_is(town: Town, cast: Cast) -> None:
    recorded(town, cast["grid_worker"], place=town["grid"], found=1)
    row = row_of(town["village"])
    assert (row.is_done, row.grids_done, [grid.place for grid in row.missing]) == (False, 1, [town["grid2"]])
    assert screening.done_in(town["county"].path, [SEPTEMBER]) == {SEPTEMBER: (0, 2)}
    recorded(town, cast["sibling_worker"], place=town["grid2"], found=2)
    row = row_of(town["village"])
    assert (row.is_done, row.round, row.missing, row.found) == (True, None, [], 3)
    assert screening.done_in(town["county"].path, [SEPTEMBER]) == {SEPTEMBER: (1, 2)}


@pytest.mark.parametrize(("own", "found"), [(1, 3), (3, 3), (5, 5)])
def test_what_a_village_and_its_grids_found_is_not_added_up(
    town: Town, cast: Cast, own: int, found: int
) -> None:
    recorded(town, cast["grid_worker"], place=town["grid"], found=1)
    recorded(town, cast["sibling_worker"], place=town["grid2"], found=2)
    recorded(town, cast["officer"], found=own)
    row = row_of(town["village"])
    assert (row.is_done, row.found) == (True, found)


def test_disputes_registered_from_any_of_the_rounds_count_once(
    town: Town, cast: Cast, committee: Any
) -> None:
    grid = recorded(town, cast["grid_worker"], place=town["grid"], found=1)
    village = recorded(town, cast["officer"], found=1)
    for made in (grid, village, village):
        Mediation.objects.filter(pk=matter(town, cast).pk).update(screening=made)
    row = row_of(town["village"])
    assert (row.linked, row.found, row.to_register) == (3, 3, 0)
    assert [(each.found, each.linked) for each in row.grids] == [(1, 1), (0, 0)]
    tally = screening.below(town["county"], [town["village"].path], [SEPTEMBER])[
        town["village"].path, SEPTEMBER
    ]
    assert tally == row.tally


def test_a_grid_that_was_closed_is_not_waited_for_and_what_it_found_stays(town: Town, cast: Cast) -> None:
    recorded(town, cast["grid_worker"], place=town["grid"], found=2)
    recorded(town, cast["sibling_worker"], place=town["grid2"], found=1)
    Organisation.objects.filter(pk=town["grid2"].pk).update(valid_until=date(2026, 9, 20))
    row = row_of(town["village"])
    assert (row.is_done, len(row.standing), row.found, len(row.grids)) == (True, 1, 3, 2)
    ScreeningRound.objects.filter(place=town["grid"]).delete()
    row = row_of(town["village"])
    assert (row.is_done, row.found) == (False, 1)


def test_one_who_screens_sees_no_more_of_the_disputes_found(town: Town, cast: Cast, committee: Any) -> None:
    """The count of what became of a round, never a case."""
    made = recorded(town, cast["grid_worker"], place=town["grid"], found=1)
    found = matter(town, cast)
    Mediation.objects.filter(pk=found.pk).update(screening=made)
    assert row_of(town["grid"]).linked == 1
    assert not reading.may_read(found.pk, cast["grid_worker"])
    assert not cast["grid_worker"].may("mediation.view")
