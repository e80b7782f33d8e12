"""Who looks after which grid (滨州网格条例 6: area, worker, telephone and supervision telephone are public)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from linli.kit import clock
from linli.kit.text import clean
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.people.access import public
from linli.people.models import Grant
from linli.portal.forms import Draft, find_where
from linli.portal.views.county import county_of
from linli.portal.views.places import ancestors, full_label

VILLAGES = (Kind.VILLAGE, Kind.COMMUNITY)
TERRITORY = (Kind.COUNTY, Kind.TOWNSHIP, *VILLAGES, Kind.GRID)
MOST_FOUND = 30
ROUGHLY = {Kind.COUNTY: 60.0, Kind.TOWNSHIP: 20.0}  # metres of simplification of a map of such a unit's parts
DAY = 24 * 3600


@dataclass(frozen=True)
class Worker:
    """Somebody who holds the post of grid worker, with the office's number."""

    name: str
    phone: str


@public
@require_http_methods(["GET", "HEAD", "POST"])
def grids(request: HttpRequest) -> HttpResponse:
    """The townships; `q` finds a village by name. POST of a point leads to its grid and leaves no address behind."""
    county = county_of(request)
    errors: dict[str, str] = {}
    if request.method == "POST":
        draft = Draft(lon=request.POST.get("lon", ""), lat=request.POST.get("lat", ""))
        where = find_where(county, draft)
        if where.place is not None:
            return HttpResponseRedirect(reverse("portal:grid", args=[where.place.code]))
        errors = where.errors
    query = clean(request.GET.get("q", ""))[:40]
    found = _search(county, query) if query else []
    known = ancestors(found)
    context = {
        "towns": _below(county, (Kind.TOWNSHIP,)),
        "query": query,
        "found": [(unit, full_label(unit, known)) for unit in found],
        "county": county,
        "errors": errors,
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    return render(request, "portal/grids.html", context, status=422 if errors else 200)


def _search(county: Organisation, query: str) -> list[Organisation]:
    units = Organisation.objects.filter(within("path", county.path), valid_until=None)
    named = units.filter(kind__in=(Kind.TOWNSHIP, *VILLAGES))
    return list(
        named.filter(Q(name__contains=query) | Q(name_en__icontains=query)).order_by("path")[:MOST_FOUND]
    )


def _below(unit: Organisation, kinds: tuple[Kind, ...]) -> list[Any]:
    """The units directly under one, each with how many grids or villages it has."""
    standing = Q(children__valid_until=None, children__kind__in=(*VILLAGES, Kind.GRID))
    units = Organisation.objects.filter(parent=unit, valid_until=None, kind__in=kinds)
    return list(units.annotate(parts=Count("children", filter=standing)).order_by("code"))


@public
@require_safe
def grid(request: HttpRequest, code: str) -> HttpResponse:
    """A township with its villages, a village with its grids and their workers, or one grid."""
    county = county_of(request)
    units = Organisation.objects.filter(within("path", county.path), valid_until=None, kind__in=TERRITORY)
    unit = units.filter(code=code).select_related("parent").first()
    if unit is None or unit.kind == Kind.COUNTY:
        raise Http404
    parts = _below(unit, (*VILLAGES, Kind.GRID)) if unit.kind != Kind.GRID else []
    shown = [unit] if unit.kind == Kind.GRID else [part for part in parts if part.kind == Kind.GRID]
    workers = _workers(shown)
    known = ancestors([unit])
    context = {
        "unit": unit,
        "label": full_label(unit, known),
        "above": [known[path] for path in unit.ancestor_paths[1:-1] if path in known],
        "villages": [part for part in parts if part.kind != Kind.GRID],
        "grids": [(each, workers.get(each.pk, [])) for each in shown],
        "is_grid": unit.kind == Kind.GRID,
        "tiles": settings.TILES_URL,
        "attribution": settings.TILES_ATTRIBUTION,
    }
    return render(request, "portal/grid.html", context)


def _workers(units: list[Organisation]) -> dict[Any, list[Worker]]:
    """The grid workers in post now, by unit."""
    held = Grant.objects.active(clock.now()).filter(
        role="grid_worker", organisation__in=[u.pk for u in units]
    )
    found: dict[Any, list[Worker]] = {}
    for grant in held.select_related("person").order_by("valid_from"):
        found.setdefault(grant.organisation_id, []).append(Worker(grant.person.name, grant.person.work_phone))
    return found


@public
@require_safe
def places(request: HttpRequest, code: str = "") -> HttpResponse:
    """The units under one, for the lists of forms: {"items": [{"value", "label"}]}."""
    parent = code or request.GET.get("parent", "")
    etag = lookup.boundaries_etag("places", parent)
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    units = Organisation.objects.filter(parent__code=parent, valid_until=None, kind__in=TERRITORY).order_by(
        "code"
    )
    items = [{"value": unit.code, "label": _choice(unit)} for unit in units]
    return JsonResponse({"items": items}, headers=_kept(etag))


def _choice(unit: Organisation) -> str:
    return f"{unit.label} {unit.area}".strip() if unit.kind == Kind.GRID else unit.label


@public
@require_safe
def boundaries(request: HttpRequest, code: str) -> HttpResponse:
    """The outlines of the parts of a unit as GeoJSON; of a grid, those of its whole village."""
    etag = lookup.boundaries_etag("boundaries", code)
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    unit = Organisation.objects.filter(code=code, valid_until=None, kind__in=TERRITORY).first()
    if unit is None or not is_within(unit.path, county_of(request).path):
        raise Http404
    parent = unit.parent_id if unit.kind == Kind.GRID else unit.pk
    parts = Organisation.objects.filter(parent=parent, valid_until=None, kind__in=TERRITORY)
    shapes = lookup.boundaries_geojson(parts, simplify=ROUGHLY.get(Kind(unit.kind), 5.0))
    for feature in shapes["features"]:
        feature["properties"]["url"] = reverse("portal:grid", args=[feature["properties"]["code"]])
    headers = _kept(etag)
    return JsonResponse(shapes, content_type="application/geo+json", headers=headers)


def _kept(etag: str) -> dict[str, str]:
    """The same for everybody, so any cache may keep it; the language is part of the tag."""
    return {"ETag": etag, "Cache-Control": "public, max-age=300", "Vary": "Accept-Language, Cookie"}
