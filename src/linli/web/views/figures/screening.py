"""Behind the figures of screening: which villages were gone through in a month, what was found, and its cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
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
    villages = list(_villages(place))
    found = screening.below(place, [place.path, *(unit.path for unit in villages)], [asked.month])
    tallies = [Screened(unit, found.get((unit.path, asked.month), Tally())) for unit in villages]
    shown = [each for each in tallies if each.tally.whole or each.tally.found]
    context = {
        "asked": asked,
        "place": place,
        "total": found.get((place.path, asked.month), Tally()),
        "cases": sources.of_rounds(place, asked.month),
        "folds": list(_folds(asked, shown)),
        "heads": (_("这个月"), _("发现（起）"), _("登记成件")),
    }
    return render(request, "web/figures/screening.html", context)


def screened_by(unit: Organisation) -> Organisation:
    """The place whose rounds a unit is concerned with: a committee or office with those of the place it serves."""
    return unit.parent if unit.kind in BY_HAND and unit.parent else unit


def _villages(place: Organisation) -> QuerySet[Organisation]:
    """All there ever were; those that had closed before the month have nothing in it."""
    units = Organisation.objects.below(place).filter(kind__in=PLACES)
    return units.select_related("parent").order_by("path")


def _folds(asked: Asked, tallies: Sequence[Screened]) -> Iterator[Fold]:
    for fold in folded(tallies, lambda each: each.unit.parent):
        rows = list(fold.rows)
        said = f"{sum(each.tally.done for each in rows):,} ÷ {sum(each.tally.whole for each in rows):,}"
        yield Fold(fold.unit, said, [_line(asked, each) for each in rows], is_open=fold.is_open)


def _line(asked: Asked, each: Screened) -> Line:
    tally = each.tally
    href = sources.of_rounds(each.unit, asked.month) if tally.linked else ""
    has_rounds = tally.done or tally.found
    cells = (
        Cell(_said(tally)),
        Cell(f"{tally.found:,}" if has_rounds else "—", "", tally.found),
        Cell(f"{tally.linked:,}" if has_rounds else "—", href, tally.linked),
    )
    return Line(each.unit.label, cells)


def _said(tally: Tally) -> str:
    if not tally.whole:
        return _("已撤销")
    return _("已排查") if tally.done else _("没有排查完")
