"""Figures lead to the cases they count, under the reader's rights, in a fixed number of statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from conftest import NOW, Town
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.measures.actions import counting, reading
from linli.measures.actions.behind import cases_behind
from linli.measures.actions.reading import View
from linli.measures.formulas import sums

from .conftest import Desk

pytestmark = pytest.mark.django_db
MONTH = {"month": "2026-09"}
LINK = re.compile(r'href="(/desk/figures/[^"]+/cases\?[^"]+)">([\d,]+)<')


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def counted(report: Callable[..., Any], move: Callable[..., Any]) -> list[Any]:
    """Five reports: one closed, one declined, the others open."""
    cases = [report().case for _n in range(5)]
    move(cases[0], "accept", "dispatcher")
    ledger.sequence()
    while counting.count():
        pass
    return cases


def links(page: str) -> list[tuple[str, int]]:
    return [(href.replace("&amp;", "&"), int(n.replace(",", ""))) for href, n in LINK.findall(page)]


def test_every_number_leads_to_a_list_that_says_the_same_number(desk: Desk, counted: list[Any]) -> None:
    client = desk("supervisor")
    found = links(client.get("/desk/figures", MONTH).content.decode())
    assert found
    for href, n in found:
        listed = client.get(href).content.decode()
        assert re.search(rf"<h1[^>]*>[^<]*[：:]\s?{n:,}</h1>", listed), href
    received = next(href for href, _n in found if "count=received" in href)
    listed = client.get(received).content.decode()
    assert all(case.number in listed for case in counted)


def test_the_cases_behind_a_number_are_those_that_add_to_it(counted: list[Any], town: Town) -> None:
    for unit in ("county", "east", "village", "grid", "west"):
        view = View.of(town[unit], date(2026, 9, 1), date(2026, 10, 1))
        totals = reading.totals(view)
        for name in sums.NAMES:
            assert (cases_behind(view, [name]).count() > 0) == (totals[name] > 0), (unit, name)
    with pytest.raises(ValueError, match="no such count"):
        cases_behind(view, ["received'); DROP TABLE"])


def test_a_unit_beside_or_above_ones_own_is_not_there(desk: Desk, counted: list[Any], town: Town) -> None:
    client = desk("dispatcher")
    for unit in ("west", "county"):
        for page in ("", "/map", "/areas", "/points", "/cases?count=received"):
            assert client.get(f"/desk/figures/{town[unit].code}{page}").status_code == 404, (unit, page)
    assert client.get(f"/desk/figures/{town['village'].code}").status_code == 200
    assert desk("outsider").get(f"/desk/figures/{town['east'].code}").status_code == 404


def test_what_makes_no_sense_in_an_address_is_the_present_month_or_nothing(
    desk: Desk, counted: list[Any], town: Town
) -> None:
    client = desk("supervisor")
    for month in ("2026-13", "nonsense", "9999-01", "0001-01"):
        assert "2026年9月" in client.get("/desk/figures", {"month": month}).content.decode()
    code = town["county"].code
    assert client.get(f"/desk/figures/{code}/cases", {"count": "people"}).status_code == 404
    assert client.get(f"/desk/figures/{code}/cases").status_code == 404
    assert client.get(f"/desk/figures/{code}/map", {"level": "moon", "show": "people"}).status_code == 200


def test_the_page_asks_as_often_whatever_there_is(
    desk: Desk, counted: list[Any], report: Callable[..., Any]
) -> None:
    client = desk("supervisor")

    def asked() -> int:
        client.get("/desk/figures", MONTH)
        with CaptureQueriesContext(connection) as queries:
            client.get("/desk/figures", MONTH)
        return len(queries)

    before = asked()
    for _n in range(10):
        report()
    ledger.sequence()
    while counting.count():
        pass
    assert asked() == before


def test_the_map_shades_areas_and_lists_the_same(desk: Desk, counted: list[Any], town: Town) -> None:
    client, code = desk("dispatcher"), town["east"].code
    page = client.get(f"/desk/figures/{code}/map", {**MONTH, "level": "grid"}).content.decode()
    assert ">5</a>" in page
    shapes = client.get(f"/desk/figures/{code}/areas", {**MONTH, "level": "grid"}).json()["features"]
    by_code = {each["properties"]["code"]: each["properties"] for each in shapes}
    assert by_code[town["grid"].code]["shades"][-1] == 5
    assert by_code[town["grid"].code]["said"][-1] == "5"
    assert by_code[town["grid2"].code]["shades"][-1] == 0
    dots = client.get(f"/desk/figures/{code}/points").json()["features"]
    assert {dot["properties"]["note"] for dot in dots} == {
        case.number for case in counted if case.lon is not None
    }
