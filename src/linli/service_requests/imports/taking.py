"""Rows become historical cases, batch by batch: what was committed is skipped when the file is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import cycle, islice
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _

from linli.cases.actions import Opening, bulk
from linli.kit import coordinates, text
from linli.service_requests.imports.lists import Lists
from linli.service_requests.imports.mapping import Mapping
from linli.service_requests.imports.reading import Reject, Row, Source
from linli.service_requests.models import Channel, Request

BATCH = 1000
LONGEST = {"title": 120, "result": 4000, "address": 200, "source": 200}
NAMES = ("place", "department", "unit", "group", "category")
NEEDED = ("id", "opened", "group", "category", "unit")


@dataclass
class Outcome:
    """How many rows were read, taken in, known already, and not taken in."""

    rows: int = 0
    new: int = 0
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """A row understood."""

    row: int
    case_id: UUID
    source_id: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    lon: float | None
    lat: float | None
    texts: dict[str, str]

    @property
    def names(self) -> tuple[str, str, str, str, str]:
        """As NAMES says."""
        texts = self.texts
        return texts["place"], texts["department"], texts["unit"], texts["group"], texts["category"]


def take_in(
    *,
    source: Source,
    mapping: Mapping,
    at: datetime,
    limit: int | None = None,
    tell: Callable[[Outcome], None] = lambda outcome: None,
    outcome: Outcome | None = None,
    share: tuple[int, int] = (0, 1),
) -> Outcome:
    """Takes a file in. `tell` is called after every batch, which is then committed.

    `outcome` may be given to see how far an interrupted run came. `share` (k, n) takes every n-th batch from the
    k-th on, for n processes at one file. Raises FileRefused before anything is written.
    """
    outcome = outcome or Outcome()
    lists = Lists(mapping, at)
    rows = islice(source.rows(), limit)
    turns = cycle(range(share[1]))
    while chunk := list(islice(rows, BATCH)):
        if next(turns) == share[0]:
            _take_batch(chunk, mapping, lists, at, outcome)
            tell(outcome)
    return outcome


def found_lists(*, source: Source, mapping: Mapping, at: datetime, limit: int | None = None) -> None:
    """Founds every unit and category a file names, so that several processes can share the file."""
    raw = {
        tuple(row.cells.get(name, "") for name in NAMES)
        for row in islice(source.rows(), limit)
        if isinstance(row, Row)
    }
    named = [(_line(a), _line(b), _line(c), _line(d), _line(e)) for a, b, c, d, e in raw]
    Lists(mapping, at).prepare(names for names in named if all(names[2:]))


def _take_batch(
    chunk: list[Row | Reject], mapping: Mapping, lists: Lists, at: datetime, outcome: Outcome
) -> None:
    """One batch; where somebody else took one of its cases in at the same moment, once more without it."""
    try:
        _take_once(chunk, mapping, lists, at, outcome)
    except IntegrityError:
        _take_once(chunk, mapping, lists, at, outcome)


def _take_once(
    chunk: list[Row | Reject], mapping: Mapping, lists: Lists, at: datetime, outcome: Outcome
) -> None:
    entries: dict[UUID, Entry] = {}
    rejects = []
    for understood in _understood(chunk, mapping):
        if isinstance(understood, Reject):
            rejects.append(understood)
        elif understood.case_id in entries:
            first = entries[understood.case_id].row
            reason = _("与第 %(row)d 行重复。") % {"row": first}
            rejects.append(Reject(understood.row, mapping.columns["id"], reason))
        else:
            entries[understood.case_id] = understood
    known = bulk.known(entries)
    new = [entry for case_id, entry in entries.items() if case_id not in known]
    if new:
        lists.prepare(entry.names for entry in new)
        _store(new, mapping, lists, at)
    outcome.rows += len(chunk)
    outcome.new += len(new)
    outcome.known += len(known)
    outcome.rejects += rejects


def _store(entries: list[Entry], mapping: Mapping, lists: Lists, at: datetime) -> None:
    batch = bulk.record([_history(entry, mapping, lists, at) for entry in entries], at=at)
    for entry in entries:
        words = entry.texts["title"]
        batch.add(Request(case_id=entry.case_id, request_type=_type_of(entry, mapping), text=words))
    bulk.store(batch)


def _understood(chunk: Iterable[Row | Reject], mapping: Mapping) -> Iterator[Entry | Reject]:
    for row in chunk:
        if isinstance(row, Reject):
            yield row
            continue
        try:
            yield _entry(row, mapping)
        except _Wrong as wrong:
            yield Reject(row.number, mapping.columns.get(wrong.name, wrong.name), wrong.reason)


class _Wrong(ValueError):
    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(reason)


def _entry(row: Row, mapping: Mapping) -> Entry:
    cells = row.cells
    texts = {name: _line(cells.get(name, "")) for name in TEXTS}
    texts["title"] = texts["title"] or texts["category"]
    for name in NEEDED:
        if not texts.get(name, cells.get(name, "").strip()):
            raise _Wrong(name, _("不能为空。"))
    for name, most in LONGEST.items():
        if len(texts[name]) > most:
            raise _Wrong(
                name, _("最多 %(n)d 个字，现在是 %(have)d 个。") % {"n": most, "have": len(texts[name])}
            )
    opened_at = _moment(cells, "opened", mapping)
    closed_at = _moment(cells, "closed", mapping)
    if closed_at is None and cells.get("state", "").strip() in mapping.closed_states:
        raise _Wrong("closed", _("已办结的要有办结时间。"))
    lon, lat = _point(cells)
    assert opened_at is not None
    return Entry(
        row=row.number,
        case_id=case_id_of(str(mapping.county["code"]), texts["id"], opened_at),
        source_id=texts["id"],
        opened_at=opened_at,
        due_at=_moment(cells, "due", mapping),
        closed_at=closed_at,
        lon=lon,
        lat=lat,
        texts=texts,
    )


TEXTS = ("id", "title", "result", "group", "category", "unit", "department", "place", "address", "source")


def case_id_of(county: str, source_id: str, opened_at: datetime) -> UUID:
    """The same id for the same row, however often it is read, shaped as a UUIDv7 of the moment it was opened."""
    milliseconds = int(opened_at.timestamp() * 1000)
    drawn = int.from_bytes(blake2b(f"{county}:{source_id}".encode(), digest_size=10).digest())
    low = drawn & ((1 << 62) - 1)
    high = (drawn >> 62) & 0xFFF
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)


def _line(cell: str) -> str:
    """The text of a cell on one line, cleaned; plain ASCII needs no more than its blanks put right."""
    words = " ".join(cell.split())
    return words if words.isascii() and words.isprintable() else " ".join(text.clean(words).split())


def _moment(cells: dict[str, str], name: str, mapping: Mapping) -> datetime | None:
    written = cells.get(name, "").strip()
    if not written:
        return None
    try:
        return mapping.moment(written)
    except (ValueError, OverflowError) as error:
        raise _Wrong(
            name,
            _("“%(found)s”不是时间，应写成 %(example)s。")
            % {"found": written[:40], "example": mapping.moment_example},
        ) from error


def _point(cells: dict[str, str]) -> tuple[float | None, float | None]:
    found: dict[str, float | None] = {}
    for name in ("lon", "lat"):
        written = cells.get(name, "").strip()
        try:
            found[name] = float(written) if written else None
        except ValueError as error:
            raise _Wrong(name, _("“%(found)s”不是经纬度。") % {"found": written[:40]}) from error
    lon, lat = found["lon"], found["lat"]
    if lon is None or lat is None:
        return None, None
    if not coordinates.is_valid(lon, lat):
        raise _Wrong("lon", _("经纬度超出范围：%(lon)s，%(lat)s。") % {"lon": lon, "lat": lat})
    return lon, lat


def _type_of(entry: Entry, mapping: Mapping) -> str:
    return mapping.request_types.get(entry.texts["group"], mapping.request_type)


def _history(entry: Entry, mapping: Mapping, lists: Lists, at: datetime) -> bulk.History:
    texts = entry.texts
    unit = lists.unit(texts["unit"])
    steps = [bulk.Step("record_dispatch", entry.opened_at, unit=unit)]
    if entry.closed_at is not None:
        result = {"result": texts["result"]} if texts["result"] else {}
        steps.append(bulk.Step("record_closing", entry.closed_at, data=result))
    data = {"text": texts["title"], "type": _type_of(entry, mapping), "address": texts["address"]}
    return bulk.History(
        case_id=entry.case_id,
        opening=Opening(
            kind="service_request",
            title=texts["title"],
            channel=Channel.IMPORT.value,
            place=lists.place(texts["place"]),
            category=lists.category(texts["group"], texts["category"]),
            address=texts["address"],
            lon=entry.lon,
            lat=entry.lat,
        ),
        at=entry.opened_at,
        due_at=entry.due_at,
        steps=steps,
        data={name: value for name, value in data.items() if value},
        facts={
            "mapping": mapping.name,
            "source_id": entry.source_id,
            "source_channel": texts["source"],
            "imported_at": at.isoformat(),
        },
    )
