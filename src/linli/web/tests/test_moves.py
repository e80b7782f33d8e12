from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from linli.cases.models import Case, Event
from linli.documents.models import Attachment
from linli.documents.tests.pictures import plain
from linli.kit.ids import uuid7
from linli.web.tests.conftest import Desk, Watch

Press = Callable[..., Any]


@pytest.fixture
def dispatched(lamp: Any, move: Callable[..., Any], town: Town) -> Any:
    move(lamp, "accept", "dispatcher")
    move(lamp, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    lamp.refresh_from_db()
    return lamp


@pytest.mark.django_db
def test_a_press_moves_the_case_and_says_so(desk: Desk, lamp: Any, press: Press) -> None:
    client = desk("dispatcher")
    response = press(client, lamp, "accept")
    assert response["Location"] == f"/desk/cases/{lamp.number}"
    lamp.refresh_from_db()
    assert lamp.state == "accepted"
    assert "已记下：受理" in client.get(response["Location"]).content.decode()


@pytest.mark.django_db
def test_what_was_typed_outlives_the_sign_in(desk: Desk, lamp: Any, press: Press) -> None:
    client, written = desk("dispatcher"), "等村里的电话，<b>下午</b>再派。"
    client.logout()
    answer = press(client, lamp, "note", note=written, csrfmiddlewaretoken="long-gone")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert page.count("等村里的电话，&lt;b&gt;下午&lt;/b&gt;再派。") == 2  # to be read, and to be sent again
    assert 'name="command' in page
    assert "long-gone" not in page
    assert Event.objects.filter(case=lamp).count() == 1
    assert press(client, lamp, "accept").status_code == 302  # nothing was written, so the sign-in will do


@pytest.mark.django_db
def test_goes_back_to_the_list_it_came_from(desk: Desk, lamp: Any, press: Press) -> None:
    assert (
        press(desk("dispatcher"), lamp, "accept", next="/desk/?why=to_accept")["Location"]
        == "/desk/?why=to_accept"
    )


@pytest.mark.django_db
def test_never_leads_to_another_site(desk: Desk, lamp: Any, press: Press) -> None:
    response = press(desk("dispatcher"), lamp, "accept", next="https://elsewhere.example/")
    assert response["Location"] == f"/desk/cases/{lamp.number}"


@pytest.mark.django_db
def test_a_wrong_field_is_named_and_what_was_typed_stays(desk: Desk, dispatched: Any, press: Press) -> None:
    response = press(desk("handler"), dispatched, "return", ground="duty", reason="不归我管")
    page = response.content.decode()
    assert response.status_code == 422
    assert "至少写10个字" in page
    assert ">\n不归我管</textarea>" in page
    assert 'href="#return-reason"' in page
    assert (
        'value="duty" id="return-ground_0" required checked' in page.replace(" aria-invalid", "")
        or "checked" in page
    )
    dispatched.refresh_from_db()
    assert dispatched.state == "dispatched"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data",
    [
        {"ground": "nonsense", "reason": "依据清单第三条不归我们管"},
        {"ground": "duty", "reason": "长" * 2001},
        {"ground": "duty"},
        {},
        {"ground": "duty", "reason": "依据清单第三条不归我们管", "proposed": "not-a-unit"},
        {"ground": "duty", "reason": "\x00\x00\x00"},
    ],
)
def test_refuses_bad_input_without_a_trace(
    desk: Desk, dispatched: Any, press: Press, data: dict[str, str]
) -> None:
    before = Event.objects.count()
    assert press(desk("handler"), dispatched, "return", **data).status_code == 422
    assert Event.objects.count() == before


@pytest.mark.django_db
def test_pressing_twice_moves_once(desk: Desk, lamp: Any, press: Press) -> None:
    client, command = desk("dispatcher"), str(uuid7())
    for _press in range(2):
        response = client.post(
            f"/desk/cases/{lamp.number}/moves/accept", {"command_id": command, "version": lamp.version}
        )
        assert response.status_code == 302
    assert Event.objects.filter(case=lamp, verb="accept").count() == 1


@pytest.mark.django_db
def test_a_stale_form_shows_what_happened_since_and_keeps_the_text(
    desk: Desk, dispatched: Any, move: Callable[..., Any]
) -> None:
    seen = dispatched.version
    move(dispatched, "acknowledge", "handler")
    move(dispatched, "note", "dispatcher", note="反映人来电补充：第三盏在桥头。", reader="public")
    reason = "依据《城市照明管理规定》村道路灯由乡镇管护。"
    response = desk("handler").post(
        f"/desk/cases/{dispatched.number}/moves/return",
        {"command_id": str(uuid7()), "version": seen, "ground": "duty", "reason": reason},
    )
    page = response.content.decode()
    assert response.status_code == 409
    assert "您打开以后发生的" in page
    alert = page.split('role="alert"')[1].split("</section>")[0]
    assert "彭建国 签收" in alert
    assert "第三盏在桥头" in alert
    assert reason in page
    dispatched.refresh_from_db()
    assert dispatched.state == "acknowledged"


