"""Indicators are files; what a file may say, and what none may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases.models import Case, Event
from linli.measures.actions import counting, reading
from linli.measures.actions.reading import View
from linli.measures.formulas import indicators as data
from linli.measures.formulas import sums
from linli.measures.formulas.mediations import percent
from linli.measures.tests.test_mediations import AUGUST, PRINTED, disputes, huangshi
from linli.measures.tests.test_rollups import count_all
from linli.mediation.actions import screening
from linli.mediation.models import Category

TEXT = (
    Path(data.__file__)
    .parent.parent.joinpath("data", "indicators", "on_time.toml")
    .read_text(encoding="utf-8")
)
NAMED = {
    "closed", "on_time", "urgent_closed", "reworked", "extended", "returned", "answered", "resolved",
    "satisfied", "contact_median", "contact_p90", "close_median", "close_p90", "reopened",
    "mediation_settled", "screened", "merged",
}  # fmt: skip


def test_every_indicator_has_its_words_in_both_languages() -> None:
    known = data.indicators()
    assert set(known) >= NAMED
    for each in known.values():
        for label in (each.label, each.definition, each.source):
            assert label.zh, each.code
            assert label.en, each.code
            assert label.zh != label.en, each.code
        if each.form == "share":
            assert "÷" in each.definition.zh
            assert "÷" in each.definition.en
    assert all(count.meaning.zh and count.meaning.en for count in data.counts().values())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('part = "on_time"', 'part = "on_tme"'),
        ('whole = "due"', 'whole = "due * 2"'),
        ('whole = "due"\n', ""),
        ('form = "share"', 'form = "ratio"'),
        ('better = "up"', 'better = "more"'),
        ('kind = "local"', 'kind = "hearsay"'),
        ("position = 10", "position = 10\nweight = 3"),
        ('form = "share"', 'form = "median"'),
    ],
)
def test_refuses_what_it_does_not_know(old: str, new: str) -> None:
    assert data.load("on_time", TEXT).part.names == {"on_time"}
    assert old in TEXT
    with pytest.raises(data.IndicatorError):
        data.load("on_time", TEXT.replace(old, new))


def test_what_people_report_is_never_held_against_anybody() -> None:
    """The planted violation: a figure that is better the fewer people report something."""
    for better in ("down", "up"):
        planted = TEXT.replace('part = "on_time"', 'part = "received"').replace('"up"', f'"{better}"')
        with pytest.raises(data.IndicatorError, match="rights"):
            data.load("petitions", planted)
    for each in data.indicators().values():
        reports = {name for name in each.part.names if data.counts()[name].by == "report"}
        assert not reports or each.better == "neither", each.code


def test_no_indicator_is_about_a_person() -> None:
    """Nothing is kept that could be one: the sums know units, categories, channels and kinds, nobody else."""
    assert set(sums.KEYS) == {"axis", "path", "grain", "channel", "category", "day", "kind"}
    words = " ".join(f"{each.label.zh}{each.definition.zh}" for each in data.indicators().values())
    for person in ("上访", "信访人", "重复反映人", "人员"):
        assert person not in words


def test_a_share_of_nothing_is_no_figure() -> None:
    assert data.load("on_time", TEXT).of({}) is None
    assert data.load("on_time", TEXT).of({"on_time": 3, "due": 4}) == 75


@pytest.mark.django_db
def test_the_printed_month_comes_out_of_the_sums(town: Town) -> None:
    """Huangshi, August 2016: 842 of 869 are printed as 96.9 %."""
    Category.objects.bulk_create(Category(code=code, name_zh=code, name_en=code) for code in PRINTED)
    disputes(town["village"], huangshi())
    Event.objects.bulk_create(
        Event(
            case=case,
            number=1,
            kind="mediation.accepted",
            verb="open",
            state=case.state,
            at=case.received_at,
            received_at=case.received_at,
            actor_kind="staff",
            is_public=False,
        )
        for case in Case.objects.all()
    )
    list(counting.rebuild())
    view = View.of(town["county"], AUGUST, date(2016, 9, 1), kind="mediation")
    figure = reading.figure("mediation_settled", view)
    assert (figure.part, figure.whole, str(percent(figure.part, figure.whole))) == (842, 869, "96.9")


@pytest.mark.django_db
def test_villages_screened(town: Town, cast: Cast, committee: Any) -> None:
    month = date(2026, 9, 1)
    screening.record_round(
        place=town["village"], month=month, found=2, by=cast["centre"], at=datetime(2026, 9, 20, tzinfo=UTC)
    )
    figure = reading.figure("screened", View.of(town["county"], month, date(2026, 10, 1)))
    assert (figure.part, figure.whole, figure.value, figure.is_reached) == (1, 2, 50, False)


@pytest.mark.django_db
def test_a_village_is_screened_when_each_of_its_grids_is(town: Town, cast: Cast) -> None:
    month, at = date(2026, 9, 1), datetime(2026, 9, 20, tzinfo=UTC)
    view = View.of(town["county"], month, date(2026, 10, 1))
    for grid, who, done in (("grid", "grid_worker", 0), ("grid2", "sibling_worker", 1)):
        screening.record_round(place=town[grid], month=month, found=0, by=cast[who], at=at)
        figure = reading.figure("screened", view)
        assert (figure.part, figure.whole) == (done, 2)


@pytest.mark.django_db
def test_every_indicator_can_be_read(town: Town, report: Any) -> None:
    report()
    count_all()
    found = {
        each.indicator.code: each
        for each in reading.figures(View.of(town["county"], date(2026, 9, 1), date(2026, 10, 1)))
    }
    assert set(found) == set(data.indicators())
    assert (found["merged"].value, found["merged"].is_reached) == (0, None)
    assert found["on_time"].value is None


@pytest.mark.django_db
def test_figures_of_several_months_together_are_those_of_each(
    town: Town, cast: Cast, report: Any, move: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (70, 40, 35, 3):
        case = report(at=NOW - timedelta(days=days)).case
        move(case, "accept", "dispatcher", at=NOW - timedelta(days=days, hours=-5))
    count_all()
    view = View.of(town["county"], date(2026, 9, 1), date(2026, 10, 1))
    months = [date(2026, 9, 1), date(2026, 8, 1), date(2026, 7, 1), date(2025, 9, 1)]
    whole = replace(view, begin=date(2025, 9, 1))
    series = {kind: reading.by_month(replace(whole, kind=kind)) for kind in ("service_request", "mediation")}
    for limit in (reading.EXACT_UP_TO, 0):
        monkeypatch.setattr(reading, "EXACT_UP_TO", limit)
        for month, found in zip(months, reading.by_month_figures(view, months, series), strict=True):
            assert found == reading.figures(replace(view, begin=month, end=reading.next_month(month))), month
            assert month.year == 2025 or any(each.value is not None for each in found)
