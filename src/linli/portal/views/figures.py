"""The published figures of a month, each with how it is counted. Small cells are hidden (`measures.formulas`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.measures import actions as measures
from linli.measures.formulas import Counts, K, Part, alone, share, shown
from linli.measures.models import MonthlyFigures
from linli.people.access import public
from linli.portal.views.county import county_of, known_county

GRADES = ("5", "4", "3", "2", "1")
CHART_TOP, CHART_HEIGHT = 14, 190


@dataclass(frozen=True)
class Row:
    """A township or category as it is shown; None stands for a hidden cell."""

    label: str
    accepted: int | None
    due: int | None
    late: int | None
    rate: float | None


@dataclass(frozen=True)
class Summary:
    """The main figures of a month as they are shown."""

    figures: MonthlyFigures

    @property
    def counts(self) -> Counts:
        counts: Counts = self.figures.counts
        return counts

    @property
    def late_total(self) -> int:
        return self.counts["late_closed"] + self.counts["late_open"]

    @property
    def accepted(self) -> int | None:
        return shown([self.counts["accepted"]])[0]

    @property
    def due(self) -> int | None:
        return shown([self.counts["due"]])[0]

    @property
    def late(self) -> int | None:
        return _both(self.late_total, self.counts["due"] - self.late_total)

    @property
    def on_time(self) -> int | None:
        return None if self.late is None or self.due is None else self.due - self.late

    @property
    def rate(self) -> float | None:
        return share(self.counts["due"] - self.late_total, self.counts["due"])

    @property
    def late_closed(self) -> int | None:
        return self._late_parts[0]

    @property
    def late_open(self) -> int | None:
        return self._late_parts[1]

    @property
    def _late_parts(self) -> list[int | None]:
        return shown([self.counts["late_closed"], self.counts["late_open"]])

    @property
    def closed(self) -> int | None:
        return shown([self.counts["closed"]])[0]

    @property
    def reworked(self) -> int | None:
        return _both(self.counts["reworked"], self.counts["closed"] - self.counts["reworked"])

    @property
    def rework_rate(self) -> float | None:
        return share(self.counts["reworked"], self.counts["closed"])

    @property
    def reopened(self) -> int | None:
        return shown([self.counts["reopened"]])[0]

    @property
    def on_hold(self) -> int | None:
        return shown([self.counts["on_hold"]])[0]

    @property
    def dissatisfied(self) -> int | None:
        cells = self.grades
        lowest = [cells[3]["n"], cells[4]["n"]]
        return None if None in lowest else sum(n for n in lowest if n is not None)

    @property
    def rated(self) -> int:
        return sum(self.counts["grades"].values())

    @property
    def grades(self) -> list[dict[str, Any]]:
        """The five official grades; the closed matters nobody rated complete the row whose sum is published."""
        graded = [self.counts["grades"].get(grade, 0) for grade in GRADES]
        cells = shown([*graded, self.counts["closed"] - self.rated])
        return [
            {"label": label, "css": css, "n": cell, "share": _share_of(cell, self.rated)}
            for label, css, cell in zip(_grade_labels(), COLOURS, cells, strict=False)
        ]

    @property
    def unrated(self) -> int | None:
        graded = [self.counts["grades"].get(grade, 0) for grade in GRADES]
        return shown([*graded, self.counts["closed"] - self.rated])[-1]


COLOURS = ("ch-ok", "ch-mid", "ch-soft", "ch-accent", "ch-late")


def _grade_labels() -> list[str]:
    return [_("非常满意"), _("满意"), _("基本满意"), _("不满意"), _("非常不满意")]


def _both(part: int, rest: int) -> int | None:
    """A part whose whole is published: hidden where it or the rest is small."""
    return shown([part, rest])[0]


def _share_of(cell: int | None, whole: int) -> float | None:
    return None if cell is None or whole < K else 100 * cell / whole


def latest(request: HttpRequest) -> Summary | None:
    """Last month's figures, for the front page."""
    county = known_county(request)
    row = measures.last_month(county=county, at=clock.now()) if county else None
    return Summary(row) if row else None


