"""The page of figures: indicators with their definitions, trends beside last year's, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.kit.charts import Cell, Line
from linli.measures.actions import reading
from linli.measures.actions.reading import BELOW, OFFICES, Counts, Figure, Series
from linli.measures.formulas import indicators
from linli.orgs.models import Kind, Organisation
from linli.people.access import post_of, requires

from . import committee, requests
from .asked import Asked
from .lines import figure, late, number, of_kind, series_of, with_numbers
from .standing import BY_HAND


@dataclass(frozen=True)
class Measured:
    """An indicator with its numbers and its neighbours in time."""

    now: Figure
    words: Cell
    before: Cell
    year_before: Cell
    part: Cell
    whole: Cell


@dataclass(frozen=True)
class Below:
    """A table of the units right below."""

    heading: str
    heads: tuple[str, ...]
    lines: list[Line]

    @property
    def rows(self) -> list[tuple[Line, list[tuple[str, Cell]]]]:
        """Every line, each cell with its heading: on a phone a row is a card."""
        return [(line, list(zip(self.heads, line.cells, strict=True))) for line in self.lines]


@requires("measures.view")
@require_safe
def page(request: HttpRequest, code: str = "") -> HttpResponse:
    """Reads sums only, and what is open: as quick at ten million cases as at ten thousand."""
    post, at = post_of(request), clock.now()
    asked = Asked.read(request, code)
    series = series_of(asked)
    of: Any = committee if asked.unit.kind == Kind.COMMITTEE else requests
    states, ages = of.standing(post, asked.unit, at)
    context = {
        "asked": asked,
        "at": at,
        "up": asked.unit.parent if asked.unit.path != post.path else None,
        "has_map": asked.unit.kind not in BY_HAND,
        "measured": list(_measured(asked, series, of.KINDS)),
        "funnel": states,
        "charts": of.charts(asked, series[of.KINDS[0]], states, ages),
        "below": list(_below(asked)),
    }
    return render(request, "web/figures/page.html", context)


def _measured(asked: Asked, series: Mapping[str, Series], kinds: Sequence[str]) -> Iterator[Measured]:
    last, last_year = asked.before, asked.year_before
    months = [each.month for each in (asked, last, last_year)]
    for now, before, earlier in zip(*reading.by_month_figures(asked.view, months, series), strict=True):
        if now.indicator.kind not in kinds or _is_strange(asked, now, before, earlier):
            continue
        share = now.indicator.form == "share"
        kind, words = now.indicator.kind, figure(asked, now)
        yield Measured(
            now=now,
            words=words,
            before=figure(last, before),
            year_before=figure(last_year, earlier),
            part=_counted(asked, now.part, now.indicator.part.names, kind)
            if share
            else Cell(f"{now.part:,}", words.href if now.part else "", now.part),
            whole=Cell(f"{now.whole:,}", words.href, now.whole),
        )


def _is_strange(asked: Asked, *figures: Figure) -> bool:
    """Whether a unit has nothing to do with an indicator: an office with disputes, a department with villages."""
    indicator, nothing = figures[0].indicator, not any(each.whole for each in figures)
    is_elsewhere = indicator.kind == committee.KIND and asked.unit.kind in OFFICES
    return nothing and (is_elsewhere or indicator.form == "screened")


def _counted(asked: Asked, n: int, names: frozenset[str] | tuple[()], kind: str) -> Cell:
    more = of_kind(kind)
    return Cell(f"{n:,}", asked.href(*sorted(names), more=more) if names and n else "", n)


def _below(asked: Asked) -> Iterator[Below]:
    """What lies right below, in the fixed order of places, never ranked."""
    kind, heads = Kind(asked.unit.kind), (*requests.parts(), _("按期结案率"))
    units = list(Organisation.objects.filter(parent=asked.unit).order_by("code"))
    if below := BELOW.get(kind):
        lines = _units(asked, units, below, replace(asked.view, axis="place"), _unit_line)
        yield Below(_("下面的地方"), heads, lines)
    if kind in (Kind.COUNTY, Kind.TOWNSHIP):
        lines = _units(asked, units, OFFICES, replace(asked.view, axis="holder"), _unit_line)
        yield Below(_("承办单位"), heads, lines)
    if below:
        view = replace(asked.disputes, axis="holder")
        lines = _units(asked, units, (Kind.COMMITTEE,), view, _committee_line)
        yield Below(_("调解委员会"), (*committee.taken(), _("调解成功率")), lines)


def _units(
    asked: Asked,
    units: Sequence[Organisation],
    wanted: tuple[Kind, ...],
    view: reading.View,
    line_of: Callable[[Asked, Counts], Line],
) -> list[Line]:
    named = {unit.path: unit for unit in units if unit.kind in wanted}
    found = reading.by_unit(view, named)
    lines = [line_of(replace(asked, unit=unit), found[path]) for path, unit in named.items() if path in found]
    return with_numbers(lines)


def _unit_line(there: Asked, counts: Counts) -> Line:
    kept = reading.of_counts(indicators.indicators()["on_time"], counts)
    cells = (number(there, counts, "received"), number(there, counts, "on_time"), late(there, counts))
    return Line(there.unit.label, (*cells, figure(there, kept)), there.page())


def _committee_line(there: Asked, counts: Counts) -> Line:
    settled = reading.of_counts(indicators.indicators()["mediation_settled"], counts)
    more = of_kind(committee.KIND)
    cells = [number(there, counts, name, more) for name in ("mediated", "settled")]
    return Line(there.unit.label, (*cells, figure(there, settled)), there.page())
