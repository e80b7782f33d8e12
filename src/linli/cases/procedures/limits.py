"""When something is due: limits counted over a calendar, with pauses and extensions. No clock, no database.

Civil Code 200 to 203. The start day is not counted; a limit in days, working days or months ends at the local
24:00 of its last day, so that 23:59:59.999 is in time and 00:00:00 is late. Hours and office hours run from
the given moment. Months end on the corresponding day, or on the month's last. `roll` moves a last day of rest
to the next working day. An extension is counted on from the due moment before it.

A pause takes from a limit in hours exactly its own span. From a limit in days it takes every local day whose
24:00 falls within it: the day it begins is not counted, the day it ends is. A limit in months, whose days are
not counted one by one, moves on by as many days. So a longer pause never makes anything due earlier, and
neither does a later start.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final

from django.utils.translation import gettext as _

from .calendar import Calendar
from .steps import FOREVER, SEARCH_DAYS, Segment, Span, Step, office_day, spend, trace, windows_from
from .units import (
    ROLLING,
    AmountNotPositive,
    AmountTooLarge,
    Limit,
    LimitError,
    LimitNotUnderstood,
    RollNotApplicable,
    Unit,
    UnknownUnit,
)
from .wording import Line, Remaining, is_late, last_day_of, line, moment_words, remaining, sentence

__all__ = [
    "ROLLING",
    "AmountNotPositive",
    "AmountTooLarge",
    "Derivation",
    "Limit",
    "LimitError",
    "LimitNotUnderstood",
    "Line",
    "NoWorkingDays",
    "OutOfRange",
    "Pause",
    "PauseBackwards",
    "Remaining",
    "RollNotApplicable",
    "Step",
    "Unit",
    "UnknownUnit",
    "before",
    "due",
    "given",
    "is_late",
    "line",
    "moment_words",
    "remaining",
    "sentence",
]

Pause = tuple[datetime, datetime | None]
YEARS: Final = range(1950, 2201)
A_DAY: Final = Limit(1, Unit.DAYS)  # stands in the segment of a given moment, where nothing is counted


class PauseBackwards(LimitError):
    """A pause ends before it begins."""


class OutOfRange(LimitError):
    """A moment without a time zone, or years away from any case."""


class NoWorkingDays(LimitError):
    """The calendar has no working days to count."""


@dataclass(frozen=True)
class Derivation:
    """When a limit is due and why.

    `due_at` (UTC) is the first moment that is late and `due_date` the last local day; both are None while an
    open pause stands before them, and `outstanding` then says how much is left to count once it ends.
    """

    due_at: datetime | None
    due_date: date | None
    provisional: bool
    segments: tuple[Segment, ...] = field(repr=False)
    spans: tuple[Span, ...] = field(repr=False)
    calendar: Calendar = field(repr=False)

    @property
    def is_paused(self) -> bool:
        return self.due_at is None

    @property
    def outstanding(self) -> tuple[tuple[float, Unit], ...]:
        """What is left to count after an open pause: amounts with their units, extensions last."""
        return tuple(segment.left for segment in self.segments if segment.due_at is None)

    @property
    def target_date(self) -> date | None:
        """The last working day up to `due_date`: what an office aims for when it owes natural days."""
        if self.due_date is None:
            return None
        last = self.due_date.toordinal()
        days = range(last, last - SEARCH_DAYS, -1)
        return next((date.fromordinal(day) for day in days if self.calendar.works(day)), None)

    @cached_property
    def steps(self) -> list[Step]:
        """The derivation line by line, for `line` and `sentence`."""
        return trace(self.segments, self.spans, self.calendar, provisional=self.provisional)

    def explain(self) -> list[str]:
        """The derivation as sentences in the reader's language."""
        return [sentence(step) for step in self.steps]

    def lines(self) -> list[Line]:
        """The derivation as table rows in the reader's language: when, what, mark."""
        return [line(step) for step in self.steps]


def due(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
) -> Derivation:
    """The moment `limit`, counted from the aware moment `start`, is due, and its derivation."""
    spans = _spans(pauses, calendar) if pauses else ()
    first = Segment(limit, start.astimezone(UTC), _local(start, calendar).toordinal())
    return _extended(_count(first, calendar, spans), extensions, spans, calendar)


