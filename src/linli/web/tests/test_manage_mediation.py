"""Administration of mediation: committees, their members and rooms, lists, and Word templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from linli.mediation.actions import templates
from linli.mediation.models import Category, Committee, Field, FormTemplate, Member, Room
from linli.people.models import Change, Grant, Person
from linli.web.tests.test_manage_people import administer_east

Desk = Callable[[str], Client]
CODE = "990001101-tj"
PAGES = [
    ("manage_mediation", []),
    ("manage_committee_new", []),
    ("manage_committee", [CODE]),
    ("manage_mediation_lists", []),
    ("manage_mediation_entry_new", ["fields"]),
    ("manage_mediation_entry", ["disputes", "labour"]),
    ("manage_mediation_forms", []),
    ("manage_mediation_form_file", ["agreement"]),
]
COMMITTEE = {
    "parent": "990001102",
    "name": "西山镇人民调解委员会",
    "name_en": "Xishan Mediation Committee",
    "kind": "township",
    "file_mark": "西山",
    "area": "990001102",
    "fields_": ["campus"],
    "established_on": "2026-01-05",
    "filed_on": "",
    "term_from": "2026-01-05",
    "term_until": "",
}


@pytest.fixture
def admin(desk: Desk, committee: Committee) -> Client:
    return desk("administrator")


def url(page: str, *given: Any) -> str:
    return reverse(f"web:{page}", args=given)


@pytest.mark.parametrize("who", ["chair", "mediator", "centre", "dispatcher"])
@pytest.mark.parametrize(("page", "given"), PAGES)
def test_refuses_a_stranger(desk: Desk, committee: Committee, who: str, page: str, given: list[str]) -> None:
    assert desk(who).get(url(page, *given)).status_code == 404


@pytest.mark.parametrize(("page", "given"), PAGES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens(admin: Client, page: str, given: list[str], language: str) -> None:
    admin.cookies["linli_language"] = language
    assert admin.get(url(page, *given)).status_code == 200


@pytest.mark.parametrize(
    ("page", "given"),
    [
        ("manage_committee", ["990001101"]),
        ("manage_mediation_entry", ["fields", "nothing"]),
        ("manage_mediation_entry", ["people", "labour"]),
        ("manage_mediation_entry_new", ["people"]),
        ("manage_mediation_form_file", ["secret"]),
    ],
)
def test_what_does_not_exist_is_not_found(admin: Client, page: str, given: list[str]) -> None:
    assert admin.get(url(page, *given)).status_code == 404


def test_a_township_looks_after_its_own_committees_and_not_the_lists(
    desk: Desk, cast: Cast, town: Town, committee: Committee
) -> None:
    administer_east(cast, town)
    client = desk("east_admin")
    assert "东河镇人民调解委员会" in client.get(url("manage_mediation")).content.decode()
    assert client.get(url("manage_committee", CODE)).status_code == 200
    assert client.get(url("manage_mediation_lists")).status_code == 404
    assert client.get(url("manage_mediation_forms")).status_code == 404
    answer = client.post(url("manage_committee_new"), COMMITTEE)
    assert answer.status_code == 422
    assert {"parent", "area"} <= set(answer.context["form"].errors)


def test_the_list_takes_the_same_statements_for_one_committee_and_for_five(
    admin: Client, django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as few:
        admin.get(url("manage_mediation"))
    statements = len(few)
    for n in range(3):
        admin.post(url("manage_committee_new"), COMMITTEE | {"file_mark": f"西山{n}", "name": f"调委会{n}"})
    admin.get(url("manage_mediation"))  # takes the messages of the three
    with django_assert_num_queries(statements):
        page = admin.get(url("manage_mediation")).content.decode()
    assert "调委会2" in page


def test_founds_a_committee_and_says_what_it_still_needs(admin: Client) -> None:
    answer = admin.post(url("manage_committee_new"), COMMITTEE)
    assert answer.status_code == 302
    made = Committee.objects.get(file_mark="西山")
    assert [field.pk for field in made.fields.all()] == ["campus"]
    page = admin.get(answer["Location"]).content.decode()
    assert "委员里没有女性" in page
    assert "没有主任" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "会" * 81),
        ("kind", "guild"),
        ("file_mark", "东河"),
        ("area", "没有的地方"),
        ("parent", ""),
        ("fields_", ["magic"]),
        ("established_on", "2026-02-30"),
        ("established_on", "2999-01-01"),
        ("term_until", "2020-01-01"),
        ("filed_on", "2025-01-01"),
    ],
)
def test_names_the_field_that_is_wrong_and_keeps_what_was_typed(
    admin: Client, field: str, value: Any
) -> None:
    answer = admin.post(url("manage_committee_new"), COMMITTEE | {field: value, "name_en": "Kept words"})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "Kept words" in answer.content.decode()
    assert Committee.objects.count() == 2


def test_edits_a_committee(admin: Client) -> None:
    given = COMMITTEE | {"name": "东河镇调委会", "file_mark": "东河", "area": "990001101"}
    assert admin.post(url("manage_committee_details", CODE), given).status_code == 302
    made = Committee.objects.get(organisation__code=CODE)
    assert made.label == "东河镇调委会"
    assert "修改调委会资料" in admin.get(url("manage_committee", CODE)).content.decode()
    assert admin.post(url("manage_committee_details", CODE), given | {"file_mark": ""}).status_code == 422


def test_seats_changes_and_dismisses_a_member(admin: Client, committee: Committee) -> None:
    who = Person.objects.create(username="miao.qing", name="苗清")
    given = {"person": "苗清", "duty": "member", "languages": "手语", "since": "", "is_woman": "on"}
    assert admin.post(url("manage_committee_members", CODE), given).status_code == 302
    seated = Member.objects.get(person=who)
    assert (seated.duty, seated.is_woman, seated.languages) == ("member", True, "手语")
    assert Grant.objects.get(person=who).role == "mediator"
    again = admin.post(url("manage_committee_members", CODE), given)
    assert again.status_code == 422
    assert "person" in again.context["member_form"].errors
    change = {"duty": "vice", "languages": "手语、本地话", "is_woman": "on"}
    assert admin.post(url("manage_committee_member", CODE, seated.pk), change).status_code == 302
    wrong = admin.post(url("manage_committee_member", CODE, seated.pk), change | {"duty": "king"})
    assert wrong.status_code == 422
    assert admin.post(url("manage_committee_member_end", CODE, seated.pk)).status_code == 302
    seated.refresh_from_db()
    assert seated.until is not None
    assert seated.duty == "vice"
    assert admin.post(url("manage_committee_member_end", CODE, who.pk)).status_code == 404


@pytest.mark.parametrize("person", ["", "没有这个人", "x" * 200])
def test_a_member_needs_an_account(admin: Client, person: str) -> None:
    given = {"person": person, "duty": "member", "languages": "留下来的话", "since": ""}
    answer = admin.post(url("manage_committee_members", CODE), given)
    assert answer.status_code == 422
    assert "person" in answer.context["member_form"].errors
    assert "留下来的话" in answer.content.decode()


def test_adds_and_closes_a_room(admin: Client, committee: Committee) -> None:
    given = {"name": "第二调解室", "address": "二楼"}
    assert admin.post(url("manage_committee_rooms", CODE), given).status_code == 302
    assert admin.post(url("manage_committee_rooms", CODE), given).status_code == 422
    room = Room.objects.get(name="第二调解室")
    assert admin.post(url("manage_committee_room", CODE, room.pk), given).status_code == 302
    room.refresh_from_db()
    assert not room.is_active
    other = Room.objects.exclude(organisation=committee.organisation).first()
    assert other is not None
    assert admin.post(url("manage_committee_room", CODE, other.pk), given).status_code == 404


def test_adds_edits_and_orders_the_lists(admin: Client) -> None:
    given = {"code": "water", "name_zh": "水利", "name_en": "Irrigation", "is_active": "on"}
    assert admin.post(url("manage_mediation_entry_new", "fields"), given).status_code == 302
    assert admin.post(url("manage_mediation_entry_new", "fields"), given).status_code == 422
    dispute = given | {"field": "water", "procedure": "mediation"}
    assert admin.post(url("manage_mediation_entry_new", "disputes"), dispute).status_code == 302
    assert Category.objects.get(pk="water").field_id == "water"
    wrong = admin.post(url("manage_mediation_entry", "disputes", "water"), dispute | {"procedure": "magic"})
    assert wrong.status_code == 422
    assert "procedure" in wrong.context["form"].errors
    del dispute["is_active"]
    assert admin.post(url("manage_mediation_entry", "disputes", "water"), dispute).status_code == 302
    assert not Category.objects.get(pk="water").is_active
    move = url("manage_mediation_entry_position", "fields", "water")
    assert admin.post(move, {"move": "up"}).status_code == 302
    assert list(Field.objects.order_by("position").values_list("pk", flat=True))[-2] == "water"
    assert admin.post(move, {"move": "away"}).status_code == 404
    page = admin.get(url("manage_changes")).content.decode()
    assert "新增纠纷类型" in page


def test_an_own_template_replaces_ours_and_goes_back(admin: Client) -> None:
    docx = templates.ours("agreement")
    file = SimpleUploadedFile("我们的协议书.docx", docx)
    assert admin.post(url("manage_mediation_form", "agreement"), {"template": file}).status_code == 302
    assert FormTemplate.objects.get().name == "我们的协议书.docx"
    assert "我们的协议书.docx" in admin.get(url("manage_mediation_forms")).content.decode()
    fetched = admin.get(url("manage_mediation_form_file", "agreement"))
    assert fetched.content == docx
    assert admin.post(url("manage_mediation_form_removal", "agreement")).status_code == 302
    assert not FormTemplate.objects.exists()
    whats = list(Change.objects.order_by("at", "id").values_list("what", flat=True))
    assert whats == ["form.replaced", "form.restored"]


@pytest.mark.parametrize("content", [b"", b"no document", b"PK\x03\x04rubbish", b"x" * (2 * 1024 * 1024 + 1)])
def test_refuses_a_file_that_is_no_template(admin: Client, content: bytes) -> None:
    file = SimpleUploadedFile("a.docx", content)
    answer = admin.post(url("manage_mediation_form", "agreement"), {"template": file})
    assert answer.status_code == 422
    assert not FormTemplate.objects.exists()
    assert 'id="form-agreement"' in answer.content.decode()
