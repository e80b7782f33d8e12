"""The organisation tree from a CSV of statistics codes (county > township > village or community).

Columns: village_code, village_name, town_code, town_name, county_code; town_name_en and village_name_en
may follow. A file is checked whole before anything is written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.kit.lists import listed
from linli.orgs.actions.tree import By, OrganisationError, bump, history
from linli.orgs.models import Change, Kind, Organisation, OrganisationChange

COLUMNS = ("village_code", "village_name", "town_code", "town_name", "county_code")
NAME_LIMITS = {"town_name": 80, "village_name": 80, "town_name_en": 120, "village_name_en": 120}
SHOWN_PROBLEMS = 20
VILLAGE_KINDS = {
    "0": Kind.COMMUNITY,
    "1": Kind.COMMUNITY,
    "2": Kind.VILLAGE,
    "3": Kind.VILLAGE,
    "4": Kind.COMMUNITY,
    "5": Kind.VILLAGE,
}


@dataclass(frozen=True)
class Problem:
    """What is wrong where: `row` counts the heading as 1."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return _("第 %(row)d 行，%(column)s：%(reason)s") % {
            "row": self.row,
            "column": self.column or _("整行"),
            "reason": self.reason,
        }


class ImportRefused(OrganisationError):
    """The file was not taken in; `problems` lists why. Nothing was written."""

    field = "file"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            shown.append(_("另有 %(count)d 处。") % {"count": len(self.problems) - SHOWN_PROBLEMS})
        super().__init__("\n".join([_("没有导入任何内容，请改正后再试："), *shown]))


@dataclass
class ImportReport:
    """How many units were founded, renamed or left as they were; closed units are never reopened."""

    founded: int = 0
    renamed: int = 0
    unchanged: int = 0
    closed: int = 0

    def __str__(self) -> str:
        return _(
            "新设 %(founded)d 个，更名 %(renamed)d 个，未变 %(unchanged)d 个，已停用未动 %(closed)d 个。"
        ) % vars(self)


@dataclass
class UnitRow:
    """One unit a file asks for."""

    code: str
    name: str
    name_en: str
    kind: Kind
    parent: str
    row: int = 0
    details: dict[str, str] = field(default_factory=dict)


