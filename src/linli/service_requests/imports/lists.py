"""The units and categories a file names: found where they stand, founded where the mapping allows it.

A name is settled once for the rest of the run. A unit or category this county got from an earlier import is found by
the code drawn from its name, so that the same file leads to the same places however often it is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from hashlib import blake2b
from typing import NamedTuple

from django.utils.translation import gettext as _

from linli.orgs.actions.imports import UnitRow, plant_rows
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.service_requests.imports.mapping import Mapping, MappingError
from linli.service_requests.imports.understanding import Names
from linli.service_requests.models import Category

CODE_LENGTH = 32
CATEGORY_LENGTH = 48
CATEGORY_CODE = re.compile(r"[a-z][a-z0-9_-]*\.[a-z0-9._-]+")
NOT_PLAIN = re.compile(r"[^a-z0-9]+")
AREAS = frozenset({Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID})
OFFICES = frozenset({Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE})
MARKS = {"place": "", "department": "d-", "unit": "q-"}


def slug(text: str, most: int) -> str:
    """A short plain code for a name; where letters are lost, a digest keeps two names apart."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = NOT_PLAIN.sub("-", folded).strip("-")
    if len(plain) <= most and len(plain) * 2 > len(text):
        return plain
    digest = blake2b(text.encode(), digest_size=3).hexdigest()
    return f"{plain[: most - 7].rstrip('-')}-{digest}".lstrip("-")


class Unsettled(Exception):
    """A name nothing stands for; `name` says which column."""

    def __init__(self, name: str, found: str, reason: str) -> None:
        super().__init__(reason)
        self.name, self.found, self.reason = name, found, reason


class Settled(NamedTuple):
    """The codes of what a row names; no unit where it has not been sent anywhere, no accused where nobody is."""

    place: str
    unit: str
    category: str
    accused: str


@dataclass
class Plan:
    """What is to be founded, by code; parents stand before children."""

    units: dict[str, UnitRow] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)


class Lists:
    """Units and categories by what a file calls them. Raises MappingError where the county neither stands nor may."""

    def __init__(self, mapping: Mapping, at: datetime) -> None:
        self.mapping = mapping
        self.at = at
        self.county_code: str = mapping.county["code"]
        self.units = self._in_county()
        self.plan = Plan()
        self.settled: dict[Names, Settled | Unsettled] = {}
        self.by_name: dict[str, list[Organisation]] = defaultdict(list)
        founded = tuple(f"{self.county_code}-{mark}" for mark in MARKS.values() if mark)
        for unit in self.units.values():
            if unit.valid_until is None and not unit.code.startswith(founded):
                for name in {unit.name, unit.name_en} - {""}:
                    self.by_name[name].append(unit)
        self.categories = _Categories(mapping, self.plan)
        if not self.units:
            self._plan_county()

    def settle(self, names: Names) -> Settled:
        """What a row's names stand for. Raises Unsettled naming the column."""
        found = self.settled.get(names)
        if found is None:
            try:
                found = self._settle(names)
            except Unsettled as unsettled:
                found = unsettled
            self.settled[names] = found
        if isinstance(found, Unsettled):
            raise found
        return found

    def found(self) -> None:
        """Founds what was planned."""
        if self.plan.units:
            plant_rows(
                list(self.plan.units.values()), by=None, at=self.at, valid_from=self.mapping.valid_from
            )
            self.units = self._in_county()
            self.plan.units.clear()
        if self.plan.categories:
            Category.objects.bulk_create(self.plan.categories.values(), ignore_conflicts=True)
            self.plan.categories.clear()

    def _in_county(self) -> dict[str, Organisation]:
        units = Organisation.objects.filter(within("path", f"{self.county_code}/"))
        return {unit.code: unit for unit in units}

    def _plan_county(self) -> None:
        name = self.mapping.county["name"]
        if not (self.mapping.founds_organisations and name):
            said = _(
                "还没有代码是“%(code)s”的县：请先导入组织；或在对照表里写明 county.name 和 create.organisations。"
            )
            raise MappingError(said % {"code": self.county_code})
        details = {"time_zone": self.mapping.zone.key}
        code = self.county_code
        self.plan.units[code] = UnitRow(code, name, name, Kind.COUNTY, "", details=details)

    def _settle(self, names: Names) -> Settled:
        place = self._area(names.place) if names.place else self.county_code
        unit = ""
        if names.unit:
            unit = self._unit(names.unit, names.department)
        accused = self._standing("accused", names.accused) if names.accused else ""
        if accused and self.units[accused].parent_id is None:
            raise Unsettled("accused", names.accused, _("被举报的不能是全县；请写它的一个单位。"))
        if accused and unit in self.units and is_within(self.units[unit].path, self.units[accused].path):
            raise Unsettled("unit", names.unit, _("承办单位就是被举报的单位或归它管，这一件请在系统里登记。"))
        return Settled(place, unit, self.categories.settle(names.group, names.category), accused)

    def _area(self, name: str) -> str:
        return self._known("place", name) or self._founded("place", name, self.county_code, Kind.TOWNSHIP)

    def _unit(self, name: str, department: str) -> str:
        known = self._known("unit", name)
        if known:
            return known
        above = self.county_code
        if department and self.mapping.founds_organisations:
            above = self._known("department", department) or self._founded(
                "department", department, self.county_code, Kind.DEPARTMENT
            )
        return self._founded("unit", name, above, Kind.DEPARTMENT)

    def _standing(self, role: str, name: str) -> str:
        code = self._known(role, name)
        if not code:
            raise self._unknown(role, name)
        return code

    def _known(self, role: str, name: str) -> str:
        """The code of a unit that stands or is planned: by its code, by the code drawn from the name, by name."""
        drawn = self._drawn(role, name) if role in MARKS else ""
        for code in (name, drawn):
            unit = self.units.get(code)
            if unit is not None and self._fits(role, unit):
                return self._not_closed(role, name, unit)
            if unit is None and code in self.plan.units and code:
                return code
        fitting = [unit for unit in self.by_name.get(name, ()) if self._fits(role, unit)]
        if not fitting:
            return ""
        nearest = min(self._order(role, unit) for unit in fitting)
        fitting = [unit for unit in fitting if self._order(role, unit) == nearest]
        if len(fitting) > 1:
            codes = ", ".join(sorted(unit.code for unit in fitting))
            said = _(
                "有 %(n)d 个叫“%(name)s”的：%(codes)s；请在对照表的 [values.%(role)s] 里写明是哪个代码。"
            )
            raise Unsettled(
                role, name, said % {"n": len(fitting), "name": name, "codes": codes, "role": role}
            )
        return fitting[0].code

    @staticmethod
    def _order(role: str, unit: Organisation) -> tuple[bool, int]:
        """Offices go before areas where a unit is named; what stands higher goes before what stands below."""
        return role != "place" and unit.kind not in OFFICES, unit.depth

    @staticmethod
    def _fits(role: str, unit: Organisation) -> bool:
        """Areas are places; a department is an office; nobody hands a case to a whole county."""
        if role == "place":
            return unit.kind in AREAS
        return unit.kind in OFFICES if role == "department" else unit.parent_id is not None

    def _not_closed(self, role: str, name: str, unit: Organisation) -> str:
        if unit.valid_until is not None:
            said = _("“%(name)s”已经撤销；请在对照表的 [values.%(role)s] 里写明由谁接手。")
            raise Unsettled(role, name, said % {"name": name, "role": role})
        return unit.code

    def _drawn(self, role: str, name: str) -> str:
        head = f"{self.county_code}-{MARKS[role]}"
        return head + slug(name, CODE_LENGTH - len(head))

    def _founded(self, role: str, name: str, parent: str, kind: Kind) -> str:
        if not self.mapping.founds_organisations:
            raise self._unknown(role, name)
        code = self._drawn(role, name)
        if code in self.units:  # something else: founding it would rename that
            raise self._unknown(role, name)
        self.plan.units[code] = UnitRow(code, name[:80], name[:80], kind, parent)
        return code

    def _unknown(self, role: str, name: str) -> Unsettled:
        known = [
            other for other, units in self.by_name.items() if any(self._fits(role, one) for one in units)
        ]
        likely = get_close_matches(name, known, n=1, cutoff=0.4)
        said = _("没有叫“%(name)s”的单位。") % {"name": name}
        if likely:
            said += _("您要的是“%(likely)s”吗？") % {"likely": likely[0]}
        said += _("请在对照表的 [values.%(role)s] 里写明它是哪个名称或代码。") % {"role": role}
        return Unsettled(role, name, said)


