"""A veto is proposed, answered, appealed against and decided; nothing follows from it by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.cases.actions import board as figures
from linli.cases.models import Case, Clock, Event, Task
from linli.kit.ids import uuid7
from linli.mediation.actions import vetoes

pytestmark = pytest.mark.django_db


@pytest.fixture
def propose(town: Town, cast: Cast) -> Callable[..., Case]:
    def make(**changes: Any) -> Case:
        by = changes.pop("by", cast["centre"])
        command_id = changes.pop("command_id", None) or uuid7()
        given: dict[str, Any] = {
            "reason": "连续三个月没有派人参加联合调处，两次督办都没有回复。",
            "evidence": "督办单两份，会议签到表三份。",
            "addressee": town["county_petitions"],
            "concerned": town["east_works"],
            **changes,
        }
        proposal = vetoes.Proposal(**given)
        return vetoes.propose(proposal=proposal, by=by, at=NOW, command_id=command_id).case

    return make


def test_goes_to_the_unit_addressed_and_the_unit_concerned(
    propose: Callable[..., Case], cast: Cast, town: Town
) -> None:
    case = propose()
    assert case.state == "proposed"
    assert case.holder == town["county_petitions"]
    desks = {(task.organisation_id, task.why) for task in Task.objects.filter(case=case)}
    assert desks == {(town["county_petitions"].pk, "to_reply"), (town["east_works"].pk, "to_comment")}
    assert Clock.objects.get(case=case, name="reply").due_at is not None
    seen = [
        name
        for name in ("centre", "petitions_handler", "handler", "outsider", "west_handler", "housing_handler")
        if Case.objects.visible_to(cast[name]).filter(pk=case.pk).exists()
    ]
    assert seen == ["centre", "petitions_handler", "handler"]


def test_a_stranger_cannot_answer(propose: Callable[..., Case], move: Callable[..., Any]) -> None:
    case = propose()
    with pytest.raises(CaseNotFound):
        move(case, "adopt", "west_handler", reason="理由写在这里，够十个字了吧")
    with pytest.raises(NotAllowed):
        move(case, "adopt", "handler", reason="理由写在这里，够十个字了吧")
    with pytest.raises(NotAllowed):
        move(case, "refuse", "centre", reason="理由写在这里，够十个字了吧")


def test_an_appeal_is_decided_by_the_superior_of_the_unit_that_answered(
    propose: Callable[..., Case], move: Callable[..., Any], town: Town
) -> None:
    case = propose()
    move(case, "comment", "handler", note="那三次会议没有收到通知，通知发错了单位。")
    move(case, "adopt", "petitions_handler", reason="经核对，确有三次没有参加。")
    move(case, "appeal", "handler", reason="会议通知没有发到本单位，有收文登记为证。")
    desk = Task.objects.get(case=case, is_stage=True)
    assert (desk.organisation, desk.role) == (town["county"], "supervisor")
    with pytest.raises(NotAllowed):
        move(case, "overturn", "township_supervisor", reason="通知确实发错了单位，撤销。")
    move(case, "overturn", "supervisor", reason="通知确实发错了单位，采纳的决定撤销。")
    case.refresh_from_db()
    assert (case.state, case.is_open) == ("overturned", False)


def test_the_unit_concerned_still_sees_how_it_ended(
    propose: Callable[..., Case], move: Callable[..., Any], cast: Cast
) -> None:
    case = propose()
    move(case, "refuse", "petitions_handler", reason="事实不清，材料不足，不予采纳。")
    assert Case.objects.visible_to(cast["handler"]).get(pk=case.pk).state == "not_adopted"


def test_closes_by_itself_when_nobody_appeals(propose: Callable[..., Case], move: Callable[..., Any]) -> None:
    case = propose()
    move(case, "adopt", "petitions_handler", reason="经核对，确有三次没有参加。")
    later = NOW + timedelta(days=40)
    cases.fire_due_clocks(at=later)
    cases.fire_due_clocks(at=later + timedelta(days=1))
    case.refresh_from_db()
    assert case.state == "closed"
    assert Event.objects.filter(case=case, verb="settle").count() == 1


def test_is_withdrawn_by_who_proposed_it_alone(
    propose: Callable[..., Case], move: Callable[..., Any]
) -> None:
    case = propose()
    with pytest.raises(NotAllowed):
        move(case, "withdraw", "petitions_handler", reason="不想办了这一件")
    move(case, "withdraw", "centre", reason="该单位已经改正。")
    case.refresh_from_db()
    assert case.state == "withdrawn"


def test_counts_nowhere(propose: Callable[..., Case], move: Callable[..., Any], cast: Cast) -> None:
    case = propose()
    move(case, "adopt", "petitions_handler", reason="经核对，确有三次没有参加。")
    totals, groups = figures.totals(
        actor=cast["supervisor"], kind="service_request", at=NOW + timedelta(days=60)
    )
    assert (totals.open, totals.late, groups) == (0, 0, [])


def test_a_repeated_proposal_is_one_case(propose: Callable[..., Case]) -> None:
    command_id = uuid7()
    assert propose(command_id=command_id) == propose(command_id=command_id)
    assert Event.objects.filter(case_id=command_id).count() == 3


def test_refuses_what_is_missing_and_leaves_nothing(propose: Callable[..., Case], town: Town) -> None:
    with pytest.raises(BadData) as refused:
        propose(reason="短", evidence="", addressee=town["grid"], concerned=None)
    assert set(refused.value.errors) == {"reason", "evidence", "addressee", "concerned"}
    with pytest.raises(BadData) as refused:
        propose(concerned=town["county_petitions"])
    assert set(refused.value.errors) == {"concerned"}
    assert not Case.objects.exists()


def test_only_the_centre_may_propose(propose: Callable[..., Case], cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        propose(by=cast["dispatcher"])
