"""What a row says in our words, or everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from linli.kit import coordinates, text
from linli.service_requests.imports.mapping import (
    CHOICES,
    CLOSED,
    DISPATCHED,
    REPORTED,
    SKIP,
    Mapping,
    Moment,
)
from linli.service_requests.imports.reading import Row
from linli.service_requests.models import Channel, Level

LONGEST = {
    "id": 100,
    "title": 120,
    "text": 4000,
    "result": 4000,
    "address": 200,
    "channel": 200,
    "category": 200,
    "group": 200,
}
LINES = tuple("id title group category unit department place accused address channel".split())
BLOCKS = ("text", "result")
EARLIEST, LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SHOWN = 40


class Wrong(NamedTuple):
    """A cell that cannot be taken in: what it should have held, what stands there, and why not."""

    row: int
    name: str
    found: str
    reason: str


class Names(NamedTuple):
    """What a row names by name: units and a category."""

    place: str
    department: str
    unit: str
    group: str
    category: str
    accused: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row understood."""

    row: int
    case_id: UUID
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    request_type: str
    channel: str
    level: str
    lon: float | None
    lat: float | None
    texts: dict[str, str]
    names: Names


def understand(row: Row, mapping: Mapping, at: datetime) -> Entry | list[Wrong]:
    """The row in our words; a list of all that is wrong with it where it cannot be taken in at `at`."""
    return _Reading(row, mapping, at).entry()


def case_id_of(county: str, source_id: str, opened_at: datetime) -> UUID:
    """The same id for the same row, however often it is read, shaped as a UUIDv7 of the moment it was opened."""
    milliseconds = int(opened_at.timestamp() * 1000)
    drawn = int.from_bytes(blake2b(f"{county}:{source_id}".encode(), digest_size=10).digest())
    low = drawn & ((1 << 62) - 1)
    high = (drawn >> 62) & 0xFFF
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)


def line(cell: str) -> str:
    """The text of a cell on one line, cleaned; plain ASCII needs no more than its blanks put right."""
    words = " ".join(cell.split())
    return words if words.isascii() and words.isprintable() else " ".join(text.clean(words).split())


