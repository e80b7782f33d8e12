"""Faults in limits, calendars, pauses and the sweeper."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from conftest import NOW

from linli.cases import actions as cases
from linli.cases.actions import timekeeping
from linli.cases.models import Case, Clock, Event
from linli.cases.procedures import calendar, limits, wording
from linli.cases.procedures.limits import Limit
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM
from torture.faults import World, fault

door: Any = import_module("linli.cases.actions.advance")
# Reported on Wednesday 30 September 2026 with five working days: 1 to 7 October are holidays, Saturday the 10th is
# worked for them (国办发明电〔2025〕7号), so 8, 9, 10, 12 and 13 October count; the end is the 13th at 24:00.
FIVE_WORKING_DAYS = datetime(2026, 10, 13, 16, tzinfo=UTC)


def the_promise_ends_when_the_law_says(world: World) -> None:
    case = world.report()
    total = Clock.objects.get(case=case, name="total")
    assert total.limit == "5wd", total.limit
    assert total.due_at == FIVE_WORKING_DAYS, total.due_at


def _counted_on(patch: pytest.MonkeyPatch, other: calendar.Calendar) -> None:
    patch.setattr(timekeeping, "current", lambda: other)


@fault("clocks", "public holidays count as working days", "a known limit ends on its known day",
       the_promise_ends_when_the_law_says)  # fmt: skip
def holiday_ignored(patch: pytest.MonkeyPatch) -> None:
    rows = [row for row in calendar.seed_rows() if row.is_working]
    _counted_on(patch, calendar.Calendar.of(rows, tz="Asia/Shanghai"))


@fault("clocks", "make-up working days count as weekends", "a known limit ends on its known day",
       the_promise_ends_when_the_law_says)  # fmt: skip
def makeup_day_ignored(patch: pytest.MonkeyPatch) -> None:
    rows = [row for row in calendar.seed_rows() if not row.is_working]
    _counted_on(patch, calendar.Calendar.of(rows, tz="Asia/Shanghai"))


@fault("clocks", "the day of receipt is counted", "a known limit ends on its known day",
       the_promise_ends_when_the_law_says)  # fmt: skip
def start_day_counted(patch: pytest.MonkeyPatch) -> None:
    sound = limits._count
    patch.setattr(
        limits, "_count", lambda one, *rest: sound(replace(one, start_day=one.start_day - 1), *rest)
    )


@fault("clocks", "days end at midnight of another zone", "a known limit ends on its known day",
       the_promise_ends_when_the_law_says)  # fmt: skip
def midnight_elsewhere(patch: pytest.MonkeyPatch) -> None:
    _counted_on(patch, calendar.Calendar.of(calendar.seed_rows(), tz="UTC"))


def a_claimed_moment_moves_no_limit(world: World) -> None:
    case = world.dispatched()
    by, at = world.cast["handler"], NOW + timedelta(hours=1)
    cases.advance(
        case=case.pk, verb="acknowledge", by=by, at=at, command_id=uuid7(), claimed_at=at - timedelta(days=3)
    )
    for clock in Clock.objects.filter(case=case):
        assert clock.started_at >= NOW
        assert clock.due_at is None or clock.due_at > clock.started_at
        assert clock.stopped_at is None or clock.stopped_at >= clock.started_at


@fault("clocks", "limits count from the moment somebody claims", "no limit begins before its receipt",
       a_claimed_moment_moves_no_limit)  # fmt: skip
def due_before_receipt(patch: pytest.MonkeyPatch) -> None:
    sound = door.writing.finish

    def finish(turn: Any) -> None:
        turn.received_at = turn.at
        sound(turn)

    patch.setattr(door.writing, "finish", finish)


def a_pause_gives_its_time_back(world: World) -> None:
    begin, end = NOW + timedelta(days=9), NOW + timedelta(days=20)
    for written in ("5wd", "20d", "1mo", "300h"):
        limit, days = Limit.parse(written), calendar.seeded()
        plain = limits.due(NOW, limit, days).due_at
        paused = limits.due(NOW, limit, days, pauses=[(begin, end)]).due_at
        held = limits.due(NOW, limit, days, pauses=[(begin, None)]).due_at
        assert plain is not None
        assert paused is not None
        assert paused > plain, written
        assert held is None, written


@fault("clocks", "time on hold is counted", "a pause moves every kind of limit", a_pause_gives_its_time_back)
def pause_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(limits, "_spans", lambda pauses, days: ())


def _late(case: Case) -> datetime:
    due = Clock.objects.get(case=case, name="total").due_at
    assert due is not None
    return due + timedelta(minutes=1)


def two_sweepers_report_a_miss_once(world: World) -> None:
    """Both have read the same due clock before either reports it."""
    case = world.report()
    due = Clock.objects.filter(case=case, name="total", fires_at__isnull=False).select_related("organisation")
    first, second = due.get(), due.get()
    for clock in (first, second):
        door.report(clock, _late(case))
    told = Event.objects.filter(case=case, verb="clock_missed", facts__clock="total").count()
    assert told == 1, f"reported {told} times"


@fault("clocks", "a sweeper does not claim the clock it reports", "two sweepers report a miss once",
       two_sweepers_report_a_miss_once)  # fmt: skip
def fires_twice(patch: pytest.MonkeyPatch) -> None:
    def report(clock: Clock, at: datetime) -> bool:
        case = Case.objects.get(pk=clock.case_id)
        facts = door.about(clock, case, None)
        door.advance(case=case.pk, verb="clock_missed", by=SYSTEM, at=at, command_id=uuid7(), facts=facts)
        Clock.objects.filter(case_id=case.pk, number=clock.number).update(
            fires_at=None, missed_at=clock.due_at
        )
        return True

    patch.setattr(door, "report", report)


def a_miss_is_told(world: World) -> None:
    case = world.report()
    cases.fire_due_clocks(at=_late(case))
    cases.fire_due_clocks(at=_late(case) + timedelta(minutes=5))
    assert Event.objects.filter(case=case, verb="clock_missed", facts__clock="total").exists()
    assert Case.objects.get(pk=case.pk).is_late


@fault("clocks", "the sweeper drops what is overdue", "a miss is told to the level above", a_miss_is_told)
def miss_swallowed(patch: pytest.MonkeyPatch) -> None:
    sound = door.report

    def report(clock: Clock, at: datetime) -> bool:
        if clock.due_at is not None and clock.due_at <= at:
            Clock.objects.filter(case_id=clock.case_id, number=clock.number).update(fires_at=None)
            return True
        return bool(sound(clock, at))

    from linli.cases.actions import sweep

    patch.setattr(sweep, "report", report)
    patch.setattr(door, "report", report)


def no_step_comes_between_a_miss_and_its_notice(world: World) -> None:
    case = world.report()
    at = _late(case)
    given: dict[str, Any] = {"case": case.pk, "by": world.cast["dispatcher"], "at": at, "command_id": uuid7()}
    cases.advance(verb="accept", **given)
    told = [event.verb for event in Event.objects.filter(case=case).order_by("number")]
    assert "clock_missed" in told, told
    assert told.index("clock_missed") < told.index("accept"), told


@fault("clocks", "a late step stops the clock before its miss was noted", "the miss comes before the step",
       no_step_comes_between_a_miss_and_its_notice)  # fmt: skip
def miss_outrun(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(door, "report_due", lambda case_id, at: 0)


def the_due_moment_itself_is_late(world: World) -> None:
    assert wording.is_late(FIVE_WORKING_DAYS, FIVE_WORKING_DAYS)
    assert not wording.is_late(FIVE_WORKING_DAYS, FIVE_WORKING_DAYS - timedelta(milliseconds=1))


@fault("clocks", "midnight itself still counts as in time", "the due moment is the first that is late",
       the_due_moment_itself_is_late)  # fmt: skip
def midnight_in_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wording, "is_late", lambda due_at, at: at > due_at)


def derived_again_is_the_same(world: World) -> None:
    case = world.dispatched()
    world.move(case, "acknowledge", "handler")
    events = list(Event.objects.filter(case=case).order_by("number"))
    for clock in Clock.objects.filter(case=case, stopped_at=None):
        assert cases.derive(case.pk, clock, events).due_at == clock.due_at


@fault("clocks", "a due moment is edited behind the events", "every due moment follows from the events",
       derived_again_is_the_same)  # fmt: skip
def due_edited(patch: pytest.MonkeyPatch) -> None:
    sound = door.writing.write

    def write(turn: Any, more: Any = ()) -> Event:
        event: Event = sound(turn, more)
        for clock in Clock.objects.filter(case_id=event.case_id, stopped_at=None).exclude(due_at=None):
            Clock.objects.filter(case_id=clock.case_id, number=clock.number).update(
                due_at=clock.due_at and clock.due_at + timedelta(days=1)
            )
        return event

    patch.setattr(door.writing, "write", write)
