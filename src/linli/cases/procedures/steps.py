"""The derivation of a due moment, step by step. How a step reads is in `wording`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from .calendar import WEEKEND, Calendar
from .units import Limit, Unit

SEARCH_DAYS: Final = 36_600  # a century: past it the calendar has no working days at all
FOREVER: Final = datetime(9998, 12, 31, tzinfo=UTC)
LISTED_DAYS: Final = 10  # working days are listed one by one up to this many, then in runs

Windows = Iterator[tuple[datetime, datetime]]


class Kind(StrEnum):
    START = "start"
    COUNTED = "counted"
    MAKEUP = "makeup"
    SKIPPED = "skipped"
    PAUSED = "paused"
    EXTENSION = "extension"
    GIVEN = "given"
    MONTH_END = "month_end"
    ROLL = "roll"
    DUE = "due"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True)
class Span:
    """A pause, and the local days (ordinals) whose 24:00 falls within it."""

    begin: datetime
    end: datetime
    first_day: int
    last_day: int
    is_open: bool


@dataclass(slots=True)
class Segment:
    """A limit or an extension as counted: from where, the day and moment reached, or what a pause left."""

    limit: Limit
    start_at: datetime
    start_day: int
    is_extension: bool = False
    is_given: bool = False
    raw_day: int = 0
    due_day: int = 0
    due_at: datetime | None = None
    left: tuple[float, Unit] = (0, Unit.DAYS)

    def reached(self, raw_day: int, due_day: int, due_at: datetime) -> Segment:
        self.raw_day, self.due_day, self.due_at = raw_day, due_day, due_at
        return self

    def paused(self, left: float, unit: Unit = Unit.DAYS) -> Segment:
        self.left = (left, unit)
        return self


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation: a day, a run of days, or a span of hours (`moment` to `until`, local)."""

    kind: Kind
    first: date
    last: date
    ordinal: int | None = None
    ordinal_from: int | None = None
    unit: Unit | None = None
    names: tuple[tuple[str, str], ...] = ()
    moment: datetime | None = None
    until: datetime | None = None
    limit: Limit | None = None
    left: tuple[float, Unit] | None = None
    with_year: bool = False

    @property
    def has_date(self) -> bool:
        """Whether the step falls on known days: an extension waiting behind an open pause does not."""
        return self.first != date.min

    @property
    def count(self) -> int:
        """How many days this step counts towards the limit."""
        if self.ordinal is None or self.ordinal_from is None:
            return 0
        return self.ordinal - self.ordinal_from + 1

    @property
    def seconds(self) -> float:
        """How much time this step counts towards a limit in hours."""
        if self.kind is not Kind.COUNTED or self.moment is None or self.until is None:
            return 0
        return (self.until.astimezone(UTC) - self.moment.astimezone(UTC)).total_seconds()


def office_day(ordinal: int, calendar: Calendar) -> list[tuple[datetime, datetime]]:
    """The office hours of one day, in UTC; none on a day of rest."""
    if not calendar.works(ordinal):
        return []
    day, zone = date.fromordinal(ordinal), calendar.zone
    return [
        (datetime.combine(day, begin, zone).astimezone(UTC), datetime.combine(day, end, zone).astimezone(UTC))
        for begin, end in calendar.office_hours
    ]


def office_windows(start: datetime, calendar: Calendar) -> Windows:
    """Office hours from a UTC moment on."""
    today = start.astimezone(calendar.zone).toordinal()
    for ordinal in range(today, today + SEARCH_DAYS):
        for begin, end in office_day(ordinal, calendar):
            if end > start:
                yield max(begin, start), end


def windows_from(start: datetime, unit: Unit, calendar: Calendar) -> Windows:
    """The time that counts towards a limit in hours or office hours."""
    return office_windows(start, calendar) if unit is Unit.OFFICE_HOURS else iter([(start, FOREVER)])


def spend(windows: Windows, wanted: timedelta, spans: Sequence[Span]) -> Windows:
    """The pieces of the windows outside every pause, `wanted` in all; less where an open pause cuts in."""
    for window_begin, window_end in windows:
        for begin, end in _outside(window_begin, window_end, spans):
            if end - begin >= wanted:
                yield begin, begin + wanted
                return
            wanted -= end - begin
            yield begin, end
        if spans and spans[-1].is_open and spans[-1].begin <= window_end:
            return


def _outside(begin: datetime, end: datetime, spans: Sequence[Span]) -> Windows:
    for span in spans:
        if span.end <= begin:
            continue
        if span.begin >= end:
            break
        if span.begin > begin:
            yield begin, span.begin
        begin = span.end
    if begin < end:
        yield begin, end


def trace(
    segments: Sequence[Segment], spans: Sequence[Span], calendar: Calendar, *, provisional: bool
) -> list[Step]:
    """Every line of the derivation, in order."""
    first = segments[0]
    first_day = date.fromordinal(first.start_day)
    steps = [_step_at(Kind.GIVEN if first.is_given else Kind.START, first, calendar)]
    for segment in segments:
        if segment.is_given:
            continue
        if segment.is_extension:
            steps.append(_step_at(Kind.EXTENSION, segment, calendar))
        if segment.is_extension and not segment.start_day:
            continue
        if segment.limit.unit in (Unit.HOURS, Unit.OFFICE_HOURS):
            steps += _trace_hours(segment, spans, calendar)
        else:
            steps += _trace_days(segment, spans, calendar)
    last = segments[-1]
    if last.due_at is not None:
        day = date.fromordinal(last.due_day)
        steps.append(Step(Kind.DUE, day, day, moment=last.due_at.astimezone(calendar.zone)))
        if provisional:
            years = range(first_day.year, day.year + 1)
            year = date(next(year for year in years if year not in calendar.confirmed_years), 1, 1)
            steps.append(Step(Kind.PROVISIONAL, year, year))
    return [replace(step, with_year=True) if step.last.year != first_day.year else step for step in steps]


