"""What a cell may hold, and what may never be taken for a formula.

A batch is handled column by column. The texts of a column are looked at together, joined by a separator: the usual
column has nothing that needs care and is done with in one search; only where something is found is each cell handled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

SEPARATOR = "\x1e"
MARKS = "\"'`´‘’“”„«»＂＇"  # what may stand before a formula without keeping a spreadsheet from reading it
SPACES = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
BLANKS = "\x00-\x1d\x1f \x7f\x85\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
STARTS = "=+\\-@|%＝＋－＠｜％﹦﹢﹣﹫﹪−"
_RISKY = re.compile(f"[{BLANKS}{SEPARATOR}{MARKS}]*[{STARTS}]|[\t\r\n\x00\ufeff]")
_RISKY_SOMEWHERE = re.compile(f"(?:^|{SEPARATOR})(?:[{BLANKS}{MARKS}]*[{STARTS}]|[\t\r\n\x00\ufeff])")
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff]"
)
_ODD = re.compile("[\x00-\x08\x0b-\x1d\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff]")
_NEWLINE = re.compile("\r\n?")


class Kind(StrEnum):
    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    MOMENT = "moment"
    DAY = "day"
    YES = "yes"


class Column(NamedTuple):
    """`name` is what programs read, `label` what people do."""

    name: str
    label: str | Promise
    kind: Kind = Kind.TEXT


Row = Sequence[Any]
Rows = Sequence[Row]


@dataclass(frozen=True)
class Style:
    """How values are written: the heading of the sheet, the zone of moments, and the words for yes and no."""

    title: str
    zone: ZoneInfo
    yes: str = "1"
    no: str = "0"


class Writer(Protocol):
    """A file in the making."""

    def write(self, rows: Rows) -> None: ...

    def close(self) -> None: ...


def is_risky(text: str) -> bool:
    """Whether a spreadsheet might read the text as a formula or a command."""
    return _RISKY.match(text) is not None


def plain(text: str) -> str:
    """Without what no file may hold: controls, halves of characters, marks of byte order. Newlines of one kind."""
    return _FORBIDDEN.sub("", _NEWLINE.sub("\n", text))


class Texts(NamedTuple):
    """The texts of one column of a batch, and whether any may need care."""

    values: list[str]
    joined: str
    is_odd: bool
    is_risky: bool


def texts(values: Iterable[Any]) -> Texts:
    """A column as clean text: None is empty, anything else what str makes of it."""
    given = ["" if value is None else value if type(value) is str else str(value) for value in values]
    joined = SEPARATOR.join(given)
    is_odd = _ODD.search(joined) is not None or joined.count(SEPARATOR) != len(given) - 1
    is_dangerous = is_odd or _RISKY_SOMEWHERE.search(joined) is not None
    if is_odd:
        marked = [is_risky(value) for value in given]  # of what was typed, before anything is taken out
        given = [plain(value) for value in given]
        is_dangerous = any(marked) or any(map(is_risky, given))
        joined = SEPARATOR.join(given)
    return Texts(given, joined, is_odd, is_dangerous)


def by_value(values: Sequence[Any], make: Callable[[Sequence[Any]], Sequence[Any]]) -> Sequence[Any]:
    """What `make` makes of each, made once of each different value where few of them differ."""
    different = list(set(values))
    if 4 * len(different) > len(values):
        return make(values)
    known = dict(zip(different, make(different), strict=True))
    return [known[value] for value in values]


def local(value: datetime, zone: ZoneInfo) -> datetime:
    """What the county's clock shows at that moment, in the zone all reckoning with dates is done in."""
    return value.astimezone(zone).replace(tzinfo=UTC)


def written_moment(value: datetime | None, zone: ZoneInfo) -> str:
    return "" if value is None else value.astimezone(zone).isoformat(" ", "seconds")[:19]


def written_day(value: date | None) -> str:
    return "" if value is None else value.isoformat()
