"""Outlines of units from GeoJSON (WGS-84)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from linli.kit import coordinates
from linli.kit.lists import labelled
from linli.orgs.actions.imports import ImportRefused, Problem
from linli.orgs.actions.tree import bump
from linli.orgs.models import Boundary, Organisation

LEAST_SHARE_INSIDE = 0.5  # of a unit's area that must lie in the nearest unit above it that has an outline


class BoundaryRefused(ImportRefused):
    """The outlines were not taken in; `row` of a problem is the number of the feature."""


def import_boundaries(geojson: bytes | str | Mapping[str, Any], *, source: str, is_sketch: bool) -> int:
    """Set the outlines of units from a FeatureCollection whose features carry `code`; returns how many.

    Refuses the whole file when one feature names no standing unit, is no valid polygon in WGS-84 degrees,
    or lies mostly outside the unit above it.
    """
    features = _features(geojson)
    with transaction.atomic():
        bump("organisations")
        codes = {code for code in map(_code, features) if code.isprintable()}
        units = {unit.code: unit for unit in Organisation.objects.standing().filter(code__in=codes)}
        shapes, problems = _shapes(features, units)
        problems += _foreign(shapes, units)
        if problems:
            raise BoundaryRefused(sorted(problems, key=lambda problem: problem.row))
        rows = [
            Boundary(
                organisation=units[code],
                geometry=mapping(shapely.force_2d(outline)),  # the outline, and nothing else of the file
                is_sketch=is_sketch,
                source=source[:200],
            )
            for code, (_number, outline) in shapes.items()
        ]
        save_boundaries(rows)
    return len(rows)


def save_boundaries(rows: list[Boundary]) -> None:
    """Write outlines, replacing those there are, and tell every process."""
    Boundary.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["organisation"],
        update_fields=["geometry", "is_sketch", "source"],
    )
    bump("boundaries")


def _features(geojson: bytes | str | Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(geojson, Mapping):
        try:
            geojson = json.loads(geojson)
        except (ValueError, RecursionError) as error:
            reason = _("不是 JSON，文件可能没有传完整：%(reason)s") % {"reason": error}
            raise BoundaryRefused([Problem(1, "", reason)]) from error
    features = geojson.get("features") if isinstance(geojson, Mapping) else None
    if not isinstance(features, list) or not features:
        raise BoundaryRefused([Problem(1, "features", _("不是 FeatureCollection，或里面没有要素。"))])
    return [feature if isinstance(feature, dict) else {} for feature in features]


def _code(feature: Mapping[str, Any]) -> str:
    properties = feature.get("properties")
    return str(properties.get("code", "")) if isinstance(properties, dict) else ""


Shapes = dict[str, tuple[int, BaseGeometry]]


def _shapes(
    features: list[dict[str, Any]], units: Mapping[str, Organisation]
) -> tuple[Shapes, list[Problem]]:
    shapes: Shapes = {}
    problems = []
    for number, feature in enumerate(features, start=1):
        code = _code(feature)
        if code not in units:
            reason = _("没有代码为“%(code)s”的在用单位。") % {"code": code}
            problems.append(Problem(number, "code", reason))
        elif code in shapes:
            reason = _("代码 %(code)s 在文件里重复。") % {"code": code}
            problems.append(Problem(number, "code", reason))
        else:
            geometry, reason = _geometry(feature.get("geometry"))
            if geometry is None:
                problems.append(Problem(number, "geometry", labelled(code, reason)))
            else:
                shapes[code] = (number, geometry)
    return shapes, problems


def _geometry(data: Any) -> tuple[BaseGeometry | None, str]:
    """The polygon, or None and why not."""
    if not isinstance(data, dict) or data.get("type") not in ("Polygon", "MultiPolygon"):
        return None, _("应为 Polygon 或 MultiPolygon。")
    try:
        geometry = shape(data)
        west, south, east, north = geometry.bounds
    except (ShapelyError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        return None, _("坐标读不出来：%(reason)s") % {"reason": error}
    if not (coordinates.is_valid(west, south) and coordinates.is_valid(east, north)):
        return None, _("坐标应为经度、纬度（WGS-84 度数），经度在前。")
    if not geometry.is_valid:
        return None, _("边界自相交或不闭合：%(reason)s") % {"reason": shapely.is_valid_reason(geometry)}
    return geometry, ""


def _foreign(shapes: Shapes, units: Mapping[str, Organisation]) -> list[Problem]:
    """Outlines that lie mostly outside the nearest unit above them whose outline is known."""
    above = _outlines_above(shapes, units)
    problems = []
    for code, (number, geometry) in shapes.items():
        ancestors = units[code].path.rstrip("/").split("/")[:-1]
        around = next((above[ancestor] for ancestor in reversed(ancestors) if ancestor in above), None)
        if around is None or not around.is_valid:
            continue
        if geometry.intersection(around).area < LEAST_SHARE_INSIDE * geometry.area:
            reason = _("%(code)s：大半在上级单位的边界之外，请核对坐标系和代码。") % {"code": code}
            problems.append(Problem(number, "geometry", reason))
    return problems


def _outlines_above(shapes: Shapes, units: Mapping[str, Organisation]) -> dict[str, BaseGeometry]:
    codes = {code for unit in units.values() for code in unit.path.rstrip("/").split("/")[:-1]}
    stored = Boundary.objects.filter(organisation__code__in=codes).values_list(
        "organisation__code", "geometry"
    )
    known = {code: shape(geometry) for code, geometry in stored}
    return known | {code: geometry for code, (_number, geometry) in shapes.items() if code in codes}
