"""A request becomes a mediation and comes back: each side sees its own, and nobody has to carry anything over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast

from linli.cases import actions as cases
from linli.cases.actions import BadData
from linli.cases.actions.referrals import refer
from linli.cases.models import Case, Event, Referral
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions.referring import party_of_request
from linli.mediation.models import Mediation, Party

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
CARRIED = {
    "brief": "两家为院墙边的雨水管争了两个月，双方都愿意坐下来谈。",
    "category": "neighbours",
    "requester": "李秀英",
    "phone": "0712-0000-101",
    "respondent": "陈国强",
    "is_willing": True,
}
DATA = {"kind": "mediation", "reason": "邻里为排水争了两个月，双方都愿意谈。"}


@pytest.fixture
def referred(
    report: Callable[..., Any], move: Callable[..., Any], cast: Cast, committee: Any
) -> tuple[Case, Case]:
    """A request and the mediation it became."""
    request: Case = report().case
    move(request, "accept", "dispatcher")
    _event, opened = refer(
        case=request.pk,
        kind="mediation",
        by=cast["dispatcher"],
        at=LATER,
        command_id=uuid7(),
        data=DATA,
        carried=CARRIED,
    )
    return request, opened


def deliver() -> None:
    for minute in range(3):
        while cases.run_due(at=LATER + timedelta(days=2, minutes=minute)):
            pass


def verbs(case: Case) -> list[str]:
    return list(Event.objects.filter(case_id=case.pk).order_by("number").values_list("verb", flat=True))


def test_the_reporter_becomes_the_first_party(referred: tuple[Case, Case]) -> None:
    request, opened = referred
    request.refresh_from_db()
    assert request.state == "referred"
    parties = Party.objects.filter(case=opened).order_by("number")
    assert [(each.name, each.side) for each in parties] == [("李秀英", "applicant"), ("陈国强", "respondent")]
    assert Mediation.objects.get(pk=opened.pk).brief == CARRIED["brief"]
    found = party_of_request(request.pk)
    assert found is not None
    assert (found.case_id, found.number) == (opened.pk, 1)
    known = mediations.find_party(mediations.party_code(opened.pk, 1))
    assert known is not None
    assert known.name == "李秀英"


def test_a_dispute_that_is_declined_comes_back_to_be_dispatched(
    referred: tuple[Case, Case], cast: Cast, move: Callable[..., Any], committee: Any
) -> None:
    request, opened = referred
    move(opened, "divert", "centre", at=LATER, unit=str(committee.pk))
    move(opened, "ask", "chair", at=LATER)
    mediations.decline(
        case=opened.pk,
        ground="refused",
        route="court",
        by=cast["chair"],
        at=LATER + timedelta(days=1),
        command_id=uuid7(),
        remark="陈国强表示不愿意调解。",
    )
    deliver()
    deliver()
    request.refresh_from_db()
    assert request.state == "accepted"
    assert verbs(request).count("referral_unsettled") == 1
    assert Referral.objects.get(to=opened).outcome == "unsettled"
    said = " ".join(str(row) for row in Event.objects.filter(case=request).values_list("data", "facts"))
    assert "陈国强表示" not in said


def test_an_unwilling_reporter_is_not_referred(
    report: Callable[..., Any], move: Callable[..., Any], cast: Cast, committee: Any
) -> None:
    request: Case = report().case
    move(request, "accept", "dispatcher")
    with pytest.raises(BadData) as refused:
        refer(
            case=request.pk,
            kind="mediation",
            by=cast["dispatcher"],
            at=LATER,
            command_id=uuid7(),
            data=DATA,
            carried={**CARRIED, "is_willing": False},
        )
    assert "is_willing" in refused.value.errors
    assert verbs(request) == ["open", "accept"]
    assert not Case.objects.filter(kind="mediation").exists()
