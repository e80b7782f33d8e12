"""The calendar: what is a working day, what is it called, and how far ahead is it certain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import translation

from linli.cases.models import CalendarDay
from linli.cases.procedures import calendar as calendars
from linli.cases.procedures.calendar import RULE_SOURCE, Calendar, Day, seed_rows, seeded
from linli.orgs.models import Revision

DAYS_OFF_2026 = [
    *[date(2026, 1, day) for day in range(1, 4)],
    *[date(2026, 2, day) for day in range(15, 24)],
    *[date(2026, 4, day) for day in range(4, 7)],
    *[date(2026, 5, day) for day in range(1, 6)],
    *[date(2026, 6, day) for day in range(19, 22)],
    *[date(2026, 9, day) for day in range(25, 28)],
    *[date(2026, 10, day) for day in range(1, 8)],
]
MAKEUP_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]
WORKING_DAYS_OF_MONTHS_2026 = [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    calendars.forget()
    yield
    calendars.forget()


def test_every_month_of_2026_has_its_working_days() -> None:
    working = [day.month for day in days_of(2026) if seeded().is_working(day)]
    assert [working.count(month) for month in range(1, 13)] == WORKING_DAYS_OF_MONTHS_2026
    assert len(working) == 248


def test_holidays_rest_and_makeup_days_work() -> None:
    calendar = seeded()
    assert not any(calendar.is_working(day) for day in DAYS_OFF_2026)
    assert all(calendar.is_working(day) and calendar.is_makeup(day) for day in MAKEUP_2026)
    assert [day for day in days_of(2026) if calendar.is_makeup(day)] == MAKEUP_2026


def test_agrees_with_an_independent_list_of_2026() -> None:
    """The year file of the npm package chinese-days 1.5.7 (MIT)."""
    data = json.loads((Path(__file__).parent / "holidays_2026.json").read_text(encoding="utf-8"))
    calendar = seeded()
    for day in days_of(2026):
        expected = day.weekday() < 5
        expected = (expected or day.isoformat() in data["workdays"]) and day.isoformat() not in data[
            "holidays"
        ]
        assert calendar.is_working(day) is expected, day


def test_names_days_in_the_reader_s_language() -> None:
    calendar = seeded()
    with translation.override("zh-hans"):
        assert calendar.name(date(2026, 4, 5)) == "清明节"
        assert calendar.name(date(2026, 4, 8)) == ""
    with translation.override("en"):
        assert calendar.name(date(2026, 4, 5)) == "Qingming Festival"


def test_is_certain_until_the_end_of_2026_and_says_who_says_so() -> None:
    calendar = seeded()
    assert calendar.confirmed_until == date(2026, 12, 31)
    assert calendar.is_confirmed(date(2026, 12, 31))
    assert not calendar.is_confirmed(date(2027, 1, 1))
    assert not calendar.is_confirmed(date(2023, 12, 31))
    assert {row.source for row in seed_rows() if row.date.year == 2026} == {"chinesecalendar 1.11.0"}


def test_knows_the_thirteen_statutory_days_of_2027_as_provisional() -> None:
    rows = [row for row in seed_rows() if row.date.year == 2027]
    assert len(rows) == 13
    assert not any(row.is_confirmed or row.is_working for row in rows)
    assert (rows[0].date, rows[0].name_zh, rows[0].name_en) == (date(2027, 1, 1), "元旦", "New Year's Day")
    assert {row.source for row in rows} == {RULE_SOURCE}
    assert {row.name_zh for row in rows} == {"元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"}
    assert not seeded().is_working(date(2027, 2, 8))


def test_seed_has_each_day_once_and_only_days_that_differ() -> None:
    rows = seed_rows()
    assert len({row.date for row in rows}) == len(rows)
    assert all(row.date.weekday() >= 5 for row in rows if row.is_working)
    assert {row.date.year for row in rows} == {2024, 2025, 2026, 2027}


def test_one_stray_local_holiday_does_not_confirm_a_year() -> None:
    calendar = Calendar.of([*seed_rows(), Day(date(2028, 3, 1), False, "县庆", "County day")])
    assert not calendar.is_confirmed(date(2028, 6, 1))
    assert not calendar.is_working(date(2028, 3, 1))


def test_a_year_is_confirmed_when_none_of_its_rows_waits() -> None:
    confirmed = [Day(row.date, row.is_working, row.name_zh, row.name_en) for row in seed_rows()]
    assert Calendar.of(confirmed).confirmed_until == date(2027, 12, 31)


def test_a_calendar_without_rows_follows_the_week() -> None:
    calendar = Calendar.of(tz="America/New_York", office_hours=((time(9), time(17)),))
    assert calendar.is_working(date(2026, 10, 1))
    assert not calendar.is_working(date(2026, 10, 10))
    assert calendar.confirmed_until is None


@pytest.mark.django_db
def test_an_empty_table_means_the_seed() -> None:
    assert calendars.current() is seeded()


@pytest.mark.django_db
def test_reads_the_table_and_notices_its_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    CalendarDay.objects.create(date=date(2026, 3, 4), is_working=False, name_zh="停电", source="县政府")
    first = calendars.current()
    assert not first.is_working(date(2026, 3, 4))
    CalendarDay.objects.create(date=date(2026, 3, 5), is_working=False, name_zh="停电", source="县政府")
    Revision.objects.update_or_create(name="calendar", defaults={"number": 7})
    assert calendars.current() is first  # looked at less than a second ago
    monkeypatch.setattr(calendars, "RECHECK_SECONDS", 0.0)
    second = calendars.current()
    assert not second.is_working(date(2026, 3, 5))
    assert calendars.current() is second


@pytest.mark.django_db
def test_a_kept_calendar_costs_no_query(django_assert_num_queries: object) -> None:
    calendars.current()
    with django_assert_num_queries(0):  # type: ignore[operator]
        calendars.current()


@pytest.mark.django_db
def test_threads_share_one_calendar() -> None:
    calendar = calendars.current()

    def ask(_n: int) -> int:
        try:
            return id(calendars.current())
        finally:
            connection.close()  # this thread's own, where a second had passed and it asked the database

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(64))) == {id(calendar)}


def test_whoever_waited_while_another_read_the_calendar_takes_that_one(db: None) -> None:
    read = calendars.current()
    assert calendars._recheck() is read
