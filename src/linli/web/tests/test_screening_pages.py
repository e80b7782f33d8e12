from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from django.test import Client

from linli.mediation.models import ScreeningRound

PATH = "/desk/screening"

Desk = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def send(client: Client, town: Town, **changes: Any) -> Any:
    posted = {"place": str(town["village"].pk), "month": "2026-09", "found": "0", "note": "", **changes}
    return client.post(PATH, posted)


def test_an_officer_records_that_nothing_was_found(desk: Desk, town: Town, committee: Any) -> None:
    officer = desk("officer")
    assert "没有登记" in officer.get(PATH).content.decode()
    response = send(officer, town)
    assert response.status_code == 302
    assert ScreeningRound.objects.get().found == 0
    assert "没有发现" in officer.get(PATH).content.decode()


def test_disputes_that_were_found_lead_to_their_registration(desk: Desk, town: Town, committee: Any) -> None:
    officer = desk("officer")
    send(officer, town, found="2")
    page = officer.get(PATH).content.decode()
    assert "还有 2 起没登记成件" in page
    assert f"?round={ScreeningRound.objects.get().pk}" in page


def test_above_it_shows_which_village_has_not_been_gone_through(
    desk: Desk, town: Town, committee: Any
) -> None:
    centre = desk("centre")
    page = centre.get(PATH).content.decode()
    assert "还有" not in page or "绿林村" in page
    assert "绿林村" in page
    send(desk("officer"), town)
    assert "已排查 1 个" in centre.get(PATH).content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place": ""}, "在哪里排查"),
        ({"found": "-1"}, "发现几起"),
        ({"found": "many"}, "发现几起"),
        ({"month": "2026-13"}, "请写成 2026-09"),
        ({"month": "2027-01"}, "这个月还没到"),
        ({"note": "张三 13800138000"}, "不登记人员"),
    ],
)
def test_says_what_is_wrong_and_keeps_the_rest(
    desk: Desk, town: Town, committee: Any, changes: dict[str, str], said: str
) -> None:
    response = send(desk("officer"), town, **changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not ScreeningRound.objects.exists()


def test_a_month_is_recorded_once(desk: Desk, town: Town, committee: Any) -> None:
    send(desk("officer"), town)
    response = send(desk("officer"), town, found="3")
    assert response.status_code == 422
    assert "已经登记过" in response.content.decode()
    assert ScreeningRound.objects.get().found == 0


def test_a_village_of_another_town_cannot_be_recorded(desk: Desk, town: Town, committee: Any) -> None:
    response = send(desk("officer"), town, place=str(town["west_village"].pk))
    assert response.status_code == 422
    assert not ScreeningRound.objects.exists()


def test_a_grid_worker_records_the_own_grid_and_sees_nothing_else(
    desk: Desk, town: Town, committee: Any
) -> None:
    worker = desk("grid_worker")
    page = worker.get(PATH).content.decode()
    assert "走一遍本网格" in page
    assert "第二网格" not in page
    assert town["village"].label not in page.split("<main")[1].split("</main>")[0].replace(
        "绿林村第一网格", ""
    )
    for other in ("grid2", "village"):
        assert send(worker, town, place=str(town[other].pk)).status_code == 422
    assert send(worker, town, place=str(town["grid"].pk), found="1").status_code == 302
    made = ScreeningRound.objects.get()
    assert (made.place, made.found) == (town["grid"], 1)
    assert f"?round={made.pk}" in worker.get(PATH).content.decode()


def test_an_officer_sees_how_far_the_grids_have_come_and_which_is_missing(
    desk: Desk, town: Town, committee: Any
) -> None:
    send(desk("grid_worker"), town, place=str(town["grid"].pk), found="2", note="走了一组到四组。")
    page = desk("officer").get(PATH).content.decode()
    for said in (
        "2 个网格，这个月已登记 1 个，共发现 2 起",
        "没有排查完",
        "2 个网格，已登记 1 个，还差：第二网格",
        "走了一组到四组。",
    ):
        assert said in page, said
    assert "已排查 0 个，发现 2 起" in page
    send(desk("sibling_worker"), town, place=str(town["grid2"].pk))
    page = desk("officer").get(PATH).content.decode()
    assert "已排查 1 个，发现 2 起" in page
    assert "没有排查完" not in page
    assert "已排查 1 个，发现 2 起" in desk("centre").get(PATH).content.decode()


def test_who_goes_round_finds_it_in_the_menu(desk: Desk, town: Town, committee: Any) -> None:
    for who, is_there in (("grid_worker", True), ("officer", True), ("handler", False)):
        assert (f'href="{PATH}"' in desk(who).get("/desk/").content.decode()) is is_there, who


@pytest.mark.parametrize("who", ["mediator", "handler", "supervisor"])
def test_is_not_there_for_other_posts(desk: Desk, cast: Cast, committee: Any, who: str) -> None:
    assert desk(who).get(PATH).status_code == 404


def test_an_odd_month_shows_this_one(desk: Desk, committee: Any) -> None:
    for month in ("2026-00", "abc", "1999-01", "2030-01", "2026-9"):
        response = desk("officer").get(PATH, {"month": month})
        assert response.status_code == 200
        assert "2026-09" in response.content.decode()
