"""The units and categories a file names, founded as they first appear and kept for the rest of the run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from linli.orgs.actions.imports import UnitRow, plant_rows
from linli.orgs.models import Kind, Organisation, within
from linli.service_requests.imports.mapping import Mapping
from linli.service_requests.models import Category

CODE_LENGTH = 32
CATEGORY_LENGTH = 48
NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def slug(text: str, most: int) -> str:
    """A short plain code for a name; where letters are lost, a digest keeps two names apart."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = NOT_PLAIN.sub("-", folded).strip("-")
    if len(plain) <= most and len(plain) * 2 > len(text):
        return plain
    digest = blake2b(text.encode(), digest_size=3).hexdigest()
    return f"{plain[: most - 7].rstrip('-')}-{digest}".lstrip("-")


class Lists:
    """Units by (kind of name, name) and categories by (group, name)."""

    def __init__(self, mapping: Mapping, at: datetime) -> None:
        self.mapping = mapping
        self.at = at
        self.county_code = str(mapping.county["code"])
        self.units = self._standing()
        self.codes: dict[tuple[str, str], str] = {}
        self.categories: dict[tuple[str, str], str] = {}
        self.known_categories = set(
            Category.objects.filter(code__startswith=self._prefix).values_list("code", flat=True)
        )

    @property
    def _prefix(self) -> str:
        return slug(self.county_code, 12)

    @property
    def county(self) -> Organisation:
        return self.units[self.county_code]

    def place(self, name: str) -> Organisation:
        return self.units[self.codes["place", name]] if name else self.county

    def unit(self, name: str) -> Organisation:
        return self.units[self.codes["unit", name]]

    def category(self, group: str, name: str) -> str:
        return self.categories[group, name]

    def prepare(self, named: Iterable[tuple[str, str, str, str, str]]) -> None:
        """Founds what these rows (place, department, unit, group, category) name for the first time."""
        rows: dict[str, UnitRow] = {}
        new_categories: dict[str, Category] = {}
        if not self.units:
            rows[self.county_code] = self._county_row()
        for place, department, unit, group, category in set(named):
            if place:
                self._want(rows, "place", place, self.county_code, Kind.TOWNSHIP)
            above = self.county_code
            if department:
                above = self._want(rows, "department", department, self.county_code, Kind.DEPARTMENT)
            self._want(rows, "unit", unit, above, Kind.DEPARTMENT)
            self._want_category(new_categories, group, category)
        if rows:
            self._found(list(rows.values()))
        if new_categories:
            Category.objects.bulk_create(new_categories.values(), ignore_conflicts=True)
            self.known_categories.update(new_categories)

    def _county_row(self) -> UnitRow:
        name = str(self.mapping.county["name"])
        return UnitRow(
            self.county_code, name, name, Kind.COUNTY, "", details={"time_zone": self.mapping.zone.key}
        )

    def _want(self, rows: dict[str, UnitRow], role: str, name: str, parent: str, kind: Kind) -> str:
        known = self.codes.get((role, name))
        if known is not None:
            return known
        mark = {"place": "", "department": "d-", "unit": "q-"}[role]
        head = f"{self.county_code}-{mark}"
        code = head + slug(name, CODE_LENGTH - len(head))
        shown = self.mapping.departments.get(name, name) if role == "department" else name
        self.codes[role, name] = code
        if code not in self.units:
            rows[code] = UnitRow(code, shown[:80], shown[:80], kind, parent)
        return code

    def _found(self, rows: list[UnitRow]) -> None:
        rows.sort(key=lambda row: (row.parent != "", row.parent != self.county_code))
        plant_rows(rows, by=None, at=self.at, valid_from=self.mapping.valid_from)
        self.units = self._standing()

    def _standing(self) -> dict[str, Organisation]:
        units = Organisation.objects.filter(within("path", f"{self.county_code}/"))
        return {unit.code: unit for unit in units}

    def _want_category(self, new: dict[str, Category], group: str, name: str) -> None:
        if (group, name) in self.categories:
            return
        above = f"{self._prefix}-{slug(group, 20)}"
        code = f"{above}.{slug(name, CATEGORY_LENGTH - len(above) - 1)}"
        self.categories[group, name] = code
        for one, label, parent in ((above, group, None), (code, name, above)):
            if one not in self.known_categories and one not in new:
                new[one] = _category(one, label, parent)


def _category(code: str, name: str, parent: str | None) -> Category:
    """Not active: nobody here reports under another county's categories."""
    short = name if len(name) <= 40 else name[:39] + "…"
    return Category(code=code, name_zh=short, name_en=name[:80], parent_id=parent, is_active=False)