class _Reading:
    """One row being read; what is wrong is noted, and reading goes on."""

    def __init__(self, row: Row, mapping: Mapping, at: datetime) -> None:
        self.row, self.mapping, self.at = row, mapping, at
        self.wrong: list[Wrong] = []

    def entry(self) -> Entry | list[Wrong]:
        texts = self._texts()
        names = Names(*(self.mapping.value(name, texts.get(name, "")) for name in Names._fields))
        state = self._choice("state", "")
        opened, due, closed = self._opened(), self._due(), self._closed()
        self._check_state(state, closed, names)
        kind = self._choice("type", self.mapping.request_type)
        self._check_accusation(kind, names)
        channel, level = self._channel(), self._choice("level", Level.NORMAL.value)
        lon, lat = self._point()
        if self.wrong or opened is None:
            return self.wrong
        return Entry(
            row=self.row.number,
            case_id=case_id_of(self.mapping.county["code"], texts["id"], opened),
            opened_at=opened,
            due_at=due,
            closed_at=closed,
            request_type=kind,
            channel=channel,
            level=level,
            lon=lon,
            lat=lat,
            texts=texts,
            names=names if state != REPORTED else names._replace(unit="", department=""),
        )

    def _note(self, name: str, reason: str, found: str | None = None) -> None:
        cell = self.row.cells.get(name, "").strip() if found is None else found
        self.wrong.append(Wrong(self.row.number, name, cell[:SHOWN], reason))

    def _texts(self) -> dict[str, str]:
        cells = self.row.cells
        texts = {name: line(cells[name]) for name in LINES if name in cells}
        texts.update({name: _block(cells[name]) for name in BLOCKS if name in cells})
        for name in ("id", "category"):
            if not texts[name]:
                self._note(name, _("不能为空。"))
        for name, written in texts.items():
            most = LONGEST.get(name, 80)
            if len(written) > most:
                reason = _("最多 %(n)d 个字，现在是 %(have)d 个。")
                self._note(name, reason % {"n": most, "have": len(written)})
        said = texts.get("text", "")
        texts["title"] = texts.get("title") or (text.title_from(said) if said else "") or texts["category"]
        return texts

    def _choice(self, name: str, otherwise: str) -> str:
        cell = line(self.row.cells.get(name, ""))
        ours = self.mapping.value(name, cell)
        if not ours:
            return otherwise
        if ours not in CHOICES[name]:
            reason = _("不认识“%(found)s”；请在对照表的 [values.%(name)s] 里写明它是什么：%(known)s。")
            known = ", ".join(CHOICES[name])
            self._note(name, reason % {"found": cell[:SHOWN], "name": name, "known": known})
        return ours

    def _channel(self) -> str:
        """A channel of ours only where the mapping says which; what the file calls it is kept with the case."""
        ours = ""
        if "channel" in self.mapping.values:
            ours = self.mapping.value("channel", line(self.row.cells.get("channel", "")))
        return ours if ours in CHOICES["channel"] else Channel.IMPORT.value

    def _check_state(self, state: str, closed: datetime | None, names: Names) -> None:
        if state == SKIP:
            self._note("state", _("对照表写明这种状态的不导入。"))
        elif state == CLOSED and closed is None and not self._is_noted("closed"):
            self._note("closed", _("已办结的要有办结时间。"))
        elif state in (REPORTED, DISPATCHED) and closed is not None:
            self._note("state", _("没有办结，却有办结时间。"))
        if not names.unit and state != REPORTED:
            self._note("unit", _("不能为空。"))

    def _check_accusation(self, kind: str, names: Names) -> None:
        if kind == "accusation" and not names.accused:
            self._note(
                "accused" if "accused" in self.mapping.columns else "type",
                _("举报件要写明被举报的单位（columns.accused），才能保证不给它看到。"),
            )

    def _is_noted(self, name: str) -> bool:
        return any(wrong.name == name for wrong in self.wrong)

    def _opened(self) -> datetime | None:
        if not self.row.cells["opened"].strip():
            self._note("opened", _("不能为空。"))
            return None
        found = self._moment("opened")
        return found.at if found else None

    def _due(self) -> datetime | None:
        """A day without a time is kept to its end."""
        found = self._moment("due", may_be_ahead=True)
        if found is None:
            return None
        return self.mapping.end_of(found.day) if found.day else found.at

    def _closed(self) -> datetime | None:
        """A day without a time begins it, unless the case was opened later that day."""
        found = self._moment("closed")
        if found is None:
            return None
        if found.day and (opened := self._moment("opened", is_again=True)):
            return max(found.at, min(opened.at, self.mapping.end_of(found.day)))
        return found.at

    def _moment(self, name: str, *, may_be_ahead: bool = False, is_again: bool = False) -> Moment | None:
        written = self.row.dates.get(name) or self.row.cells.get(name, "").strip()
        if not written:
            return None
        try:
            found = self.mapping.moment(written)
            reason = self._doubt(found.at, may_be_ahead)
        except (ValueError, OverflowError):
            reason = _("“%(found)s”不是时间，应写成 %(example)s。")
        else:
            if not reason:
                return found
        if not is_again:
            shown = str(written)[:SHOWN]
            self._note(name, reason % {"found": shown, "example": self.mapping.moment_examples}, shown)
        return None

    def _doubt(self, at: datetime, may_be_ahead: bool) -> str:
        """Why nobody can mean this moment; nothing where it may be."""
        if at < EARLIEST:
            return _("“%(found)s”太早，不会是真的。")
        if at > LATEST:
            return _("“%(found)s”太晚，不会是真的。")
        return _("“%(found)s”还没有到。") if at > self.at and not may_be_ahead else ""

    def _point(self) -> tuple[float | None, float | None]:
        found: dict[str, float] = {}
        for name in ("lon", "lat"):
            written = self.row.cells.get(name, "").strip()
            try:
                if written:
                    found[name] = float(written)
            except ValueError:
                self._note(name, _("“%(found)s”不是经纬度。") % {"found": written[:SHOWN]})
        lon, lat = found.get("lon"), found.get("lat")
        if lon is None or lat is None or (lon, lat) == (0.0, 0.0):
            return None, None
        if not coordinates.is_valid(lon, lat):
            self._note("lon", _("经纬度超出范围：%(lon)s，%(lat)s。") % {"lon": lon, "lat": lat})
            return None, None
        return coordinates.to_wgs84(lon, lat, self.mapping.coordinates)


def _block(cell: str) -> str:
    """The text of a cell with its lines."""
    return cell.strip() if cell.isascii() and cell.isprintable() else text.clean(cell)