class _Categories:
    """Categories by code, by the code drawn from a name, or by name."""

    def __init__(self, mapping: Mapping, plan: Plan) -> None:
        self.mapping, self.plan = mapping, plan
        self.prefix = slug(mapping.county["code"], 12)
        self.codes: set[str] = set()
        self.by_name: dict[str, list[tuple[set[str], str]]] = defaultdict(list)
        for category in Category.objects.select_related("parent"):
            self.codes.add(category.code)
            if category.parent is not None and not category.code.startswith(f"{self.prefix}-"):
                groups = {category.parent.name_zh, category.parent.name_en, category.parent.code}
                for name in {category.name_zh, category.name_en} - {""}:
                    self.by_name[name].append((groups, category.code))

    def settle(self, group: str, name: str) -> str:
        """The code of a category of the lower level. Raises Unsettled."""
        if CATEGORY_CODE.fullmatch(name):
            if name not in self.codes:
                said = _("没有代码是“%(code)s”的类别。") % {"code": name}
                raise Unsettled("category", name, said)
            return name
        shown = group or self.mapping.label["zh"]
        above = f"{self.prefix}-{slug(shown, 20)}"
        drawn = f"{above}.{slug(name, CATEGORY_LENGTH - len(above) - 1)}"
        if drawn in self.codes:
            return drawn
        fitting = [code for groups, code in self.by_name.get(name, ()) if not group or group in groups]
        if len(fitting) == 1:
            return fitting[0]
        if not self.mapping.founds_categories:
            said = _("没有“%(name)s”这一类；请在对照表的 [values.category] 里写明它是哪一类的代码。")
            raise Unsettled("category", name, said % {"name": name})
        self._plan(above, shown, None)
        self._plan(drawn, name, above)
        return drawn

    def _plan(self, code: str, name: str, parent: str | None) -> None:
        """Not active: nobody here reports under another system's categories until an administrator says so."""
        if code in self.codes:
            return
        short = name if len(name) <= 40 else name[:39] + "…"
        self.codes.add(code)
        self.plan.categories[code] = Category(
            code=code, name_zh=short, name_en=name[:80], parent_id=parent, is_active=False
        )


def founded_first(names: Iterable[Names], lists: Lists) -> None:
    """Founds every unit and category of these names, leaving out what cannot be settled."""
    for one in names:
        try:
            lists.settle(one)
        except Unsettled:
            continue
    lists.found()
