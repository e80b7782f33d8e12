"""What has had its time goes and leaves a trace; what is held stays; breaches are answered exactly; forms wait."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from linli.cases.actions import BadData, NotAllowed, integrity
from linli.cases.models import Case, TrackingCode
from linli.kit import clock
from linli.kit.sealing import Sealed
from linli.ledger import actions as ledger
from linli.ledger.actions.verifying import verify
from linli.mediation.models import Paper, Party, PartyCode, Talk
from linli.mediation.tests.story import Story
from linli.people.access import Actor
from linli.people.actions import keys
from linli.people.models import Grant
from linli.privacy.actions import assessments, breaches, locks, reads, retention
from linli.privacy.models import Assessment, Claim, Deletion, Hold, Lock, Read, Takeout
from linli.privacy.tests.test_claims import REPLY, SECRET, answered, asked, closed, mine
from linli.privacy.tests.test_reads import program, sign_in
from linli.service_requests.actions import editing
from linli.service_requests.models import Category, Request

__all__ = ["closed", "mine"]
pytestmark = pytest.mark.django_db
DUE = NOW.replace(year=NOW.year + 10) + timedelta(days=1)


def said_by(*arguments: str, capsys: Any) -> str:
    call_command(*arguments)
    return str(capsys.readouterr().out)


# Retention ---------------------------------------------------------------------------------------


def test_nothing_goes_before_its_time(closed: Case) -> None:
    assert retention.sweep(at=DUE - timedelta(days=2)) == 0
    assert Request.objects.get(pk=closed.pk).text


def test_at_its_time_everything_said_goes_and_the_log_still_verifies(
    closed: Case, mine: Any, cast: Cast
) -> None:
    assert retention.sweep(at=DUE) == 1
    assert retention.sweep(at=DUE) == 0
    request, case = Request.objects.get(pk=closed.pk), Case.objects.get(pk=closed.pk)
    assert (request.text, request.contact_name, request.contact_phone) == ("", "", "")
    assert not TrackingCode.objects.filter(case=case).exists()
    assert Client().post("/track/", {"code": mine.code}).status_code == 422
    assert integrity.verify(case.pk) == []
    page = sign_in(cast, "dispatcher").get(f"/desk/cases/{case.number}").content.decode()
    for word in (SECRET, "换了灯头", "三盏灯都亮着"):
        assert word not in page
    trace = Deletion.objects.get()
    assert (trace.why, trace.rule) == ("retention", "service_request")
    assert trace.removed["words"] >= 3


def test_what_was_imported_goes_only_when_somebody_says_so(
    closed: Case, monkeypatch: Any, capsys: Any
) -> None:
    Case.objects.filter(pk=closed.pk).update(channel="import")
    assert retention.sweep(at=DUE) == 0
    assert Request.objects.get(pk=closed.pk).text
    monkeypatch.setattr(clock, "now", lambda: DUE)
    assert closed.number in said_by("retention", capsys=capsys)
    assert not Request.objects.get(pk=closed.pk).text


def test_an_open_case_has_no_time(mine: Any) -> None:
    assert retention.sweep(at=DUE + timedelta(days=5000)) == 0


def test_what_is_held_stays_until_it_is_let_go(closed: Case, cast: Cast, monkeypatch: Any) -> None:
    desk = sign_in(cast, "dispatcher")
    held = {"number": closed.number, "why": "行政诉讼"}
    assert sign_in(cast, "outsider").post("/desk/claims/holds", held).status_code == 422
    assert desk.post("/desk/claims/holds", held).status_code == 302
    assert retention.sweep(at=DUE) == 0
    assert retention.held(at=DUE) == 1
    assert "行政诉讼" in desk.get("/desk/claims").content.decode()
    assert desk.post(f"/desk/claims/holds/{closed.number}/ending").status_code == 302
    assert retention.sweep(at=DUE) == 1


def test_a_dry_run_names_and_takes_nothing(closed: Case, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(clock, "now", lambda: DUE)
    assert closed.number in said_by("retention", "--dry-run", capsys=capsys)
    assert not Deletion.objects.exists()
    assert closed.number in said_by("retention", capsys=capsys)
    assert Deletion.objects.count() == 1


def test_a_mediations_file_goes_whole(cast: Cast, dispute: Callable[..., Any]) -> None:
    story = Story(cast, dispute().case.pk).to("archived")
    at = story.at.replace(year=story.at.year + 30) + timedelta(days=1)
    assert retention.sweep(at=at) == 1
    assert not any(party.name or party.phone for party in Party.objects.all())
    assert not any(paper.text or paper.content for paper in Paper.objects.all())
    assert not any(talk.text for talk in Talk.objects.all())
    assert not PartyCode.objects.exists()
    assert integrity.verify(story.case_id) == []


def test_old_records_of_reads_go_and_young_ones_stay(closed: Case, cast: Cast) -> None:
    opening: dict[str, Any] = {"case": closed, "by": cast["dispatcher"], "what": "page", "groups": ["words"]}
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    taken = {name: given for name, given in opening.items() if name != "case"}
    for at in (long_ago, NOW):
        reads.note(**opening, at=at)
        reads.note_takeout(cases=[closed.pk], **taken, at=at)
    ledger.sequence()
    assert retention.old_reads(at=NOW) == 2
    retention.sweep(at=NOW)
    for kept in (Read, Takeout):
        assert [each.at for each in kept.objects.all()] == [NOW]
    assert verify().faults == []


def test_a_young_read_that_is_gone_is_missed(closed: Case, cast: Cast) -> None:
    reads.note(case=closed, by=cast["dispatcher"], what="page", groups=["words"], at=NOW)
    ledger.sequence()
    with connection.cursor() as cursor:
        for name in ("privacy_read_no_delete", "privacy_read_append_only"):
            table = " ON privacy_read" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{table}")
        cursor.execute("DELETE FROM privacy_read")
    assert [(fault.what, fault.kind) for fault in verify().faults] == [("gone", "read")]


def test_claims_answers_and_deletions_are_in_the_log(closed: Case, cast: Cast) -> None:
    answered(asked(closed), cast["dispatcher"])
    ledger.sequence()
    assert verify().faults == []
    Claim.objects.update(due_at=NOW + timedelta(days=300))
    Deletion.objects.update(rule="none")
    assert {(fault.what, fault.kind) for fault in verify().faults} == {
        ("changed", "claim"),
        ("changed", "deletion"),
    }


def test_words_of_claims_and_their_answers_cannot_be_changed_unseen(closed: Case, cast: Cast) -> None:
    answered(asked(closed, "explanation", "为什么要我的电话"), cast["dispatcher"])
    ledger.sequence()
    assert verify().faults == []
    claim = Claim.objects.get()
    claim.words = "不必说明"
    claim.save(update_fields=["words"])
    assert [(fault.what, fault.kind) for fault in verify().faults] == [("payload", "claim")]
    claim.words, claim.reply = "为什么要我的电话", "本人已经放弃。"
    claim.save(update_fields=["words", "reply"])
    assert [(fault.what, fault.kind) for fault in verify().faults] == [("payload", "answer")]
    Claim.objects.update(reply=Sealed(b"\x01\x00\x01" + bytes(40)))
    assert [(fault.what, fault.kind) for fault in verify().faults] == [("payload", "answer")]
    Claim.objects.update(person=cast.people["outsider"], reply_salt=b"", reply=Sealed())
    assert [(fault.what, fault.kind) for fault in verify().faults] == [("changed", "answer")]


def test_locks_and_holds_begin_and_end_in_the_log(closed: Case, cast: Cast) -> None:
    kept: dict[str, Any] = {"case_id": closed.pk, "by": cast["dispatcher"]}
    locks.lock(**kept, why="本人要求", at=NOW)
    locks.hold(**kept, why="行政诉讼", at=NOW)
    locks.unlock(**kept, at=NOW + timedelta(days=1))
    locks.release(**kept, at=NOW + timedelta(days=2))
    ledger.sequence()
    assert verify().faults == []
    Lock.objects.update(ended_at=NOW + timedelta(days=9))
    Hold.objects.all().delete()
    assert {(fault.what, fault.kind) for fault in verify().faults} == {
        ("changed", "unlock"),
        ("gone", "hold"),
        ("gone", "release"),
    }


def test_the_database_cannot_read_what_was_asked_nor_why_it_was_answered_so(closed: Case, cast: Cast) -> None:
    answered(asked(closed, "locking", SECRET), cast["dispatcher"])
    locks.hold(case_id=closed.pk, why=SECRET, by=cast["dispatcher"], at=NOW)
    with connection.cursor() as cursor:
        for table, column in (("claim", "words"), ("claim", "reply"), ("lock", "why"), ("hold", "why")):
            cursor.execute(f"SELECT {column} FROM privacy_{table}")
            (stored,) = cursor.fetchone()
            assert len(stored) > 30
            assert SECRET.encode() not in bytes(stored)
            assert REPLY.encode() not in bytes(stored)
    assert (Claim.objects.get().words, Lock.objects.get().why, Hold.objects.get().why) == (
        SECRET,
        REPLY,
        SECRET,
    )


def test_what_was_asked_goes_with_what_was_said(closed: Case, cast: Cast) -> None:
    answered(asked(closed, "correction", "电话应当是 0712-0000-888"), cast["dispatcher"])
    answered(asked(closed, "deletion", "我叫王女士"), cast["dispatcher"])
    ledger.sequence()
    assert [each.words for each in Claim.objects.all()] == ["", ""]
    assert [each.reply for each in Claim.objects.all()] == [REPLY, REPLY]
    locks.lock(case_id=closed.pk, why="本人要求", by=cast["dispatcher"], at=NOW)
    assert retention.sweep(at=DUE) == 1
    assert [each.reply for each in Claim.objects.all()] == ["", ""]
    assert (Lock.objects.get().why, Lock.objects.get().ended_at) == ("", DUE)
    ledger.sequence()
    assert verify().faults == []


# Breaches ----------------------------------------------------------------------------------------


def take_out(by: Actor, case: Case, at: datetime) -> None:
    reads.note_takeout(cases=[case.pk], by=by, what="export", groups=["headline"], at=at)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_breach_is_answered_with_exactly_what_was_read(
    seed: int, report: Callable[..., Any], cast: Cast, monkeypatch: Any, capsys: Any
) -> None:
    random_ = random.Random(seed)
    cases = [report(at=NOW, contact_name="王女士").case for _n in range(4)]
    sessions = {name: sign_in(cast, name) for name in ("dispatcher", "auditor", "supervisor")}
    programs = {name: program(cast, name) for name in ("dispatcher", "auditor")}
    truth: dict[str, dict[str, set[str]]] = {}

    def happened(who: str, case: Case, *groups: str) -> None:
        truth.setdefault(who, {}).setdefault(case.number, set()).update(groups)

    for step in range(30):
        at = NOW + timedelta(minutes=step)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        case, name = random_.choice(cases), random_.choice(list(sessions))
        shown = ("history", "words", "contact") if name != "auditor" else ("history", "words")
        if random_.random() < 0.2:
            take_out(cast[name], case, at)
            happened(f"person {name}", case, "headline")
            continue
        if random_.random() < 0.6 or name not in programs:
            assert sessions[name].get(f"/desk/cases/{case.number}").status_code == 200
            happened(f"session {name}", case, *shown)
        else:
            assert programs[name].get(f"/api/v1/requests/{case.number}").status_code == 200
            happened(f"key {name}", case, *shown)
        happened(f"person {name}", case, *shown)

    def answered(option: str, value: str) -> dict[str, set[str]]:
        said = json.loads(said_by("breach", option, value, "--json", capsys=capsys))
        return {each["case"]: set(each["groups"]) for each in said["cases"]}

    for name, client in sessions.items():
        assert answered("--person", name) == truth.get(f"person {name}", {})
        assert answered("--session", str(client.session.session_key)) == truth.get(f"session {name}", {})
    for name in programs:
        prefix = keys.keys_of(cast[name]).get(grant=Grant.objects.get(person=cast.people[name])).prefix
        assert answered("--key", prefix) == truth.get(f"key {name}", {})


@pytest.mark.parametrize("option", ["--key", "--person", "--session"])
def test_a_slip_of_the_pen_does_not_read_as_nothing_seen(closed: Case, cast: Cast, option: str) -> None:
    with pytest.raises(CommandError, match="没有"):
        call_command("breach", option, "disptacher")


def test_who_has_read_nothing_is_answered_so(cast: Cast, capsys: Any) -> None:
    cookie = str(sign_in(cast, "dispatcher").session.session_key)
    for option, value in (("--person", "dispatcher"), ("--session", cookie)):
        assert json.loads(said_by("breach", option, value, "--json", capsys=capsys)) == {
            "cases": [],
            "count": 0,
        }


def test_a_breach_counts_from_the_moment_given(closed: Case, cast: Cast, capsys: Any) -> None:
    opening: dict[str, Any] = {"case": closed, "by": cast["dispatcher"], "what": "page", "groups": ["words"]}
    reads.note(**opening, at=NOW)
    later = NOW + timedelta(hours=1)
    assert breaches.touched(breaches.by_person("dispatcher"), later) == []
    reads.note(**opening, at=later)
    (found,) = breaches.touched(breaches.by_person("dispatcher"), later)
    assert (found.times, found.first_at) == (1, later)
    with pytest.raises(CommandError):
        call_command("breach", "--person", "dispatcher", "--since", "gestern")
    assert f"{closed.number}  2×  2026-09-30 16:42  说的话" in said_by(
        "breach", "--person", "dispatcher", capsys=capsys
    )


# Impact assessments ------------------------------------------------------------------------------


WORDS = dict.fromkeys(assessments.PARTS, "只收办理所必需的，逐项说明了理由，并加密存放。")


def test_a_sensitive_category_waits_for_a_signed_assessment(town: Town, cast: Cast) -> None:
    category = Category.objects.filter(code__startswith="livelihood.").first()
    assert category is not None
    Category.objects.filter(pk=category.pk).update(function="", unit=town["county_housing"])
    by = cast["administrator"]
    edit: dict[str, Any] = {"category": category, "by": by, "at": NOW}
    editing.edit_category(**edit, changes={"is_active": False})
    with pytest.raises(editing.EditRefused) as refused:
        editing.edit_category(**edit, changes={"is_active": True})
    assert "is_active" in refused.value.errors
    made = assessments.write(subject="category:livelihood", parts=WORDS, by=by, at=NOW)
    with pytest.raises(editing.EditRefused):
        editing.edit_category(**edit, changes={"is_active": True})
    with pytest.raises(NotAllowed):
        assessments.sign(assessment_id=made.pk, by=by, at=NOW)
    assessments.sign(assessment_id=made.pk, by=cast["auditor"], at=NOW)
    assert editing.edit_category(**edit, changes={"is_active": True}).is_active
    late = {**edit, "at": NOW + timedelta(days=800)}
    editing.edit_category(**late, changes={"is_active": False})
    with pytest.raises(editing.EditRefused):
        editing.edit_category(**late, changes={"is_active": True})


def test_other_categories_need_none(town: Town, cast: Cast) -> None:
    Category.objects.filter(pk="facility.street_lamp").update(function="", unit=town["county_housing"])
    category = Category.objects.get(pk="facility.street_lamp")
    edit: dict[str, Any] = {"category": category, "by": cast["administrator"], "at": NOW}
    editing.edit_category(**edit, changes={"is_active": False})
    assert editing.edit_category(**edit, changes={"is_active": True}).is_active


def test_an_assessment_says_something_and_is_of_a_sensitive_form(cast: Cast) -> None:
    for subject, parts in (("category:livelihood", {}), ("category:facility", WORDS)):
        with pytest.raises(BadData):
            assessments.write(subject=subject, parts=parts, by=cast["administrator"], at=NOW)
    assert not Assessment.objects.exists()


def test_written_by_one_and_signed_by_another_on_the_page(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    client = sign_in(cast, "administrator")
    page = "/desk/manage/assessments"
    assert client.post(page, {"subject": "category:livelihood"}).status_code == 422
    assert client.post(page, {"subject": "category:livelihood", **WORDS}).status_code == 302
    made = Assessment.objects.get()
    client.post(f"{page}/{made.pk}/signing")
    assert Assessment.objects.get().signed_at is None
    assert "等签发" in client.get(page).content.decode()
    for name in ("dispatcher", "auditor"):
        assert sign_in(cast, name).get(page).status_code == 404


def test_every_kind_of_case_that_is_kept_has_a_term() -> None:
    from linli.privacy.actions import keepers

    covered = {kind for rule in retention.rules().values() for kind in rule.kinds}
    assert set(keepers.kinds()) <= covered


def test_a_locked_case_goes_at_its_time_all_the_same(closed: Case, cast: Cast) -> None:
    locks.lock(case_id=closed.pk, why="本人要求", by=cast["dispatcher"], at=NOW)
    assert retention.sweep(at=DUE) == 1
