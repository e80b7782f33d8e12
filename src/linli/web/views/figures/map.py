"""The map of a unit: areas shaded by a count or an indicator month by month, and what is open as points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.actions import board
from linli.kit import clock
from linli.measures.actions import reading
from linli.measures.actions.reading import Counts, View, next_month
from linli.measures.formulas import indicators
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import post_of, requires
from linli.service_requests.models import Category
from linli.web.views.filters import KIND

from .asked import Asked
from .page import month_words

MONTHS = 12
MOST_POINTS = 10_000
SHADES = 5
LEVELS = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.GRID)
AREAS = {Kind.VILLAGE: (Kind.VILLAGE, Kind.COMMUNITY)}
METRES = {Kind.TOWNSHIP: 60.0, Kind.VILLAGE: 25.0, Kind.GRID: 10.0}


@dataclass(frozen=True)
class Shown:
    """What the areas are shaded by: `of` gives the number of an area in a month, `words` writes it."""

    code: str
    label: str
    of: Callable[[Mapping[str, int]], float | None]
    words: Callable[[float | None], str]


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
        return replace(view, axis="place", category=self.category)

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
    """What a map can show: counts of matters, never of people, and the indicators that are shares."""
    names = indicators.counts()
    found = {
        name: Shown(name, str(names[name].label), _count(name), _whole)
        for name in ("received", "finished", "reopened", "supervised")
    }
    found["late"] = Shown("late", _("超期"), _late, _whole)
    for code, each in indicators.indicators().items():
        if each.form == "share" and each.kind == reading.REQUESTS:
            found[f"share:{code}"] = Shown(f"share:{code}", str(each.label), each.of, _percent)
    return found


@requires("board.view")
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The map, and the same as a table: whoever sees no map loses nothing."""
    drawn = Drawn.read(request, code)
    units = list(drawn.units.order_by("path").select_related("parent"))
    now = reading.by_unit(drawn.view(drawn.asked.month), [unit.path for unit in units])
    context = {
        "asked": drawn.asked,
        "drawn": drawn,
        "choices": shown().values(),
        "levels": [(level.value, level.label) for level in levels_of(drawn.asked.unit)],
        "categories": Category.objects.filter(parent=None, is_active=True).order_by("position"),
        "months": drawn.months,
        "steps": "|".join(month_words(month) for month in drawn.months),
        "query": request.GET.urlencode(),
        "lines": [_line(drawn, unit, now.get(unit.path, {})) for unit in units],
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    return render(request, "web/figures/map.html", context)


def _line(drawn: Drawn, unit: Organisation, counts: Counts) -> tuple[Organisation, str, str]:
    there = replace(drawn.asked, unit=unit)
    value = drawn.shown.of(counts)
    name = drawn.shown.code
    names = ("closed_late", "late_open") if name == "late" else (name,)
    more = {"category": drawn.category} if drawn.category else None
    href = there.href(*names, more=more) if value and not name.startswith("share:") else there.page()
    return unit, drawn.shown.words(value), href


@requires("board.view")
@require_safe
def areas(request: HttpRequest, code: str) -> HttpResponse:
    """The outlines as GeoJSON; each carries a shade (0 to 5) and the words of every month."""
    drawn = Drawn.read(request, code)
    shapes = lookup.boundaries_geojson(drawn.units, simplify=METRES[drawn.level])
    paths = dict(drawn.units.values_list("code", "path"))
    values = [reading.by_unit(drawn.view(month), paths.values()) for month in drawn.months]
    numbers = {
        area: [drawn.shown.of(month.get(path, {})) for month in values] for area, path in paths.items()
    }
    scale = _scale([n for row in numbers.values() for n in row if n])
    for feature in shapes["features"]:
        row = numbers.get(feature["properties"]["code"], [])
        feature["properties"] |= {
            "shades": [scale(n) for n in row],
            "said": [drawn.shown.words(n) for n in row],
            "url": f"{reverse('web:figures-of', args=[feature['properties']['code']])}",
        }
    return JsonResponse(shapes, content_type="application/geo+json", headers={"Cache-Control": "no-store"})


@requires("board.view")
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


def _scale(numbers: list[float]) -> Callable[[float | None], int]:
    """Five steps of equal width up to the highest; nothing is no shade at all."""
    highest = max(numbers, default=0)

    def shade(n: float | None) -> int:
        if not n or not highest:
            return 0
        return min(SHADES, 1 + int(SHADES * n / highest * 0.999))

    return shade


def _count(name: str) -> Callable[[Mapping[str, int]], float | None]:
    return lambda counts: counts.get(name, 0)


def _late(counts: Mapping[str, int]) -> float:
    return counts.get("closed_late", 0) + counts.get("late_open", 0)


def _whole(n: float | None) -> str:
    return f"{int(n or 0):,}"


def _percent(n: float | None) -> str:
    return "—" if n is None else f"{n:.1f}%"
