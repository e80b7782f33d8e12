"""Pages of orders on a set of cases: chosen by a list's filter, seen by rights, and each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.cases.models import Order, OrderState
from linli.kit.ids import uuid7
from linli.measures.models import Act

from .conftest import Desk, Watch

pytestmark = pytest.mark.django_db
WORDS = "请逐件说明超期原因，三日内修好。"
ANSWER = "已安排抢修队，六盏灯全部修好。"


@pytest.fixture
def lamps(report: Callable[..., Any], town: Town) -> list[Any]:
    """Two lamps of the township; a manhole and a lamp of the neighbours besides."""
    found = [report().case for _ in range(2)]
    report(category="facility.manhole")
    report(place=town["west_grid"])
    return found


@pytest.fixture
def given(desk: Desk, lamps: list[Any], town: Town) -> Order:
    chosen = f"?place={town['east'].code}&category=facility.street_lamp"
    answer = desk("supervisor").post(
        f"/desk/orders/new{chosen}", {"unit": town["east"].code, "order": WORDS, "command": uuid7()}
    )
    assert answer.status_code == 302
    return Order.objects.get()


def test_a_list_with_its_filter_becomes_one_order(desk: Desk, lamps: list[Any], town: Town) -> None:
    chosen = f"?place={town['east'].code}&category=facility.street_lamp"
    boss = desk("supervisor")
    assert "/desk/orders/new?place=" in boss.get(f"/desk/cases{chosen}").content.decode()
    assert "/desk/orders/new" not in desk("dispatcher").get(f"/desk/cases{chosen}").content.decode()
    page = boss.get(f"/desk/orders/new{chosen}").content.decode()
    assert all(case.number in page for case in lamps)
    wrong = {"unit": town["east"].code, "order": "", "command": uuid7()}
    assert boss.post(f"/desk/orders/new{chosen}", wrong).status_code == 422
    assert boss.post(f"/desk/orders/new{chosen}", {**wrong, "order": WORDS, "unit": "x"}).status_code == 422
    assert (
        boss.post(f"/desk/orders/new{chosen}", {**wrong, "order": WORDS, "command": "x"}).status_code == 422
    )
    other = {**wrong, "order": WORDS, "unit": town["west"].code}
    assert boss.post(f"/desk/orders/new{chosen}", other).status_code == 422
    assert boss.get("/desk/orders/new?category=nonsense&due=never").status_code == 200
    assert not Order.objects.exists()
    assert desk("dispatcher").get(f"/desk/orders/new{chosen}").status_code == 404


def test_the_order_shows_its_cases_and_each_case_its_order(
    desk: Desk, given: Order, lamps: list[Any]
) -> None:
    page = desk("dispatcher").get(f"/desk/orders/{given.pk}").content.decode()
    assert all(case.number in page for case in lamps)
    assert WORDS in page
    assert "2 ÷ 2" in page
    listed = desk("handler").get("/desk/orders").content.decode()
    assert f"/desk/orders/{given.pk}" in listed
    for case in lamps:
        assert (
            f"/desk/orders/{given.pk}"
            in desk("dispatcher").get(f"/desk/cases/{case.number}").content.decode()
        )


def test_the_unit_answers_and_whoever_ordered_checks(desk: Desk, given: Order, watch: Watch) -> None:
    page = f"/desk/orders/{given.pk}"
    boss, own = desk("supervisor"), desk("township_supervisor")
    agrees = {"agrees": "yes", "words": "实地看过，都亮了。"}
    assert boss.post(f"{page}/checks", agrees).status_code == 422
    assert own.post(f"{page}/replies", {"words": ""}).status_code == 422
    assert own.post(f"{page}/replies", {"words": ANSWER}).status_code == 302
    assert own.post(f"{page}/checks", agrees).status_code == 422
    assert boss.post(f"{page}/checks", {"words": "没有选结果。"}).status_code == 422
    assert boss.post(f"{page}/checks", {"agrees": "no", "words": "第三盏灯仍然不亮。"}).status_code == 302
    assert Order.objects.get().returns == 1
    assert own.post(f"{page}/replies", {"words": ANSWER}).status_code == 302
    assert boss.post(f"{page}/checks", agrees).status_code == 302
    assert Order.objects.get().state == OrderState.CLOSED
    assert page in boss.get("/desk/orders").content.decode()


def test_strangers_find_nothing(desk: Desk, given: Order) -> None:
    page = f"/desk/orders/{given.pk}"
    for name in ("outsider", "west_handler"):
        assert desk(name).get(page).status_code == 404, name
        assert desk(name).post(f"{page}/replies", {"words": ANSWER}).status_code == 404, name
        assert page not in desk(name).get("/desk/orders").content.decode()
    for name in ("grid_worker", "administrator", "clerk"):
        assert desk(name).get("/desk/orders").status_code == 404, name


def test_the_list_asks_as_often_whatever_there_is(
    desk: Desk, given: Order, town: Town, lamps: list[Any]
) -> None:
    boss = desk("supervisor")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            boss.get("/desk/orders")
        return sum("cases_order" in query["sql"] for query in queries.captured_queries)

    before = asked()
    for _case in lamps:
        more = {"unit": town["east"].code, "order": WORDS, "command": uuid7()}
        assert boss.post(f"/desk/orders/new?place={town['east'].code}", more).status_code == 302
    assert Order.objects.count() == 3
    assert asked() == before


def test_an_act_rests_on_the_order_and_the_unit_answers_it(desk: Desk, given: Order) -> None:
    page = f"/desk/orders/{given.pk}"
    boss, own = desk("supervisor"), desk("township_supervisor")
    act = {"kind": "admonition", "text": "两次到期没有回复，请主要负责单位到县里说明。"}
    assert boss.post(f"{page}/acts", {**act, "text": ""}).status_code == 422
    assert boss.post(f"{page}/acts", {**act, "kind": "fine"}).status_code == 422
    assert own.post(f"{page}/acts", act).status_code == 404
    assert desk("dispatcher").post(f"{page}/acts", act).status_code == 404
    assert boss.post(f"{page}/acts", act).status_code == 302
    made = Act.objects.get()
    assert (made.order, made.organisation, made.round) == (given, given.unit, None)
    answer = f"/desk/orders/acts/{made.pk}/answers"
    assert act["text"] in own.get(page).content.decode()
    assert desk("outsider").post(answer, {"words": ANSWER}).status_code == 404
    assert boss.post(answer, {"words": ANSWER}).status_code == 422
    assert own.post(answer, {"words": ""}).status_code == 422
    assert own.post(answer, {"words": ANSWER}).status_code == 302
    assert ANSWER in boss.get(page).content.decode()
