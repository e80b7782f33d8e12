"""`linli publish MONTH`."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from conftest import Town
from django.core.management import CommandError, call_command

from linli.measures.models import Edition, MonthlyFigures
from linli.ops.working import count_last_month

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2026, 10, 1, 0, 30, tzinfo=UTC)


@pytest.fixture
def county(town: Town, report: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    settings.COUNTY_CODE = town["county"].code
    monkeypatch.setattr("linli.kit.clock.now", lambda: OCTOBER)
    for _ in range(12):
        report()
    return town


def publish(*month: str) -> str:
    out = StringIO()
    call_command("publish", *month, stdout=out)
    return out.getvalue()


def test_publishes_last_month_once_and_names_the_digests(county: Town, report: Any) -> None:
    said = publish()
    edition = Edition.objects.get()
    assert f"open-data/2026-09.csv  sha256 {edition.csv_digest}" in said
    report()
    assert publish("2026-09") == said
    assert Edition.objects.count() == MonthlyFigures.objects.count() == 1


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        ("2026-13", "不是月份"),
        ("2026-9", "不是月份"),
        ("0000-01", "不是月份"),
        ("2026-10", "还没有过完"),
        ("2027-01", "还没有过完"),
        ("2019-01", "没有收到过事项"),
    ],
)
def test_says_why_a_month_cannot_be_published(county: Town, month: str, expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        publish(month)
    assert not Edition.objects.exists()


def test_says_which_county_is_missing(settings: Any) -> None:
    settings.COUNTY_CODE = "999999"
    with pytest.raises(CommandError, match="999999"):
        publish()


def test_the_worker_publishes_the_month_that_has_ended(
    county: Town, django_assert_max_num_queries: Any
) -> None:
    count_last_month(OCTOBER)
    assert [f"{edition.month:%Y-%m}" for edition in Edition.objects.all()] == ["2026-09"]
    with django_assert_max_num_queries(2):
        count_last_month(OCTOBER)
