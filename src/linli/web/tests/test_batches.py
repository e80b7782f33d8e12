from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town

from linli.cases.models import Case, Event
from linli.kit.ids import uuid7
from linli.service_requests.models import RoutingRule
from linli.web.tests.conftest import Desk

pytestmark = pytest.mark.django_db
TEXTS = ["一组的路灯坏了两盏请来修", "二组的路灯坏了三盏请来修", "三组的路灯坏了四盏请来修"]


@pytest.fixture
def three(report: Callable[..., Any]) -> list[Case]:
    return [report(text=text).case for text in TEXTS]


def ticked(cases: list[Case]) -> list[str]:
    for case in cases:
        case.refresh_from_db()
    return [f"{case.number}:{case.version}" for case in cases]


def test_accepts_several_at_once(desk: Desk, three: list[Case]) -> None:
    data = {"case": ticked(three), "step": "accept", "command_id": str(uuid7())}
    page = desk("dispatcher").post("/desk/batches", data).content.decode()
    assert "办好 3 件" in page
    assert {case.state for case in Case.objects.all()} == {"accepted"}


def test_one_refusal_leaves_the_others_done(desk: Desk, three: list[Case], move: Callable[..., Any]) -> None:
    data = {"case": ticked(three), "step": "accept", "command_id": str(uuid7())}
    move(three[1], "note", "dispatcher", note="反映人又来电话", reader="public")
    page = desk("dispatcher").post("/desk/batches", data).content.decode()
    assert "办好 2 件" in page
    assert "1 件没有办成" in page
    assert "您看到以后已经有人动过" in page


def test_sending_a_batch_twice_does_it_once(desk: Desk, three: list[Case]) -> None:
    data = {"case": ticked(three), "step": "accept", "command_id": str(uuid7())}
    client = desk("dispatcher")
    for _press in range(2):
        assert "办好 3 件" in client.post("/desk/batches", data).content.decode()
    assert Event.objects.filter(verb="accept").count() == 3


def test_sends_all_to_one_unit_after_asking_which(
    desk: Desk, three: list[Case], move: Callable[..., Any], town: Town
) -> None:
    for case in three:
        move(case, "accept", "dispatcher")
    client = desk("dispatcher")
    asked = client.post("/desk/batches", {"case": ticked(three), "step": "unit"}).content.decode()
    assert "把这 3 件派给哪个单位" in asked
    nothing = client.post(
        "/desk/batches", {"case": ticked(three), "step": "to_unit", "unit": "", "note": "三天内办好"}
    )
    assert "请从名单里选承办单位" in nothing.content.decode()
    assert "三天内办好" in nothing.content.decode()
    data = {
        "case": ticked(three),
        "step": "to_unit",
        "unit": str(town["east_works"].pk),
        "note": "三天内办好",
    }
    assert "办好 3 件" in client.post("/desk/batches", data).content.decode()
    assert set(Case.objects.values_list("holder", flat=True)) == {town["east_works"].pk}


def test_sends_each_by_its_rule_and_names_broken_rules(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], town: Town
) -> None:
    lamp, wages = report().case, report(text="工地拖欠三个月工钱没有发", category="dispute.wages").case
    for case in (lamp, wages):
        move(case, "accept", "dispatcher")
    assert RoutingRule.objects.filter(code="wages").exists()
    client = desk("dispatcher")
    plan = client.post("/desk/batches", {"case": ticked([lamp, wages]), "step": "rules"}).content.decode()
    assert "东河镇村镇建设办" in plan
    assert "失效，已跳过" in plan
    data = {
        "case": ticked([lamp]),
        "step": "by_rule",
        f"unit-{lamp.number}": str(town["east_works"].pk),
        "command_id": str(uuid7()),
    }
    assert "办好 1 件" in client.post("/desk/batches", data).content.decode()
    lamp.refresh_from_db()
    assert lamp.holder_id == town["east_works"].pk


def test_a_handler_acknowledges_several(
    desk: Desk, three: list[Case], move: Callable[..., Any], town: Town
) -> None:
    for case in three:
        move(case, "accept", "dispatcher")
        move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    data = {"case": ticked(three), "step": "acknowledge", "command_id": str(uuid7())}
    assert "办好 3 件" in desk("handler").post("/desk/batches", data).content.decode()


def test_passes_over_cases_of_others(desk: Desk, three: list[Case]) -> None:
    response = desk("outsider").post("/desk/batches", {"case": ticked(three), "step": "accept"})
    assert response["Location"] == "/desk/"
    assert Event.objects.filter(verb="accept").count() == 0


def test_somebody_without_the_permission_is_refused_case_by_case(desk: Desk, three: list[Case]) -> None:
    page = desk("officer").post("/desk/batches", {"case": ticked(three), "step": "accept"}).content.decode()
    assert "3 件没有办成" in page


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"step": "accept"},
        {"step": "nonsense", "case": "x:y"},
        {"step": "accept", "case": ["::", "a" * 500]},
    ],
)
def test_nonsense_changes_nothing(desk: Desk, three: list[Case], data: dict[str, Any]) -> None:
    assert desk("dispatcher").post("/desk/batches", data).status_code == 302
    assert Event.objects.count() == 3
