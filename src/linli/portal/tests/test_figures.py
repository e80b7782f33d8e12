"""Last month's figures on the portal: counted, explained, and never about few."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Town
from django.test import Client

from linli.measures.formulas import Part
from linli.measures.models import Edition, MonthlyFigures
from linli.portal.views.figures import rows_of

pytestmark = pytest.mark.django_db
NEXT_MONTH = datetime(2026, 10, 9, tzinfo=UTC)


@pytest.fixture
def in_october(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linli.kit.clock.now", lambda: NEXT_MONTH)


def test_last_months_figures_stand_on_the_front_page(
    client: Client, town: Town, report: Any, in_october: None
) -> None:
    for n in range(12):
        report(at=NOW - timedelta(days=n))
    front = client.get("/").content.decode()
    assert "2026年9月" in front
    assert re.search(r'"ll-big">12\s*<', front)
    board = client.get("/figures/").content.decode()
    assert "怎么算的" in board
    assert "k = 10" in board


def _figures(client: Client) -> str:
    """What the page says, without the tokens of its forms."""
    page = client.get("/figures/").content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", page.split("<main")[1].split("</main>")[0]).split())


def test_published_once_and_not_changed(client: Client, town: Town, report: Any, in_october: None) -> None:
    for _ in range(12):
        report()
    before = _figures(client)
    report()
    assert "12" in before
    assert _figures(client) == before
    assert MonthlyFigures.objects.get(month=date(2026, 9, 1)).counts["accepted"] == 12


def test_a_month_of_few_shows_no_numbers(client: Client, town: Town, report: Any, in_october: None) -> None:
    for _ in range(3):
        report()
    assert "不显示" in client.get("/figures/").content.decode()


def test_no_figures_before_the_first_full_month(
    client: Client, town: Town, report: Any, at_noon: None
) -> None:
    report()
    assert "还没有满一个月" in client.get("/figures/").content.decode()
    assert "还没有满一个月" in client.get("/").content.decode()


def test_statements_stay_the_same_once_published(
    client: Client, town: Town, report: Any, in_october: None, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        report()
    client.get("/figures/")
    with django_assert_max_num_queries(5):
        client.get("/figures/")
    with django_assert_max_num_queries(3):
        client.get("/")


def test_the_table_can_be_taken_away(client: Client, town: Town, report: Any, in_october: None) -> None:
    for _ in range(12):
        report()
        report(place=town["west"])
    answer = client.get("/figures/2026-09.csv")
    assert "东河镇,12," in answer.content.decode()
    assert client.get("/figures/2026-11.csv").status_code == 404
    assert client.get("/figures/..%2F.csv").status_code == 404


def test_rows_hide_what_their_sum_would_tell() -> None:
    def part(code: str, accepted: int, due: int, late: int) -> Part:
        return Part(code=code, zh=code, en=code, accepted=accepted, due=due, late=late)

    rows = rows_of([part("a", 40, 40, 12), part("b", 4, 30, 2), part("c", 25, 25, 20), part("d", 0, 0, 0)])
    assert [row.accepted for row in rows] == [40, None, None, None]
    assert [row.due for row in rows] == [40, 30, 25, 0]
    assert [row.late for row in rows] == [12, None, None, 0]
    assert [row.rate for row in rows] == [70.0, None, None, None]


CHART = re.compile(r"<ll-chart.*?</ll-chart>", re.DOTALL)
NUMBER = re.compile(r'data-value="(\d[\d.]*)"')


def test_charts_of_channels_progress_and_places_are_those_of_the_edition(
    client: Client, town: Town, report: Any, in_october: None
) -> None:
    for n in range(14):
        report(channel="hotline" if n % 2 else "portal")
        report(place=town["west"], channel="portal")
    page = client.get("/figures/").content.decode()
    rows = json.loads(Edition.objects.get().json)["rows"]
    for name, ends in (("channels", "channel"), ("progress", "progress")):
        chart = CHART.search(page.split(f'id="{name}"')[1])
        assert chart is not None
        wanted = [row["matters"] for row in rows if row["table"] == ends]
        assert wanted
        assert [int(n) for n in NUMBER.findall(chart[0])] == wanted
    places = [int(n) for chart in CHART.findall(page.split("再往下看")[1]) for n in NUMBER.findall(chart)]
    assert sorted(places) == sorted(row["matters"] for row in rows if row["table"] == "place")


def test_no_chart_shows_what_stands_for_few(
    client: Client, town: Town, report: Any, in_october: None
) -> None:
    for n in range(25):
        report(channel="hotline" if n < 3 else "portal", place=town["west"] if n < 4 else town["grid"])
    numbers = [
        float(n)
        for chart in CHART.findall(client.get("/figures/").content.decode())
        for n in NUMBER.findall(chart)
    ]
    assert numbers
    assert all(n == 0 or n >= 10 for n in numbers)


def test_a_month_stands_beside_the_same_month_a_year_before(
    client: Client, town: Town, report: Any, in_october: None
) -> None:
    for _n in range(12):
        report(at=NOW - timedelta(days=365))
    for _n in range(15):
        report()
    assert "去年同月" not in client.get("/figures/?month=2026-08").content.decode().split("怎么算的")[0]
    monthly = MonthlyFigures.objects.values_list("month", flat=True)
    assert date(2025, 10, 1) in monthly
    row = MonthlyFigures.objects.get(month=date(2026, 9, 1))
    MonthlyFigures.objects.create(
        organisation=row.organisation,
        month=date(2025, 9, 1),
        published_at=row.published_at,
        counts={**row.counts, "accepted": 4321},
    )
    page = client.get("/figures/").content.decode()
    assert re.search(r'data-label="去年同月">4,321\s*<', page)
    assert 'data-value="4321"' in page.split('id="months"')[1].split("</ll-chart>")[0]
