"""Reporting without scripts: four steps, every way to say where, and nothing typed ever lost."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from linli.cases.models import Case, Event
from linli.documents.models import Attachment, Upload
from linli.kit.ids import uuid7
from linli.portal.forms import command_id_of, new_command
from linli.portal.tests.conftest import IN_GRID, LAMP, TEXT, Resident, fields_of
from linli.service_requests.models import Request

pytestmark = pytest.mark.django_db


def photo(name: str = "lamp.jpg", form: str = "JPEG") -> SimpleUploadedFile:
    data = BytesIO()
    Image.new("RGB", (80, 60), "navy").save(data, form)
    return SimpleUploadedFile(name, data.getvalue(), content_type="image/jpeg")


def test_a_report_by_point_lands_in_its_grid(resident: Resident, town: Town) -> None:
    resident.to_contact()
    assert resident.step == "contact"
    resident.press(contact_name="甲", contact_phone="0712-0000-000", keep="1")
    assert (resident.page.status_code, resident.page["Location"]) == (303, "/report/receipt")
    case = Case.objects.get()
    request = Request.objects.get()
    assert (case.place, case.lon, case.is_identity_kept) == (town["grid"], 114.02, True)
    assert (request.text, request.contact_name) == (TEXT, "甲")


def test_lists_alone_are_enough(resident: Resident, town: Town) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(go="lists", town=town["east"].code)
    assert town["village"].label in resident.said
    resident.press(go="lists", village=town["village"].code)
    assert town["grid2"].label in resident.said
    resident.press(grid=town["grid2"].code, address="村部门前")
    assert resident.step == "photos"
    resident.press()
    resident.press()
    assert (Case.objects.get().place, Case.objects.get().address) == (town["grid2"], "村部门前")


def test_an_address_that_names_the_village_is_enough(resident: Resident, town: Town) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(address="东河镇绿林村小学门口")
    assert resident.step == "photos"
    assert resident.typed["village"] == [town["village"].code]


def test_an_address_that_names_no_place_is_kept_and_asked_about(resident: Resident) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(address="小学门口")
    assert (resident.page.status_code, resident.step) == (422, "where")
    assert 'href="#place"' in resident.said
    assert resident.typed["address"] == ["小学门口"]


@pytest.mark.parametrize(
    ("lon", "lat"), [("150", "10"), ("0", "0"), ("abc", "1"), ("nan", "nan"), ("114.02", "")]
)
def test_a_point_in_the_sea_names_the_point_and_keeps_the_rest(
    resident: Resident, lon: str, lat: str
) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(lon=lon, lat=lat, address="码头")
    assert (resident.page.status_code, resident.step) == (422, "where")
    assert 'href="#point"' in resident.said
    assert resident.typed["text"] == [TEXT]
    assert resident.typed["address"] == ["码头"]
    resident.press(go="nopoint")
    assert resident.typed["lon"] == [""]


def test_a_point_and_a_list_that_disagree_are_asked_about(resident: Resident, town: Town) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID, town=town["west"].code)
    assert (resident.page.status_code, resident.step) == (422, "where")
    assert town["grid"].label in resident.said
    resident.press(prefer="list")
    assert resident.typed["town"] == [town["west"].code]
    assert "lon" not in resident.typed


def test_the_point_may_win_over_the_list(resident: Resident, town: Town) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID, town=town["west"].code)
    resident.press(prefer="point")
    assert resident.typed["grid"] == [town["grid"].code]


def test_a_village_of_another_township_is_not_silently_taken(resident: Resident, town: Town) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(town=town["west"].code, village=town["village"].code)
    assert resident.page.status_code == 422
    assert 'href="#village"' in resident.said


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "灯"}, "text"),
        ({"text": "长" * 2001}, "text"),
        ({"category": ""}, "category"),
        ({"category": "facility"}, "category"),
        ({"category": "no.such"}, "category"),
        ({"request_type": "order"}, "request_type"),
    ],
)
def test_what_is_wrong_in_the_first_step_is_named_and_kept(
    resident: Resident, changes: dict[str, str], field: str
) -> None:
    given = {"text": TEXT, "category": LAMP, "request_type": "help", **changes}
    resident.press(**given)
    assert (resident.page.status_code, resident.step) == (422, "what")
    assert f'href="#{field}"' in resident.said
    assert resident.typed["text"] == [given["text"]]


def test_what_was_typed_is_never_markup(resident: Resident) -> None:
    nasty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7|add:7 }} 路灯坏了"
    resident.to_contact(text=nasty, address='"><svg onload=alert(1)>绿林村')
    assert resident.step == "contact"
    assert "<script>alert" not in resident.said
    assert "<img src=x" not in resident.said
    assert "<svg onload" not in resident.said
    resident.press(contact_name='<b onclick="x">')
    for page in (resident.receipt(), resident.client.get("/track/")):
        assert "<script>alert" not in page.content.decode()


def test_somewhere_dangerous_the_number_to_call_comes_first(resident: Resident) -> None:
    resident.press(text="后山有烟，看着像起火了。", category="emergency.fire")
    assert 'href="tel:119"' in resident.said
    assert resident.step == "what"
    resident.press()
    assert resident.step == "where"
    assert resident.typed["text"] == ["后山有烟，看着像起火了。"]


def test_photos_are_staged_without_scripts_and_travel_along(resident: Resident) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    resident.press(go="add", photo=[photo("1.jpg"), photo("2.jpg")])
    assert resident.step == "photos"
    assert len(resident.typed["photos"]) == 2
    resident.press(go=f"remove:{resident.typed['photos'][0]}")
    assert len(resident.typed["photos"]) == 1
    resident.press()
    resident.press()
    assert resident.page.status_code == 303
    attached = Attachment.objects.get()
    assert (attached.event_number, attached.is_public) == (1, True)


def test_a_file_that_is_no_photo_is_refused_by_name_and_the_others_stay(resident: Resident) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    false = SimpleUploadedFile("plan.jpg", b"%PDF-1.7 not a photo", content_type="image/jpeg")
    resident.press(photo=[photo(), false])
    assert (resident.page.status_code, resident.step) == (422, "photos")
    assert "plan.jpg" in resident.said
    assert len(resident.typed["photos"]) == 1


def test_more_photos_than_fit_are_told_of_and_six_are_kept(resident: Resident) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    resident.press(photo=[photo(f"{n}.jpg") for n in range(12)])
    assert (resident.page.status_code, resident.step) == (422, "photos")
    assert len(resident.typed["photos"]) == 6
    resident.press()
    resident.press()
    assert Attachment.objects.count() == 6


def test_photos_swept_in_the_meantime_are_told_of_and_the_rest_is_kept(resident: Resident) -> None:
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    resident.press(photo=[photo()])
    Upload.objects.all().delete()
    resident.press(contact_name="甲")
    assert (resident.page.status_code, resident.step) == (422, "photos")
    assert "photos" not in resident.typed
    assert resident.typed["contact_name"] == ["甲"]
    assert not Case.objects.exists()


def test_numbers_are_marked_and_masked_on_one_press(resident: Resident) -> None:
    resident.to_contact(text="路灯坏了，请打13800001111找我，身份证110101199003074610。")
    assert "<mark>13800001111</mark>" in resident.said
    resident.press(go="mask")
    assert "13800001111" not in resident.said
    resident.press()
    assert "138****1111" in Request.objects.get().text


def test_a_wrong_telephone_keeps_everything(resident: Resident) -> None:
    resident.to_contact()
    resident.press(contact_name="甲", contact_phone="打我手机")
    assert (resident.page.status_code, resident.step) == (422, "contact")
    assert 'href="#contact_phone"' in resident.said
    assert resident.typed["contact_phone"] == ["打我手机"]
    assert resident.typed["text"] == [TEXT]


def test_a_double_click_makes_one_case_and_the_same_receipt(resident: Resident) -> None:
    resident.to_contact()
    form = {**resident.typed, "go": "next"}
    answers = [resident.client.post("/report/", form) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    codes = {resident.code for _ in answers}
    assert len(codes) == 1
    assert Case.objects.count() == Event.objects.count() == 1


def test_the_same_words_from_two_people_are_two_cases(town: Town, at_noon: None) -> None:
    for _ in range(2):
        somebody = Resident(Client())
        somebody.to_contact()
        somebody.press()
        assert somebody.page.status_code == 303
    assert Case.objects.count() == 2


def test_a_form_sent_again_with_other_content_may_be_sent_as_another(resident: Resident) -> None:
    resident.to_contact()
    before = resident.page
    resident.press()
    resident.page = before
    resident.press(text="另外一件事：窨井盖松了，车过就响。")
    assert resident.page.status_code == 409
    assert resident.typed["text"] == ["另外一件事：窨井盖松了，车过就响。"]
    resident.press(go="anew")
    assert resident.page.status_code == 303
    assert Case.objects.count() == 2


def test_nobody_gets_a_receipt_by_naming_a_case(reported: Resident, client: Client) -> None:
    """Staff know ids and words of cases; only a form we signed leads to its code."""
    case = Case.objects.get()
    thief = Resident(Client())
    thief.to_contact()
    thief.press(command=str(case.pk))
    assert thief.page.status_code == 303
    assert thief.code != reported.code
    assert Case.objects.count() == 2


def test_commands_are_ours_alone() -> None:
    assert isinstance(command_id_of(new_command()), UUID)
    assert command_id_of(str(uuid7())) is None
    assert command_id_of(new_command() + "x") is None
    assert command_id_of("") is None


def test_an_accusation_asks_which_unit_and_is_kept_from_it(
    resident: Resident, town: Town, cast: Cast
) -> None:
    resident.to_contact(request_type="accusation", category="opinion.misconduct")
    resident.press()
    assert (resident.page.status_code, resident.step) == (422, "contact")
    assert 'href="#accused"' in resident.said
    resident.press(accused=town["east_works"].code)
    assert resident.page.status_code == 303
    case = Case.objects.get()
    assert case.is_identity_kept
    assert not Case.objects.visible_to(cast["handler"]).exists()


def test_the_same_thing_nearby_is_suggested_and_can_be_followed(report: Any, resident: Resident) -> None:
    head = report(lon=114.0201, lat=31.0201, address="绿林村").case
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    assert resident.step == "where"
    assert head.title in resident.said
    assert head.number not in resident.said
    token = resident.said.split('name="same" value="')[1].split('"')[0]
    resident.press(same=token)
    assert resident.step == "photos"
    resident.press()
    resident.press()
    mine = Case.objects.exclude(pk=head.pk).get()
    assert (mine.state, mine.group) == ("merged", head.pk)
    page = resident.client.get("/track/").content.decode()
    assert resident.code not in page


def test_how_the_same_thing_stands_is_not_told_as_if_one_had_reported_it(
    report: Any, resident: Resident
) -> None:
    head = report(lon=114.0201, lat=31.0201, address="绿林村").case
    Case.objects.filter(pk=head.pk).update(state="reopened")
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    assert [str(each["state"]) for each in resident.page.context["likely"]] == ["已重开，等待重新派单"]


def test_the_same_thing_nearby_may_be_waved_away(report: Any, resident: Resident) -> None:
    report(lon=114.0201, lat=31.0201)
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    resident.press(same="no")
    assert resident.step == "photos"
    resident.press()
    resident.press()
    assert set(Case.objects.values_list("state", flat=True)) == {"reported"}


@pytest.mark.parametrize(
    "private",
    [
        {"is_identity_kept": True},
        {"category": "dispute.neighbour"},
        {"request_type": "accusation", "category": "opinion.misconduct"},
    ],
)
def test_private_matters_are_never_suggested(
    report: Any, resident: Resident, town: Town, private: dict[str, Any]
) -> None:
    if private.get("request_type") == "accusation":
        private = {**private, "accused": town["east_works"]}
    report(lon=114.0201, lat=31.0201, **private)
    resident.press(text=TEXT, category=private.get("category", LAMP))
    resident.press(**IN_GRID)
    assert resident.step == "photos"


def test_numbers_in_the_title_of_somebody_elses_matter_are_hidden(report: Any, resident: Resident) -> None:
    report(lon=114.0201, lat=31.0201, text="路灯不亮打13800001111", title="路灯不亮打13800001111")
    resident.press(text="路灯不亮打13800001111", category=LAMP)
    resident.press(**IN_GRID)
    assert resident.step == "where"
    assert "138****1111" in resident.said


def test_a_made_up_token_joins_nothing(report: Any, resident: Resident) -> None:
    head = report(lon=114.0201, lat=31.0201).case
    resident.press(text=TEXT, category=LAMP)
    resident.press(**IN_GRID)
    resident.press(same=str(head.pk))
    resident.press()
    resident.press()
    assert set(Case.objects.values_list("state", flat=True)) == {"reported"}


def test_going_back_keeps_everything(resident: Resident) -> None:
    resident.to_contact(address="绿林村")
    for step in ("photos", "where", "what"):
        resident.press(go="back")
        assert resident.step == step
    assert (resident.typed["text"], resident.typed["category"], resident.typed["address"]) == (
        [TEXT],
        [LAMP],
        ["绿林村"],
    )


def test_a_lost_token_offers_the_words_again(town: Town, at_noon: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/report/")
    form = {**fields_of(page), "text": TEXT, "category": LAMP, "go": "next"}
    lost = strict.post("/report/", form, headers={"Origin": "http://testserver"})
    assert lost.status_code == 403
    assert TEXT in lost.content.decode()
    again = {**fields_of(lost), "csrfmiddlewaretoken": strict.cookies["linli_csrf"].value}
    onward = strict.post("/report/", again, headers={"Origin": "http://testserver"})
    assert onward.status_code == 200
    assert fields_of(onward)["text"] == [TEXT]


def test_another_site_is_offered_nothing(town: Town) -> None:
    strict = Client(enforce_csrf_checks=True)
    form = {"step": "what", "text": TEXT}
    for headers in ({"Origin": "http://evil.example"}, {}):
        refused = strict.post("/report/", form, headers=headers)
        assert refused.status_code == 403
        assert TEXT not in refused.content.decode()


def test_passwords_are_never_offered_again(town: Town) -> None:
    strict = Client(enforce_csrf_checks=True)
    refused = strict.post(
        "/desk/anything",
        {"password": "spring-rice", "note": "写到一半"},
        headers={"Origin": "http://testserver"},
    )
    assert "spring-rice" not in refused.content.decode()


def test_statements_stay_few(resident: Resident, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        resident.client.get("/report/")
    resident.to_contact()
    with django_assert_max_num_queries(34):
        resident.press()
    assert resident.page.status_code == 303


def test_the_receipt_shows_code_dates_and_how_they_were_reached(reported: Resident) -> None:
    page = reported.receipt()
    said = page.content.decode()
    assert page["Cache-Control"] == "no-store, private"
    assert reported.code in said
    assert "国庆节" in said
    assert "10月13日" in said
    case = Case.objects.get()
    assert case.received_at == NOW


def test_the_code_is_nowhere_but_on_the_receipt(resident: Resident, caplog: pytest.LogCaptureFixture) -> None:
    resident.to_contact()
    resident.press()
    code = resident.code
    for text in (code, code.replace("-", "")):
        assert text not in resident.page["Location"]
        assert text not in str(resident.client.cookies)
        assert text not in caplog.text
        assert text not in resident.client.get("/track/").content.decode()


def test_without_its_cookie_there_is_no_receipt(reported: Resident) -> None:
    stranger = Client().get("/report/receipt")
    assert (stranger.status_code, stranger["Location"]) == (302, "/track/")
    reported.client.cookies["linli_receipt"] = reported.client.cookies["linli_receipt"].value + "x"
    assert reported.receipt().status_code == 302
