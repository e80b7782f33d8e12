"""What the watch over clocks does when somebody was quicker, or when there is nothing left to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.actions.advance import report as report_clock
from linli.cases.actions.timekeeping import NothingToDerive
from linli.cases.models import Case, Clock, Event
from linli.cases.tests.test_branches import Move, Report, in_progress, running
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM


def rederived(case: Case, number: int) -> None:
    facts = {"clock": "total", "number": number, "owner": None, "owner_path": ""}
    at = NOW + timedelta(hours=2)
    cases.advance(case=case.pk, verb="clock_rederived", by=SYSTEM, at=at, command_id=uuid7(), facts=facts)


def test_a_clock_that_stopped_or_would_come_to_the_same_is_not_derived_again(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    with pytest.raises(NothingToDerive):
        rederived(case, running(case, "total").number)
    stopped = Clock.objects.filter(case=case).exclude(stopped_at=None).first()
    assert stopped is not None
    with pytest.raises(NothingToDerive):
        rederived(case, stopped.number)


def test_a_warning_is_given_once_however_many_look(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    seen = running(case, "total")
    assert seen.fires_at is not None
    assert seen.due_at is not None
    assert seen.fires_at < seen.due_at
    assert report_clock(seen, seen.fires_at)
    assert not report_clock(seen, seen.fires_at), "somebody was quicker"
    assert Event.objects.filter(case=case, kind="clock.warned").count() == 1
    assert running(case, "total").fires_at == seen.due_at


def test_after_the_moment_of_the_warning_only_the_due_moment_is_watched(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    due_at = running(case, "total").due_at
    assert due_at is not None
    why = {"reason": "塘坝要等枯水期才能动工。", "condition": "水位降到坝脚以下。"}
    move(case, "request_deferral", "handler", at=due_at - timedelta(hours=4), **why)
    move(case, "defer", "dispatcher", at=due_at - timedelta(hours=3), reason="情况属实，等枯水期再办。")
    move(case, "resume", "dispatcher", at=due_at - timedelta(hours=2))
    clock = running(case, "total")
    assert clock.fires_at == clock.due_at


def test_a_case_on_hold_still_owes_the_supervisor_an_answer(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "supervise", "supervisor", order="三天内修好。")
    owed = running(case, "supervision")
    why = {"reason": "塘坝要等枯水期才能动工。", "condition": "水位降到坝脚以下。"}
    move(case, "request_deferral", "handler", **why)
    move(case, "defer", "dispatcher", reason="情况属实，等枯水期再办。")
    assert running(case, "total").due_at is None
    assert running(case, "supervision").due_at == owed.due_at
