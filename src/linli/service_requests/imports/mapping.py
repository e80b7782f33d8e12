"""What another system's columns mean to Linli, as a TOML file says. docs/import.md describes such a file."""

from __future__ import annotations

import codecs
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from linli.kit.coordinates import System
from linli.orgs.actions.tree import CODE
from linli.service_requests.models import Channel, Level, RequestType

FOLDER = Path(__file__).resolve().parents[1] / "data" / "mappings"
NEEDED = ("id", "opened", "category", "unit")
OPTIONAL = tuple(
    "due closed state type channel level title text result group department place address lon lat accused".split()
)
KEYS = frozenset(
    "label time_zone date_formats coordinates request_type sheet encoding county columns values create".split()
)
REPORTED, DISPATCHED, CLOSED, SKIP = "reported", "dispatched", "closed", "skip"
STATES = (REPORTED, DISPATCHED, CLOSED, SKIP)
CHOICES: dict[str, tuple[str, ...]] = {
    "type": tuple(RequestType.values),
    "channel": tuple(value for value in Channel.values if value != Channel.OPEN311_TEST),
    "level": (Level.NORMAL.value, Level.URGENT.value),
    "state": STATES,
}
NAMED = ("place", "department", "unit", "group", "category", "accused")
OTHERWISE = "*"
TELLS_TIME = re.compile("%[HIcX]|%-H")


class MappingError(ValueError):
    """The mapping is not there, or says something impossible."""


class Moment(NamedTuple):
    """A moment in UTC; `day` is given where the file says the day only."""

    at: datetime
    day: date | None


@dataclass(frozen=True)
class Mapping:
    """Columns by what they hold, how moments and values are written, which county, and what may be founded."""

    name: str
    label: dict[str, str]
    zone: ZoneInfo
    date_formats: tuple[str, ...]
    coordinates: System
    request_type: str
    sheet: str
    encoding: str
    county: dict[str, Any]
    columns: dict[str, str]
    values: dict[str, dict[str, str]]
    founds_organisations: bool
    founds_categories: bool

    @cached_property
    def _formats(self) -> list[tuple[str, bool]]:
        return [(form, not TELLS_TIME.search(form)) for form in self.date_formats]

    def moment(self, written: str | date) -> Moment:
        """A local moment of the file in UTC; ValueError when it is not written as the mapping says."""
        if not isinstance(written, str):
            return self._of_cell(written)
        for form, is_day in self._formats:
            try:
                found = datetime.strptime(written, form)  # noqa: DTZ007  the zone is the mapping's
            except ValueError:
                continue
            local = found if found.tzinfo else found.replace(tzinfo=self.zone)
            return Moment(local.astimezone(UTC), found.date() if is_day else None)
        raise ValueError(written)

    def _of_cell(self, cell: date) -> Moment:
        """A moment a spreadsheet keeps as a number."""
        if isinstance(cell, datetime):
            return Moment(cell.replace(tzinfo=self.zone).astimezone(UTC), None)
        return Moment(datetime.combine(cell, time.min, self.zone).astimezone(UTC), cell)

    def end_of(self, day: date) -> datetime:
        """The last second of a day where the file comes from."""
        midnight = datetime.combine(day + timedelta(days=1), time.min, self.zone)
        return midnight.astimezone(UTC) - timedelta(seconds=1)

    def value(self, name: str, cell: str) -> str:
        """What a cell says in our words: itself where the mapping says nothing about it."""
        table = self.values.get(name)
        if table is None:
            return cell
        found = table.get(cell)
        if found is None:
            found = table.get(OTHERWISE, cell) if cell else cell
        return found

    @property
    def moment_examples(self) -> str:
        """How moments are written in such a file, for messages."""
        return ", ".join(
            datetime(2015, 1, 31, 13, 5, tzinfo=UTC).strftime(form) for form in self.date_formats
        )

    @property
    def valid_from(self) -> date:
        return cast(date, self.county.get("valid_from", date(2000, 1, 1)))