@public
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The month asked for (`month=2026-09`), else the last one published."""
    rows = measures.published(county=county_of(request), at=clock.now())
    if not rows:
        return render(request, "portal/figures_none.html")
    wanted = request.GET.get("month", "")
    at = next((n for n, row in enumerate(rows) if f"{row.month:%Y-%m}" == wanted), 0)
    counts: Counts = rows[at].counts
    context = {
        "now": Summary(rows[at]),
        "before": Summary(rows[at + 1]) if at + 1 < len(rows) else None,
        "months": [row.month for row in rows],
        "towns": rows_of(counts["towns"]),
        "categories": rows_of(counts["categories"]),
        "trend": _trend(rows),
        "k": K,
    }
    return render(request, "portal/figures.html", context)


@public
@require_safe
def figures_csv(request: HttpRequest, month: str) -> HttpResponse:
    """The same figures as a table for a spreadsheet; a hidden cell stays empty."""
    rows = measures.published(county=county_of(request), at=clock.now())
    row = next((row for row in rows if f"{row.month:%Y-%m}" == month), None)
    if row is None:
        raise Http404
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="figures-{month}.csv"'
    table = csv.writer(response)
    table.writerow(
        [
            _("乡镇或类别"),
            pgettext("figure", "受理"),
            pgettext("figure", "到期"),
            pgettext("figure", "超期"),
            _("按期办结率"),
        ]
    )
    for part in [*rows_of(row.counts["towns"]), *rows_of(row.counts["categories"])]:
        rate = "" if part.rate is None else f"{part.rate:.1f}%"
        table.writerow(
            [part.label, *(("" if n is None else n) for n in (part.accepted, part.due, part.late)), rate]
        )
    return response


def rows_of(parts: list[Part]) -> list[Row]:
    """Townships or categories with small cells hidden, so that the sums of the county give none of them away.

    What was accepted also stands in the month's open data, so the same cells are joined there and hidden here.
    """
    accepted = alone([part["accepted"] for part in parts])
    due = shown([part["due"] for part in parts])
    few = [n for n, part in enumerate(parts) if 0 < part["due"] - part["late"] < K]
    late = shown([part["late"] for part in parts], also=few)
    english = (get_language() or "").startswith("en")
    return [
        Row(
            label=part["en"] if english else part["zh"],
            accepted=accepted[n],
            due=due[n],
            late=late[n],
            rate=share(part["due"] - part["late"], part["due"]) if None not in (due[n], late[n]) else None,
        )
        for n, part in enumerate(parts)
    ]


def _trend(rows: list[MonthlyFigures]) -> dict[str, Any] | None:
    """The share finished in time, month by month, as points of a chart; None with fewer than two months."""
    known = [(row.month, rate) for row in reversed(rows) if (rate := Summary(row).rate) is not None]
    if len(known) < 2:
        return None
    floor = min(int(min(rate for _month, rate in known) // 10) * 10, 90)
    step = 85 / (len(known) - 1)
    points = [
        {
            "month": month,
            "rate": rate,
            "x": f"{12 + n * step:.2f}%",
            "y": f"{CHART_TOP + (100 - rate) / (100 - floor) * CHART_HEIGHT:.1f}",
            "line": f"{100 * n / (len(known) - 1):.2f},{(100 - rate) / (100 - floor) * 100:.2f}",
        }
        for n, (month, rate) in enumerate(known)
    ]
    levels = range(floor, 101, 10 if floor > 50 else 20)
    lines = [{"n": n, "y": f"{CHART_TOP + (100 - n) / (100 - floor) * CHART_HEIGHT:.1f}"} for n in levels]
    return {"points": points, "lines": lines, "floor": floor}
