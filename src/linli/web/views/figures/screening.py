"""Behind the figures of screening: which villages were gone through in a month, what was found, and its cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.kit.charts import Cell, Line
from linli.mediation.actions import screening
from linli.mediation.actions.screening import PLACES, Tally
from linli.orgs.models import Organisation
from linli.people.access import requires
from linli.web.views import sources

from .asked import Asked
from .folds import Fold, folded
from .standing import BY_HAND


@dataclass(frozen=True)
class Screened:
    """A village or community with what its month came to."""

    unit: Organisation
    tally: Tally


@requires("measures.view")
@require_safe
def rounds(request: HttpRequest, code: str) -> HttpResponse:
    """Every village under a place, or under the place a committee serves; in a fixed number of statements."""
    asked = Asked.read(request, code)
    place = screened_by(asked.unit)
    villages = list(_standing(place, asked))
    found = screening.below(place, [place.path, *(unit.path for unit in villages)], [asked.month])
    tallies = [Screened(unit, found.get((unit.path, asked.month), Tally())) for unit in villages]
    context = {
        "asked": asked,
        "place": place,
        "total": found.get((place.path, asked.month), Tally()),
        "cases": sources.of_rounds(place, asked.month),
        "folds": list(_folds(asked, tallies)),
        "heads": (_("这个月"), _("发现（起）"), _("登记成件")),
    }
    return render(request, "web/figures/screening.html", context)


def screened_by(unit: Organisation) -> Organisation:
    """The place whose rounds a unit is concerned with: a committee or office with those of the place it serves."""
    return unit.parent if unit.kind in BY_HAND and unit.parent else unit


def _standing(place: Organisation, asked: Asked) -> Iterator[Organisation]:
    end = asked.view.end
    units = Organisation.objects.below(place).filter(kind__in=PLACES).select_related("parent")
    for unit in units.order_by("path"):
        if unit.valid_from < end and (unit.valid_until is None or unit.valid_until >= end):
            yield unit


def _folds(asked: Asked, tallies: Sequence[Screened]) -> Iterator[Fold]:
    for fold in folded(tallies, lambda each: each.unit.parent):
        rows = list(fold.rows)
        said = f"{sum(each.tally.done for each in rows):,} ÷ {len(rows):,}"
        yield Fold(fold.unit, said, [_line(asked, each) for each in rows], is_open=fold.is_open)


def _line(asked: Asked, each: Screened) -> Line:
    tally = each.tally
    href = sources.of_rounds(each.unit, asked.month) if tally.linked else ""
    cells = (
        Cell(_("已排查") if tally.done else _("没有登记")),
        Cell(f"{tally.found:,}" if tally.done else "—", "", tally.found),
        Cell(f"{tally.linked:,}" if tally.done else "—", href, tally.linked),
    )
    return Line(each.unit.label, cells)