def given(
    start: datetime,
    due_at: datetime,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Limit] = (),
) -> Derivation:
    """A due moment another system set, to be kept as it is; pauses move it by their own span, as they do hours."""
    spans = _spans(pauses, calendar) if pauses else ()
    first = Segment(A_DAY, start.astimezone(UTC), _local(start, calendar).toordinal(), is_given=True)
    return _extended(_moved(first, _utc(due_at), spans, calendar), extensions, spans, calendar)


def _moved(segment: Segment, end: datetime, spans: tuple[Span, ...], calendar: Calendar) -> Segment:
    for span in spans:
        if span.begin < end and span.is_open:
            return segment.paused((end - span.begin) / timedelta(hours=1), Unit.HOURS)
        if span.begin < end:
            end += span.end - span.begin
    last_day = last_day_of(end, calendar).toordinal()
    return segment.reached(last_day, last_day, end)


def _extended(
    first: Segment, extensions: Sequence[Limit], spans: tuple[Span, ...], calendar: Calendar
) -> Derivation:
    segments = [first]
    start, first_year = first.start_at, date.fromordinal(first.start_day).year
    for extension in extensions:
        last = segments[-1]
        if last.due_at is None:
            segments.append(
                Segment(extension, start, 0, left=(extension.amount, extension.unit), is_extension=True)
            )
        else:
            following = Segment(extension, last.due_at, last.due_day, is_extension=True)
            segments.append(_count(following, calendar, spans))
    last = segments[-1]
    due_date = date.fromordinal(last.due_day) if last.due_at else None
    provisional = _is_provisional(segments, first_year, due_date, calendar)
    return Derivation(last.due_at, due_date, provisional, tuple(segments), spans, calendar)


def _local(moment: datetime, calendar: Calendar) -> datetime:
    if moment.year not in YEARS:
        raise OutOfRange(
            _("时间“%(moment)s”不合理，年份须在 1950 到 2200 之间。") % {"moment": moment.date().isoformat()}
        )
    return _utc(moment).astimezone(calendar.zone)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise OutOfRange(_("时间“%(moment)s”没有时区。") % {"moment": moment.isoformat()})
    return moment.astimezone(UTC)


def _spans(pauses: Iterable[Pause], calendar: Calendar) -> tuple[Span, ...]:
    """The pauses in order, those that touch joined, each with the local days it takes out."""
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in sorted((_utc(begin), _utc(end) if end else FOREVER) for begin, end in pauses):
        if end < begin:
            raise PauseBackwards(_("暂停的结束早于开始。"))
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(
        Span(
            begin,
            end,
            _local(begin, calendar).toordinal(),
            (end if end == FOREVER else _local(end, calendar)).toordinal() - 1,
            end == FOREVER,
        )
        for begin, end in joined
    )


def _is_provisional(
    segments: Sequence[Segment], first_year: int, due_date: date | None, calendar: Calendar
) -> bool:
    """Whether a day past the confirmed calendar plays a part. Plain hours owe nothing to any calendar."""
    if due_date is None or all(s.is_given or s.limit.unit is Unit.HOURS for s in segments):
        return False
    if first_year == due_date.year:
        return due_date.year not in calendar.confirmed_years
    return not calendar.confirmed_years.issuperset(range(first_year, due_date.year + 1))


def _count(segment: Segment, calendar: Calendar, spans: tuple[Span, ...]) -> Segment:
    unit = segment.limit.unit
    if unit is Unit.WORKING_DAYS:
        return _count_working_days(segment, calendar, spans)
    if unit is Unit.HOURS or unit is Unit.OFFICE_HOURS:
        return _count_hours(segment, calendar, spans)
    return _count_days(segment, calendar, spans)


def _midnight_after(ordinal: int, calendar: Calendar) -> datetime:
    return datetime.combine(date.fromordinal(ordinal + 1), time(), calendar.zone).astimezone(UTC)


