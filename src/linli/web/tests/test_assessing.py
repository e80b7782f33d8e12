"""The assessment on a case's page, and what went wrong at a unit: each number leads to its cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.measures.actions import counting
from linli.measures.tests.test_rollups import closed
from linli.mediation.tests.story import Story
from linli.people.access import Actor
from linli.privacy.models import Read

from .conftest import Desk

pytestmark = pytest.mark.django_db
LATE = NOW + timedelta(days=20)
MONTH, SEPTEMBER = {"month": "2026-10"}, {"month": "2026-09"}
LINK = re.compile(r'href="(/desk/figures/[^"]+/cases\?[^"]+)"><b>([\d,]+)<')


@pytest.fixture(autouse=True)
def _now(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATE)


@pytest.fixture
def case(report: Callable[..., Any], move: Callable[..., Any], town: Town) -> Any:
    """Closed late, and counted."""
    found = report().case
    closed(found, move, town, LATE)
    count()
    return found


def count() -> None:
    ledger.sequence()
    while counting.count():
        pass


def test_a_closed_case_shows_what_went_wrong_and_where(desk: Desk, case: Any, town: Town) -> None:
    address = f"/desk/cases/{case.number}/assessment"
    assert address in desk("dispatcher").get(f"/desk/cases/{case.number}").content.decode()
    page = desk("dispatcher").get(address).content.decode()
    assert "受理超期" in page
    assert "70.00" in page
    assert town["east"].label in page
    assert "超期" in page
    assert Read.objects.filter(case=case.pk, what="assessment").count() == 1


def test_there_is_none_for_strangers_nor_of_what_is_open(desk: Desk, case: Any, report: Any) -> None:
    assert desk("outsider").get(f"/desk/cases/{case.number}/assessment").status_code == 404
    assert desk("administrator").get(f"/desk/cases/{case.number}/assessment").status_code == 404
    still = report().case
    assert desk("dispatcher").get(f"/desk/cases/{still.number}/assessment").status_code == 404
    assert "/assessment" not in desk("dispatcher").get(f"/desk/cases/{still.number}").content.decode()
    assert desk("dispatcher").get("/desk/cases/nonsense/assessment").status_code == 404


def test_a_reopened_case_says_that_it_will_be_assessed_anew(desk: Desk, case: Any, move: Any) -> None:
    move(case, "reopen", Actor.reporter(case.pk), at=LATE, reason="昨晚又不亮了。")
    page = desk("dispatcher").get(f"/desk/cases/{case.number}/assessment").content.decode()
    assert "再办结时重新考评" in page
    assert "办结后重开" in page


def test_every_number_of_a_unit_leads_to_its_cases(desk: Desk, case: Any, town: Town) -> None:
    for post, unit in (("supervisor", "county"), ("dispatcher", "east"), ("handler", "east_works")):
        client = desk(post)
        page = client.get(f"/desk/figures/{town[unit].code}/faults", MONTH).content.decode()
        links = [(href.replace("&amp;", "&"), n) for href, n in LINK.findall(page)]
        assert links, unit
        for href, n in links:
            listed = client.get(href).content.decode()
            assert re.search(rf"<h1[^>]*>[^<]*[：:]\s?{n}</h1>", listed), href
            assert case.number in listed, href


def test_what_went_wrong_elsewhere_is_not_there(desk: Desk, case: Any, town: Town) -> None:
    for post, unit in (("outsider", "east"), ("dispatcher", "county"), ("handler", "east")):
        assert desk(post).get(f"/desk/figures/{town[unit].code}/faults").status_code == 404, post
    assert desk("grid_worker").get(f"/desk/figures/{town['grid'].code}/faults").status_code == 404
    code = town["county"].code
    page = desk("supervisor").get(f"/desk/figures/{code}/faults", {"month": "nonsense"})
    assert page.status_code == 200
    odd = {"count": "late_accepting", "axis": "person", **MONTH}
    assert desk("supervisor").get(f"/desk/figures/{code}/cases", odd).status_code == 200


def test_the_page_asks_as_often_whatever_there_is(
    desk: Desk, case: Any, report: Any, move: Any, town: Town
) -> None:
    client, address = desk("supervisor"), f"/desk/figures/{town['county'].code}/faults"

    def asked() -> int:
        client.get(address, MONTH)
        with CaptureQueriesContext(connection) as queries:
            client.get(address, MONTH)
        return len(queries)

    before = asked()
    for _n in range(5):
        closed(report().case, move, town, LATE)
    count()
    assert asked() == before


def test_the_numbers_of_the_units_below_lead_to_their_cases(desk: Desk, case: Any, town: Town) -> None:
    client = desk("supervisor")
    page = client.get(f"/desk/figures/{town['county'].code}/faults", MONTH).content.decode()
    below = page[page.index('id="fa-units"') :].replace("&amp;", "&")
    (href,) = re.findall(r'href="(/desk/figures/[^"]+/cases\?[^"]+)">1</a>', below)
    assert f"/{town['east'].code}/cases" in href
    assert case.number in client.get(href).content.decode().split("<main")[1]
    faults = re.findall(rf'href="/desk/figures/{town["east"].code}/faults[^"]*">\d+</a>', below)
    assert len(faults) == 1


def test_a_dispute_put_away_shows_its_assessment_without_a_word_of_it(
    desk: Desk, dispute: Callable[..., Any], cast: Cast, town: Town
) -> None:
    told = Story(cast, dispute().case.pk).to("archived")
    count()
    address = f"/desk/cases/{told.case.number}/assessment"
    assert address in desk("chair").get(f"/desk/cases/{told.case.number}").content.decode()
    page = desk("chair").get(address).content.decode()
    assert "100.00" in page
    assert "各方有权不同意" in page
    assert "反映人" not in page
    assert "陈国强" not in page
    assert desk("outsider").get(address).status_code == 404
    faults = f"/desk/figures/{town['east_committee'].code}/faults"
    page = desk("chair").get(faults, SEPTEMBER).content.decode()
    assert "调解超期" in page
    links = [href.replace("&amp;", "&") for href, _n in LINK.findall(page)]
    assert any("kind=mediation" in href and told.case.number in _listed(desk, href) for href in links)
    above = f"/desk/figures/{town['east'].code}/faults"
    assert f"{faults}?month=2026-09&amp;kind=mediation" in (
        desk("dispatcher").get(above, {**SEPTEMBER, "kind": "mediation"}).content.decode()
    )
    assert "答复超期" in desk("dispatcher").get(above, SEPTEMBER).content.decode()


def _listed(desk: Desk, href: str) -> str:
    return desk("chair").get(href).content.decode()
