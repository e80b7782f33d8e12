"""What stands in the events about clocks, entry by entry, and what the clocks themselves then say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.utils import translation

from linli.cases.actions import timekeeping
from linli.cases.actions.advance import about, moves_for
from linli.cases.actions.advance import report as report_clock
from linli.cases.models import CalendarDay, Case, Clock, Event, Task
from linli.cases.procedures import calendar
from linli.cases.tests.test_branches import Move, Report, in_progress, now_of, running
from linli.cases.tests.test_clocks import rederived

WHY = {"reason": "塘坝要等枯水期才能动工。", "condition": "水位降到坝脚以下。"}


def entries(case: Case) -> dict[str, list[str]]:
    """The entries of each event in short: what, which clock, and with what."""
    return {
        event.kind.removeprefix("request."): [
            " ".join(str(op[name]) for name in ("op", "number", "clock", "limit") if name in op)
            for op in event.clocks
        ]
        for event in Event.objects.filter(case=case).order_by("number")
    }


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def test_each_step_starts_stops_and_holds_the_clocks_it_names(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "supervise", "supervisor", order="三天内修好。")
    move(case, "request_deferral", "handler", **WHY)
    move(case, "defer", "dispatcher", reason="情况属实，等枯水期再办。")
    assert entries(case) == {
        "reported": ["start 1 total 5wd", "start 2 accepting 1wd"],
        "accepted": ["stop 2", "start 3 dispatching 1wd"],
        "dispatched": ["stop 3", "start 4 unit 2wd", "start 5 acknowledging 4oh"],
        "acknowledged": ["stop 5"],
        "progressed": [],
        "supervised": ["start 6 supervision 2wd"],
        "deferral_requested": ["start 7 deciding 1wd"],
        "deferred": ["stop 7", "pause 1", "pause 4"],
    }
    held = {name: running(case, name) for name in ("total", "unit")}
    assert all((clock.due_at, clock.fires_at) == (None, None) for clock in held.values())
    paused_at = held["total"].paused_at
    assert paused_at is not None
    move(case, "resume", "dispatcher", at=paused_at + timedelta(days=9))
    assert entries(case)["resumed"] == ["resume 1", "resume 4"]
    found = [
        (
            clock.name,
            clock.organisation_id,
            clock.limit,
            clock.due_at,
            clock.fires_at,
            clock.stopped_at is None,
        )
        for clock in Clock.objects.filter(case=case).order_by("number")
    ]
    grid, desk, unit = (town[name].pk for name in ("grid", "east", "east_works"))
    assert found == [
        ("total", grid, "5wd", at(14, 16), at(13, 16), True),
        ("accepting", desk, "1wd", at(8, 16), None, False),
        ("dispatching", desk, "1wd", at(8, 16), None, False),
        ("unit", unit, "2wd", at(10, 16), at(9, 16), True),
        ("acknowledging", unit, "4oh", at(8, 3, 52), None, False),
        ("supervision", unit, "2wd", at(9, 16), at(9, 12), True),
        ("deciding", desk, "1wd", at(8, 16), None, False),
    ]
    assert not Clock.objects.filter(case=case).exclude(paused_at=None).exists()


def test_a_clock_derived_again_says_from_when_to_when(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    total = running(case, "total")
    CalendarDay.objects.bulk_create(
        CalendarDay(
            date=day.date, is_working=day.is_working, name_zh=day.name_zh, is_confirmed=day.is_confirmed
        )
        for day in [*calendar.seed_rows(), calendar.Day(date(2026, 10, 12), False, "停工", "", "县政府通知")]
    )
    calendar.forget()
    rederived(case, total.number)
    event = Event.objects.filter(case=case).latest("number")
    assert entries(case)["clock.rederived"] == ["rederive 1"]
    assert (event.facts["due_before"], event.facts["due_at"]) == (
        "2026-10-13T16:00:00.000000Z",
        "2026-10-14T16:00:00+00:00",
    )
    again = running(case, "total")
    assert (again.due_at, again.fires_at, again.is_warned) == (at(14, 16), at(13, 16), False)


def test_why_a_clock_is_not_derived_again_is_said(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town)
    stopped = Clock.objects.filter(case=case).exclude(stopped_at=None)[0]
    for number, said in (
        (stopped.number, "这个时钟已经停了。"),
        (99, "这个时钟已经停了。"),
        (running(case, "total").number, "到期时间没有变化。"),
    ):
        with translation.override("zh-hans"), pytest.raises(timekeeping.NothingToDerive) as refused:
            rederived(case, number)
        assert str(refused.value) == said


def test_the_moment_comes_from_the_entries_alone(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town)
    clock = running(case, "total")

    def told(*ops: tuple[datetime, dict[str, Any]]) -> datetime | None:
        events = [Event(received_at=moment, clocks=[op]) for moment, op in ops]
        return timekeeping.derive(case.pk, clock, events).due_at

    mine, other = {"number": clock.number}, {"number": clock.number + 1}
    assert told() == at(13, 16)
    assert told((at(8), {"op": "extend", "limit": "2wd", **mine})) == at(15, 16)
    assert told((at(8), {"op": "extend", "limit": "2wd", **other})) == at(13, 16), "of another clock"
    assert told((at(8), {"op": "pause", **mine})) is None
    held = (at(8), {"op": "pause", **mine}), (at(9, 20), {"op": "resume", **mine})
    assert told(*held) == at(15, 16), "two days whose end fell into the pause"
    backwards = (at(8), {"op": "pause", **mine}), (at(7), {"op": "resume", **mine})
    assert told(*backwards) == at(13, 16), "two servers disagree about the time"
    taken_over = (NOW, {"op": "start", "limit": "", "due": "2026-10-20T03:00:00+00:00", **mine})
    assert told(taken_over) == at(20, 3)
    assert told(taken_over, *held) == at(20, 3) + timedelta(days=1, hours=20)


def test_a_warning_and_a_miss_say_which_clock_and_who_has_it(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    unit = town["east_works"]

    def last() -> dict[str, Any]:
        facts = Event.objects.filter(case=case).latest("number").facts
        return {name: facts.get(name) for name in ("clock", "number", "due_at", "owner", "owner_path")}

    has_it = {"owner": str(unit.pk), "owner_path": unit.path}
    for name, number in (("total", 1), ("unit", 4)):
        clock = running(case, name)
        due_at, fires_at = clock.due_at, clock.fires_at
        assert due_at is not None
        assert fires_at is not None
        assert report_clock(clock, fires_at)
        assert last() == {"clock": name, "number": number, "due_at": due_at.isoformat(), **has_it}
        warned = running(case, name)
        assert (warned.is_warned, warned.fires_at, warned.missed_at) == (True, due_at, None)
        assert report_clock(warned, due_at)
        assert last() == {"clock": name, "number": number, "due_at": due_at.isoformat(), **has_it}
        missed = running(case, name)
        assert (missed.missed_at, missed.fires_at) == (due_at, None)
    kinds = Event.objects.filter(case=case, kind__startswith="clock.").order_by("number")
    assert list(kinds.values_list("kind", flat=True)) == ["clock.warned", "clock.missed"] * 2


def test_who_a_clock_is_about(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = now_of(in_progress(report, move, town))
    total, unit = running(case, "total"), running(case, "unit")
    desk = Task(case=case, organisation=town["county_housing"])

    def owner(clock: Clock, stage: Task | None) -> tuple[Any, str]:
        facts = about(clock, case, stage)
        return facts["owner"], facts["owner_path"]

    def named(name: str) -> tuple[str, str]:
        return str(town[name].pk), town[name].path

    assert owner(total, desk) == named("county_housing"), "the desk where the case waits"
    assert owner(total, None) == named("east_works"), "else whoever has it"
    assert owner(unit, desk) == named("east_works"), "the unit's own limit"
    case.holder, unit.organisation = None, None
    assert owner(total, None) == named("grid"), "else where it began"
    assert owner(unit, None) == (None, "")
    total.due_at = None
    assert about(total, case, None)["due_at"] is None


def test_a_move_needs_the_right_the_state_the_condition_and_the_place(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = now_of(in_progress(report, move, town))
    tasks, clocks = list(Task.objects.filter(case=case)), list(Clock.objects.filter(case=case))

    def verbs(name: str) -> list[str]:
        return [each.verb for each in moves_for(case, cast[name], tasks, clocks, NOW)]

    assert verbs("auditor") == []
    mine = verbs("handler")
    assert "progress" in mine
    assert "dispatch" not in mine, "not the handler's right"
    assert "acknowledge" not in mine, "not in this state"
    assert "progress" not in verbs("west_handler"), "another unit"
    assert "supervise" in verbs("supervisor")
    order = list(case.procedure.moves)
    assert [order.index(verb) for verb in mine] == sorted(order.index(verb) for verb in mine)
