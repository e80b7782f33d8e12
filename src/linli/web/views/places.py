"""Places for maps and lists."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import post_of, requires

from . import casefile

AREAS = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)


@requires("case.view")
@require_safe
def area(request: HttpRequest, number: str) -> HttpResponse:
    """The outlines around a case: the grids of its village, or the units beside a larger place."""
    case, _said, _glass = casefile.reach(number, post_of(request), clock.now())
    place = case.place
    tag = lookup.boundaries_etag(place.code if place else "")
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    units = Organisation.objects.none()
    if place is not None:
        around = place.parent if place.parent is not None else place
        units = Organisation.objects.standing().filter(within("path", around.path), kind=place.kind)
    response = JsonResponse(lookup.boundaries_geojson(units, 5), content_type="application/geo+json")
    response["ETag"] = tag
    patch_cache_control(response, private=True, max_age=60)
    return response


@requires("work.view")
@require_safe
def places(request: HttpRequest) -> HttpResponse:
    """The units directly below the one with that id, for lists that open one into the next."""
    parent = request.GET.get("parent", "")
    below = Organisation.objects.standing().filter(kind__in=AREAS)
    below = below.filter(parent__code=parent) if parent else below.filter(kind=Kind.TOWNSHIP)
    items = [{"value": unit.code, "label": unit.label} for unit in below.order_by("path")[:1000]]
    return JsonResponse({"items": items})