def read_units(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV in UTF-8 or GB 18030 (as spreadsheets save it); refuses wrong columns and torn lines."""
    reader = csv.reader(io.StringIO(_text(content), newline=""))
    rows: list[dict[str, str]] = []
    problems = []
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise ImportRefused([Problem(1, listed(missing), _("缺少这些列，第一行应为列名。"))])
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(_torn(reader.line_num, len(cells), len(header)))
            rows.append(dict(zip(header, (cell.strip() for cell in cells), strict=False)))
    except csv.Error as error:
        problems.append(Problem(reader.line_num, "", _("不是 CSV：%(reason)s") % {"reason": error}))
    if problems:
        raise ImportRefused(problems)
    return rows


def import_units(
    rows: Iterable[Mapping[str, str]],
    *,
    by: By,
    at: datetime,
    county_code: str = "",
    county_name: str = "",
    county_name_en: str = "",
    valid_from: date | None = None,
    is_demo: bool = False,
) -> ImportReport:
    """Bring the tree in line with the rows: found what is new, rename what is called otherwise, leave the rest.

    May be repeated. A unit stays where it has been moved to since. `county_code` (default: the first row's)
    is the only county taken in; its name is needed when it does not stand yet.
    """
    rows = list(rows)
    if not rows:
        raise ImportRefused([Problem(2, "", _("文件里没有数据。"))])
    county_code = county_code or county_of(rows)
    county = Organisation.objects.filter(code=county_code).first()
    if county is None and not county_name:
        raise ImportRefused([Problem(2, "county_code", _("还没有这个县，请同时给出县名。"))])
    name, name_en = (
        county_name or getattr(county, "name", ""),
        county_name_en or getattr(county, "name_en", ""),
    )
    wanted = [UnitRow(county_code, name, name_en, Kind.COUNTY, ""), *_wanted(rows, county_code)]
    return plant_rows(wanted, by=by, at=at, valid_from=valid_from, is_demo=is_demo)


def county_of(rows: Sequence[Mapping[str, str]]) -> str:
    """The county code of the first row, without padding."""
    return _trimmed(rows[0].get("county_code", ""), 6) if rows else ""


def plant_rows(
    wanted: Sequence[UnitRow], *, by: By, at: datetime, valid_from: date | None = None, is_demo: bool = False
) -> ImportReport:
    """Write checked units, parents before children, in one transaction."""
    report = ImportReport()
    today = timezone.localdate(at)
    with transaction.atomic():
        bump("organisations")
        codes = {unit.code for unit in wanted} | {unit.parent for unit in wanted}
        standing = {unit.code: unit for unit in Organisation.objects.filter(code__in=codes)}
        new: list[Organisation] = []
        changed: list[Organisation] = []
        changes: list[OrganisationChange] = []
        for row in wanted:
            unit = standing.get(row.code)
            if unit is None:
                unit = _new_unit(row, standing.get(row.parent), valid_from or today, is_demo)
                standing[row.code] = unit
                new.append(unit)
                changes.append(history(unit, Change.FOUNDED, by=by, on_date=today))
                report.founded += 1
            elif _differs(unit, row, report):
                changes.append(history(unit, Change.RENAMED, by=by, on_date=today))
                unit.name, unit.name_en = row.name, row.name_en or unit.name_en
                changed.append(unit)
        Organisation.objects.bulk_create(new, batch_size=500)
        Organisation.objects.bulk_update(changed, ["name", "name_en"], batch_size=200)
        OrganisationChange.objects.bulk_create(changes, batch_size=500)
    return report


def short_name(name: str) -> str:
    """The place a committee looks after: 绿林村委会 is 绿林村, 冯山社区居委会 is 冯山社区, 王店居委会 is 王店社区."""
    if name.endswith("村委会"):
        return name.removesuffix("委会")
    if name.endswith("居委会"):
        return name.removesuffix("居委会").removesuffix("社区") + "社区"  # zh: part of a place's name
    return name


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ImportRefused([Problem(1, "", _("不是文本文件，请另存为 UTF-8 编码的 CSV。"))])


def _torn(row: int, found: int, expected: int) -> Problem:
    reason = _("应有 %(expected)d 列，只见 %(found)d 列；若是最后一行，文件可能没有传完整。")
    return Problem(row, "", reason % {"expected": expected, "found": found})


def _trimmed(code: str, length: int) -> str:
    """Statistics codes are padded with zeros to 12 digits; ours end where their level ends."""
    return code[:length] if len(code) == 12 and set(code[length:]) == {"0"} else code


def _wanted(rows: Sequence[Mapping[str, str]], county: str) -> list[UnitRow]:
    """Townships, then villages; refuses the whole file with every problem in it."""
    problems: list[Problem] = []
    towns: dict[str, UnitRow] = {}
    villages: dict[str, UnitRow] = {}
    for number, row in enumerate(rows, start=2):
        found = _problems(row, number, county)
        problems += found
        if found:
            continue
        town = _trimmed(row["town_code"], 9)
        unit = UnitRow(town, row["town_name"], row.get("town_name_en", ""), Kind.TOWNSHIP, county, number)
        problems += _clash(towns.setdefault(town, unit), unit, "town_name")
        code = row["village_code"]
        if code in villages:
            problems.append(_repeated(number, villages[code].row))
        name_en = row.get("village_name_en", "")
        kind = VILLAGE_KINDS[code[9]]
        villages[code] = UnitRow(code, short_name(row["village_name"]), name_en, kind, town, number)
    if problems:
        raise ImportRefused(problems)
    return [*towns.values(), *villages.values()]


def _problems(row: Mapping[str, str], number: int, county: str) -> list[Problem]:
    problems = [
        Problem(number, column, _("不能为空。")) for column in COLUMNS if not (row.get(column) or "").strip()
    ]
    if problems:
        return problems
    village, town = row["village_code"], _trimmed(row["town_code"], 9)
    if _trimmed(row["county_code"], 6) != county:
        problems.append(Problem(number, "county_code", _("不是 %(code)s 县的代码。") % {"code": county}))
    if not (len(town) == 9 and town.isascii() and town.isdigit() and town.startswith(county)):
        problems.append(Problem(number, "town_code", _("应为 12 位数字，以县代码开头，末三位为 000。")))
    if not (len(village) == 12 and village.isascii() and village.isdigit() and village.startswith(town)):
        problems.append(Problem(number, "village_code", _("应为 12 位数字，以乡镇代码开头。")))
    elif village[9] not in VILLAGE_KINDS:
        problems.append(Problem(number, "village_code", _("第 10 位应为 0 至 5，看不出是村还是社区。")))
    for column, limit in NAME_LIMITS.items():
        if len(row.get(column, "")) > limit:
            problems.append(Problem(number, column, _("超过 %(limit)d 个字。") % {"limit": limit}))
    return problems


def _clash(first: UnitRow, other: UnitRow, column: str) -> list[Problem]:
    if first.name == other.name:
        return []
    reason = _("与第 %(row)d 行的“%(name)s”不一致。") % {"row": first.row, "name": first.name}
    return [Problem(other.row, column, reason)]


def _repeated(number: int, first: int) -> Problem:
    return Problem(number, "village_code", _("与第 %(row)d 行重复。") % {"row": first})


def _new_unit(row: UnitRow, parent: Organisation | None, valid_from: date, is_demo: bool) -> Organisation:
    return Organisation(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,
        parent=parent,
        path=(parent.path if parent else "") + row.code + "/",
        valid_from=valid_from,
        is_demo=is_demo,
        **row.details,
    )


def _differs(unit: Organisation, row: UnitRow, report: ImportReport) -> bool:
    if unit.valid_until is not None:
        report.closed += 1
    elif unit.name == row.name and row.name_en in ("", unit.name_en):
        report.unchanged += 1
    else:
        report.renamed += 1
        return True
    return False


def read_file(path: Path) -> bytes:
    """The content of a file to import; a missing or unreadable one is refused like a bad one."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImportRefused(
            [Problem(1, "", _("打不开文件：%(reason)s") % {"reason": error.strerror})]
        ) from error
