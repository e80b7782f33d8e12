"""Where a request lies: a point, one of the county's own units, or the name of a place in an address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from linli.kit import text
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, is_within, within

from .door import Visit
from .faults import Fault, told

OFFICES = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)
NAMED = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY)
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{0,17})?")


@dataclass(frozen=True)
class Where:
    """The smallest unit known around it, and its point if one was given."""

    place: Organisation | None = None
    lon: float | None = None
    lat: float | None = None


def find(visit: Visit, faults: list[Fault]) -> Where:
    """The place; without one `faults` says why. A point comes before a unit, a unit before an address."""
    given = {name: visit.given.get(name, "").strip() for name in ("lat", "long", "address_id")}
    address = text.clean(visit.given.get("address_string", ""))
    before = len(faults)
    point = _point(given["lat"], given["long"], faults)
    unit = _unit(visit.county, given["address_id"], faults)
    if len(faults) > before:
        return Where()
    if point is not None:
        return _at(visit.county, *point, unit, faults)
    if unit is not None:
        return Where(unit)
    if address:
        return Where(_named(visit.county, address))
    faults.append(Fault(400, _("请给 lat 和 long，或者 address_string，或者 address_id。")))
    return Where()


def _point(lat: str, lon: str, faults: list[Fault]) -> tuple[float, float] | None:
    """Longitude and latitude; None where none is given."""
    if not lat and not lon:
        return None
    before = len(faults)
    if not lat or not lon:
        faults.append(Fault(400, _("lat 和 long 要一起给。")))
    for name, value, most in (("lat", lat, 90), ("long", lon, 180)):
        if value and (not _DEGREES.fullmatch(value) or abs(float(value)) > most):
            words = {"name": name, "most": most, "given": told(value)}
            said = _("%(name)s 应是 -%(most)s 到 %(most)s 的度数（WGS-84），不是“%(given)s”。")
            faults.append(Fault(400, said % words))
    return (float(lon), float(lat)) if len(faults) == before else None


def _at(
    county: Organisation, lon: float, lat: float, unit: Organisation | None, faults: list[Fault]
) -> Where:
    spot = lookup.locate(lon, lat)
    if spot is None or not is_within(spot.path, county.path):
        faults.append(Fault(400, _("lat、long：这个点不在%(county)s。") % {"county": county.label}))
        return Where()
    if unit is not None and not (is_within(spot.path, unit.path) or is_within(unit.path, spot.path)):
        faults.append(Fault(400, _("address_id 和 lat、long 说的不是同一个地方。")))
        return Where()
    deeper = unit if unit is not None and len(unit.path) > len(spot.path) else None
    place = deeper or Organisation.objects.filter(pk=spot.id).first()
    return Where(place, lon, lat)


def _unit(county: Organisation, code: str, faults: list[Fault]) -> Organisation | None:
    if not code:
        return None
    areas = Organisation.objects.filter(within("path", county.path), valid_until=None).exclude(
        kind__in=OFFICES
    )
    found = areas.filter(code=text.clean(code)[:32]).first()
    if found is None:
        said = _("没有代码为“%(given)s”的乡镇、村（社区）或网格（address_id）。")
        faults.append(Fault(400, said % {"given": told(code)}))
    return found


def _named(county: Organisation, address: str) -> Organisation:
    """The one place an address names, the village before the township; the county where it names none or several."""
    units = list(
        Organisation.objects.filter(within("path", county.path), kind__in=NAMED, valid_until=None)
        .only("id", "path", "name", "name_en", "kind", "valid_until", "is_demo")
        .order_by("path")
    )
    named = [unit for unit in units if unit.name in address]
    towns = [unit for unit in named if unit.kind == Kind.TOWNSHIP]
    villages = [unit for unit in named if unit.kind != Kind.TOWNSHIP]
    if len(towns) == 1:
        inside = [village for village in villages if is_within(village.path, towns[0].path)]
        return inside[0] if len(inside) == 1 else towns[0]
    if not towns and len(villages) == 1:
        return villages[0]
    return county
