"""Surges: what is far above its own level at a place, on a real year and on made-up ones."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Town
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.measures.actions import surges as watching
from linli.measures.formulas import surges
from linli.measures.formulas.surges import Key, Notice
from linli.measures.models import Rollup, SurgeNotice

WHOLE = next(
    iter(sorted(Path(__file__).resolve().parents[5].glob("*/data/boston311_2015_sample.csv.gz"))), None
)
FIRST, DAY = date(2015, 1, 1), timedelta(days=1)
CITY = "BOS/"
SNOW = {"Request for Snow Plowing (Emergency Responder)", "Misc. Snow Complaint"}
Counts = dict[Key, dict[date, int]]


def real_year(path: Path) -> tuple[Counts, dict[str, list[str]]]:
    """Requests a day by place and category, of the whole city and of each neighbourhood."""
    counts: Counts = defaultdict(lambda: defaultdict(int))
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = datetime.strptime(row["OPEN_DT"], "%m/%d/%Y %I:%M:%S %p").date()  # noqa: DTZ007  a day
            for place in {CITY, f"{CITY}{row['neighborhood'].strip()}/" if row["neighborhood"] else CITY}:
                counts[place, row["TYPE"]][day] += 1
    return counts, {CITY: sorted({place for place, _category in counts} - {CITY})}


@pytest.fixture(scope="module")
def notices() -> list[Notice]:
    if WHOLE is None:
        pytest.skip("no boston311_2015_sample.csv.gz in a data folder beside the project")
    return surges.replay(*real_year(WHOLE), FIRST, date(2015, 12, 31))


@pytest.mark.parametrize("onset", [date(2015, 1, 26), date(2015, 2, 2), date(2015, 2, 9), date(2015, 2, 15)])
def test_every_snow_storm_is_reported_within_two_days(onset: date, notices: list[Notice]) -> None:
    snow = [each.day for each in notices if each.place == CITY and SNOW & set(each.categories)]
    assert any(onset <= day <= onset + 2 * DAY for day in snow)


def test_the_threshold_is_far_from_losing_a_storm(notices: list[Notice]) -> None:
    snow = [each.surges[0] for each in notices if SNOW & set(each.categories)]
    assert len(snow) == 4
    assert max(surge.probability for surge in snow) < surges.SURGE / 10_000


def test_hardly_anything_else_is_reported_in_the_year(notices: list[Notice]) -> None:
    other = [each for each in notices if not SNOW & set(each.categories)]
    assert [(each.day.isoformat(), each.place.removeprefix(CITY), *each.categories) for each in other] == [
        ("2015-03-13", "West Roxbury/", "Pothole Repair (Internal)"),
        ("2015-08-05", "", "Tree Emergencies"),
        ("2015-08-26", "", "Traffic Signal Inspection"),
        ("2015-09-01", "Allston / Brighton/", "CE Collection"),
    ]


def test_a_day_is_told_from_the_days_before_it_alone(notices: list[Notice]) -> None:
    assert WHOLE is not None
    counts, below = real_year(WHOLE)
    until = date(2015, 2, 10)
    known = {key: {day: n for day, n in series.items() if day <= until} for key, series in counts.items()}
    assert surges.replay(known, below, FIRST, until) == [
        Notice(each.place, each.day, [surge for surge in each.surges if surge.day <= until])
        for each in notices
        if each.day <= until
    ]


# Made-up years ----------------------------------------------------------------------------------


def noise(seed: int, mean: float, days: int = 200) -> dict[date, int]:
    """Counts of a Poisson process: nothing happens in it."""
    dice = random.Random(seed)
    found = {}
    for n in range(days):
        events, time = 0, dice.expovariate(mean)
        while time < 1:
            events, time = events + 1, time + dice.expovariate(mean)
        found[FIRST + n * DAY] = events
    return found


def alone(series: dict[date, int], last: date = FIRST + 199 * DAY) -> list[Notice]:
    return surges.replay({("A/", "x.y"): series}, {}, FIRST, last)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.5, 3.0, 12.0]))
def test_noise_is_never_reported(seed: int, mean: float) -> None:
    assert alone(noise(seed, mean)) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.5, 3.0]), st.integers(40, 190))
def test_a_tenfold_rise_is_reported_on_its_second_day(seed: int, mean: float, onset: int) -> None:
    series, begin = noise(seed, mean), FIRST + onset * DAY
    for n in range(3):
        series[begin + n * DAY] += 15 + round(10 * mean)
    assert alone(series)[0].day == begin + DAY


def test_one_days_batch_is_no_surge() -> None:
    series = noise(1, 0.3)
    series[FIRST + 100 * DAY] = 40
    assert alone(series) == []


def test_one_neighbours_batch_is_no_surge_of_the_county() -> None:
    series = {FIRST + n * DAY: (20 if n in (100, 101) else n % 2) for n in range(150)}
    batch: Counts = {("A/", "x.y"): series, ("A/1/", "x.y"): series, ("A/2/", "x.y"): {}}
    found = surges.replay(batch, {"A/": ["A/1/", "A/2/"]}, FIRST, FIRST + 149 * DAY)
    assert [each.place for each in found] == ["A/1/"]


def test_what_comes_every_year_is_no_surge() -> None:
    series = noise(3, 0.3, days=420)
    for start in (30, 30 + 364):
        for n in range(6):
            series[FIRST + (start + n) * DAY] = 20
    found = alone(series, FIRST + 419 * DAY)
    assert [each.day for each in found] == [FIRST + 31 * DAY]


def test_surges_close_together_are_one_notice() -> None:
    series = noise(4, 0.2)
    for n in (100, 101, 103, 104, 130, 131):
        series[FIRST + n * DAY] = 25
    assert [each.day for each in alone(series)] == [FIRST + 101 * DAY, FIRST + 131 * DAY]


def test_too_short_a_history_says_nothing() -> None:
    assert alone({FIRST + n * DAY: 30 if n in (10, 11) else 0 for n in range(60)}) == []


# Kept notices -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_worker_keeps_a_notice_once_and_looks_at_a_day_once(
    town: Town, django_assert_max_num_queries: Any
) -> None:
    for n in range(80):
        for unit in ("county", "east", "west"):
            count = (12 if unit == "county" else 6) if n in (70, 71) else n % 2
            Rollup.objects.create(
                axis="place",
                path=town[unit].path,
                grain="day",
                channel="",
                category="facility.street_lamp",
                day=FIRST + n * DAY,
                kind="service_request",
                received=count,
            )
    county = watching.replay(county=town["county"], first=FIRST, last=FIRST + 79 * DAY)
    assert [(each.place, each.day) for each in county] == []
    Rollup.objects.filter(path=town["county"].path, day=FIRST + 71 * DAY).update(received=60)
    Rollup.objects.filter(path=town["county"].path, day=FIRST + 70 * DAY).update(received=40)
    at = datetime(2015, 3, 14, 1, tzinfo=UTC)
    assert watching.watch(at=at - DAY) == 0
    assert watching.watch(at=at) == 1
    assert watching.watch(at=at) == 0
    kept = SurgeNotice.objects.get()
    assert (kept.organisation_id, kept.day) == (town["county"].pk, FIRST + 71 * DAY)
    assert kept.surges[0]["counts"] == [40, 60]
    assert [each.pk for each in watching.recent(path=town["county"].path, on=at.date())] == [kept.pk]
    assert watching.recent(path=town["east"].path, on=at.date()) == []
