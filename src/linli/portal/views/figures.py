"""The published figures of a month, each with how it is counted. Small cells are hidden (`measures.formulas`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.measures import actions as measures
from linli.measures.formulas import K, Part, alone, share, shown
from linli.people.access import public
from linli.portal.views import charts
from linli.portal.views.county import county_of, known_county
from linli.portal.views.month import Summary


@dataclass(frozen=True)
class Row:
    """A township or category as it is shown; None stands for a hidden cell."""

    label: str
    accepted: int | None
    due: int | None
    late: int | None
    rate: float | None


def latest(request: HttpRequest) -> Summary | None:
    """Last month's figures, for the front page."""
    county = known_county(request)
    row = measures.last_month(county=county, at=clock.now()) if county else None
    return Summary(row) if row else None


@public
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The month asked for (`month=2026-09`), else the last one published."""
    county = county_of(request)
    rows = measures.published(county=county, at=clock.now())
    if not rows:
        return render(request, "portal/figures_none.html")
    wanted = request.GET.get("month", "")
    at = next((n for n, row in enumerate(rows) if f"{row.month:%Y-%m}" == wanted), 0)
    now, counts = Summary(rows[at]), rows[at].counts
    kept = measures.kept(county=county, since=charts.year_before(rows[-1].month))
    known = {month: Summary(row) for month, row in kept.items()}
    edition = measures.editions_of(county).filter(month=rows[at].month).first()
    context = {
        "now": now,
        "before": Summary(rows[at + 1]) if at + 1 < len(rows) else None,
        "then": known.get(charts.year_before(now.figures.month)),
        "months": [row.month for row in rows],
        "towns": rows_of(counts["towns"]),
        "categories": rows_of(counts["categories"]),
        "k": K,
        **charts.drawn(now.figures.month, known, edition),
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
