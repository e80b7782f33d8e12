"""Changes of the working calendar. Each tells every process, and leaves a line of who changed what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.models import CalendarDay
from linli.cases.procedures import calendar
from linli.cases.procedures.calendar import SATURDAY, Day
from linli.orgs import actions as orgs
from linli.people.access import Actor
from linli.people.actions import note_change

FIELDS = ("is_working", "name_zh", "name_en", "source", "is_confirmed")
YEARS = range(2000, 2100)


class CalendarError(Exception):
    """A change of the calendar that cannot be made: `field` is what to correct."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class DayIsPlain(CalendarError):
    """A weekday that is worked, or a weekend day that is not, needs no row."""


class DayUnknown(CalendarError):
    pass


class YearIncomplete(CalendarError):
    """New Year's Day and National Day are missing, so this is not a whole year's notice."""


def set_day(*, day: Day, by: Actor, at: datetime) -> CalendarDay:
    """Adds a day that differs from its weekday, or changes one."""
    _check(day)
    with _changing():
        row = CalendarDay.objects.filter(pk=day.date).first()
        before = _facts(row)
        row, _is_new = CalendarDay.objects.update_or_create(
            date=day.date, defaults={name: getattr(day, name) for name in FIELDS}
        )
        if _facts(row) != before:
            what = "day.changed" if before else "day.added"
            _note(row.date, row.name_zh, what, by, at, before, _facts(row))
    return row


def remove_day(*, on: date, by: Actor, at: datetime) -> None:
    """Lets a day follow its weekday again."""
    with _changing():
        row = CalendarDay.objects.filter(pk=on).first()
        if row is None:
            raise DayUnknown(_("%(day)s 不在日历里，可能已经删了。") % {"day": on.isoformat()}, "date")
        before = _facts(row)
        row.delete()
        _note(on, str(before["name_zh"]), "day.removed", by, at, before, {})


def confirm_year(*, year: int, source: str, by: Actor, at: datetime) -> int:
    """Marks the arrangement of a whole year as published, in the document named; returns how many days changed."""
    with _changing():
        days = CalendarDay.objects.filter(date__year=year)
        if days.filter(date__in=[date(year, 1, 1), date(year, 10, 1)]).count() < 2:
            raise YearIncomplete(
                _("%(year)d 年还没有元旦和国庆节，日历不完整。请先把放假通知录全。") % {"year": year}, "year"
            )
        changed = days.filter(is_confirmed=False).update(is_confirmed=True, source=source)
        if changed:
            after = {"source": source, "days": changed}
            note_change(by=by, at=at, what="year.confirmed", target=("year", year, str(year)), after=after)
    return changed


def import_notice(*, days: Sequence[Day], source: str, by: Actor, at: datetime) -> dict[int, int]:
    """Takes in a whole notice: each year named in it then holds exactly its days, confirmed. Returns days a year.

    Refused unless every year in it has New Year's Day and National Day.
    """
    years: dict[int, list[Day]] = {}
    for day in days:
        _check(day)
        years.setdefault(day.date.year, []).append(replace(day, source=source, is_confirmed=True))
    for year, listed in years.items():
        dates = {day.date for day in listed}
        if not {date(year, 1, 1), date(year, 10, 1)} <= dates:
            raise YearIncomplete(
                _("%(year)d 年的通知里没有 1 月 1 日和 10 月 1 日，像是没有贴全。") % {"year": year}, "lines"
            )
    with _changing():
        for year, listed in years.items():
            CalendarDay.objects.filter(date__year=year).delete()
            rows = [CalendarDay(date=day.date, **{n: getattr(day, n) for n in FIELDS}) for day in listed]
            CalendarDay.objects.bulk_create(rows)
            after = {"source": source, "days": len(rows)}
            note_change(by=by, at=at, what="year.imported", target=("year", year, str(year)), after=after)
    return {year: len(listed) for year, listed in years.items()}


@contextmanager
def _changing() -> Iterator[None]:
    """One transaction: seeds an empty table first, raises the revision, and drops the calendar kept here."""
    with transaction.atomic():
        orgs.bump("calendar")
        if not CalendarDay.objects.exists():
            CalendarDay.objects.bulk_create(
                [
                    CalendarDay(date=day.date, **{n: getattr(day, n) for n in FIELDS})
                    for day in calendar.seed_rows()
                ]
            )
        yield
        transaction.on_commit(calendar.forget)


def _check(day: Day) -> None:
    if day.date.year not in YEARS:
        raise CalendarError(_("年份“%(year)d”不合理。") % {"year": day.date.year}, "date")
    is_weekend = day.date.weekday() >= SATURDAY
    if day.is_working and not is_weekend:
        raise DayIsPlain(_("%(day)s 本来就上班，不用录。") % {"day": day.date.isoformat()}, "date")


def _facts(row: CalendarDay | None) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS} if row else {}


def _note(
    on: date, name: str, what: str, by: Actor, at: datetime, before: dict[str, Any], after: dict[str, Any]
) -> None:
    target = ("day", on.isoformat(), f"{on.isoformat()} {name}".strip())
    note_change(by=by, at=at, what=what, target=target, before=before, after=after)
