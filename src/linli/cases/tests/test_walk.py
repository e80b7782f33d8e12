"""A case from report to close, and the ways it may turn on the way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.models import Case, Clock, Event, Task
from linli.people.access import Actor

Report = Callable[..., Any]
Move = Callable[..., Event]
WORK = "更换了损坏的灯头和空气开关，三盏灯都亮了。"


def state_of(case: Case) -> str:
    return Case.objects.get(pk=case.pk).state


def to_progress(case: Case, move: Move, town: Town, who: str = "handler", unit: str = "east_works") -> None:
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town[unit].pk))
    move(case, "acknowledge", who)
    move(case, "progress", who, note="控制箱进水，已订空气开关。")


def test_a_report_lands_in_its_grid_and_waits_at_the_township_dispatcher(
    report: Report, town: Town, cast: Cast
) -> None:
    case = report().case
    task = Task.objects.get(case=case)
    assert (task.organisation, task.role, task.why) == (town["east"], "dispatcher", "to_accept")
    assert case.place == town["grid"]


def test_walks_from_report_to_rating_and_reopening(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    receipt = report()
    case = receipt.case
    to_progress(case, move, town)
    move(case, "feedback", "handler", result=WORK)
    move(case, "arrange_check", "dispatcher")
    move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
    assert state_of(case) == "closed"
    reporter = Actor.reporter(case.pk)
    move(case, "rate", reporter, grade="4")
    move(case, "reopen", reporter, reason="昨晚又不亮了。")
    case.refresh_from_db()
    assert (case.state, case.reopenings, case.is_open) == ("reopened", 1, True)
    assert list(Event.objects.filter(case=case).order_by("number").values_list("number", flat=True)) == list(
        range(1, 11)
    )


def test_a_second_return_goes_to_the_common_superior_who_names_the_unit(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(case, "return", "handler", ground="duty", reason="按职责清单，路灯由县住建局管护。")
    assert state_of(case) == "returned"
    move(case, "reassign", "dispatcher", unit=str(town["county_housing"].pk), reason="按清单改派。")
    move(case, "return", "housing_handler", ground="area", reason="依照明管理规定，县局只管城区路灯。")
    assert state_of(case) == "arbitration"
    assert Task.objects.get(case=case).organisation == town["county"]
    with pytest.raises(cases.NotAllowed):
        move(case, "rule", "dispatcher", unit=str(town["east_works"].pk), reason="村道路灯由镇里管护。")
    move(case, "rule", "county_dispatcher", unit=str(town["east_works"].pk), reason="村道路灯由镇里管护。")
    with pytest.raises(cases.NotAllowed):
        move(case, "return", "handler", ground="duty", reason="还是不归我们管，请另派。")


def test_the_unit_that_did_the_work_may_not_verify_it(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report(by=cast["grid_worker"], channel="grid").case
    move(case, "self_handle", "grid_worker", result="当场把松了的灯头拧紧了。", photos=[str(case.pk)])
    with pytest.raises(cases.NotAllowed):
        move(case, "verify", "grid_worker", finding="灯亮了，没有问题。")
    assert Task.objects.get(case=case).organisation == town["village"]
    move(case, "verify", "officer", finding="到现场看过，灯亮了。")
    assert state_of(case) == "closed"


def test_an_extension_moves_both_clocks_and_the_derivation_says_so(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report().case
    to_progress(case, move, town)
    before = Clock.objects.get(case=case, name="unit").due_at
    assert before is not None
    move(case, "request_extension", "handler", limit="3", reason="等镇里拨下来的配件到货。")
    move(case, "grant_extension", "dispatcher", note="同意，请抓紧。")
    after = Clock.objects.get(case=case, name="unit")
    assert after.due_at is not None
    assert after.due_at > before
    events = list(Event.objects.filter(case=case).order_by("number"))
    assert cases.derive(case.pk, after, events).due_at == after.due_at


def test_a_missed_clock_escalates_once_to_the_level_above(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report().case
    late = NOW + timedelta(days=30)
    assert cases.fire_due_clocks(at=late) == 2
    assert cases.fire_due_clocks(at=late) == 0
    assert Event.objects.filter(case=case, kind="clock.missed").count() == 2
    case.refresh_from_db()
    assert case.is_late
    assert Task.objects.filter(case=case, role="supervisor").exists()


def test_deferring_stops_the_clocks_and_resuming_starts_them_again(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report().case
    to_progress(case, move, town)
    due = Clock.objects.get(case=case, name="total").due_at
    assert due is not None
    move(
        case, "request_deferral", "handler", reason="塘坝要等枯水期才能动工。", condition="水位降到坝脚以下。"
    )
    move(case, "defer", "dispatcher", reason="情况属实，等枯水期再办。")
    assert Clock.objects.filter(case=case, fires_at__isnull=False).count() == 0
    move(case, "resume", "dispatcher", at=NOW + timedelta(days=20))
    again = Clock.objects.get(case=case, name="total").due_at
    assert again is not None
    assert again > due


def test_a_merged_case_closes_with_the_one_it_joined(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    head, member = report().case, report().case
    to_progress(head, move, town)
    move(member, "merge", "dispatcher", head=head.number)
    assert state_of(member) == "merged"
    move(head, "feedback", "handler", result=WORK)
    move(head, "arrange_check", "dispatcher")
    event = move(head, "verify", "grid_worker", finding="三盏灯都亮着。")
    cases.run_due(at=event.received_at)
    assert state_of(member) == "closed"


def test_a_repeated_command_takes_effect_once(report: Report, town: Town, cast: Cast) -> None:
    from linli.kit.ids import uuid7

    case = report().case
    command = uuid7()
    given: dict[str, Any] = {
        "case": case.pk,
        "verb": "accept",
        "by": cast["dispatcher"],
        "at": NOW,
        "command_id": command,
    }
    first = cases.advance(**given)
    assert cases.advance(**given).pk == first.pk
    with pytest.raises(cases.CommandReused):
        cases.advance(**{**given, "by": cast["county_dispatcher"]})


def test_an_accusation_is_never_seen_by_the_unit_accused_nor_below(
    report: Report, town: Town, cast: Cast
) -> None:
    case = report(request_type="accusation", category="opinion.misconduct", accused=town["east"]).case
    for hidden in (
        "dispatcher",
        "grid_worker",
        "officer",
        "verifier",
        "handler",
        "township_supervisor",
        "outsider",
    ):
        assert not Case.objects.visible_to(cast[hidden]).filter(pk=case.pk).exists(), hidden
    assert Case.objects.visible_to(cast["county_dispatcher"]).filter(pk=case.pk).exists()
    assert Task.objects.get(case=case).organisation == town["county"]
