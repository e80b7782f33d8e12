from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Town
from django.test import Client

from linli.cases.procedures import calendar
from linli.web.tests.conftest import Desk, Watch

pytestmark = pytest.mark.django_db


def html(client: Client, address: str = "/desk/cases") -> str:
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_everybody_sees_their_own_area_alone(
    desk: Desk, lamp: Any, report: Callable[..., Any], town: Town
) -> None:
    west = report(text="石桥村的桥头护栏被撞断了", place=town["west_grid"]).case
    seen = {
        name: (lamp.title in page, west.title in page)
        for name in (
            "dispatcher",
            "outsider",
            "grid_worker",
            "sibling_worker",
            "handler",
            "supervisor",
            "auditor",
        )
        for page in [html(desk(name))]
    }
    assert seen == {
        "dispatcher": (True, False),
        "outsider": (False, True),
        "grid_worker": (True, False),
        "sibling_worker": (False, False),
        "handler": (False, False),
        "supervisor": (True, True),
        "auditor": (True, True),
    }


def test_an_accusation_is_hidden_from_the_accused(desk: Desk, report: Callable[..., Any], town: Town) -> None:
    against = report(
        text="镇政府窗口的人收了钱才给办事", request_type="accusation", accused=town["east"]
    ).case
    assert against.title not in html(desk("dispatcher"))
    assert against.title not in html(desk("officer"))
    assert against.title in html(desk("supervisor"))


def test_does_not_exist_for_administrators(desk: Desk) -> None:
    assert desk("administrator").get("/desk/cases").status_code == 404


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("", True),
        ("open=closed", False),
        ("open=all", True),
        ("state=reported", True),
        ("state=accepted", False),
        ("state=nonsense", False),
        ("level=normal", True),
        ("level=urgent", False),
        ("channel=portal", True),
        ("channel=grid", False),
        ("q=路灯 学生", True),
        ("q=鱼塘", False),
        ("place=990001101", True),
        ("place=990001102201", False),
        ("category=facility", True),
        ("unit=990001101-cj", False),
        ("since=2026-09-30&until=2026-09-30", True),
        ("since=2026-10-01", False),
        ("until=2026-09-29", False),
        ("since=2026-99-99&until=yesterday", True),
        ("sort=newest", True),
        ("due=today", False),
        ("after=~~~&sort=newest", True),
        ("after=2026-09-30T00:00:00~nonsense", True),
    ],
)
def test_filters(desk: Desk, lamp: Any, query: str, is_found: bool) -> None:
    assert (
        f"/desk/cases/{lamp.number}" in html(desk("county_dispatcher"), f"/desk/cases?{query}")
    ) is is_found


def test_fifty_rows_take_eight_statements(
    desk: Desk, report: Callable[..., Any], django_assert_max_num_queries: Any, move: Callable[..., Any]
) -> None:
    for n in range(55):
        report(text=f"第{n}盏路灯坏了请来修一修", at=NOW + timedelta(minutes=n))
    for name in ("dispatcher", "county_dispatcher", "grid_worker"):
        client = desk(name)
        for query in ("", "?open=all&q=路灯", "?place=990001101201&sort=newest&due=soon"):
            calendar.current()  # read once in a process; whether it has changed may be asked again: that is the eighth
            with django_assert_max_num_queries(
                11 + 4 if "q=" in query else 8
            ):  # a search looks three times and notes it
                page = html(client, f"/desk/cases{query}")
            assert page.count('class="ll-what"') == 50
            assert "50+" in page


@pytest.mark.parametrize("sort", ["urgent", "newest"])
def test_pages_by_key_without_loss_or_repeat(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], sort: str, town: Town
) -> None:
    cases = [
        report(text=f"第{n}盏路灯坏了请来修", at=NOW + timedelta(seconds=n // 4)).case for n in range(104)
    ]
    head = cases[0]
    for case in cases[1:7]:  # merged cases have no running limit of their own but stay open
        move(case, "merge", "dispatcher", head=head.number)
    client, address, seen = desk("dispatcher"), f"/desk/cases?sort={sort}", []
    for _turn in range(3):
        page = html(client, address)
        seen += [case.number for case in cases if f'href="/desk/cases/{case.number}"' in page]
        if 'rel="next" href="' in page:
            address = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert sorted(seen) == sorted(case.number for case in cases)


def test_the_search_box_opens_a_case_by_its_number(desk: Desk, lamp: Any) -> None:
    client = desk("dispatcher")
    typed = lamp.number.lower().replace("-", " ")
    assert client.get("/desk/search", {"q": typed})["Location"] == f"/desk/cases/{lamp.number}"
    assert "q=" in desk("outsider").get("/desk/search", {"q": lamp.number})["Location"]


def test_a_township_chosen_by_the_county_opens_its_villages(desk: Desk, town: Town, lamp: Any) -> None:
    client = desk("county_dispatcher")
    assert "绿林村</option>" not in html(client)
    assert "绿林村</option>" in html(client, "/desk/cases?place=990001101")


def test_a_closed_case_says_when(desk: Desk, lamp: Any, move: Callable[..., Any], watch: Watch) -> None:
    move(lamp, "decline", "dispatcher", route="court", reason="这是合同纠纷，请到人民法院起诉解决。")
    page = html(desk("dispatcher"), "/desk/cases?open=closed")
    assert "不予受理" in page