@pytest.mark.django_db
def test_text_of_a_move_that_is_gone_can_be_copied(
    desk: Desk, dispatched: Any, move: Callable[..., Any]
) -> None:
    seen = dispatched.version
    move(dispatched, "return", "handler", ground="duty", reason="依据清单第三条不归我们单位管。")
    response = desk("dispatcher").post(
        f"/desk/cases/{dispatched.number}/moves/urge",
        {"command_id": str(uuid7()), "version": seen, "note": "群众又来电话问哪天能修好"},
    )
    page = response.content.decode()
    assert response.status_code == 409
    assert "群众又来电话问哪天能修好" in page
    assert "这一步现在不能做了" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "verb"), [("handler", "accept"), ("officer", "dispatch"), ("verifier", "accept")]
)
def test_refuses_a_move_of_another_post(
    desk: Desk, lamp: Any, press: Press, name: str, verb: str, move: Callable[..., Any], town: Town
) -> None:
    if name == "handler":
        move(lamp, "accept", "dispatcher")
        move(lamp, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    before = Event.objects.count()
    assert press(desk(name), lamp, verb).status_code == 409
    assert Event.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["clock_missed", "close_with_head", "nonsense", "open"])
def test_a_move_nobody_makes_by_hand_does_not_exist(desk: Desk, lamp: Any, press: Press, verb: str) -> None:
    assert press(desk("dispatcher"), lamp, verb).status_code == 404


@pytest.mark.django_db
def test_the_address_of_a_move_opens_its_form(desk: Desk, lamp: Any) -> None:
    response = desk("dispatcher").get(f"/desk/cases/{lamp.number}/moves/decline")
    assert response["Location"] == f"/desk/cases/{lamp.number}?move=decline#move-decline"


def photo(name: str = "lamp.jpg", data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, plain() if data is None else data, "image/jpeg")


@pytest.mark.django_db
def test_photos_go_with_the_move(desk: Desk, lamp: Any, press: Press, watch: Watch) -> None:
    client = desk("grid_worker")
    done = {"result": "拧紧了松动的灯头，三盏灯当场亮了。"}
    assert "照片" in press(client, lamp, "self_handle", **done).content.decode()
    assert press(client, lamp, "self_handle", photo=photo(), **done).status_code == 302
    attachment = Attachment.objects.get(case=lamp)
    page = client.get(f"/desk/cases/{lamp.number}").content.decode()
    assert f"/desk/cases/{lamp.number}/photos/{attachment.id}/thumbnail" in page
    for size in ("", "/thumbnail"):
        shown = client.get(f"/desk/cases/{lamp.number}/photos/{attachment.id}{size}")
        assert shown["Content-Type"] == "image/jpeg"
    assert desk("outsider").get(f"/desk/cases/{lamp.number}/photos/{attachment.id}").status_code == 404


@pytest.mark.django_db
def test_a_good_photo_survives_a_bad_field(desk: Desk, lamp: Any, press: Press) -> None:
    client = desk("grid_worker")
    refused = press(client, lamp, "self_handle", photo=photo(), result="短").content.decode()
    kept = refused.split('name="photos" value="')[1].split('"')[0]
    response = press(client, lamp, "self_handle", photos=[kept], result="拧紧了松动的灯头，三盏灯当场亮了。")
    assert response.status_code == 302
    assert str(Attachment.objects.get(case=lamp).id) == kept


@pytest.mark.django_db
def test_a_file_that_is_no_photo_is_named(desk: Desk, lamp: Any, press: Press) -> None:
    response = press(
        desk("grid_worker"),
        lamp,
        "self_handle",
        photo=photo("scan.jpg", b"%PDF-1.7 not a photo"),
        result="拧紧了松动的灯头，三盏灯当场亮了。",
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "PDF" in page
    assert "拧紧了松动的灯头" in page


@pytest.mark.django_db
def test_a_correction_carries_only_what_was_changed(desk: Desk, lamp: Any, press: Press) -> None:
    title = "村部门前路灯三晚不亮"
    data = {"title": title, "category": lamp.category, "place": "", "reason": "标题写明白"}
    assert press(desk("dispatcher"), lamp, "correct", **data).status_code == 302
    assert Event.objects.get(case=lamp, verb="correct").data == {"title": title, "reason": "标题写明白"}


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused(desk: Desk, lamp: Any) -> None:
    client = desk("dispatcher")
    client.handler.enforce_csrf_checks = True
    response = client.post(f"/desk/cases/{lamp.number}/moves/accept", {"version": 1})
    assert response.status_code == 403
    assert Event.objects.filter(case=lamp).count() == 1


@pytest.mark.django_db
def test_of_two_people_one_wins_and_the_other_is_shown_what_changed(
    desk: Desk, lamp: Any, town: Town, move: Callable[..., Any]
) -> None:
    move(lamp, "accept", "dispatcher")
    lamp.refresh_from_db()
    units = {"dispatcher": town["east_works"], "county_dispatcher": town["county_housing"]}
    answers = [send(desk(name), lamp, unit) for name, unit in units.items()]
    told_apart(answers, lamp)


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_one_moment_make_one_move(
    desk: Desk, lamp: Any, town: Town, move: Callable[..., Any]
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory serves one connection")
    move(lamp, "accept", "dispatcher")
    lamp.refresh_from_db()
    units = {"dispatcher": town["east_works"], "county_dispatcher": town["county_housing"]}
    clients = {name: desk(name) for name in units}
    answers: list[Any] = []
    start = threading.Barrier(2)

    def run(name: str) -> None:
        start.wait()
        answers.append(send(clients[name], lamp, units[name]))
        connection.close()

    threads = [threading.Thread(target=run, args=(name,)) for name in units]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told_apart(answers, lamp)


def send(client: Client, case: Case, unit: Any) -> Any:
    data = {"command_id": str(uuid7()), "version": case.version, "unit": str(unit.pk)}
    return client.post(f"/desk/cases/{case.number}/moves/dispatch", data)


def told_apart(answers: list[Any], case: Case) -> None:
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert "您打开以后发生的" in loser.content.decode()
    assert Event.objects.filter(case=case, verb="dispatch").count() == 1
    assert Case.objects.get(pk=case.pk).version == case.version + 1
