"""Line departments of a county and offices of its townships, from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from linli.orgs.actions.imports import ImportRefused, ImportReport, Problem, UnitRow, plant_rows
from linli.orgs.actions.tree import CODE, By
from linli.orgs.models import Kind, Organisation, within

REQUIRED = ("suffix", "function", "name", "name_en")
OFFICE_KINDS = (Kind.DEPARTMENT, Kind.CENTRE)


def import_departments(
    content: bytes,
    *,
    county: Organisation,
    by: By,
    at: datetime,
    valid_from: date | None = None,
    is_demo: bool = False,
) -> ImportReport:
    """Found the departments under the county and the offices under each of its standing townships.

    Codes are the parent's code, a hyphen and the suffix: 420921-zj, 420921106-czb. May be repeated.
    """
    units = read_departments(content)
    townships = (
        Organisation.objects.standing()
        .filter(within("path", county.path), kind=Kind.TOWNSHIP)
        .order_by("code")
    )
    wanted = [_row(unit, county.code, "", "") for unit in units["county_unit"]]
    for town in townships:
        wanted += [_row(unit, town.code, town.name, f"{town.name_en} ") for unit in units["township_unit"]]
    parents = [
        UnitRow(unit.code, unit.name, unit.name_en, Kind(unit.kind), "") for unit in (county, *townships)
    ]
    report = plant_rows([*parents, *wanted], by=by, at=at, valid_from=valid_from, is_demo=is_demo)
    report.unchanged -= len(parents)
    return report


def read_departments(content: bytes) -> dict[str, Sequence[Mapping[str, str]]]:
    """The two lists of the file, checked; `row` of a problem is the number of the entry in its list."""
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImportRefused([Problem(1, "", _("不是 TOML：%(reason)s") % {"reason": error})]) from error
    units = {name: data.get(name, []) for name in ("county_unit", "township_unit")}
    problems = [problem for name, entries in units.items() for problem in _problems(name, entries)]
    if problems:
        raise ImportRefused(problems)
    return units


def _problems(name: str, entries: list[dict[str, Any]]) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        for column in REQUIRED:
            if not isinstance(entry.get(column), str) or not entry[column].strip():
                problems.append(Problem(number, f"{name}.{column}", _("不能为空。")))
        suffix = str(entry.get("suffix", ""))
        if suffix in seen or not CODE.fullmatch(suffix):
            problems.append(Problem(number, f"{name}.suffix", _("重复或不是字母数字。")))
        if entry.get("kind", Kind.DEPARTMENT) not in OFFICE_KINDS:
            problems.append(Problem(number, f"{name}.kind", _("只能是 department 或 centre。")))
        seen.add(suffix)
    return problems


def _row(unit: Mapping[str, str], parent: str, prefix: str, prefix_en: str) -> UnitRow:
    return UnitRow(
        code=f"{parent}-{unit['suffix']}",
        name=prefix + unit["name"],
        name_en=prefix_en.lstrip() + unit["name_en"],
        kind=Kind(unit.get("kind", Kind.DEPARTMENT)),
        parent=parent,
        details={"function": unit["function"], "phone": unit.get("phone", "")},
    )
