"""What a published month counts, and which cells it hides."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from hypothesis import given
from hypothesis import strategies as st

from linli.cases import actions as cases
from linli.kit.ids import uuid7
from linli.measures import actions as measures
from linli.measures import formulas
from linli.measures.models import MonthlyFigures
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM, Actor

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
NOVEMBER = datetime(2026, 11, 3, tzinfo=UTC)
WORK = "更换了损坏的灯头和空气开关，三盏灯都亮了。"


def counted(county: Organisation, month: date) -> formulas.Counts:
    found = formulas.read_month(county, formulas.bounds(county, month))
    return formulas.month_counts(county, month, found.accepted)


def closed(case: Any, move: Any, town: Town, at: datetime) -> None:
    move(case, "accept", "dispatcher", at=at)
    move(case, "dispatch", "dispatcher", at=at, unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler", at=at)
    move(case, "feedback", "handler", at=at, result=WORK)
    move(case, "arrange_check", "dispatcher", at=at)
    move(case, "verify", "grid_worker", at=at, finding="三盏灯都亮着。")


@pytest.mark.django_db
def test_counts_a_month(report: Any, move: Any, town: Town, cast: Cast) -> None:
    soon, late = NOW + timedelta(days=9), NOW + timedelta(days=20)
    first, second, third, fourth = (report().case for _ in range(4))
    closed(first, move, town, soon)
    closed(second, move, town, late)
    move(first, "rate", Actor.reporter(first.pk), at=soon, grade="4")
    move(second, "reopen", Actor.reporter(second.pk), at=late, reason="昨晚又不亮了。")
    cases.advance(
        case=fourth.pk, verb="merge", by=SYSTEM, at=NOW, command_id=uuid7(), data={"head": third.number}
    )
    september = counted(town["county"], SEPTEMBER)
    assert (september["accepted"], september["due"]) == (3, 0)
    assert {part["code"]: part["accepted"] for part in september["towns"]} == {"990001101": 3, "990001102": 0}
    october = counted(town["county"], OCTOBER)
    assert (october["accepted"], october["due"], october["reopened"]) == (0, 4, 1)
    assert (october["late_closed"], october["late_open"]) == (1, 2)
    assert (october["closed"], october["grades"]["4"]) == (1, 1)
    facility = next(part for part in october["categories"] if part["code"] == "facility")
    assert (facility["due"], facility["late"]) == (4, 3)


@pytest.mark.django_db
def test_counts_in_the_same_few_statements(
    report: Any, town: Town, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        report()
    with django_assert_max_num_queries(12):
        counted(town["county"], SEPTEMBER)


@pytest.mark.django_db
def test_other_counties_are_not_counted(report: Any, town: Town) -> None:
    report()
    assert counted(town["west"], SEPTEMBER)["accepted"] == 0


@pytest.mark.django_db
def test_publishes_each_finished_month_once(report: Any, town: Town) -> None:
    report()
    assert measures.publish(county=town["county"], month=OCTOBER, at=NOW) is None
    last = measures.last_month(county=town["county"], at=NOVEMBER)
    assert last is not None
    assert last.month == OCTOBER
    rows = measures.published(county=town["county"], at=NOVEMBER)
    assert [row.month for row in rows] == [OCTOBER, SEPTEMBER]
    report()
    again = measures.published(county=town["county"], at=NOVEMBER)
    assert again[1].counts["accepted"] == 1
    assert MonthlyFigures.objects.count() == 2


@pytest.mark.django_db
def test_a_county_without_cases_publishes_nothing(town: Town) -> None:
    assert measures.published(county=town["county"], at=NOVEMBER) == []


@given(st.lists(st.integers(0, 60), max_size=12))
def test_what_is_hidden_cannot_be_worked_out(cells: list[int]) -> None:
    shown = formulas.shown(cells)
    hidden = [count for count, cell in zip(cells, shown, strict=True) if cell is None]
    assert all(cell is None or cell == 0 or cell >= formulas.K for cell in shown)
    assert [cell for cell in shown if cell is not None] == [
        count for count, cell in zip(cells, shown, strict=True) if cell is not None
    ]
    seen = [cell for cell in shown if cell]
    if hidden and seen:
        assert len(hidden) >= 2
        assert sum(hidden) >= formulas.K


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_share_of_few_is_not_shown(part: int, rest: int) -> None:
    rate = formulas.share(part, part + rest)
    if rate is not None:
        assert part + rest >= formulas.K
        assert part == 0 or part >= formulas.K
        assert rest == 0 or rest >= formulas.K
