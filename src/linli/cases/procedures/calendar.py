"""Working days: which days count, what they are called, and how far ahead that is known.

A `Calendar` is a value. Days that follow the week (Monday to Friday work, weekend rest) need no row; rows
hold what differs: holidays and make-up working days. A year is confirmed when its rows hold New Year's Day
and National Day and none of them awaits confirmation; a date in any other year is provisional.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from datetime import time as clock_time
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import chinese_calendar.constants as published
from django.apps import apps
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

SATURDAY: Final = 5
SEED_YEARS: Final = range(2024, 2027)
SEED_SOURCE: Final = "chinesecalendar 1.11.0"
RULE_SOURCE: Final = "全国年节及纪念日放假办法 (2024)"  # zh: name of the regulation
OFFICE_HOURS: Final = ((clock_time(8, 30), clock_time(12)), (clock_time(14, 30), clock_time(17, 30)))
RECHECK_SECONDS = 1.0
WEEKEND: Final = _("周末")

NAMES: Final = {
    "New Year's Day": ("元旦", "New Year's Day"),  # zh: both languages in the row
    "Spring Festival": ("春节", "Spring Festival"),  # zh: both languages in the row
    "Tomb-sweeping Day": ("清明节", "Qingming Festival"),  # zh: both languages in the row
    "Labour Day": ("劳动节", "Labour Day"),  # zh: both languages in the row
    "Dragon Boat Festival": ("端午节", "Dragon Boat Festival"),  # zh: both languages in the row
    "Mid-autumn Festival": ("中秋节", "Mid-Autumn Festival"),  # zh: both languages in the row
    "National Day": ("国庆节", "National Day"),  # zh: both languages in the row
}

# What the holiday rules alone give for 2027: bridge days and make-up days come with the yearly notice.
STATUTORY_2027: Final = (
    ("New Year's Day", (date(2027, 1, 1),)),
    ("Spring Festival", tuple(date(2027, 2, day) for day in range(5, 9))),
    ("Tomb-sweeping Day", (date(2027, 4, 5),)),
    ("Labour Day", (date(2027, 5, 1), date(2027, 5, 2))),
    ("Dragon Boat Festival", (date(2027, 6, 9),)),
    ("Mid-autumn Festival", (date(2027, 9, 15),)),
    ("National Day", tuple(date(2027, 10, day) for day in range(1, 4))),
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day that differs from its weekday: a holiday, or a make-up working day."""

    date: date
    is_working: bool
    name_zh: str = ""
    name_en: str = ""
    source: str = ""
    is_confirmed: bool = True

    @property
    def is_makeup(self) -> bool:
        """Whether a weekend day is worked."""
        return self.is_working and self.date.weekday() >= SATURDAY

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


@dataclass(frozen=True, eq=False)
class Calendar:
    """The working days and office hours of one place. Build it with `Calendar.of`."""

    days: Mapping[date, Day]
    zone: ZoneInfo
    office_hours: tuple[tuple[clock_time, clock_time], ...] = OFFICE_HOURS
    # Derived once: proleptic ordinals of the differing days, so that counting is integer work.
    special: dict[int, bool] = field(init=False, repr=False, compare=False)
    confirmed_years: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        special = {day.date.toordinal(): day.is_working for day in self.days.values()}
        object.__setattr__(self, "special", special)
        object.__setattr__(self, "confirmed_years", _confirmed_years(self.days))

    @classmethod
    def of(
        cls,
        rows: Iterable[Day] = (),
        *,
        tz: str = "Asia/Shanghai",
        office_hours: tuple[tuple[clock_time, clock_time], ...] = OFFICE_HOURS,
    ) -> Calendar:
        """A calendar from its differing days; without any, weekends rest and nothing is confirmed."""
        return cls({row.date: row for row in rows}, ZoneInfo(tz), office_hours)

    def works(self, ordinal: int) -> bool:
        """Whether the day with this proleptic ordinal is a working day."""
        known = self.special.get(ordinal)
        return (ordinal + 6) % 7 < SATURDAY if known is None else known

    def is_working(self, day: date) -> bool:
        """Whether the office works on that day, make-up days included."""
        return self.works(day.toordinal())

    def is_makeup(self, day: date) -> bool:
        """Whether that day is a weekend day worked in exchange for a holiday."""
        row = self.days.get(day)
        return row is not None and row.is_makeup

    def is_confirmed(self, day: date) -> bool:
        """Whether the holiday arrangement of that day's year has been published and entered."""
        return day.year in self.confirmed_years

    @property
    def confirmed_until(self) -> date | None:
        """The last day known for certain: the end of the newest confirmed year."""
        return date(max(self.confirmed_years), 12, 31) if self.confirmed_years else None

    def names(self, day: date) -> tuple[str, str]:
        """The Chinese and the English name of a holiday, empty for a plain day."""
        row = self.days.get(day)
        return (row.name_zh, row.name_en) if row else ("", "")

    def name(self, day: date) -> str:
        """The name of a holiday in the reader's language, empty for a plain day."""
        row = self.days.get(day)
        return row.label if row else ""


