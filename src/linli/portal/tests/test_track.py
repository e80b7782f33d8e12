"""Following a matter by its code: what is shown, what is never shown, and what the reporter may do."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.documents import actions as documents
from linli.documents.models import Attachment, Purpose
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM
from linli.people.actions import rates
from linli.people.models import Bucket
from linli.portal import actions
from linli.portal.tests.conftest import Resident, fields_of
from linli.portal.tests.test_report import photo

pytestmark = pytest.mark.django_db
WORK = "更换了损坏的灯头和空气开关，三盏灯都亮了。"


def track(client: Client) -> str:
    return str(client.get("/track/").content.decode())


def closed(case: Case, move: Any, town: Town) -> None:
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk), note="请尽快处理。")
    move(case, "acknowledge", "handler")
    move(case, "progress", "handler", note="控制箱进水，已订空气开关。")
    move(case, "feedback", "handler", result=WORK)
    move(case, "arrange_check", "dispatcher")
    move(case, "verify", "grid_worker", finding="三盏灯都亮着。")


@pytest.mark.parametrize("form", [str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("0", "O")])
def test_a_code_opens_however_it_is_typed(reported: Resident, form: Any) -> None:
    somebody = Client()
    answer = somebody.post("/track/", {"code": form(reported.code)})
    assert (answer.status_code, answer["Location"]) == (303, "/track/")
    assert Case.objects.get().title in track(somebody)


def test_wrong_codes_all_get_the_same_answer(reported: Resident, django_assert_max_num_queries: Any) -> None:
    said = set()
    for code in ("0000000000000", "short", "", "7K3M-9QXT-2RB8V", "1" * 64):
        with django_assert_max_num_queries(12):
            answer = Client().post("/track/", {"code": code})
        assert answer.status_code == 422
        page = answer.content.decode()
        said.add(page.split('role="main"')[0].split("<form")[0].count("alert"))
    assert len(said) == 1


def test_guessing_is_held_back_per_address(reported: Resident, caplog: pytest.LogCaptureFixture) -> None:
    guesser = Client(REMOTE_ADDR="198.51.100.7")
    with caplog.at_level(logging.WARNING, logger="linli.portal"):
        answers = [guesser.post("/track/", {"code": f"{n:013d}"}).status_code for n in range(12)]
    assert answers == [422] * 10 + [429] * 2
    assert "too many" in caplog.text
    held = guesser.post("/track/", {"code": reported.code})
    assert held.status_code == 429
    assert 0 < int(held["Retry-After"]) <= 31
    honest = Client(REMOTE_ADDR="198.51.100.8")
    assert honest.post("/track/", {"code": reported.code}).status_code == 303
    assert Bucket.objects.count() == 1
    assert b"198.51" not in bytes(Bucket.objects.get().digest)


def test_the_wait_ends_by_itself_and_right_codes_never_count(town: Town) -> None:
    given = {"address": "2001:db8::1"}
    for _ in range(10):
        assert actions.blocked_until(**given, at=NOW) is None
        actions.note_wrong_code(**given, at=NOW)
    until = actions.blocked_until(address="2001:db8::ffff", at=NOW)
    assert until == NOW + timedelta(seconds=30)
    assert actions.blocked_until(**given, at=until) is None
    rates.sweep(at=NOW + timedelta(hours=1))
    assert not Bucket.objects.exists()


def test_every_public_step_is_told_and_nobody_is_named(
    reported: Resident, move: Any, town: Town, cast: Cast
) -> None:
    case = Case.objects.get()
    move(case, "note", "dispatcher", note="内部：注意这个人常来。", reader="internal")
    closed(case, move, town)
    page = track(reported.client)
    for told in ("东河镇村镇建设办", "控制箱进水", WORK, "三盏灯都亮着", "已办结"):
        assert told in page
    for hidden in ("内部：", "彭建国", "汪秀兰", "祝丽华"):
        assert hidden not in page


def test_says_who_has_it_until_when_and_what_is_next(reported: Resident, move: Any, town: Town) -> None:
    case = Case.objects.get()
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    page = track(reported.client)
    assert "东河镇村镇建设办" in page
    assert "还剩 5 个工作日" in page
    assert "承办单位签收后开始办理" in page
    assert 'aria-current="step"><b>派单</b>' in page


def test_rates_once_in_five_official_grades_then_reopens(reported: Resident, move: Any, town: Town) -> None:
    case = Case.objects.get()
    closed(case, move, town)
    page = track(reported.client)
    for grade in ("非常满意", "满意", "基本满意", "不满意", "非常不满意"):
        assert grade in page
    assert reported.client.post("/track/rating", {"grade": "9"}).status_code == 422
    answer = reported.client.post("/track/rating", {"grade": "2", "comment": "修得慢。"})
    assert answer["Location"] == "/track/?done=rate"
    assert reported.client.post("/track/rating", {"grade": "5"}).status_code == 422
    short = reported.client.post("/track/reopening", {"reason": "坏"})
    assert short.status_code == 422
    assert fields_of(short, "/track/reopening")["reason"] == ["坏"]
    assert reported.client.post("/track/reopening", {"reason": "昨晚又不亮了。"}).status_code == 303
    case.refresh_from_db()
    assert (case.state, case.reopenings) == ("reopened", 1)
    assert "昨晚又不亮了" in track(reported.client)


def test_adds_words_and_photos_once_however_often_it_is_sent(reported: Resident) -> None:
    form = {**fields_of(reported.client.get("/track/"), "/track/additions"), "note": "第三盏也不亮了。"}
    assert reported.client.post("/track/additions", {**form, "photo": [photo()]}).status_code == 303
    assert reported.client.post("/track/additions", form).status_code in (303, 422)
    assert Event.objects.filter(verb="add").count() == 1
    attached = Attachment.objects.get()
    page = track(reported.client)
    assert "第三盏也不亮了" in page
    assert f"/track/photos/{attached.id}/thumbnail" in page
    assert reported.client.get(f"/track/photos/{attached.id}/full")["Content-Type"] == "image/jpeg"
    assert Client().get(f"/track/photos/{attached.id}/full").status_code == 404


def test_a_refused_photo_keeps_the_words(reported: Resident) -> None:
    bad = SimpleUploadedFile("a.txt", b"nothing", content_type="image/jpeg")
    answer = reported.client.post("/track/additions", {"note": "说明都写好了。", "photo": [bad]})
    assert answer.status_code == 422
    assert fields_of(answer, "/track/additions")["note"] == ["说明都写好了。"]


def test_asks_for_progress_once_a_day(reported: Resident) -> None:
    assert reported.client.post("/track/enquiries", {"note": "几时修？"}).status_code == 303
    again = reported.client.post("/track/enquiries", {"note": "怎么样了？"})
    assert again.status_code == 422
    assert "怎么样了？" in again.content.decode()


def test_without_the_cookie_nothing_is_done_and_the_words_are_shown(reported: Resident) -> None:
    stranger = Client().post("/track/reopening", {"reason": "又坏了，还是那一盏。"})
    assert stranger.status_code == 422
    assert "又坏了，还是那一盏。" in stranger.content.decode()
    assert Event.objects.count() == 1


@pytest.mark.parametrize("verb", ["additions", "enquiries", "rating", "reopening"])
def test_moves_are_made_by_post_only(reported: Resident, verb: str) -> None:
    assert reported.client.get(f"/track/{verb}")["Location"] == "/track/"


def test_leaving_clears_the_device(reported: Resident) -> None:
    reported.client.post("/track/departure")
    assert reported.client.get("/track/").status_code == 200
    assert Case.objects.get().title not in track(reported.client)
    assert reported.receipt().status_code == 302


def test_another_code_closes_the_first_receipt(reported: Resident, report: Any) -> None:
    other = report(text="垃圾堆在路口三天没人收，臭得很。")
    reported.client.post("/track/", {"code": other.code})
    assert reported.receipt().status_code == 302
    assert "垃圾" in track(reported.client)


def test_a_merged_case_follows_the_other_without_its_reporters_words(
    reported: Resident, report: Any, move: Any, town: Town, cast: Cast
) -> None:
    head = report(text="路灯不亮，我家住三组，姓欧阳。", title="三组的路灯不亮").case
    mine = Case.objects.exclude(pk=head.pk).get()
    theirs = documents.stage(data=photo().read(), name="", at=NOW)
    documents.attach(
        upload_ids=[theirs.id],
        case_id=head.pk,
        event_number=1,
        purpose=Purpose.REPORT,
        is_public=True,
        at=NOW,
        by_label="",
    )
    cases.advance(
        case=mine.pk, verb="merge", by=SYSTEM, at=NOW, command_id=uuid7(), data={"head": head.number}
    )
    move(head, "accept", "dispatcher")
    move(head, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    page = track(reported.client)
    assert "东河镇村镇建设办" in page
    assert "另有 1 位居民" in page
    for hidden in ("欧阳", head.number, str(theirs.id)):
        assert hidden not in page
    Case.objects.filter(pk=head.pk).update(state="reopened")
    page = track(reported.client)
    assert "已重开，等待重新派单" in page
    assert "您已重开" not in page
    assert reported.client.get(f"/track/photos/{theirs.id}/full").status_code == 404


def test_statements_do_not_grow_with_the_story(
    reported: Resident, move: Any, town: Town, django_assert_max_num_queries: Any
) -> None:
    closed(Case.objects.get(), move, town)
    reported.client.get("/track/")
    with django_assert_max_num_queries(15):
        reported.client.get("/track/")


def test_the_page_is_kept_by_no_cache(reported: Resident) -> None:
    assert reported.client.get("/track/")["Cache-Control"] == "no-store, private"
    assert reported.client.post("/track/", {"code": "x"})["Cache-Control"] == "no-store, private"


def test_there_is_no_look_up_by_person(reported: Resident) -> None:
    """Q2: names, telephone and identity numbers lead nowhere."""
    for value in ("甲", "0712-0000-000", "110101199003074610"):
        answers = {
            Client().post("/track/", {"code": value}).status_code,
            Client().get("/track/", {"q": value}).status_code,
        }
        assert answers == {422, 200}
