"""The page of figures: indicators with their definitions, trends beside last year's, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.measures.actions import reading
from linli.measures.actions.reading import Counts, Figure
from linli.measures.formulas import indicators
from linli.orgs.models import Kind, Organisation
from linli.people.access import post_of, requires
from linli.service_requests.models import Category
from linli.web.views import kinds

from .asked import Asked
from .standing import ageing, funnel

TIMES = ("median", "p90")
LATE = ("closed_late", "late_open")
BELOW = {
    Kind.COUNTY: (Kind.TOWNSHIP,),
    Kind.TOWNSHIP: (Kind.VILLAGE, Kind.COMMUNITY),
    Kind.VILLAGE: (Kind.GRID,),
    Kind.COMMUNITY: (Kind.GRID,),
}
OFFICES = (Kind.DEPARTMENT, Kind.CENTRE)


@dataclass(frozen=True)
class Cell:
    """A number as it is written, and where it leads; a gap is a number nobody has."""

    words: str
    href: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Line:
    """A row of a table that is also a chart."""

    label: str
    cells: tuple[Cell, ...]
    href: str = ""


@dataclass(frozen=True)
class Measured:
    """An indicator with its numbers and its neighbours in time."""

    now: Figure
    words: str
    before: str
    year_before: str
    part: Cell
    whole: Cell


@requires("board.view")
@require_safe
def page(request: HttpRequest, code: str = "") -> HttpResponse:
    """Reads sums only, and what is open: as quick at ten million cases as at ten thousand."""
    post, at = post_of(request), clock.now()
    asked = Asked.read(request, code)
    series = _series(asked)
    context = {
        "asked": asked,
        "at": at,
        "up": asked.unit.parent if asked.unit.path != post.path else None,
        "measured": list(_measured(asked)),
        "received": _received(asked, series),
        "kept": _shares(asked, series, "on_time"),
        "satisfied": _shares(asked, series, "satisfied"),
        "categories": _categories(asked),
        "channels": _channels(asked),
        "below": list(_below(asked)),
        "funnel": funnel(post, asked.unit),
        "ageing": [
            Line(each.label, (Cell(f"{each.n:,}", each.href, each.n),))
            for each in ageing(post, asked.unit, at)
        ],
        "heads": heads(),
    }
    return render(request, "web/figures/page.html", context)


def heads() -> dict[str, Any]:
    """The headings of the tables."""
    parts = [pgettext("chart", "收到"), pgettext("chart", "按期"), pgettext("chart", "超期")]
    return {
        "received": [pgettext("chart", "收到"), pgettext("chart", "结束"), _("去年同月收到")],
        "shares": [pgettext("chart", "本年"), _("去年同月")],
        "span": _("超期时长"),
        "cases": [pgettext("chart", "件")],
        "category": _("类别"),
        "channel": _("来源"),
        "parts": parts,
        "units": [*parts, _("按期结案率")],
    }


def _measured(asked: Asked) -> Iterator[Measured]:
    was, then = (reading.figures(each.view) for each in (asked.before, asked.year_before))
    for now, before, earlier in zip(reading.figures(asked.view), was, then, strict=True):
        if now.indicator.form == "screened" and not now.whole:
            continue
        share = now.indicator.form == "share"
        kind = now.indicator.kind
        yield Measured(
            now=now,
            words=words_of(now),
            before=words_of(before),
            year_before=words_of(earlier),
            part=_counted(asked, now.part, now.indicator.part.names if share else (), kind),
            whole=_counted(asked, now.whole, now.indicator.whole.names if share else (), kind),
        )


def _counted(asked: Asked, n: int, names: frozenset[str] | tuple[()], kind: str) -> Cell:
    more = {} if kind == reading.REQUESTS else {"kind": kind}
    return Cell(f"{n:,}", asked.href(*sorted(names), more=more) if names and n else "", n)


def words_of(figure: Figure) -> str:
    """A figure in words: a share with one decimal, a time in hours or days."""
    if figure.value is None:
        return "—"
    if figure.indicator.form not in TIMES:
        return f"{figure.value:.1f}%"
    hours = figure.value / 60
    if hours < 48:
        return _("%(n).1f 小时") % {"n": hours}
    return _("%(n).1f 天") % {"n": hours / 24}


def _series(asked: Asked) -> dict[date, Counts]:
    """Two years and a month, so that every month of the trend has its own of the year before."""
    begin = asked.year_before.months[0]
    return reading.by_month(replace(asked.view, begin=begin))


def month_words(month: date) -> str:
    return date_format(month, pgettext("chart", "y年n月"))


def _received(asked: Asked, series: dict[date, Counts]) -> list[Line]:
    lines = []
    for month in asked.months:
        there = replace(asked, month=month)
        now, then = series.get(month), series.get(there.year_before.month)
        cells = (
            _number(there, now, "received"),
            _number(there, now, "finished"),
            Cell(f"{then['received']:,}" if then else "—", "", then["received"] if then else None),
        )
        lines.append(Line(month_words(month), cells, there.page()))
    return lines


def _number(asked: Asked, counts: Counts | None, name: str, more: Mapping[str, str] | None = None) -> Cell:
    n = (counts or {}).get(name, 0)
    return Cell(f"{n:,}", asked.href(name, more=more) if n else "", n)


def _late(asked: Asked, counts: Counts, more: Mapping[str, str] | None = None) -> Cell:
    n = sum(counts.get(name, 0) for name in LATE)
    return Cell(f"{n:,}", asked.href(*LATE, more=more) if n else "", n)


def _shares(asked: Asked, series: dict[date, Counts], code: str) -> list[Line]:
    indicator = indicators.indicators()[code]
    lines = []
    for month in asked.months:
        there = replace(asked, month=month)
        now, then = series.get(month, {}), series.get(there.year_before.month, {})
        pair = [reading.of_counts(indicator, counts) for counts in (now, then)]
        href = there.href(*sorted(indicator.whole.names)) if pair[0].whole else ""
        first, second = (
            Cell(words_of(each), "", None if each.value is None else round(each.value, 1)) for each in pair
        )
        lines.append(Line(month_words(month), (replace(first, href=href), second), ""))
    return lines


def _categories(asked: Asked) -> list[Line]:
    names = {row.code: row for row in Category.objects.filter(parent=None).order_by("position")}
    found = reading.by_category(asked.view, groups=True)
    ordered = sorted(found, key=lambda code: names[code].position if code in names else 999)
    return [
        _parts(asked, names[code].label if code in names else code, found[code], {"category": code})
        for code in ordered
    ]


def _channels(asked: Asked) -> list[Line]:
    found, words = reading.by_channel(asked.view), kinds.channels()
    return [
        _parts(asked, str(words.get(code, code)), counts, {"channel": code}) for code, counts in found.items()
    ]


def _parts(asked: Asked, label: str, counts: Counts, more: Mapping[str, str]) -> Line:
    """What was received, settled in time and late, of one category or channel."""
    cells = (_number(asked, counts, "received", more), _number(asked, counts, "on_time", more))
    return Line(label, (*cells, _late(asked, counts, more)))


def _below(asked: Asked) -> Iterator[tuple[str, list[Line]]]:
    """What lies right below, in the fixed order of places, never ranked."""
    below = BELOW.get(Kind(asked.unit.kind), ())
    if below:
        yield _("下面的地方"), _units(asked, below, replace(asked.view, axis="place"))
    if asked.unit.kind in (Kind.COUNTY, Kind.TOWNSHIP):
        yield _("承办单位"), _units(asked, OFFICES, replace(asked.view, axis="holder"))


def _units(asked: Asked, wanted: tuple[Kind, ...], view: reading.View) -> list[Line]:
    units = Organisation.objects.filter(parent=asked.unit, kind__in=wanted).order_by("code")
    named = {unit.path: unit for unit in units}
    found = reading.by_unit(view, named)
    return [
        _unit_line(asked, unit, found[path])
        for path, unit in named.items()
        if any(found.get(path, {}).values())
    ]


def _unit_line(asked: Asked, unit: Organisation, counts: Counts) -> Line:
    there = replace(asked, unit=unit)
    kept = reading.of_counts(indicators.indicators()["on_time"], counts)
    cells = (
        _number(there, counts, "received"),
        _number(there, counts, "on_time"),
        _late(there, counts),
        Cell(words_of(kept), "", kept.value),
    )
    return Line(unit.label, cells, there.page())
