"""The demo county: real units by their statistics codes, departments, and a sketch of grids (示意)."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from linli.orgs import lookup
from linli.orgs.actions.boundaries import save_boundaries
from linli.orgs.actions.departments import import_departments
from linli.orgs.actions.imports import UnitRow, import_units, plant_rows, read_units
from linli.orgs.actions.tree import By
from linli.orgs.models import Boundary, Kind, Organisation, within

DATA = Path(__file__).resolve().parents[1] / "data"
STATISTICS_DAY = date(2023, 6, 30)  # the list the units come from was closed on this day
VILLAGE_KINDS = (Kind.VILLAGE, Kind.COMMUNITY)
TERRITORY = (Kind.COUNTY, Kind.TOWNSHIP, *VILLAGE_KINDS, Kind.GRID)


def plant(*, by: By = None, at: datetime) -> Organisation:
    """The whole demo tree with departments, grids and boundaries, marked as demo; may be repeated."""
    with transaction.atomic():
        county = _plant_units(by, at)
        villages = _below(county, VILLAGE_KINDS)
        plan = tomllib.loads((DATA / "sketch.toml").read_text(encoding="utf-8"))
        rows = [row for village in villages for row in _grid_rows(village, plan)]
        known = [UnitRow(unit.code, unit.name, unit.name_en, Kind(unit.kind), "") for unit in villages]
        plant_rows([*known, *rows], by=by, at=at, valid_from=STATISTICS_DAY, is_demo=True)
        units = _below(county, TERRITORY)
        if Boundary.objects.filter(organisation__in=[unit.pk for unit in units]).count() < len(units):
            _draw(county, villages, plan)
        _give_phones(county)
    return county


def demo_phone(number: int) -> str:
    """A number nobody can have: local numbers never begin with 0."""
    return f"0712-{number // 1000:04d}-{number % 1000:03d}"


def county_known(code: str) -> tuple[str, str]:
    """Name and English name of a county we ship, or empty."""
    known = tomllib.loads((DATA / "departments.toml").read_text(encoding="utf-8"))["county"]
    return (known["name"], known["name_en"]) if known["code"] == code else ("", "")


def _plant_units(by: By, at: datetime) -> Organisation:
    rows = read_units((DATA / "xiaochang_villages.csv").read_bytes())
    name, name_en = county_known("420921")
    import_units(
        rows,
        by=by,
        at=at,
        county_name=name,
        county_name_en=name_en,
        valid_from=STATISTICS_DAY,
        is_demo=True,
    )
    county = Organisation.objects.get(code="420921")
    import_departments(
        (DATA / "departments.toml").read_bytes(),
        county=county,
        by=by,
        at=at,
        valid_from=STATISTICS_DAY,
        is_demo=True,
    )
    return county


def _below(county: Organisation, kinds: Sequence[Kind]) -> list[Organisation]:
    return list(Organisation.objects.filter(within("path", county.path), kind__in=kinds).order_by("code"))


def _grid_count(village: Organisation, plan: Mapping[str, Any]) -> int:
    grids = plan["grids"]
    if village.code in grids["exactly"]:
        return int(grids["exactly"][village.code])
    if village.kind == Kind.COMMUNITY:
        return int(grids["community"])
    return int(grids["village"][int(village.code[-2:]) % len(grids["village"])])


def _grid_rows(village: Organisation, plan: Mapping[str, Any]) -> list[UnitRow]:
    count = _grid_count(village, plan)
    return [
        UnitRow(
            code=f"{village.code}{number:03d}",
            name=plan["grids"]["names"][number - 1],
            name_en=f"Grid {number}",
            kind=Kind.GRID,
            parent=village.code,
            details={"area": _area(village, number, count, plan["areas"])},
        )
        for number in range(1, count + 1)
    ]


def _area(village: Organisation, number: int, count: int, words: Mapping[str, Any]) -> str:
    dice = random.Random(f"{village.code}/{number}")  # noqa: S311  the same words every time
    if village.kind == Kind.COMMUNITY:
        parts = words["community_parts"]
        return str(parts[(int(village.code[-2:]) + number) % len(parts)])
    if number == min(2, count):
        return str(dice.choice(words["village_middle"]))
    hamlet = dice.choice(words["families"]) + dice.choice(words["endings"])
    return f"{dice.choice(words['places'])}、{hamlet}"


def _draw(county: Organisation, villages: Sequence[Organisation], plan: Mapping[str, Any]) -> None:
    outline = json.loads((DATA / "xiaochang_outline.geojson").read_text(encoding="utf-8"))
    by_town: dict[str, list[lookup.SketchVillage]] = {code: [] for code in plan["seats"]}
    for village in villages:
        drawn = lookup.SketchVillage(
            village.code, _grid_count(village, plan), is_central=village.kind == Kind.COMMUNITY
        )
        by_town[village.code[:9]].append(drawn)
    towns = [lookup.SketchTown(code, tuple(plan["seats"][code]), tuple(by_town[code])) for code in by_town]
    shapes = lookup.sketch_county(outline["features"][0]["geometry"], code=county.code, towns=towns)
    units = {unit.code: unit for unit in Organisation.objects.filter(code__in=shapes)}
    save_boundaries(
        [
            Boundary(organisation=units[code], geometry=geometry, is_sketch=True, source=plan["source"])
            for code, geometry in shapes.items()
            if code in units
        ]
    )


def _give_phones(county: Organisation) -> None:
    """Invented numbers for whoever has none; a grid's supervision phone is its township centre's."""
    units = list(Organisation.objects.filter(within("path", county.path)).order_by("code"))
    centres: dict[str, str] = {}
    changed = []
    for number, unit in enumerate(units, start=1):
        if unit.kind == Kind.CENTRE and unit.parent_id != county.pk:
            centres[unit.code.split("-")[0]] = unit.phone or demo_phone(number)
        if not unit.phone:
            unit.phone = demo_phone(number)
            changed.append(unit)
    for unit in changed:
        unit.supervision_phone = centres.get(unit.code[:9], "")
    Organisation.objects.bulk_update(changed, ["phone", "supervision_phone"], batch_size=200)
