from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from linli.cases.models import Case
from linli.documents.models import Attachment
from linli.documents.tests.pictures import plain
from linli.kit import codes
from linli.service_requests.actions import find_by_code, tracking_code
from linli.service_requests.models import Request
from linli.web.tests.conftest import Desk

pytestmark = pytest.mark.django_db
TEXT = "小学围墙外的污水沟堵了三天，学生上学要绕路走。"


def command(client: Client) -> str:
    page = client.get("/desk/cases/new").content.decode()
    return page.split('name="command" value="')[1].split('"')[0]


def typed(client: Client, **changes: Any) -> dict[str, Any]:
    return {
        "command": command(client),
        "text": TEXT,
        "category": "environment.sewage",
        "request_type": "help",
        "town": "990001101",
        "village": "990001101201",
        "grid": "990001101201001",
        "address": "小学围墙外",
        **changes,
    }


def test_a_grid_worker_registers_what_they_saw(desk: Desk) -> None:
    client = desk("grid_worker")
    photo = SimpleUploadedFile("ditch.jpg", plain(), "image/jpeg")
    response = client.post("/desk/cases/new", typed(client, photo=photo))
    case = Case.objects.get()
    assert response["Location"] == f"/desk/cases/{case.number}/receipt"
    assert (case.channel, case.place.code if case.place else "") == ("grid", "990001101201001")
    assert Attachment.objects.get(case=case).purpose == "report"


def test_a_clerk_registers_for_a_caller(desk: Desk) -> None:
    client = desk("clerk")
    client.post(
        "/desk/cases/new",
        typed(client, contact_name="周婶", contact_phone="0712-0000-118", keep="on", grid=""),
    )
    said = Request.objects.select_related("case").get()
    assert (said.contact_name, said.contact_phone, said.case.channel) == ("周婶", "0712-0000-118", "hotline")
    assert said.case.is_identity_kept


def test_the_code_is_shown_once(desk: Desk) -> None:
    client = desk("clerk")
    address = client.post("/desk/cases/new", typed(client))["Location"]
    case = Case.objects.get()
    code = codes.pretty(tracking_code(case.pk))
    page = client.get(address)
    assert code in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert find_by_code(code) == case
    again = client.get(address, follow=True).content.decode()
    assert code not in again
    assert "只在登记后显示一次" in again
    assert code not in desk("dispatcher").get(address, follow=True).content.decode()


def test_sending_it_twice_registers_once(desk: Desk) -> None:
    client = desk("clerk")
    data = typed(client)
    for _press in range(2):
        assert client.post("/desk/cases/new", data)["Location"].endswith("/receipt")
    assert Case.objects.count() == 1


def test_a_command_of_ones_own_making_is_refused(desk: Desk, lamp: Any) -> None:
    client = desk("clerk")
    response = client.post("/desk/cases/new", typed(client, command=str(lamp.pk)))
    assert response.status_code == 422
    assert TEXT in response.content.decode()
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text": "灯坏"}, "至少5个字"),
        ({"text": "长" * 2001}, "最多2000个字"),
        ({"category": ""}, "请从名单里选一类"),
        ({"category": "nonsense"}, "请从名单里选一类"),
        ({"request_type": "gossip"}, "请选咨询、求助、投诉、举报或建议"),
        ({"town": "", "village": "", "grid": ""}, "请告诉我们在哪里"),
        ({"grid": "nowhere"}, "没有这个地方"),
        ({"lon": "0", "lat": "0"}, "不在本县范围内"),
        ({"lon": "114.22", "lat": "31.02"}, "对不上"),
        ({"contact_phone": "打我电话"}, "电话号码看起来不对"),
        ({"address": "长" * 201}, "最多200个字"),
        ({"request_type": "accusation"}, "请选被举报的单位"),
        ({"photos": ["nonsense"]}, "照片"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(
    desk: Desk, changes: dict[str, Any], says: str
) -> None:
    client = desk("clerk")
    response = client.post("/desk/cases/new", typed(client, checked="1", **changes))
    page = response.content.decode()
    assert response.status_code == 422
    assert says in page
    assert "小学围墙外" in page
    assert not Case.objects.exists()


def test_a_point_finds_its_grid_inside_what_was_chosen(desk: Desk) -> None:
    client = desk("clerk")
    client.post("/desk/cases/new", typed(client, grid="", lon="114.02", lat="31.02"))
    case = Case.objects.select_related("place").get()
    assert case.place is not None
    assert case.place.code == "990001101201001"


def test_what_may_be_the_same_is_shown_before_anything_is_registered(desk: Desk, lamp: Any) -> None:
    client = desk("clerk")
    data = typed(
        client, text="村部门前三盏路灯连着三个晚上不亮，学生看不清。", category="facility.street_lamp"
    )
    page = client.post("/desk/cases/new", data).content.decode()
    assert lamp.number in page
    assert "不是同一件，登记" in page
    assert Case.objects.count() == 1
    client.post("/desk/cases/new", {**data, "checked": "1"})
    assert Case.objects.count() == 2


def test_the_fragment_while_typing_suggests_the_same(desk: Desk, lamp: Any) -> None:
    client = desk("clerk")
    asked = {"text": lamp.title, "category": "facility.street_lamp", "village": "990001101201"}
    assert lamp.number in client.get("/desk/cases/new/likenesses", asked).content.decode()
    assert lamp.number not in client.get("/desk/cases/new/likenesses", {"text": "路"}).content.decode()


def test_an_accusation_names_the_unit_and_hides_from_it(desk: Desk, town: Town) -> None:
    client = desk("clerk")
    client.post(
        "/desk/cases/new",
        typed(
            client,
            request_type="accusation",
            accused=str(town["east"].pk),
            text="镇里窗口的人收了钱才给办事。",
        ),
    )
    case = Case.objects.get()
    assert case.accused_path == town["east"].path
    assert desk("dispatcher").get(f"/desk/cases/{case.number}").status_code == 404


@pytest.mark.parametrize("name", ["handler", "supervisor", "auditor", "verifier"])
def test_does_not_exist_for_posts_that_do_not_report(desk: Desk, name: str) -> None:
    assert desk(name).get("/desk/cases/new").status_code == 404


def test_a_grid_worker_begins_in_their_own_grid(desk: Desk) -> None:
    page = desk("grid_worker").get("/desk/cases/new").content.decode()
    assert '<option value="990001101201001" selected>' in page


def test_lists_of_places_open_one_into_the_next(desk: Desk) -> None:
    client = desk("clerk")
    villages = client.get("/desk/places", {"parent": "990001101"}).json()["items"]
    assert villages == [{"value": "990001101201", "label": "绿林村"}]
    assert client.get("/desk/places", {"parent": "nowhere"}).json() == {"items": []}


def test_asks_for_few_statements(desk: Desk, django_assert_max_num_queries: Callable[..., Any]) -> None:
    client = desk("clerk")
    with django_assert_max_num_queries(10):
        client.get("/desk/cases/new")
