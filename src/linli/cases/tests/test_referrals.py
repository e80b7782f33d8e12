"""A case opens another for itself, and hears once how that one ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast

from linli.cases import actions as cases
from linli.cases.actions import BadData, NotAllowed
from linli.cases.actions.referrals import Referred, openers, refer, report_back
from linli.cases.models import Case, Event, Referral
from linli.kit.ids import uuid7

pytestmark = pytest.mark.django_db
DATA = {"kind": "mediation", "reason": "邻里为排水争了两个月，双方都愿意谈。"}


@pytest.fixture
def accepted(report: Callable[..., Any], move: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Case:
    """A request that was accepted, in a county whose mediations carry nothing but their case."""

    def open_one(referred: Referred) -> Case:
        if referred.carried.get("is_wrong"):
            raise BadData({"category": "没有这一类"})
        assert referred.source.place is not None
        opening = cases.Opening(
            kind="mediation", title="邻里纠纷", channel="referral", place=referred.source.place
        )
        opened, _event, _is_new = cases.open_case(
            opening=opening, by=referred.by, at=referred.at, command_id=referred.command_id, data={}
        )
        return opened

    monkeypatch.setitem(openers, "mediation", open_one)
    case: Case = report().case
    move(case, "accept", "dispatcher")
    return case


@pytest.fixture
def make(accepted: Case, cast: Cast) -> Callable[..., tuple[Event, Case]]:
    def go(**changes: Any) -> tuple[Event, Case]:
        given: dict[str, Any] = {
            "case": accepted.pk,
            "kind": "mediation",
            "by": cast["dispatcher"],
            "at": NOW + timedelta(hours=1),
            "command_id": uuid7(),
            "data": DATA,
            "carried": {},
            **changes,
        }
        return refer(**given)

    return go


def ended(case: Case, state: str) -> Event:
    """The last event of a mediation, as if it had come to that state."""
    Case.objects.filter(pk=case.pk).update(state=state)
    event = Event.objects.select_related("case").get(case=case, number=1)
    event.state = state
    return event


def test_both_cases_are_linked_and_the_limit_waits(make: Callable[..., Any], accepted: Case) -> None:
    _event, opened = make()
    accepted.refresh_from_db()
    assert (accepted.state, accepted.is_paused, accepted.due_at) == ("referred", True, None)
    assert Referral.objects.get(case=accepted).to == opened


def test_a_repeated_command_opens_one_case(make: Callable[..., Any]) -> None:
    command_id = uuid7()
    assert make(command_id=command_id) == make(command_id=command_id)
    assert Case.objects.filter(kind="mediation").count() == 1


@pytest.mark.parametrize("changes", [{"kind": "nothing"}, {"carried": {"is_wrong": True}}, {"data": {}}])
def test_what_is_refused_changes_neither(
    make: Callable[..., Any], accepted: Case, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadData):
        make(**changes)
    accepted.refresh_from_db()
    assert accepted.state == "accepted"
    assert not Case.objects.filter(kind="mediation").exists()


def test_only_a_dispatcher_may_refer(make: Callable[..., Any], cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        make(by=cast["grid_worker"])


@pytest.mark.parametrize(
    ("state", "then"), [("failed", "accepted"), ("expired", "accepted"), ("performing", "closed")]
)
def test_hears_once_how_it_ended(make: Callable[..., Any], accepted: Case, state: str, then: str) -> None:
    _event, opened = make()
    at = NOW + timedelta(days=3)
    for _time in range(2):  # a worker may repeat itself
        report_back(ended(opened, state), at)
    accepted.refresh_from_db()
    assert accepted.state == then
    assert Event.objects.filter(case=accepted, verb__startswith="referral_").count() == 1
    assert Referral.objects.get(case=accepted).returned_at == at


def test_the_limit_goes_on_where_it_stood(make: Callable[..., Any], accepted: Case) -> None:
    accepted.refresh_from_db()
    due_at = accepted.due_at
    _event, opened = make()
    report_back(ended(opened, "failed"), NOW + timedelta(days=20))
    accepted.refresh_from_db()
    assert not accepted.is_paused
    assert due_at is not None
    assert accepted.due_at is not None
    assert accepted.due_at > due_at