def mapping_names() -> list[str]:
    """The mappings the package carries."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def read_mapping(name: str) -> Mapping:
    """A mapping of the package by its name, or a file of one's own by its path."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file() or (path.parent == FOLDER and path.stem not in mapping_names()):
        raise MappingError(
            _("没有名为“%(name)s”的对照表。现有：%(known)s。也可以给出自己的 .toml 文件。")
            % {"name": name, "known": ", ".join(mapping_names())}
        )
    try:
        return parsed(path.stem, tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (MappingError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise MappingError(
            _("对照表 %(name)s 有误：%(reason)s") % {"name": path.name, "reason": error}
        ) from error


def parsed(name: str, raw: dict[str, Any]) -> Mapping:
    """The mapping a file holds; MappingError names the key that is wrong."""
    _only(raw, KEYS, "")
    create = _table(raw, "create")
    _only(create, {"organisations", "categories"}, "create.")
    return Mapping(
        name=name,
        label=_label(raw, name),
        zone=_zone(raw),
        date_formats=_date_formats(raw),
        coordinates=System(_choice(raw, "coordinates", tuple(System), System.WGS84)),
        request_type=_choice(raw, "request_type", CHOICES["type"], RequestType.HELP.value),
        sheet=_words(raw, "sheet"),
        encoding=_encoding(raw),
        county=_county(raw),
        columns=_columns(raw),
        values=_values(raw),
        founds_organisations=_flag(create, "organisations"),
        founds_categories=_flag(create, "categories"),
    )


def _wrong(key: str, reason: str) -> MappingError:
    return MappingError(_("%(key)s：%(reason)s") % {"key": key, "reason": reason})


def _only(raw: dict[str, Any], allowed: Any, prefix: str) -> None:
    for key in raw:
        if key not in allowed:
            known = ", ".join(sorted(allowed))
            raise _wrong(f"{prefix}{key}", _("没有这一项。可以写：%(known)s。") % {"known": known})


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key, {})
    if not isinstance(found, dict):
        raise _wrong(key, _("应是一张表，写成 [%(key)s]。") % {"key": key})
    return found


def _words(raw: dict[str, Any], key: str, prefix: str = "") -> str:
    found = raw.get(key, "")
    if not isinstance(found, str):
        raise _wrong(prefix + key, _("应是带引号的文字。"))
    return found.strip()


def _flag(raw: dict[str, Any], key: str) -> bool:
    found = raw.get(key, False)
    if not isinstance(found, bool):
        raise _wrong(f"create.{key}", _("应写 true 或 false。"))
    return found


def _choice(raw: dict[str, Any], key: str, allowed: tuple[str, ...], otherwise: str) -> str:
    found = _words(raw, key) or otherwise
    if found not in allowed:
        raise _wrong(
            key, _("“%(found)s”不行，只能是：%(known)s。") % {"found": found, "known": ", ".join(allowed)}
        )
    return found


def _label(raw: dict[str, Any], name: str) -> dict[str, str]:
    if isinstance(raw.get("label"), str):
        return {"zh": raw["label"], "en": raw["label"]}
    table = _table(raw, "label")
    zh, en = _words(table, "zh", "label."), _words(table, "en", "label.")
    return {"zh": zh or en or name, "en": en or zh or name}


def _zone(raw: dict[str, Any]) -> ZoneInfo:
    name = _words(raw, "time_zone")
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise _wrong(
            "time_zone", _("没有“%(found)s”这个时区，应像 Asia/Shanghai。") % {"found": name}
        ) from error


def _date_formats(raw: dict[str, Any]) -> tuple[str, ...]:
    found = raw.get("date_formats")
    if not isinstance(found, list) or not found or not all(isinstance(form, str) for form in found):
        example = '["%Y-%m-%d %H:%M:%S"]'
        raise _wrong("date_formats", _("应是一个不空的清单，像 %(example)s。") % {"example": example})
    day = datetime(2015, 1, 31, 13, 5, tzinfo=UTC)
    for form in found:
        try:
            again = datetime.strptime(day.strftime(form), form)  # noqa: DTZ007  only the day is compared
        except ValueError:
            again = datetime.min  # noqa: DTZ901  no day anybody means
        if again.date() != day.date():
            raise _wrong("date_formats", _("从“%(form)s”读不出年月日。") % {"form": form})
    return tuple(found)


def _encoding(raw: dict[str, Any]) -> str:
    name = _words(raw, "encoding")
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError as error:
        raise _wrong("encoding", _("没有“%(found)s”这种编码。") % {"found": name}) from error


def _county(raw: dict[str, Any]) -> dict[str, Any]:
    table = _table(raw, "county")
    _only(table, {"code", "name", "valid_from"}, "county.")
    code = _words(table, "code", "county.") or settings.COUNTY_CODE
    if not CODE.fullmatch(code):
        raise _wrong("county.code", _("“%(found)s”不能作代码。") % {"found": code})
    day = table.get("valid_from", date(2000, 1, 1))
    if isinstance(day, datetime) or not isinstance(day, date):
        raise _wrong("county.valid_from", _("应是日期，不带引号，像 2000-01-01。"))
    return {"code": code, "name": _words(table, "name", "county."), "valid_from": day}


def _columns(raw: dict[str, Any]) -> dict[str, str]:
    table = _table(raw, "columns")
    _only(table, {*NEEDED, *OPTIONAL}, "columns.")
    found = {name: _words(table, name, "columns.") for name in table}
    for name in (*NEEDED, *found):
        if not found.get(name):
            raise _wrong(f"columns.{name}", _("要写明是文件的哪一列。"))
    if ("lon" in found) != ("lat" in found):
        raise _wrong("columns.lon", _("lon 和 lat 要么都写，要么都不写。"))
    return found


def _values(raw: dict[str, Any]) -> dict[str, dict[str, str]]:
    tables = _table(raw, "values")
    _only(tables, {*CHOICES, *NAMED}, "values.")
    found: dict[str, dict[str, str]] = {}
    for name in tables:
        table = _table(tables, name)
        found[name] = {" ".join(cell.split()): _words(table, cell, f"values.{name}.") for cell in table}
        for cell, ours in found[name].items():
            if name in CHOICES and ours not in CHOICES[name]:
                known = ", ".join(CHOICES[name])
                reason = _("“%(found)s”不行，只能是：%(known)s。") % {"found": ours, "known": known}
                raise _wrong(f"values.{name}.{cell}", reason)
    return found
