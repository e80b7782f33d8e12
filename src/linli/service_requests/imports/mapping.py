"""What another system's columns mean to Linli, as a TOML file says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from linli.service_requests.models import RequestType

FOLDER = Path(__file__).resolve().parents[1] / "data" / "mappings"
NEEDED = frozenset("id opened closed group category unit place".split())
OPTIONAL = frozenset("due state title result department address lon lat source".split())
KEYS = frozenset(
    "label time_zone date_format closed_states request_type county columns departments request_types".split()
)


class MappingError(ValueError):
    """The mapping is not there, or says something impossible."""


@dataclass(frozen=True)
class Mapping:
    """Columns by what they hold, how moments are written, and which county the cases are of."""

    name: str
    label: dict[str, str]
    zone: ZoneInfo
    date_format: str
    county: dict[str, Any]
    columns: dict[str, str]
    departments: dict[str, str]
    request_types: dict[str, str]
    request_type: str
    closed_states: frozenset[str]

    def moment(self, written: str) -> datetime:
        """A local moment of the file in UTC; ValueError when it is not written as the mapping says."""
        return datetime.strptime(written, self.date_format).replace(tzinfo=self.zone).astimezone(UTC)

    @property
    def moment_example(self) -> str:
        """How a moment is written in such a file, for messages."""
        return datetime(2015, 1, 31, 13, 5, tzinfo=UTC).strftime(self.date_format)

    @property
    def valid_from(self) -> date:
        day = self.county["valid_from"]
        assert isinstance(day, date)
        return day


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
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return _parsed(path.stem, raw)
    except (KeyError, TypeError, ValueError, LookupError) as error:
        raise MappingError(
            _("对照表 %(name)s 有误：%(reason)s") % {"name": path.name, "reason": error}
        ) from error


def _parsed(name: str, raw: dict[str, Any]) -> Mapping:
    columns = raw["columns"]
    wrong = (set(raw) - KEYS) | (set(columns) - NEEDED - OPTIONAL) | (NEEDED - set(columns))
    types = {raw.get("request_type", RequestType.HELP), *raw.get("request_types", {}).values()}
    wrong |= types - set(RequestType.values)
    if wrong:
        raise ValueError(", ".join(sorted(wrong)))
    return Mapping(
        name=name,
        label=raw["label"],
        zone=ZoneInfo(raw["time_zone"]),
        date_format=raw["date_format"],
        county=raw["county"],
        columns=columns,
        departments=raw.get("departments", {}),
        request_types=raw.get("request_types", {}),
        request_type=raw.get("request_type", RequestType.HELP),
        closed_states=frozenset(raw.get("closed_states", [])),
    )