def _step_at(kind: Kind, segment: Segment, calendar: Calendar) -> Step:
    day = date.fromordinal(segment.start_day) if segment.start_day else date.min
    by_hours = segment.limit.unit in (Unit.HOURS, Unit.OFFICE_HOURS)
    moment = segment.start_at.astimezone(calendar.zone)
    is_shown = (
        by_hours and moment.date() == day
    )  # an extension of a limit that ended at 24:00 shows the day alone
    return Step(kind, day, day, moment=moment if is_shown else None, limit=segment.limit)


def _trace_days(segment: Segment, spans: Sequence[Span], calendar: Calendar) -> list[Step]:
    steps: list[Step] = []
    limit, start = segment.limit, segment.start_day
    is_listed = limit.unit is Unit.WORKING_DAYS and limit.amount <= LISTED_DAYS
    opened = spans[-1] if segment.due_at is None else None
    stop = max(opened.first_day, start) if opened else segment.due_day
    rolls_from = segment.raw_day or stop
    raw = segment.raw_day or stop - 1
    number = 0
    for ordinal in range(start + 1, raw + 1):
        kind = _kind_of(ordinal, limit.unit, spans, calendar)
        number += kind in (Kind.COUNTED, Kind.MAKEUP)
        _append(steps, _day_step(kind, ordinal, calendar, number, limit.unit), is_listed)
    if limit.unit is Unit.MONTHS and not spans:
        steps += _month_end(date.fromordinal(start), date.fromordinal(raw))
    for ordinal in range(rolls_from, stop):
        kind = Kind.PAUSED if calendar.works(ordinal) else Kind.ROLL
        _append(steps, _day_step(kind, ordinal, calendar), False)
    if opened:
        day = date.fromordinal(stop)
        steps.append(Step(Kind.PAUSED, day, day, left=segment.left))
    return steps


def _month_end(start: date, reached: date) -> list[Step]:
    return [Step(Kind.MONTH_END, reached, reached, ordinal=start.day)] if reached.day < start.day else []


def _kind_of(ordinal: int, unit: Unit, spans: Sequence[Span], calendar: Calendar) -> Kind:
    if any(span.first_day <= ordinal <= span.last_day for span in spans):
        return Kind.PAUSED
    if unit is not Unit.WORKING_DAYS:
        return Kind.COUNTED
    if not calendar.works(ordinal):
        return Kind.SKIPPED
    return Kind.MAKEUP if calendar.is_makeup(date.fromordinal(ordinal)) else Kind.COUNTED


def _day_step(
    kind: Kind, ordinal: int, calendar: Calendar, number: int = 0, unit: Unit | None = None
) -> Step:
    day = date.fromordinal(ordinal)
    name = calendar.names(day)
    if kind in (Kind.COUNTED, Kind.MAKEUP):
        return Step(kind, day, day, number, number, unit=unit, names=(name,) if name[0] else ())
    return Step(kind, day, day, names=(name if name[0] else (WEEKEND, ""),))


def _append(steps: list[Step], step: Step, is_listed: bool) -> None:
    """Add a day, joined to the run before it where it is of the same kind."""
    last = steps[-1] if steps else None
    alone = step.kind is Kind.MAKEUP or (step.kind is Kind.COUNTED and is_listed)
    if last is None or alone or last.kind is not step.kind or (step.first - last.last).days != 1:
        steps.append(step)
        return
    names = last.names if set(step.names) <= set(last.names) else last.names + step.names
    steps[-1] = replace(last, last=step.last, ordinal=step.ordinal, names=names)


def _trace_hours(segment: Segment, spans: Sequence[Span], calendar: Calendar) -> list[Step]:
    zone, start = calendar.zone, segment.start_at
    by_office = segment.limit.unit is Unit.OFFICE_HOURS
    steps: list[Step] = []
    for begin, end in spend(
        windows_from(start, segment.limit.unit, calendar), timedelta(hours=segment.limit.amount), spans
    ):
        if by_office:
            _append_rest(steps, segment.start_day, begin.astimezone(zone).toordinal(), calendar)
        steps.append(_span_step(Kind.COUNTED, begin.astimezone(zone), end.astimezone(zone)))
    for span in spans:
        if span.end > start and span.begin < (segment.due_at or span.end):
            left = segment.left if span.is_open else None
            begin, until = (
                max(span.begin, start).astimezone(zone),
                None if span.is_open else span.end.astimezone(zone),
            )
            steps.append(replace(_span_step(Kind.PAUSED, begin, until), left=left))
    return sorted(steps, key=lambda step: step.moment or datetime.combine(step.first, time(), zone))


def _append_rest(steps: list[Step], start_day: int, today: int, calendar: Calendar) -> None:
    """Add the days of rest between the last counted piece and today."""
    first = max((step.last.toordinal() + 1 for step in steps), default=start_day)
    for ordinal in range(first, today):
        if not calendar.works(ordinal):
            _append(steps, _day_step(Kind.SKIPPED, ordinal, calendar), False)


def _span_step(kind: Kind, begin: datetime, until: datetime | None) -> Step:
    return Step(kind, begin.date(), (until or begin).date(), moment=begin, until=until)
