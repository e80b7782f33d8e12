"""What holds for every limit, calendar, pause and extension."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from linli.cases.procedures import limits
from linli.cases.procedures.calendar import Calendar, Day, seed_rows
from linli.cases.procedures.limits import Derivation, Limit, Pause, Unit

ROWS = {row.date: row for row in seed_rows()}
DAY_UNITS = (Unit.WORKING_DAYS, Unit.DAYS, Unit.MONTHS)
LARGEST = {Unit.WORKING_DAYS: 60, Unit.DAYS: 90, Unit.MONTHS: 6, Unit.OFFICE_HOURS: 60, Unit.HOURS: 400}
always = settings(max_examples=150, deadline=None)

START = datetime(2024, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=1276)).map(lambda passed: START + passed)
dates = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@st.composite
def limits_of(draw: st.DrawFn, units: tuple[Unit, ...] = tuple(Unit)) -> Limit:
    unit = draw(st.sampled_from(units))
    rolls = draw(st.booleans()) if unit in limits.ROLLING else False
    return Limit(draw(st.integers(1, LARGEST[unit])), unit, rolls)


@st.composite
def pauses_after(draw: st.DrawFn, start: datetime, *, closed: bool = True) -> list[Pause]:
    """Up to three pauses that begin after `start`; they may overlap, and the last may still be open."""
    found: list[Pause] = []
    for _n in range(draw(st.integers(0, 3))):
        begin = start + timedelta(minutes=draw(st.integers(0, 60 * 24 * 40)))
        found.append((begin, begin + timedelta(minutes=draw(st.integers(0, 60 * 24 * 20)))))
    if found and not closed and draw(st.booleans()):
        found[-1] = (found[-1][0], None)
    return found


@lru_cache(maxsize=256)
def calendar_without(days: frozenset[date]) -> Calendar:
    """The seed with these days turned into days of rest."""
    return Calendar.of({**ROWS, **{day: Day(day, False, "县庆", "County day") for day in days}}.values())


SEED = calendar_without(frozenset())
rests = st.frozensets(dates, max_size=12)
extensions = st.lists(limits_of(), max_size=2)


def end(derivation: Derivation) -> datetime:
    """The due moment; an open pause has none, which is later than any."""
    return derivation.due_at or datetime.max.replace(tzinfo=UTC)


@always
@given(moments, limits_of(), rests, extensions, st.data())
def test_never_due_before_it_started(
    start: datetime, limit: Limit, rest: frozenset[date], extended: list[Limit], data: st.DataObject
) -> None:
    pauses = data.draw(pauses_after(start, closed=False))
    derivation = limits.due(start, limit, calendar_without(rest), pauses, extended)
    assert end(derivation) > start
    assert derivation.is_paused is (derivation.due_date is None)


@always
@given(moments, st.integers(0, 60 * 24 * 30), limits_of(), rests, extensions, st.data())
def test_a_later_start_is_never_due_earlier(
    start: datetime,
    minutes: int,
    limit: Limit,
    rest: frozenset[date],
    extended: list[Limit],
    data: st.DataObject,
) -> None:
    later = start + timedelta(minutes=minutes)
    calendar = calendar_without(rest)
    pauses = data.draw(pauses_after(later, closed=False))
    first = limits.due(start, limit, calendar, pauses, extended)
    second = limits.due(later, limit, calendar, pauses, extended)
    assert end(first) <= end(second)


@always
@given(moments, limits_of(), rests, dates, extensions, st.data())
def test_one_more_holiday_never_makes_it_earlier(
    start: datetime,
    limit: Limit,
    rest: frozenset[date],
    holiday: date,
    extended: list[Limit],
    data: st.DataObject,
) -> None:
    pauses = data.draw(pauses_after(start, closed=False))
    before = limits.due(start, limit, calendar_without(rest), pauses, extended)
    after = limits.due(start, limit, calendar_without(rest | {holiday}), pauses, extended)
    assert end(after) >= end(before)


@always
@given(moments, limits_of(), extensions, st.data())
def test_one_more_pause_never_makes_it_earlier(
    start: datetime, limit: Limit, extended: list[Limit], data: st.DataObject
) -> None:
    pauses = data.draw(pauses_after(start))
    more = data.draw(pauses_after(start, closed=False))
    assert end(limits.due(start, limit, SEED, pauses + more, extended)) >= end(
        limits.due(start, limit, SEED, pauses, extended)
    )


@always
@given(moments, limits_of(), st.integers(0, 60 * 24 * 9), st.integers(0, 60 * 24 * 9), st.integers(0, 999))
def test_a_longer_pause_never_makes_it_earlier(
    start: datetime, limit: Limit, after: int, length: int, longer: int
) -> None:
    begin = start + timedelta(minutes=after)
    until = begin + timedelta(minutes=length)
    short = limits.due(start, limit, SEED, [(begin, until)])
    long = limits.due(start, limit, SEED, [(begin, until + timedelta(minutes=longer))])
    assert end(long) >= end(short)


@always
@given(moments, limits_of(), limits_of(), extensions)
def test_an_extension_always_gives_more_time(
    start: datetime, limit: Limit, extension: Limit, extended: list[Limit]
) -> None:
    without = limits.due(start, limit, SEED, (), extended)
    assert end(limits.due(start, limit, SEED, (), [*extended, extension])) > end(without)


@always
@given(moments, limits_of(DAY_UNITS), rests, st.data())
def test_days_end_at_24_o_clock(
    start: datetime, limit: Limit, rest: frozenset[date], data: st.DataObject
) -> None:
    calendar = calendar_without(rest)
    derivation = limits.due(start, limit, calendar, data.draw(pauses_after(start)))
    assert derivation.due_at is not None
    assert derivation.due_date is not None
    midnight = derivation.due_at.astimezone(calendar.zone)
    assert midnight.time() == time()
    assert derivation.due_date == midnight.date() - timedelta(days=1)
    assert not limits.is_late(derivation.due_at, derivation.due_at - timedelta(milliseconds=1))
    assert limits.is_late(derivation.due_at, derivation.due_at)
    if limit.roll or limit.unit is Unit.WORKING_DAYS:
        assert calendar.is_working(derivation.due_date)


@always
@given(moments, limits_of((Unit.WORKING_DAYS, Unit.DAYS)), rests, st.data())
def test_the_steps_count_up_to_the_limit_and_leave_no_day_out(
    start: datetime, limit: Limit, rest: frozenset[date], data: st.DataObject
) -> None:
    pauses = data.draw(pauses_after(start))
    derivation = limits.due(start, limit, calendar_without(rest), pauses)
    steps = [step for step in derivation.steps if step.kind not in ("due", "provisional")]
    assert sum(step.count for step in steps) == limit.amount
    assert [step.ordinal for step in steps if step.count][-1] == limit.amount
    day = steps[0].first
    for step in steps[1:]:
        if step.kind != "roll" and step.first != day:  # rolling starts on the last counted day, a day of rest
            assert step.first == day + timedelta(days=1)
        day = step.last
    assert derivation.due_date is not None
    assert derivation.due_date - day <= timedelta(days=1)


@always
@given(moments, limits_of((Unit.OFFICE_HOURS, Unit.HOURS)), rests, st.data())
def test_the_steps_in_hours_add_up_to_the_limit(
    start: datetime, limit: Limit, rest: frozenset[date], data: st.DataObject
) -> None:
    derivation = limits.due(start, limit, calendar_without(rest), data.draw(pauses_after(start)))
    assert round(sum(step.seconds for step in derivation.steps), 3) == limit.amount * 3600


@always
@given(moments, limits_of(), extensions, st.data())
def test_everything_can_be_put_into_words(
    start: datetime, limit: Limit, extended: list[Limit], data: st.DataObject
) -> None:
    derivation = limits.due(start, limit, SEED, data.draw(pauses_after(start, closed=False)), extended)
    assert all(derivation.explain())
    assert len(derivation.lines()) == len(derivation.steps)
    assert Limit.parse(str(limit)) == limit
    if derivation.due_at is not None:
        left = limits.remaining(derivation.due_at, data.draw(moments), SEED)
        assert left.words
        assert left.is_late is (left.words.startswith("超期"))


@always
@given(moments, limits_of(), st.integers(0, 60 * 24 * 30))
def test_resuming_counts_what_was_left(start: datetime, limit: Limit, minutes: int) -> None:
    begin = start + timedelta(minutes=minutes)
    opened = limits.due(start, limit, SEED, [(begin, None)])
    plain = limits.due(start, limit, SEED)
    if not opened.is_paused:
        assert opened.due_at == plain.due_at
        return
    resumed = begin + timedelta(days=30)
    assert end(limits.due(start, limit, SEED, [(begin, resumed)])) >= resumed


@always
@given(moments, limits_of((Unit.WORKING_DAYS, Unit.DAYS, Unit.OFFICE_HOURS, Unit.HOURS)))
def test_a_warning_comes_before_the_due_moment(due_at: datetime, ahead: Limit) -> None:
    assert limits.before(due_at, ahead, SEED) < due_at
