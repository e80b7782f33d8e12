"""Boundaries as GeoJSON for the maps of portal and desk."""

from __future__ import annotations

from hashlib import sha256
from math import cos, radians
from typing import Any

import shapely
from django.utils.translation import get_language
from shapely.geometry import mapping, shape

from linli.orgs.lookup.index import LEVELS
from linli.orgs.models import Organisation, OrganisationQuerySet, Revision

REVISIONS = ("boundaries", "organisations")
METRES_PER_DEGREE = 111_320


def boundaries_geojson(queryset: OrganisationQuerySet, simplify: float = 0) -> dict[str, Any]:
    """A FeatureCollection of the units that have a boundary, by code; `simplify` is a tolerance in metres.

    Shared borders of units of one kind are simplified together, so neighbours still meet.
    """
    units = list(queryset.filter(boundary__isnull=False).select_related("boundary").order_by("code"))
    simpler = _simplified(units, simplify) if simplify > 0 else {}
    features = [_feature(unit, simpler.get(unit.code) or unit.boundary.geometry) for unit in units]
    return {"type": "FeatureCollection", "features": features}


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


def _simplified(units: list[Organisation], metres: float) -> dict[str, Any]:
    """By code; a unit that would vanish is left out."""
    simpler: dict[str, Any] = {}
    for kinds in LEVELS:
        level = [unit for unit in units if unit.kind in kinds]
        if not level:
            continue
        shapes = [shape(unit.boundary.geometry) for unit in level]
        latitude = shapes[0].representative_point().y
        tolerance = metres / (METRES_PER_DEGREE * max(cos(radians(latitude)), 0.1))
        coarse = shapely.set_precision(shapely.coverage_simplify(shapes, tolerance), 1e-5, mode="pointwise")
        simpler |= {
            unit.code: mapping(after) for unit, after in zip(level, coarse, strict=True) if not after.is_empty
        }
    return simpler