def _confirmed_years(days: Mapping[date, Day]) -> frozenset[int]:
    """Years whose whole arrangement is in the table: one stray local holiday does not confirm a year."""
    unconfirmed = {day.date.year for day in days.values() if not day.is_confirmed}
    candidates = {day.year for day in days} - unconfirmed
    return frozenset(year for year in candidates if date(year, 1, 1) in days and date(year, 10, 1) in days)


def seed_rows() -> list[Day]:
    """The published holidays and make-up days of 2024 to 2026, and for 2027 what the rules alone give."""
    rows = []
    for known, is_working in ((published.holidays, False), (published.workdays, True)):
        for day, name in known.items():
            if day.year in SEED_YEARS:
                rows.append(Day(day, is_working, *NAMES[name], SEED_SOURCE))
    for name, dates in STATUTORY_2027:
        rows += [Day(day, False, *NAMES[name], RULE_SOURCE, is_confirmed=False) for day in dates]
    return sorted(rows, key=lambda row: row.date)


def seeded(tz: str = "Asia/Shanghai") -> Calendar:
    """The calendar the package carries, needing no database."""
    return _seeded(tz)


@cache
def _seeded(tz: str) -> Calendar:
    return Calendar.of(seed_rows(), tz=tz)


def load() -> Calendar:
    """The calendar in the database, or the seed while its table is empty."""
    rows = [
        Day(row.date, row.is_working, row.name_zh, row.name_en, row.source, row.is_confirmed)
        for row in apps.get_model("cases", "CalendarDay").objects.all()
    ]
    return Calendar.of(rows, tz=settings.TIME_ZONE) if rows else seeded(settings.TIME_ZONE)


@dataclass
class _Kept:
    calendar: Calendar | None = None
    number: int | None = None
    checked: float = 0.0


_kept = _Kept()
_lock = threading.Lock()


def current() -> Calendar:
    """The calendar in force, kept per process and checked against its revision at most once a second."""
    kept = _kept
    if kept.calendar is not None and time.monotonic() - kept.checked < RECHECK_SECONDS:
        return kept.calendar
    with _lock:
        return _recheck()


def _recheck() -> Calendar:
    global _kept  # replaced whole, so that readers without the lock never see half of it
    checked = time.monotonic()
    if _kept.calendar is not None and checked - _kept.checked < RECHECK_SECONDS:
        return _kept.calendar
    revision = apps.get_model("orgs", "Revision")
    number = revision.objects.filter(name="calendar").values_list("number", flat=True).first()
    calendar = _kept.calendar if _kept.number == number else None
    calendar = calendar or load()
    _kept = _Kept(calendar, number, checked)
    return calendar


def forget() -> None:
    """Drop the kept calendar; called where its rows have just been changed, and between tests."""
    global _kept
    with _lock:
        _kept = _Kept()
