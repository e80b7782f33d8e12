"""Boundaries as GeoJSON for the maps of portal and desk."""

from __future__ import annotations

import json
from hashlib import sha256
from math import cos, radians
from typing import Any

import shapely
from django.utils.translation import get_language
from shapely.geometry import mapping, shape

from linli.orgs.lookup.index import LEVELS
from linli.orgs.lookup.memory import Memory
from linli.orgs.models import Organisation, OrganisationQuerySet, Revision

REVISIONS = ("boundaries", "organisations")
METRES_PER_DEGREE = 111_320
COLUMNS = ("code", "name", "name_en", "kind", "boundary__is_sketch")

# Simplifying the outlines of a county takes longer than all else its map asks. Kept as text: a tenth of the memory.
outlines = Memory("boundaries")


def boundaries_geojson(queryset: OrganisationQuerySet, simplify: float = 0) -> dict[str, Any]:
    """A FeatureCollection of the units that have a boundary, by code; `simplify` is a tolerance in metres.

    Shared borders of units of one kind are simplified together, so neighbours still meet.
    """
    bounded = queryset.filter(boundary__isnull=False).order_by("code")
    units = list(bounded.select_related("boundary").only(*COLUMNS))
    key = (simplify, *(unit.pk for unit in units))
    shapes = json.loads(outlines.get(key, lambda: json.dumps(_outlines(bounded, simplify))))
    return {"type": "FeatureCollection", "features": [_feature(unit, shapes[unit.code]) for unit in units]}


def boundaries_etag(*parts: object) -> str:
    """A quoted ETag: changes with the tree, the boundaries, the language and `parts`, the view's parameters."""
    numbers = dict(Revision.objects.filter(name__in=REVISIONS).values_list("name", "number"))
    text = repr((sorted(numbers.items()), get_language(), [str(part) for part in parts]))
    return f'"{sha256(text.encode()).hexdigest()[:20]}"'


def _feature(unit: Organisation, geometry: Any) -> dict[str, Any]:
    properties = {
        "code": unit.code,
        "name": unit.label,
        "kind": unit.kind,
        "is_sketch": unit.boundary.is_sketch,
    }
    return {"type": "Feature", "id": unit.code, "properties": properties, "geometry": geometry}


def _outlines(bounded: OrganisationQuerySet, metres: float) -> dict[str, Any]:
    """By code; a unit that would vanish keeps its outline as it is."""
    rows = list(bounded.values_list("code", "kind", "boundary__geometry"))
    return {code: geometry for code, _kind, geometry in rows} | _simplified(rows, metres)


def _simplified(rows: list[tuple[str, str, Any]], metres: float) -> dict[str, Any]:
    simpler: dict[str, Any] = {}
    for kinds in LEVELS if metres > 0 else ():
        level = [(code, shape(geometry)) for code, kind, geometry in rows if kind in kinds]
        if not level:
            continue
        codes, shapes = zip(*level, strict=True)
        latitude = shapes[0].representative_point().y
        tolerance = metres / (METRES_PER_DEGREE * max(cos(radians(latitude)), 0.1))
        coarse = shapely.set_precision(shapely.coverage_simplify(shapes, tolerance), 1e-5, mode="pointwise")
        simpler |= {
            code: mapping(after) for code, after in zip(codes, coarse, strict=True) if not after.is_empty
        }
    return simpler
