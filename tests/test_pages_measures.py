"""The pages of figures, filled: a busy county's boards, maps, rounds, orders, problems and reports, in every view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import AXE, NOW, Cast, Town
from playwright.sync_api import Page

from linli.cases.actions import orders
from linli.cases.models import Case
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.measures import actions as measures
from linli.measures.actions import problems, reports, rounds
from linli.measures.tests.test_rollups import closed
from linli.mediation.tests.story import Story
from linli.people.access import Actor
from test_pages import VIEWS, check

LOOKS: dict[str, dict[str, Any]] = {**VIEWS, "phone-en": {"width": 360, "language": "en"}}
OCTOBER = NOW + timedelta(days=2)
WORDS = "请逐件说明超期原因，三日内修好。"
COUNTY, TOWNSHIP, HOUSING = "990001", "990001101", "990001-zj"
ALL = ["/desk/figures", "/desk/rounds", "/desk/rounds/{round}", "/desk/orders", "/desk/orders/{order}",
       "/desk/reports", "/desk/problems", "/desk/problems/{problem}"]  # fmt: skip
PAGES = {
    "": ["/", "/figures/"],
    "supervisor": [
        *ALL,
        f"/desk/figures/{TOWNSHIP}",
        f"/desk/figures/{HOUSING}",
        f"/desk/figures/{COUNTY}/map?level=village",
        f"/desk/figures/{COUNTY}/cases?count=received&month=2026-09",
        f"/desk/figures/{COUNTY}/faults?month=2026-09",
        f"/desk/orders/new?place={TOWNSHIP}",
        f"/desk/reports?unit={TOWNSHIP}",
        "/desk/board",
    ],
    "township_supervisor": ALL,
    "handler": ["/desk/figures", "/desk/orders/{order}"],
    "chair": ["/desk/figures"],
}

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def busy(
    report: Callable[..., Any],
    move: Callable[..., Any],
    dispute: Callable[..., Any],
    town: Town,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """September, looked back on in October: cases of every fate, a round, an order, a problem, reports."""
    cases = [report(at=NOW - timedelta(days=20 - n)).case for n in range(20)]
    for n, case in enumerate(cases[:12]):
        closed(case, move, town, NOW - timedelta(days=8))
        move(case, "rate", Actor.reporter(case.pk), grade="2" if n < 3 else "5")
    for case in cases[12:15]:
        move(case, "accept", "dispatcher", at=NOW - timedelta(days=4))
        move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    report(place=town["west_grid"], category="environment.sewage", channel="hotline")
    Story(cast, dispute().case.pk).to("in_mediation")
    made = orders.order(
        among=Case.objects.visible_to(cast["supervisor"]),
        kind="service_request",
        unit=town["east_works"],
        title="路灯",
        words=WORDS,
        by=cast["supervisor"],
        at=NOW,
        command_id=uuid7(),
    )
    monkeypatch.setattr(clock, "now", lambda: OCTOBER)
    reports.settle(at=OCTOBER)
    problems.find(county=town["county"], at=OCTOBER)
    (problem,) = problems.costliest(path=town["county"].path)
    problems.own(problem=problem, owner=town["east"], by=cast["supervisor"])
    round_ = rounds.compute(
        county=town["county"],
        scheme="townships_month",
        begins_on=date(2026, 9, 1),
        by=cast["supervisor"],
        at=OCTOBER,
    )
    rounds.publish(round_=round_, by=cast["supervisor"], at=OCTOBER)
    assert reports.make_months(at=OCTOBER)
    reports.make_weeks(at=OCTOBER)
    measures.last_month(county=town["county"], at=OCTOBER)
    return {"round": round_.pk, "order": made.pk, "problem": problem.pk}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("view", LOOKS)
def test_pages_of_figures_are_in_order(view: str, window: Callable[..., Page], busy: dict[str, Any]) -> None:
    for who, addresses in PAGES.items():
        check(window(who, **LOOKS[view]), [address.format(**busy) for address in addresses])
