"""Rounds of screening: done once a month in each village, missing ones visible above, and nobody listed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.mediation.actions import screening
from linli.mediation.models import Mediation, ScreeningRound
from linli.mediation.tests.matters import matter
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
    assert [(village, found) for village, found in rows] == [
        (town["village"], done),
        (town["west_village"], None),
    ]
    assert [row.is_done for row in rows] == [True, False]
    assert [row.village for row in screening.rounds_of(town["west"], SEPTEMBER)] == [town["west_village"]]
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


def test_a_round_is_of_a_village_or_community(town: Town, cast: Cast) -> None:
    for name in ("east", "grid"):
        with pytest.raises(cases.BadData) as refusal:
            recorded(town, cast["centre"], place=town[name])
        assert list(refusal.value.errors) == ["place"]
