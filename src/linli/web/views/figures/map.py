"""The map of a unit: areas shaded by a count or an indicator month by month, and what is open as points."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.actions import board
from linli.kit import clock
from linli.kit.charts import Cell, Line
from linli.measures.actions import reading
from linli.measures.actions.reading import LATE, View, months_of, next_month
from linli.measures.formulas import indicators
from linli.measures.formulas.indicators import Indicator
from linli.measures.formulas.periods import month_words
from linli.mediation.actions import screening
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import post_of, requires
from linli.service_requests.models import Category
from linli.web.views.filters import KIND

from .asked import Asked
from .folds import Fold, folded
from .lines import of_kind
from .standing import BY_HAND

MONTHS = 12
MOST_POINTS = 10_000
SHADES = 5
LEVELS = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.GRID)
AREAS = {Kind.VILLAGE: (Kind.VILLAGE, Kind.COMMUNITY)}
METRES = {Kind.TOWNSHIP: 60.0, Kind.VILLAGE: 25.0, Kind.GRID: 10.0}


class Number(NamedTuple):
    """The number of an area in a month, and of how many it is: with none there is nothing behind it."""

    value: float | None = None
    whole: int = 0


Numbers = dict[tuple[str, date], Number]


@dataclass(frozen=True)
class Shown:
    """What the areas are shaded by: `read` gives the numbers of areas and months, `words` writes one."""

    code: str
    label: str
    read: Callable[[View, Collection[str]], Numbers]
    words: Callable[[float | None], str]
    behind: tuple[str, ...]  # the counts whose cases its number opens to; none: the rounds of screening
    kind: str = reading.REQUESTS
    note: str = ""

    @property
    def is_count(self) -> bool:
        """Counts add up, and none of them is nothing; an indicator of 0 % is a number like others."""
        return self.words is _whole


@dataclass(frozen=True)
class Drawn:
    """The choices of a map: what, at which level, of which category."""

    asked: Asked
    shown: Shown
    level: Kind
    category: str

    @classmethod
    def read(cls, request: HttpRequest, code: str) -> Drawn:
        asked, choices = Asked.read(request, code), shown()
        if asked.unit.kind in BY_HAND:
            raise Http404  # offices and committees have no area of their own
        level = request.GET.get("level", "")
        levels = levels_of(asked.unit)
        return cls(
            asked,
            choices.get(request.GET.get("show", ""), choices["received"]),
            Kind(level) if level in levels else levels[0],
            request.GET.get("category", "")[:48],
        )

    @property
    def months(self) -> list[date]:
        return self.asked.months[-MONTHS:]

    def view(self, month: date) -> View:
        view = View.of(self.asked.unit, month, next_month(month))
        category = (
            self.category if self.shown.kind == reading.REQUESTS else ""
        )  # disputes have kinds of their own
        return replace(view, axis="place", kind=self.shown.kind, category=category)

    def href(self, asked: Asked) -> str:
        """The list of the cases, or of the rounds, behind the number of an area and month."""
        if not self.shown.behind:
            return asked.page("web:figures-screening")
        view = self.view(asked.month)
        more = {**of_kind(view.kind), **({"category": view.category} if view.category else {})}
        return asked.href(*self.shown.behind, more=more)

    @property
    def units(self) -> Any:
        kinds = AREAS.get(self.level, (self.level,))
        return Organisation.objects.standing().filter(within("path", self.asked.unit.path), kind__in=kinds)


def levels_of(unit: Organisation) -> list[Kind]:
    """The levels below a unit; a grid shows itself."""
    order = [Kind.COUNTY, *LEVELS]
    kind = Kind.VILLAGE if unit.kind == Kind.COMMUNITY else unit.kind
    below = order[order.index(Kind(kind)) + 1 :] if kind in order else list(LEVELS)
    return below or [Kind.GRID]


def shown() -> dict[str, Shown]:
    """What a map can show: counts of matters, never of people, and every indicator."""
    names = indicators.counts()
    found = {
        name: Shown(name, str(names[name].label), _counts(name), _whole, (name,))
        for name in ("received", "finished", "reopened", "supervised")
    }
    found["late"] = Shown("late", _("超期"), _counts(*LATE), _whole, LATE)
    of_form = {"share": _share, "median": _time, "p90": _time, "screened": _screened}
    for each in indicators.indicators().values():
        made = of_form[each.form](each)
        found[made.code] = replace(made, label=str(each.label), kind=each.kind)
    return found


def _counts(*counted: str) -> Callable[[View, Collection[str]], Numbers]:
    def read(view: View, paths: Collection[str]) -> Numbers:
        found = reading.by_unit_and_month(view, paths, counted)
        return {key: Number(sum(row.values()), sum(row.values())) for key, row in found.items()}

    return read


def _share(each: Indicator) -> Shown:
    def read(view: View, paths: Collection[str]) -> Numbers:
        found = reading.by_unit_and_month(view, paths, tuple(each.names))
        return {key: Number(each.of(row), each.whole.of(row)) for key, row in found.items()}

    return Shown(f"share:{each.code}", "", read, _percent, tuple(each.whole.written))


def _time(each: Indicator) -> Shown:
    def read(view: View, paths: Collection[str]) -> Numbers:
        found = reading.times_by_unit_and_month(view, paths, each)
        return {key: Number(figure.value, figure.whole) for key, figure in found.items()}

    note = _("用时按分档的分布算，误差在百分之一以内。")
    return Shown(f"time:{each.code}", "", read, _took, (each.code,), note=note)


def _screened(each: Indicator) -> Shown:
    def read(view: View, paths: Collection[str]) -> Numbers:
        unit = Organisation.objects.get(path=view.path)
        found = screening.below(unit, paths, months_of(view.begin, view.end))
        return {
            key: Number(100 * tally.done / tally.whole if tally.whole else None, tally.whole)
            for key, tally in found.items()
        }

    return Shown(f"screened:{each.code}", "", read, _percent, ())


@requires("measures.view")
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The map, and the same as a table: whoever sees no map loses nothing."""
    drawn = Drawn.read(request, code)
    units = list(drawn.units.order_by("path").select_related("parent__parent"))
    now = drawn.shown.read(drawn.view(drawn.asked.month), [unit.path for unit in units])
    context = {
        "asked": drawn.asked,
        "drawn": drawn,
        "choices": shown().values(),
        "levels": [(level.value, level.label) for level in levels_of(drawn.asked.unit)],
        "categories": Category.objects.filter(parent=None, is_active=True).order_by("position"),
        "months": drawn.months,
        "steps": "|".join(month_words(month) for month in drawn.months),
        "turns": "|".join(f"{month:%Y-%m}" for month in drawn.months),
        "query": request.GET.urlencode(),
        "heads": (drawn.shown.label,),
        "folds": list(_folds(drawn, units, now)),
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    return render(request, "web/figures/map.html", context)


def _folds(drawn: Drawn, units: Sequence[Organisation], now: Numbers) -> Iterator[Fold]:
    """The table of the areas, by township where they are smaller; a count is added up for each."""
    is_sum = drawn.shown.is_count

    def number(unit: Organisation) -> Number:
        return now.get((unit.path, drawn.asked.month), Number(0 if is_sum else None))

    for fold in folded(units, lambda unit: _township(unit, drawn.level)):
        total = sum(number(unit).value or 0 for unit in fold.rows)
        lines = [_line(drawn, unit, number(unit)) for unit in fold.rows]
        yield replace(fold, rows=lines, said=drawn.shown.words(total) if is_sum else "")


def _township(unit: Organisation, level: Kind) -> Organisation | None:
    above = unit.parent
    return above.parent if level == Kind.GRID and above is not None else above


def _line(drawn: Drawn, unit: Organisation, number: Number) -> Line:
    """An area with its page, and its number with the list behind it."""
    there = replace(drawn.asked, unit=unit)
    cell = Cell(drawn.shown.words(number.value), drawn.href(there) if number.whole else "", number.value)
    note = unit.parent.label if drawn.level == Kind.GRID and unit.parent else ""
    return Line(unit.label, (cell,), there.page(), note)


@requires("measures.view")
@require_safe
def areas(request: HttpRequest, code: str) -> HttpResponse:
    """The outlines as GeoJSON; each carries a shade (0 to 5) and the words of every month.

    `url` is the list behind the number of the last month; the map puts the month it shows in its place.
    """
    drawn = Drawn.read(request, code)
    shapes = lookup.boundaries_geojson(drawn.units, simplify=METRES[drawn.level])
    paths = dict(drawn.units.values_list("code", "path"))
    year = replace(drawn.view(drawn.asked.month), begin=drawn.months[0])
    known = drawn.shown.read(year, list(paths.values()))
    numbers = {
        area: [known.get((path, month), Number()).value for month in drawn.months]
        for area, path in paths.items()
    }
    highest = max((n for row in numbers.values() for n in row if n is not None), default=0.0)
    scale = Scale(drawn.shown, highest)
    own, address = f"/{code}/", drawn.href(drawn.asked)  # of a thousand areas they differ in the code alone
    for feature in shapes["features"]:
        area = feature["properties"]["code"]
        row = numbers[area]
        feature["properties"] |= {
            "shades": [scale.shade(n) for n in row],
            "said": [drawn.shown.words(n) for n in row],
            "url": address.replace(own, f"/{area}/", 1),
        }
    shapes["shades"] = scale.legend
    return JsonResponse(shapes, content_type="application/geo+json", headers={"Cache-Control": "no-store"})


@requires("measures.view")
@require_safe
def points(request: HttpRequest, code: str) -> HttpResponse:
    """What is open and the reader may see, as points with their case; the newest ten thousand."""
    drawn, post, at = Drawn.read(request, code), post_of(request), clock.now()
    rows = board.on_board(post, KIND).filter(within("place_path", drawn.asked.unit.path), lon__isnull=False)
    if drawn.category:
        rows = rows.filter(category__startswith=drawn.category)
    found = rows.order_by("-received_at").values_list("number", "title", "lon", "lat", "due_at", "is_paused")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {
                "name": title,
                "note": number,
                "url": reverse("web:case", args=[number]),
                **({"state": "late"} if due and due <= at and not paused else {}),
            },
        }
        for number, title, lon, lat, due, paused in found[:MOST_POINTS]
    ]
    body = {"type": "FeatureCollection", "features": features}
    return JsonResponse(body, content_type="application/geo+json", headers={"Cache-Control": "no-store"})


@dataclass(frozen=True)
class Scale:
    """Five steps of equal width up to the highest number; no shade where there is none, or nothing counted."""

    shown: Shown
    highest: float

    def shade(self, n: float | None) -> int:
        if n is None or n <= 0 and self.shown.is_count:
            return 0
        return min(SHADES, 1 + int(SHADES * n / self.highest * 0.999)) if self.highest else 1

    @property
    def legend(self) -> list[str]:
        """The highest number of each step, in words; '' for a step in which no number lies."""
        said = [self.shown.words(self.highest * step / SHADES) for step in range(SHADES + 1)]
        below = [said[0] if self.shown.is_count else "", *said[1:]]
        return ["" if words == before else words for before, words in zip(below, said[1:], strict=False)]


def _whole(n: float | None) -> str:
    return f"{int(n or 0):,}"


def _percent(n: float | None) -> str:
    return "—" if n is None else f"{n:.1f}%"


def _took(n: float | None) -> str:
    return "—" if n is None else reading.time_words(n)
