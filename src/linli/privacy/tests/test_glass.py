"""Breaking the glass: with permission, a reason and an end; told to whom it concerns; closed to strangers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import DatabaseError, transaction
from django.test import Client

from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.notify.models import Message
from linli.privacy.actions import glass as glasses
from linli.privacy.models import Glass, Read
from linli.privacy.tests.test_reads import sign_in

pytestmark = pytest.mark.django_db
REASON = "反映人搬到西山镇，来这里问办到哪一步"


class Hands:
    """The clock of the views."""

    at: datetime = NOW


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(clock, "now", lambda: hands.at)
    return hands


def asked(case: Any, **changes: Any) -> dict[str, Any]:
    return {"number": case.number, "reason": REASON, "hours": 2, **changes}


def test_opens_for_its_hours_then_closes_by_itself(
    report: Callable[..., Any], cast: Cast, hands: Hands
) -> None:
    case = report(at=NOW).case
    client = sign_in(cast, "outsider")
    page = f"/desk/cases/{case.number}"
    assert client.get(page).status_code == 404
    answer = client.post("/desk/glass", asked(case))
    assert (answer.status_code, answer["Location"]) == (302, page)
    shown = client.get(page).content.decode()
    assert case.title in shown
    assert "越出管辖打开" in shown
    assert 'id="move-' not in shown
    read = Read.objects.get(case=case)
    assert (read.purpose, read.glass) == ("glass", Glass.objects.get().id)
    assert case.number in client.get("/desk/glass").content.decode()
    hands.at = NOW + timedelta(hours=2)
    assert client.get(page).status_code == 404
    assert case.number not in client.get("/desk/glass").content.decode()


def test_it_lets_look_and_never_act(report: Callable[..., Any], cast: Cast, hands: Hands) -> None:
    case = report(at=NOW).case
    client = sign_in(cast, "outsider")
    client.post("/desk/glass", asked(case))
    for verb in ("accept", "note", "dispatch"):
        assert client.post(f"/desk/cases/{case.number}/moves/{verb}", {"note": "x"}).status_code == 404
    assert client.get(f"/desk/cases/{case.number}/referral").status_code == 404
    assert case.number not in client.get("/desk/cases").content.decode()


def test_the_person_concerned_and_the_offices_above_learn_of_it(
    report: Callable[..., Any], cast: Cast, hands: Hands
) -> None:
    receipt = report(at=NOW)
    sign_in(cast, "outsider").post("/desk/glass", asked(receipt.case))
    told = set(Message.objects.filter(person__isnull=False).values_list("person__username", flat=True))
    assert {"township_supervisor", "supervisor"} <= told
    assert Message.objects.filter(case=receipt.case, person=None).count() == 1
    inbox = sign_in(cast, "township_supervisor").get("/desk/inbox").content.decode()
    assert REASON in inbox
    assert "秦望山" in inbox
    resident = Client()
    resident.post("/track/", {"code": receipt.code})
    for page in ("/track/", "/track/information"):
        shown = resident.get(page).content.decode()
        assert REASON in shown, page
        assert "西山镇" in shown
        assert "秦望山" not in shown


@pytest.mark.parametrize("name", ["handler", "grid_worker", "auditor", "administrator", "clerk"])
def test_for_posts_without_the_permission_there_is_no_such_page(cast: Cast, hands: Hands, name: str) -> None:
    assert sign_in(cast, name).get("/desk/glass").status_code == 404


def test_another_post_gets_nothing_of_it(report: Callable[..., Any], cast: Cast, hands: Hands) -> None:
    case = report(at=NOW).case
    sign_in(cast, "outsider").post("/desk/glass", asked(case))
    for name in ("west_handler", "housing_handler", "petitions_handler"):
        assert sign_in(cast, name).get(f"/desk/cases/{case.number}").status_code == 404


def test_an_accusation_never_opens_for_the_unit_accused_and_looks_like_no_number_at_all(
    report: Callable[..., Any], cast: Cast, town: Town, hands: Hands
) -> None:
    case = report(at=NOW, request_type="accusation", accused=town["west"]).case
    said = []
    for number in (case.number, "260930-ZZZZZ"):
        with pytest.raises(BadData) as refused:
            glasses.break_glass(number=number, reason=REASON, hours=2, by=cast["outsider"], at=NOW)
        said.append(refused.value.errors)
    assert said[0] == said[1]
    assert not Glass.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"reason": "看"}, {"reason": "x" * 201}, {"hours": 3}, {"hours": 10**6}, {"number": "'"}]
)
def test_refuses_what_is_wrong(report: Callable[..., Any], cast: Cast, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadData):
        glasses.break_glass(**asked(report(at=NOW).case, **wrong), by=cast["outsider"], at=NOW)
    assert not Glass.objects.exists()


def test_nobody_opens_a_county_with_it_nor_what_is_theirs_already(
    report: Callable[..., Any], cast: Cast
) -> None:
    for _n in range(glasses.AT_ONCE):
        glasses.break_glass(**asked(report(at=NOW).case), by=cast["outsider"], at=NOW)
    case = report(at=NOW).case
    for name in ("outsider", "dispatcher"):
        with pytest.raises(NotAllowed):
            glasses.break_glass(**asked(case), by=cast[name], at=NOW)
    with pytest.raises(CaseNotFound):
        glasses.break_glass(**asked(case), by=cast["handler"], at=NOW)


def test_it_is_in_the_log_and_stays_as_it_is(report: Callable[..., Any], cast: Cast) -> None:
    glass = glasses.break_glass(**asked(report(at=NOW).case), by=cast["outsider"], at=NOW)
    (again,) = ledger.sources()["glass"](glass.id, glass.id)
    assert bytes(Leaf.objects.get(case_id=glass.id, kind="glass").hash) == again.hash
    with pytest.raises(DatabaseError), transaction.atomic():
        Glass.objects.update(reason="没有理由")
    with pytest.raises(DatabaseError), transaction.atomic():
        Glass.objects.all().delete()


def test_the_content_of_a_mediation_stays_behind_its_own_gate(
    dispute: Callable[..., Any], cast: Cast, hands: Hands
) -> None:
    case = dispute().case
    client = sign_in(cast, "outsider")
    assert client.post("/desk/glass", asked(case)).status_code == 302
    assert client.get(f"/desk/cases/{case.number}").status_code == 200
    assert client.get(f"/desk/mediations/{case.number}").status_code == 404
