from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.test import Client

from linli.cases.models import SavedView, Task
from linli.web.tests.conftest import Desk, Watch

pytestmark = pytest.mark.django_db
Statements = Any


def html(client: Client, address: str = "/desk/", **headers: Any) -> str:
    response = client.get(address, **headers)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_shows_what_waits_for_the_desk(desk: Desk, lamp: Any) -> None:
    page = html(desk("dispatcher"))
    assert lamp.title in page
    assert "1 件等您办" in page
    assert f"/desk/cases/{lamp.number}/moves/accept" in page


def test_shows_nothing_of_another_desk(desk: Desk, lamp: Any) -> None:
    for name in ("outsider", "handler", "housing_handler", "administrator"):
        assert lamp.title not in html(desk(name)), name


def test_sends_strangers_to_the_sign_in(client: Client) -> None:
    response = client.get("/desk/?due=late")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in?next=/desk/%3Fdue%3Dlate"


def test_most_urgent_comes_first(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], watch: Watch
) -> None:
    calm = report(text="河边的废弃抽水房想请人来看看").case
    pressing = report(text="桥头的护栏被撞断了夜里看不见", at=NOW - timedelta(days=1)).case
    page = html(desk("dispatcher"))
    assert page.index(pressing.title) < page.index(calm.title)


def test_counts_stand_on_the_chips_and_narrow_the_list(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], lamp: Any
) -> None:
    other = report(text="桥头的护栏被撞断了夜里看不见").case
    move(other, "accept", "dispatcher")
    page = html(desk("dispatcher"))
    assert "全部 2" in page
    assert "待受理 1" in page
    assert "待派单 1" in page
    narrowed = html(desk("dispatcher"), "/desk/?why=to_dispatch")
    assert other.title in narrowed
    assert lamp.title not in narrowed


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=路灯", True),
        ("q=鱼塘", False),
        ("place=990001101201", True),
        ("place=990001102", False),
        ("category=facility", True),
        ("category=facility.street_lamp", True),
        ("category=environment", False),
        ("due=soon", True),
        ("due=late", False),
        ("due=nonsense&why=&place=", True),
        ("after=not-a-key", True),
    ],
)
def test_filters(desk: Desk, lamp: Any, query: str, is_found: bool) -> None:
    assert (f"/desk/cases/{lamp.number}" in html(desk("dispatcher"), f"/desk/?{query}")) is is_found


def test_an_empty_filter_says_which_condition_to_drop(desk: Desk, lamp: Any) -> None:
    page = html(desk("dispatcher"), "/desk/?q=鱼塘&due=late")
    assert "没有同时符合这 2 个条件的事项" in page
    assert "去掉“已超期”" in page
    assert "?q=%E9%B1%BC%E5%A1%98" in page


def test_an_empty_desk_says_so(desk: Desk, watch: Watch) -> None:
    assert "都办完了" in html(desk("dispatcher"))


def test_says_how_late_it_is(desk: Desk, lamp: Any, watch: Watch) -> None:
    watch.on(days=20)
    page = html(desk("dispatcher"))
    assert "1 件已超期" in page
    assert 'class="is-late' in page


def test_pages_by_key_without_loss_or_repeat(
    desk: Desk, report: Callable[..., Any], django_assert_max_num_queries: Statements
) -> None:
    cases = [
        report(text=f"第{n}盏路灯坏了请来修一修", at=NOW + timedelta(seconds=n // 3)).case for n in range(60)
    ]
    client = desk("dispatcher")
    seen: list[str] = []
    address = "/desk/"
    for _turn in range(2):
        with django_assert_max_num_queries(8):
            page = html(client, address)
        seen += [case.number for case in cases if f'href="/desk/cases/{case.number}"' in page]
        if 'rel="next" href="' in page:
            address = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert sorted(seen) == sorted(case.number for case in cases)


def test_refreshes_by_itself_and_is_quiet_while_nothing_changes(
    desk: Desk, lamp: Any, report: Callable[..., Any]
) -> None:
    client = desk("dispatcher")
    first = client.get("/desk/", headers={"X-Linli-Live": "1"})
    assert "<html" not in first.content.decode()
    again = client.get("/desk/", headers={"X-Linli-Live": "1", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    report(text="桥头的护栏被撞断了夜里看不见")
    changed = client.get("/desk/", headers={"X-Linli-Live": "1", "If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_pulse_counts_work_and_messages(
    desk: Desk, lamp: Any, django_assert_max_num_queries: Statements
) -> None:
    client = desk("dispatcher")
    with django_assert_max_num_queries(4):
        response = client.get("/desk/pulse")
    assert response.json() == {"counts": {"work": 1, "inbox": 0}}
    assert client.get("/desk/pulse", headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_acts_under_the_chosen_post_alone(desk: Desk, cast: Cast, town: Town, lamp: Any) -> None:
    from linli.people.models import Grant

    second = Grant.objects.create(
        person=cast.people["outsider"], role="dispatcher", organisation=town["east"], valid_from=NOW
    )
    client = desk("outsider")
    assert lamp.title not in html(client)
    switched = client.post("/post", {"post": str(second.pk), "next": "/desk/"})
    assert switched["Location"] == "/desk/"
    assert lamp.title in html(client)


def test_ignores_a_post_that_is_not_held(desk: Desk, cast: Cast, lamp: Any) -> None:
    client = desk("outsider")
    client.post("/post", {"post": str(cast["dispatcher"].grant_id), "next": "https://elsewhere.example/"})
    assert lamp.title not in html(client)


def test_keeps_filters_under_a_name(desk: Desk, cast: Cast) -> None:
    client = desk("dispatcher")
    client.post("/desk/views", {"page": "work", "name": "今天的路灯", "query": "due=today&q=路灯&after=x~y"})
    view = SavedView.objects.get(person=cast.people["dispatcher"])
    assert "after" not in view.query
    assert "今天的路灯" in html(client)
    desk("outsider").post(f"/desk/views/{view.pk}/removal")
    assert SavedView.objects.filter(pk=view.pk).exists()
    client.post(f"/desk/views/{view.pk}/removal")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "长" * 41])
def test_refuses_a_view_without_a_proper_name(desk: Desk, name: str) -> None:
    response = desk("dispatcher").post(
        "/desk/views", {"page": "work", "name": name, "query": "q=a"}, follow=True
    )
    assert "视图名称" in response.content.decode()
    assert not SavedView.objects.exists()


def test_speaks_english(desk: Desk, lamp: Any) -> None:
    client = desk("dispatcher")
    client.cookies["linli_language"] = "en"
    page = html(client)
    assert "1 case waits for you" in page
    assert "待受理" not in page


def test_a_task_goes_with_its_case(desk: Desk, lamp: Any, move: Callable[..., Any]) -> None:
    move(lamp, "decline", "dispatcher", route="court", reason="这是合同纠纷，请到人民法院起诉解决。")
    assert not Task.objects.exists()
    assert "都办完了" in html(desk("dispatcher"))
