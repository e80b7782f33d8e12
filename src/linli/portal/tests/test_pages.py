"""Grids, lists, outlines, switches and the pages that only say something."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Cast, Town
from django.test import Client

from linli.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    ["/", "/report/", "/track/", "/grids/", "/figures/", "/privacy/", "/promises/", "/accessibility/"],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_public_pages_open_to_everybody_in_both_languages(
    client: Client, town: Town, address: str, language: str
) -> None:
    client.cookies["linli_language"] = language
    page = client.get(address)
    assert page.status_code == 200
    said = page.content.decode()
    assert f'lang="{"en" if language == "en" else "zh-Hans"}"' in said
    assert " style=" not in said
    assert " onclick=" not in said


def test_pages_open_before_a_county_is_set_up(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/grids/").status_code == 404
    assert client.get("/nothing-here").status_code == 404


def test_a_demo_county_says_so_on_every_page(client: Client, town: Town) -> None:
    assert "演示数据" not in client.get("/").content.decode()
    town["county"].is_demo = True
    town["county"].save()
    for address in ("/", "/track/", "/figures/", "/nothing-here"):
        assert "演示数据" in client.get(address).content.decode()


def test_a_grid_page_shows_area_worker_and_both_telephones(client: Client, town: Town, cast: Cast) -> None:
    Person.objects.filter(username="grid_worker").update(work_phone="0712-0000-101")
    grid = town["grid"]
    grid.area, grid.supervision_phone = "上湾、周家湾", "0712-0000-202"
    grid.save()
    for address in (f"/grids/{grid.code}", f"/grids/{town['village'].code}"):
        said = client.get(address).content.decode()
        for shown in ("汪秀兰", "0712-0000-101", "0712-0000-202", "上湾、周家湾", "示意"):
            assert shown in said


def test_former_workers_and_other_posts_are_not_listed(client: Client, town: Town, cast: Cast) -> None:
    Person.objects.filter(username="grid_worker").update(is_active=False)
    said = client.get(f"/grids/{town['grid'].code}").content.decode()
    assert "汪秀兰" not in said
    assert "祝丽华" not in client.get(f"/grids/{town['east'].code}").content.decode()


def test_finds_a_village_by_name_and_a_grid_by_point(client: Client, town: Town) -> None:
    assert town["village"].code in client.get("/grids/", {"q": "绿林"}).content.decode()
    assert "没有名字里带" in client.get("/grids/", {"q": "<b>不存在"}).content.decode()
    answer = client.post("/grids/", {"lon": "114.02", "lat": "31.02"})
    assert answer["Location"] == f"/grids/{town['grid'].code}"
    assert client.post("/grids/", {"lon": "150", "lat": "1"}).status_code == 422


@pytest.mark.parametrize("code", ["no-such", "990001", "990001-zj"])
def test_only_places_have_a_grid_page(client: Client, town: Town, code: str) -> None:
    assert client.get(f"/grids/{code}").status_code == 404


def test_lists_and_outlines_are_public_and_may_be_cached(client: Client, town: Town) -> None:
    for address in ("/places?parent=990001101", "/places/990001101/children", "/boundaries/990001101"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "public" in answer["Cache-Control"]
        again = client.get(address, headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304
    items = client.get("/places?parent=990001101").json()["items"]
    assert [item["value"] for item in items] == ["990001101201"]
    features = client.get("/boundaries/990001101201001").json()["features"]
    assert {feature["properties"]["code"] for feature in features} == {"990001101201001", "990001101201002"}
    assert client.get("/boundaries/990001-zj").status_code == 404


@pytest.mark.parametrize(
    "address", ["/grids/%00", "/boundaries/%00", "/places/%00/children", "/places/9%00/children"]
)
def test_an_address_with_a_zero_byte_names_nothing(address: str, client: Client, town: Town) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("zero", ["%00", "%00%00", "%0%000"])
def test_a_zero_byte_in_a_question_is_left_out(zero: str, client: Client, town: Town) -> None:
    plain = client.get("/places?parent=990001101").json()
    assert plain["items"]
    assert client.get(f"/places?parent=99000{zero}1101").json() == plain


def test_statements_of_the_directory_stay_few(
    client: Client, town: Town, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        client.get(f"/grids/{town['village'].code}")
    with django_assert_max_num_queries(5):
        client.get("/grids/", {"q": "村"})


@pytest.mark.parametrize(
    ("address", "field", "value", "cookie"),
    [
        ("/language", "language", "en", "linli_language"),
        ("/size", "size", "large", "linli_size"),
        ("/theme", "theme", "dark", "linli_theme"),
    ],
)
def test_switches_keep_the_choice_and_go_back(
    client: Client, town: Town, address: str, field: str, value: str, cookie: str
) -> None:
    answer = client.post(address, {field: value, "next": "/grids/?q=1"})
    assert (answer.status_code, answer["Location"]) == (302, "/grids/?q=1")
    assert client.cookies[cookie].value == value
    assert client.post(address, {field: "nonsense", "next": "/"}).cookies.get(cookie) is None
    assert client.get(address).status_code == 405


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\\\\evil"]
)
def test_switches_never_lead_elsewhere(client: Client, town: Town, elsewhere: str) -> None:
    assert client.post("/size", {"size": "large", "next": elsewhere})["Location"] == "/"


def test_large_text_and_dark_are_set_by_the_server(client: Client, town: Town) -> None:
    client.cookies["linli_size"] = "large"
    client.cookies["linli_theme"] = "dark"
    said = client.get("/").content.decode()
    assert 'data-linli-size="large"' in said
    assert 'data-bs-theme="dark"' in said
