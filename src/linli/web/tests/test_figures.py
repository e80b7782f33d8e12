"""Figures lead to the cases they count, under the reader's rights, in a fixed number of statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.cases.models import Case
from linli.cases.procedures import calendar
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.measures.actions import counting, reading
from linli.measures.actions.behind import cases_behind
from linli.measures.actions.reading import View
from linli.measures.formulas import indicators, sums
from linli.measures.tests.test_rollups import closed
from linli.mediation.actions import screening
from linli.mediation.models import Mediation, ScreeningRound
from linli.mediation.tests.story import Story
from linli.web.views.figures import folds
from linli.web.views.figures import map as figures_map

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


ANY_NUMBER = re.compile(r'href="(/desk/[^"]+)"[^>]*>([\d,]+)</a>')
A_SHARE = re.compile(r'href="(/desk/[^"]+/cases\?[^"]+)"[^>]*>[\d.]+%</a>')
CASE = re.compile(r"\b\d{6}-[0-9A-Z]{5}\b")
VILLAGE = re.compile(r'<th scope="row" class="fw-normal">([^<]+)</th>')
BOARDS = {
    "county": "supervisor",
    "east": "dispatcher",
    "village": "dispatcher",
    "grid": "dispatcher",
    "east_works": "handler",
    "east_committee": "chair",
}


@pytest.fixture
def busy(
    town: Town, cast: Cast, report: Callable[..., Any], move: Callable[..., Any], dispute: Callable[..., Any]
) -> None:
    """Requests of every fate and of two months, one of them at the works office; disputes of the committee."""
    wrong = {"route": "court", "reason": "这是合同纠纷，请到人民法院起诉。"}
    move(report().case, "decline", "dispatcher", **wrong)
    for days in (45, 20, 1):
        report(at=NOW - timedelta(days=days), channel="hotline" if days == 20 else "portal")
    case = report(category="environment.sewage").case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler")
    for stage in ("consent_check", "in_mediation"):
        Story(cast, dispute().case.pk).to(stage)
    ledger.sequence()
    while counting.count():
        pass


@pytest.mark.parametrize("unit", BOARDS)
def test_every_number_of_every_board_leads_to_so_many_cases(
    unit: str, desk: Desk, busy: None, town: Town
) -> None:
    client = desk(BOARDS[unit])
    page = client.get(f"/desk/figures/{town[unit].code}", MONTH).content.decode()
    found = {(href.replace("&amp;", "&"), int(n.replace(",", ""))) for href, n in ANY_NUMBER.findall(page)}
    assert len(found) > 4
    for href, n in found:
        answer = client.get(href)
        assert answer.status_code == 200, href
        main = answer.content.decode().split("<main")[1]
        listed = set((VILLAGE if "/screening?" in href else CASE).findall(main))
        assert len(listed) == n, (href, n)


def test_shares_and_times_lead_to_the_cases_they_are_of(desk: Desk, busy: None, town: Town) -> None:
    client, code = desk("supervisor"), town["county"].code
    page = client.get(f"/desk/figures/{code}", MONTH).content.decode().replace("&amp;", "&")
    assert len(A_SHARE.findall(page)) > 3
    timed = client.get(f"/desk/figures/{code}/cases", {**MONTH, "count": "contact_median"})
    listed = timed.content.decode().split("<main")[1]
    assert "首次答复用时（中位数）" in listed
    assert f"：{len(set(CASE.findall(listed)))}</h1>" in listed
    handled = client.get(f"/desk/figures/{code}/cases", {**MONTH, "count": "received,-declined"})
    words = re.sub(r"\s+", "", handled.content.decode().split("<h1")[1].split("</h1>")[0])
    assert words.endswith(f"−不予受理：{len(set(CASE.findall(handled.content.decode().split('<main')[1])))}")
    for unknown in ("contact", "on_time,contact_median", "-", "received,-contact"):
        assert client.get(f"/desk/figures/{code}/cases?count={unknown}").status_code == 404


def test_the_numbers_of_a_year_ago_are_links_too(
    desk: Desk, busy: None, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = NOW.replace(year=NOW.year + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    page = desk("supervisor").get("/desk/figures", {"month": "2027-09"}).content.decode()
    found = {(href.replace("&amp;", "&"), n) for href, n in links(page) if "month=2026-09" in href}
    assert any("count=received" in href for href, _n in found)
    for href, n in found:
        listed = desk("supervisor").get(href).content.decode()
        assert len(set(CASE.findall(listed.split("<main")[1]))) == n, href


def test_an_area_of_the_map_opens_to_the_list_behind_its_number(desk: Desk, busy: None, town: Town) -> None:
    client, code = desk("supervisor"), town["county"].code
    for show, listed in (("received", 4), ("share:mediation_settled", 1)):
        asked = {**MONTH, "level": "township", "show": show}
        shapes = client.get(f"/desk/figures/{code}/areas", asked).json()["features"]
        url = {each["properties"]["code"]: each["properties"]["url"] for each in shapes}[town["east"].code]
        table = client.get(f"/desk/figures/{code}/map", asked).content.decode().replace("&amp;", "&")
        assert f'href="{url}"' in table, show
        page = client.get(url).content.decode().split("<main")[1]
        assert len(set(CASE.findall(page))) == listed, show


def test_who_handles_or_mediates_sees_the_figures_of_the_own_unit_alone(
    desk: Desk, busy: None, town: Town
) -> None:
    for who, unit, other in (
        ("handler", "east_works", "east_committee"),
        ("chair", "east_committee", "east"),
    ):
        client = desk(who)
        assert town[unit].label in client.get("/desk/figures").content.decode()
        assert client.get(f"/desk/figures/{town[other].code}").status_code == 404
    assert desk("grid_worker").get("/desk/figures").status_code == 404


def test_a_committee_sees_what_it_settled_how_long_it_takes_and_rounds_of_screening(
    desk: Desk, busy: None, town: Town, cast: Cast
) -> None:
    screening.record_round(
        place=town["village"], month=date(2026, 9, 1), found=1, by=cast["centre"], at=NOW - timedelta(days=1)
    )
    page = desk("chair").get("/desk/figures", MONTH).content.decode()
    charts = {
        name: page.split(f'id="{name}"')[1].split("</ll-chart>")[0] for name in ("f-screened", "f-ageing")
    }
    assert "调解成功率" in page
    assert "按期结案率" not in page
    assert re.search(r"26年9月</a>|26年9月</th>", charts["f-screened"])
    assert re.findall(r'data-value="(\d+)"', charts["f-screened"])[-2:] == ["1", "1"]
    assert re.findall(r'data-value="(\d+)"', charts["f-ageing"]) == ["2", "0", "0", "0"]


def test_every_number_of_screening_leads_to_its_villages_and_their_cases(
    desk: Desk, busy: None, town: Town, cast: Cast
) -> None:
    done = screening.record_round(
        place=town["village"], month=date(2026, 9, 1), found=3, by=cast["centre"], at=NOW - timedelta(days=1)
    )
    found = Case.objects.filter(kind="mediation").first()
    assert found is not None
    Mediation.objects.filter(pk=found.pk).update(screening=done)
    for who, unit, villages in (
        ("supervisor", "county", 2),
        ("centre", "east", 1),
        ("chair", "east_committee", 1),
    ):
        client, code = desk(who), town[unit].code
        page = client.get(f"/desk/figures/{code}", MONTH).content.decode()
        behind = f"/desk/figures/{code}/screening?month=2026-09"
        assert f'href="{behind}"' in page, unit
        listed = client.get(behind).content.decode().split("<main")[1].replace("&amp;", "&")
        assert len(VILLAGE.findall(listed)) == villages, unit
        assert f"1 ÷ {villages}" in listed
        cases = re.findall(r'href="(/desk/cases\?open=all&of=rounds[^"]+)"[^>]*>(\d+)<', listed)
        assert {n for _href, n in cases} == {"1"}
        for href, _n in cases:
            assert found.number in client.get(href).content.decode(), href
    assert desk("outsider").get(f"/desk/figures/{town['east'].code}/screening").status_code == 404
    assert desk("grid_worker").get(f"/desk/figures/{town['grid'].code}/screening").status_code == 404


def test_a_village_of_which_a_grid_is_missing_is_not_done_and_what_was_found_shows(
    desk: Desk, busy: None, town: Town, cast: Cast
) -> None:
    for grid, who, said in (("grid", "grid_worker", "没有排查完"), ("grid2", "sibling_worker", "已排查")):
        screening.record_round(place=town[grid], month=date(2026, 9, 1), found=1, by=cast[who], at=NOW)
        page = desk("supervisor").get(f"/desk/figures/{town['east'].code}/screening", MONTH).content.decode()
        row = page.split('<th scope="row"')[1].split("</tr>")[0]
        n = ScreeningRound.objects.count()
        assert said in row
        assert f">{n}<" in row
        assert f"{n // 2} ÷ 1" in page


def test_offices_have_neither_a_map_nor_disputes(desk: Desk, busy: None, town: Town) -> None:
    for who, unit in (("handler", "east_works"), ("chair", "east_committee")):
        code = town[unit].code
        page = desk(who).get(f"/desk/figures/{code}", MONTH).content.decode()
        assert f"/desk/figures/{code}/map" not in page
        for part in ("map", "areas", "points"):
            assert desk(who).get(f"/desk/figures/{code}/{part}").status_code == 404
        assert ("调解成功率" in page) == (unit == "east_committee")
    assert "<ll-print>" in desk("supervisor").get("/desk/figures", MONTH).content.decode()


def test_the_map_shows_every_indicator(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], town: Town, cast: Cast
) -> None:
    closed(report().case, move, town, NOW)
    ledger.sequence()
    while counting.count():
        pass
    screening.record_round(place=town["village"], month=date(2026, 9, 1), found=0, by=cast["centre"], at=NOW)
    client, code = desk("supervisor"), town["county"].code
    page = client.get(f"/desk/figures/{code}/map", MONTH).content.decode()
    choices = re.findall(r'<option value="([a-z0-9_]+:[a-z0-9_]+)"', page)
    assert {choice.split(":")[1] for choice in choices} == set(indicators.indicators())
    for choice, said in (("time:contact_median", "小时"), ("screened:screened", "100.0%")):
        asked = {**MONTH, "level": "township", "show": choice}
        shapes = client.get(f"/desk/figures/{code}/areas", asked).json()["features"]
        east = next(each["properties"] for each in shapes if each["properties"]["code"] == town["east"].code)
        assert said in east["said"][-1]
        assert east["said"][0] == "—" or choice.startswith("screened")
        table = client.get(f"/desk/figures/{code}/map", asked).content.decode().replace("&amp;", "&")
        assert f'href="{east["url"]}">{east["said"][-1]}<' in table
        assert client.get(east["url"]).status_code == 200


def test_a_long_table_of_areas_is_folded_by_township(
    desk: Desk, counted: list[Any], town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "SHORT", 1)
    address = f"/desk/figures/{town['county'].code}/map"
    page = desk("supervisor").get(address, {**MONTH, "level": "village"}).content.decode()
    assert page.count('<details class="ll-fold">') == 2
    assert re.search(r"东河镇</b><span[^>]*>5</span>", page)
    page = desk("supervisor").get(address, {**MONTH, "level": "grid"}).content.decode()
    assert page.count('<details class="ll-fold">') == 2
    page = desk("supervisor").get(address, {**MONTH, "level": "township"}).content.decode()
    assert "ll-fold" not in page


def test_the_cases_behind_a_number_are_those_that_add_to_it(counted: list[Any], town: Town) -> None:
    for unit in ("county", "east", "village", "grid", "west"):
        view = View.of(town[unit], date(2026, 9, 1), date(2026, 10, 1))
        totals = reading.totals(view)
        for name in sums.NAMES:
            assert (cases_behind(view, [name]).count() > 0) == (totals[name] > 0), (unit, name)
    with pytest.raises(ValueError, match="no such count"):
        cases_behind(view, ["received'); DROP TABLE"])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-hans", "另有 1 件次现在在别的单位，您的岗位打不开，只计数：列出的 1 加 1，合 2。"),
        ("en", "1 more are with other offices now."),
    ],
)
def test_what_counts_and_has_left_the_unit_is_counted_below_the_list_and_not_shown(
    desk: Desk,
    report: Callable[..., Any],
    move: Callable[..., Any],
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    said: str,
) -> None:
    """Two were taken up late by the works office; one has gone to the county since."""
    stays, left = report().case, report().case
    late = NOW + timedelta(days=20)
    for case in (stays, left):
        closed(case, move, town, late)
    ledger.sequence()
    while counting.count():
        pass
    housing = town["county_housing"]
    Case.objects.filter(pk=left.pk).update(holder=housing, holder_path=housing.path)
    monkeypatch.setattr(clock, "now", lambda: late)
    client = desk("handler")
    client.cookies["linli_language"] = language
    asked = {"month": "2026-10", "axis": "holder", "count": "assessed"}
    address = f"/desk/figures/{town['east_works'].code}/cases"
    page = client.get(address, asked).content.decode()
    assert stays.number in page
    assert left.number not in page
    assert said in page
    whole = desk("supervisor").get(address, asked).content.decode()
    assert left.number in whole
    assert "只计数" not in whole


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
    desk: Desk, counted: list[Any], report: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "RECHECK_SECONDS", 600.0)
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
    areas = client.get(f"/desk/figures/{code}/areas", {**MONTH, "level": "grid"}).json()
    assert areas["shades"] == ["1", "2", "3", "4", "5"]
    shapes = areas["features"]
    by_code = {each["properties"]["code"]: each["properties"] for each in shapes}
    assert by_code[town["grid"].code]["shades"][-1] == 5
    assert by_code[town["grid"].code]["said"][-1] == "5"
    assert by_code[town["grid2"].code]["shades"][-1] == 0
    dots = client.get(f"/desk/figures/{code}/points").json()["features"]
    assert {dot["properties"]["note"] for dot in dots} == {
        case.number for case in counted if case.lon is not None
    }


@pytest.mark.parametrize(
    ("shown", "numbers", "shades", "legend"),
    [
        ("received", [0, 1, 2, 3, None], [0, 2, 4, 5, 0], ["", "1", "", "2", "3"]),
        ("share:on_time", [0.0, 50.0, 100.0, None], [1, 3, 5, 0], ["20.0%", "40.0%", "60.0%", "80.0%", "100.0%"]),
        ("share:on_time", [0.0, None], [1, 0], ["0.0%", "", "", "", ""]),
    ],
)  # fmt: skip
def test_a_shade_says_its_numbers_and_none_of_a_share_is_not_nothing(
    shown: str, numbers: list[float | None], shades: list[int], legend: list[str]
) -> None:
    scale = figures_map.Scale(figures_map.shown()[shown], max(n for n in numbers if n is not None))
    assert [scale.shade(n) for n in numbers] == shades
    assert scale.legend == legend


def test_places_below_are_cards_on_a_phone(desk: Desk, counted: list[Any]) -> None:
    page = desk("supervisor").get("/desk/figures", MONTH).content.decode()
    below = page[page.index('id="f-below1"') :]
    assert re.findall(r'data-label="([^"]+)"', below)[:4] == ["收到", "按期", "超期", "按期结案率"]


def test_what_is_open_is_drawn_by_state_as_it_is_written(desk: Desk, counted: list[Any]) -> None:
    context = desk("supervisor").get("/desk/figures", MONTH).context
    (funnel,) = [chart for chart in context["charts"] if chart.id == "f-states"]
    assert [(line.label, line.cells[0].value) for line in funnel.lines] == [
        (step.label, step.n) for step in context["funnel"]
    ]
    assert sum(step.n for step in context["funnel"]) == len(counted)


def test_what_has_nothing_to_show_this_month_is_left_out(
    desk: Desk,
    report: Callable[..., Any],
    move: Callable[..., Any],
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = report().case
    later = NOW + timedelta(days=3)  # the next month: nothing of what is shown is counted, supervision is
    for verb, by, given in (
        ("accept", "dispatcher", {}),
        ("dispatch", "dispatcher", {"unit": str(town["east_works"].pk)}),
        ("supervise", "supervisor", {"order": "学生晚上看不清路，请尽快。"}),
    ):
        move(case, verb, by, at=later, **given)
    ledger.sequence()
    while counting.count():
        pass
    monkeypatch.setattr(clock, "now", lambda: later)
    assert any(reading.totals(View.of(town["east"], date(2026, 10, 1), date(2026, 11, 1))).values())
    context = desk("supervisor").get("/desk/figures", {"month": "2026-10"}).context
    assert [line for below in context["below"] for line in below.lines] == []
    parts = [chart for chart in context["charts"] if chart.id in ("f-categories", "f-channels")]
    assert [chart.lines for chart in parts] == [[], []]
    context = desk("supervisor").get("/desk/figures", MONTH).context
    assert [line.label for line in context["below"][0].lines] == [town["east"].label]
