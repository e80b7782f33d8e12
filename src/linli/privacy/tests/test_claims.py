"""What people may ask about what is held on them, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.test import Client

from linli.cases.actions import BadData, CaseNotFound, NotAllowed, integrity
from linli.cases.models import Case
from linli.kit import clock
from linli.ledger.models import Leaf
from linli.mediation.actions import talks
from linli.mediation.models import Party
from linli.mediation.tests.story import Story
from linli.notify.models import Message
from linli.privacy.actions import claims, copies, locks, notices
from linli.privacy.models import Claim, Consent, Deletion, Lock, Read
from linli.privacy.tests.test_reads import sign_in
from linli.service_requests.actions import published
from linli.service_requests.models import Request

pytestmark = pytest.mark.django_db
SECRET = "银杏树下第三户"
REPLY = "核对以后照办，理由见附页。"


@pytest.fixture
def mine(report: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The receipt of a request with everything a reporter may give."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return report(
        text=f"{SECRET}门口的路灯坏了三天。",
        contact_name="王女士",
        contact_phone="0712-0000-777",
        address=SECRET,
        lon=114.01,
        lat=31.01,
        may_publish=True,
    )


@pytest.fixture
def closed(mine: Any, move: Callable[..., Any], town: Town) -> Case:
    case: Case = mine.case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler")
    move(case, "feedback", "handler", result="换了灯头，三盏灯都亮了。")
    move(case, "arrange_check", "dispatcher")
    move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
    case.refresh_from_db()
    return case


def asked(case: Case, kind: str = "deletion", words: str = "不用再存", party: int | None = None) -> Claim:
    return claims.ask(case=case, party=party, kind=kind, words=words, at=NOW)


def answered(claim: Claim, by: Any, outcome: str = "done", **corrected: str) -> Claim:
    given = claims.Answer(outcome, REPLY, corrected)
    return claims.answer(claim_id=claim.id, given=given, by=by, at=NOW + timedelta(days=1))


def resident(code: str) -> Client:
    client = Client()
    client.post("/track/", {"code": code})
    return client


def test_a_copy_holds_all_that_was_said_and_nothing_of_anybody_else(mine: Any, cast: Cast) -> None:
    sign_in(cast, "dispatcher").get(f"/desk/cases/{mine.case.number}")
    client = resident(mine.code)
    data = json.loads(client.post("/track/information/copy", {"form": "json"}).content)
    assert data["text"].startswith(SECRET)
    (opening,) = data["openings"]
    assert (opening["unit"], opening["role"], opening["purpose"]) == ("东河镇", "调度员", "办理本案")
    assert Leaf.objects.filter(kind="read", hash=bytes.fromhex(opening["leaf"])).exists()
    assert data["contact"] == {"name": "王女士", "phone": "0712-0000-777"}
    assert data["consents"][0] == {
        "matter": "公开原话、照片和位置",
        "given": True,
        "notice": notices.current(),
        "at": data["consents"][0]["at"],
    }
    page = client.post("/track/information/copy", {"form": "html"}).content.decode()
    for said in (SECRET, "王女士", "0712-0000-777", "2026-09-30 16:42"):
        assert said in page
    assert str(mine.case.place_id) not in page
    assert "祝丽华" not in json.dumps(data, ensure_ascii=False) + page
    assert client.post("/track/information/copy", {"form": "exe"}).status_code == 404
    assert Client().post("/track/information/copy", {"form": "json"}).status_code == 404


def test_a_party_gets_its_own_and_the_joint_part(cast: Cast, dispute: Callable[..., Any]) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    story.give(talks.talk, party=1, text="一号的底线", held_at=story.at)
    story.give(talks.talk, party=2, text="二号的底线", held_at=story.at)
    for party, own, other in ((1, "一号的底线", "二号的底线"), (2, "二号的底线", "一号的底线")):
        held = json.dumps(copies.copy(case=story.case, party=party, at=NOW), ensure_ascii=False)
        assert own in held
        assert other not in held
        phones = {each.number: each.phone for each in Party.objects.filter(case=story.case)}
        assert phones[3 - party] not in held


def test_a_claim_has_a_clock_and_a_leaf_and_is_told(mine: Any, cast: Cast) -> None:
    claim = asked(mine.case, "correction", "电话应当是 0712-0000-888")
    assert claim.due_at == asked(mine.case, "correction", claim.words).due_at
    assert Claim.objects.count() == 1
    assert 14 <= (claim.due_at - NOW).days <= 16
    assert Leaf.objects.filter(case_id=claim.id, kind="claim").exists()
    assert Message.objects.filter(source=claim.id, person=cast.people["dispatcher"]).exists()
    assert "更正" in sign_in(cast, "dispatcher").get("/desk/inbox").content.decode()


@pytest.mark.parametrize(
    ("kind", "words"), [("", "x"), ("everything", "x"), ("correction", ""), ("deletion", "x" * 1001)]
)
def test_refuses_a_claim_that_says_nothing(mine: Any, kind: str, words: str) -> None:
    with pytest.raises(BadData):
        asked(mine.case, kind, words)
    client = resident(mine.code)
    assert client.post("/track/information", {"kind": kind, "words": words}).status_code == 422
    assert not Claim.objects.exists()


def test_what_is_added_to_a_claim_that_waits_is_not_lost_in_silence(mine: Any) -> None:
    asked(mine.case, "correction", "电话应当是 0712-0000-888")
    answer = resident(mine.code).post(
        "/track/information", {"kind": "correction", "words": "姓名也错了，姓汪"}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "还在等答复" in page
    assert "姓名也错了，姓汪" in page
    assert Claim.objects.get().words == "电话应当是 0712-0000-888"


def test_whoever_asked_sees_that_the_answer_is_late(mine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = asked(mine.case)
    client = resident(mine.code)
    assert "过了期限" not in client.get("/track/information").content.decode()
    monkeypatch.setattr(clock, "now", lambda: claim.due_at)
    client = resident(mine.code)
    assert "过了期限还没有答复。" in client.get("/track/information").content.decode()
    claims.report_late(at=claim.due_at)
    assert "已经报给上级" in client.get("/track/information").content.decode()


def test_asked_and_answered_on_the_pages(mine: Any, cast: Cast) -> None:
    client = resident(mine.code)
    assert (
        client.post("/track/information", {"kind": "explanation", "words": "为什么要电话"}).status_code == 303
    )
    assert "等答复" in client.get("/track/information").content.decode()
    claim = Claim.objects.get()
    desk = sign_in(cast, "dispatcher")
    assert mine.case.number in desk.get("/desk/claims").content.decode()
    assert "为什么要电话" in desk.get(f"/desk/claims/{claim.id}").content.decode()
    assert Read.objects.filter(what="claim", case=mine.case).count() == 1
    assert desk.post(f"/desk/claims/{claim.id}", {"outcome": "done", "reply": ""}).status_code == 422
    assert desk.post(f"/desk/claims/{claim.id}", {"outcome": "done", "reply": REPLY}).status_code == 302
    page = client.get("/track/information").content.decode()
    assert REPLY in page
    assert "祝丽华" not in page
    assert desk.post(f"/desk/claims/{claim.id}", {"outcome": "refused", "reply": REPLY}).status_code == 409


@pytest.mark.parametrize("name", ["outsider", "handler", "grid_worker", "auditor", "centre", "administrator"])
def test_a_stranger_finds_no_claim(mine: Any, cast: Cast, name: str) -> None:
    claim = asked(mine.case)
    assert sign_in(cast, name).get(f"/desk/claims/{claim.id}").status_code == 404
    with pytest.raises(CaseNotFound):
        answered(claim, cast[name])


def test_nothing_is_deleted_while_the_matter_is_handled(mine: Any, cast: Cast) -> None:
    for kind, outcome in (("deletion", "done"), ("locking", "done"), ("deletion", "locked")):
        claim = asked(mine.case, kind)
        with pytest.raises(NotAllowed):
            answered(claim, cast["dispatcher"], outcome)
        claim.refresh_from_db()
        assert claim.answered_at is None
    assert Request.objects.get(pk=mine.case.pk).contact_name == "王女士"


def test_what_a_lawsuit_needs_is_not_deleted_because_somebody_asks(closed: Case, cast: Cast) -> None:
    locks.hold(case_id=closed.pk, why="行政诉讼", by=cast["dispatcher"], at=NOW)
    claim = asked(closed)
    desk = sign_in(cast, "dispatcher")
    assert "放开以前不能删除" in desk.get(f"/desk/claims/{claim.id}").content.decode()
    for outcome in ("done", "partly"):
        answer = desk.post(f"/desk/claims/{claim.id}", {"outcome": outcome, "reply": REPLY})
        assert answer.status_code == 409
        assert "请写明理由答复" in answer.content.decode()
    assert Request.objects.get(pk=closed.pk).text.startswith(SECRET)
    assert not Deletion.objects.exists()
    answered(claim, cast["dispatcher"], "refused")
    locks.release(case_id=closed.pk, by=cast["dispatcher"], at=NOW)
    answered(asked(closed, words="现在可以删了"), cast["dispatcher"])
    assert not Request.objects.get(pk=closed.pk).text


def test_a_deletion_takes_every_word_and_the_log_still_verifies(closed: Case, mine: Any, cast: Cast) -> None:
    answered(asked(closed), cast["dispatcher"])
    case = Case.objects.get(pk=closed.pk)
    request = Request.objects.get(pk=closed.pk)
    assert (request.text, request.contact_name, request.contact_phone, request.may_publish) == (
        "",
        "",
        "",
        False,
    )
    assert (case.address, case.lon, case.lat) == ("", None, None)
    assert SECRET not in case.title
    assert integrity.verify(case.pk) == []
    assert Deletion.objects.get().removed["words"] >= 1
    desk = sign_in(cast, "dispatcher").get(f"/desk/cases/{case.number}").content.decode()
    assert SECRET not in desk
    assert "换了灯头" in desk
    assert SECRET not in resident(mine.code).get("/track/").content.decode()
    assert SECRET not in json.dumps(copies.copy(case=case, party=None, at=NOW), ensure_ascii=False)


def test_a_locked_case_is_kept_and_seen_by_nobody_but_its_own(closed: Case, mine: Any, cast: Cast) -> None:
    answered(asked(closed, "locking"), cast["dispatcher"])
    desk = sign_in(cast, "dispatcher")
    assert desk.get(f"/desk/cases/{closed.number}").status_code == 404
    assert closed.number not in desk.get("/desk/cases?open=all").content.decode()
    assert closed.number not in desk.get(f"/desk/cases?open=all&q={SECRET}").content.decode()
    assert not published(Case.objects.filter(pk=closed.pk)).exists()
    assert SECRET in resident(mine.code).get("/track/").content.decode()
    assert closed.number in desk.get("/desk/claims").content.decode()
    assert sign_in(cast, "outsider").post(f"/desk/claims/locks/{closed.number}/ending").status_code == 404
    assert desk.post(f"/desk/claims/locks/{closed.number}/ending").status_code == 302
    assert desk.get(f"/desk/cases/{closed.number}").status_code == 200
    assert Lock.objects.get().ended_at is not None


def test_no_glass_is_broken_to_a_locked_case(closed: Case, cast: Cast) -> None:
    asking = {"number": closed.number, "reason": "来问办到哪一步", "hours": 2}
    page, early = f"/desk/cases/{closed.number}", sign_in(cast, "outsider")
    assert early.post("/desk/glass", asking).status_code == 302
    assert early.get(page).status_code == 200
    answered(asked(closed, "locking"), cast["dispatcher"])
    assert early.get(page).status_code == 404
    for name in ("dispatcher", "county_dispatcher", "supervisor"):
        desk = sign_in(cast, name)
        assert desk.post("/desk/glass", asking).status_code == 422
        assert desk.get(page).status_code == 404


def test_an_open_case_is_not_locked(mine: Any, cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        locks.lock(case_id=mine.case.pk, why="x", by=cast["dispatcher"], at=NOW)


def test_a_correction_writes_the_contact_anew(mine: Any, cast: Cast) -> None:
    claim = asked(mine.case, "correction", "电话错了")
    with pytest.raises(BadData):
        answered(claim, cast["dispatcher"], phone="不是电话")
    answered(claim, cast["dispatcher"], phone="0712-0000-888")
    request = Request.objects.get(pk=mine.case.pk)
    assert (request.contact_name, request.contact_phone) == ("王女士", "0712-0000-888")


def test_a_party_is_answered_by_the_committee_alone(cast: Cast, dispute: Callable[..., Any]) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    claim = asked(story.case, "correction", "电话错了", party=2)
    for name in ("dispatcher", "county_dispatcher", "centre", "supervisor"):
        with pytest.raises(CaseNotFound):
            answered(claim, cast[name], phone="0712-0000-888")
    answered(claim, cast["chair"], phone="0712-0000-888")
    phones = {each.number: each.phone for each in Party.objects.filter(case=story.case)}
    assert phones[2] == "0712-0000-888"
    assert phones[1] != "0712-0000-888"


def test_what_a_committee_locked_is_neither_shown_to_others_nor_unlocked_by_them(
    cast: Cast, dispute: Callable[..., Any]
) -> None:
    story = Story(cast, dispute().case.pk).to("archived")
    claim, number = asked(story.case, "locking", party=2), story.case.number
    assert [each.person for each in Message.objects.filter(source=claim.id)] == [cast.people["chair"]]
    answered(claim, cast["chair"])
    held = {"number": number, "why": "行政诉讼"}
    for name in ("dispatcher", "county_dispatcher"):
        desk = sign_in(cast, name)
        page = desk.get("/desk/claims").content.decode()
        assert number not in page
        assert REPLY not in page
        assert desk.post(f"/desk/claims/locks/{number}/ending").status_code == 404
        assert desk.post("/desk/claims/holds", held).status_code == 422
    assert sign_in(cast, "mediator").get(f"/desk/mediations/{number}").status_code == 404
    chair = sign_in(cast, "chair")
    assert number in chair.get("/desk/claims").content.decode()
    assert chair.post("/desk/claims/holds", held).status_code == 302
    assert chair.post(f"/desk/claims/locks/{number}/ending").status_code == 302
    assert Lock.objects.get().ended_at is not None


def test_a_late_claim_is_told_once(mine: Any, cast: Cast) -> None:
    claim = asked(mine.case)
    assert claims.report_late(at=claim.due_at - timedelta(seconds=1)) == 0
    assert claims.report_late(at=claim.due_at) == 1
    assert claims.report_late(at=claim.due_at) == 0
    assert Message.objects.filter(source=claim.id, person=cast.people["township_supervisor"]).exists()


def test_consent_is_kept_with_the_version_it_was_given_to_and_taken_back(mine: Any) -> None:
    given = Consent.objects.get()
    assert (given.matter, given.is_given, given.notice) == ("publication", True, notices.current())
    client = resident(mine.code)
    page = client.get("/track/").content.decode()
    command = page.split('name="command_id" value="')[1].split('"')[0]
    assert client.post("/track/consent", {"command_id": command}).status_code == 303
    assert [row.is_given for row in Consent.objects.of(mine.case.pk)] == [False, True]
    assert not Consent.objects.given(mine.case.pk, "publication", NOW + timedelta(days=1))


def test_every_version_of_the_notice_can_be_read() -> None:
    client = Client()
    page = client.get("/privacy/").content.decode()
    assert "谁看得到" in page
    assert "<b>称呼和电话</b>" in page
    assert client.get("/privacy/?version=1").status_code == 200
    assert client.get("/privacy/?version=0").status_code == 404