def _count_working_days(segment: Segment, calendar: Calendar, spans: tuple[Span, ...]) -> Segment:
    special = calendar.special
    day = segment.start_day
    last = day + SEARCH_DAYS
    left = segment.limit.amount
    while left:
        day += 1
        if spans and (span := _span_on(day, spans)):
            if span.is_open:
                return segment.paused(left, Unit.WORKING_DAYS)
            day = span.last_day
            continue
        works = special.get(day)
        if (day + 6) % 7 < 5 if works is None else works:  # ordinal 1 was a Monday
            left -= 1
        elif day > last:
            raise NoWorkingDays(_("工作日历里没有可数的工作日，请检查日历。"))
    return segment.reached(day, day, _midnight_after(day, calendar))


def _span_on(day: int, spans: tuple[Span, ...]) -> Span | None:
    for span in spans:
        if span.first_day <= day <= span.last_day:
            return span
    return None


def _paused_days(first: int, last: int, spans: tuple[Span, ...]) -> int:
    return sum(max(0, min(last, span.last_day) - max(first, span.first_day) + 1) for span in spans)


def _count_days(segment: Segment, calendar: Calendar, spans: tuple[Span, ...]) -> Segment:
    """Calendar days, and months by their corresponding day; then the rolling."""
    start, limit = segment.start_day, segment.limit
    if limit.unit is Unit.MONTHS:
        target = months_after(date.fromordinal(start), limit.amount).toordinal()
        first = (
            start  # a pause on the start day moves the corresponding day; a counted day it could not touch
        )
    else:
        target, first = start + limit.amount, start + 1
    day = target
    if spans:
        while (moved := target + _paused_days(first, day, spans)) != day:
            span = _span_on(day, spans)
            if span and span.is_open:
                last = max(span.first_day, first) - 1
                return segment.paused(target - last + _paused_days(first, last, spans))
            day = moved
    segment.raw_day = raw = day
    while limit.roll and (not calendar.works(day) or (spans and _span_on(day, spans))):
        span = _span_on(day, spans)
        if span and span.is_open:
            return segment.paused(0)
        day += 1
        if day > raw + SEARCH_DAYS:
            raise NoWorkingDays(_("工作日历里没有可数的工作日，请检查日历。"))
    return segment.reached(raw, day, _midnight_after(day, calendar))


def months_after(day: date, months: int) -> date:
    """The corresponding day, or the month's end where there is none (Civil Code 202)."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _count_hours(segment: Segment, calendar: Calendar, spans: tuple[Span, ...]) -> Segment:
    unit = segment.limit.unit
    wanted = timedelta(hours=segment.limit.amount)
    end = None
    for begin, end in spend(windows_from(segment.start_at, unit, calendar), wanted, spans):
        wanted -= end - begin
    if wanted:
        if not any(span.is_open for span in spans):
            raise NoWorkingDays(_("工作日历里没有可数的工作日，请检查日历。"))
        return segment.paused(wanted / timedelta(hours=1), unit)
    assert end is not None
    last_day = last_day_of(end, calendar).toordinal()
    return segment.reached(last_day, last_day, end)


def before(due_at: datetime, limit: Limit, calendar: Calendar) -> datetime:
    """The moment (UTC) from which only `limit`, any but months, is left until `due_at`: for warnings."""
    if limit.unit is Unit.HOURS:
        return due_at - timedelta(hours=limit.amount)
    if limit.unit is Unit.OFFICE_HOURS:
        return _office_hours_before(due_at, limit.amount, calendar)
    if limit.unit is Unit.MONTHS:
        raise LimitError(_("提醒只能按小时、工作时、日或工作日提前，不能按月。"))
    day = last_day_of(due_at, calendar).toordinal()
    if limit.unit is Unit.DAYS:
        return min(_midnight_after(day - limit.amount, calendar), due_at)
    left, first = limit.amount, day - SEARCH_DAYS
    while day > first:
        left -= calendar.works(day)
        day -= 1
        if not left:
            return _midnight_after(day, calendar)
    raise NoWorkingDays(_("工作日历里没有可数的工作日，请检查日历。"))


def _office_hours_before(due_at: datetime, hours: int, calendar: Calendar) -> datetime:
    wanted = timedelta(hours=hours)
    day = _local(due_at, calendar).toordinal()
    for back in range(SEARCH_DAYS):
        for begin, end in reversed(office_day(day - back, calendar)):
            end = min(end, due_at)
            if end - begin >= wanted:
                return end - wanted
            wanted -= max(end - begin, timedelta())
    raise NoWorkingDays(_("工作日历里没有可数的工作日，请检查日历。"))
