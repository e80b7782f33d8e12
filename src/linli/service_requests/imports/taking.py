"""Rows become historical cases, batch by batch: what was committed is skipped when the file is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _

from linli.cases.actions import Opening, bulk
from linli.service_requests.imports.lists import Lists, Settled, Unsettled, founded_first
from linli.service_requests.imports.mapping import Mapping
from linli.service_requests.imports.reading import Row, Source
from linli.service_requests.imports.records import Reject
from linli.service_requests.imports.understanding import Entry, Names, Wrong, understand
from linli.service_requests.models import Request

BATCH = 1000
NOTHING = ("",) * len(Names._fields)


@dataclass
class Outcome:
    """How many rows were read, taken in, known already, and not taken in."""

    rows: int = 0
    new: int = 0
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)


@dataclass
class Sifted:
    """A batch sorted: what is new and where it belongs, what is known, what is wrong (`faults`: cell by cell)."""

    new: list[tuple[Entry, Settled]] = field(default_factory=list)
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)
    faults: list[Wrong] = field(default_factory=list)


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
    k-th on, for n processes at one file. Raises FileRefused or MappingError before anything is written.
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
    """Founds every unit and category the good rows of a file name, so that several processes can share the file."""
    lists = Lists(mapping, at)
    seen: set[tuple[str, ...]] = set()
    good: dict[Names, None] = {}
    for row in islice(source.rows(), limit):
        if isinstance(row, Row) and (said := tuple(map(row.cells.get, Names._fields, NOTHING))) not in seen:
            understood = understand(row, mapping, at)
            if isinstance(understood, Entry):
                seen.add(said)
                good[understood.names] = None
    if good:
        founded_first(good, lists)


def sift(chunk: Iterable[Row | Reject], mapping: Mapping, lists: Lists, at: datetime) -> Sifted:
    """Sorts a batch without writing anything."""
    sifted = Sifted()
    entries: dict[UUID, Entry] = {}
    for row in chunk:
        if isinstance(row, Reject):
            sifted.rejects.append(row)
            continue
        understood = understand(row, mapping, at)
        if isinstance(understood, list):
            _reject(sifted, understood, mapping)
        elif understood.case_id in entries:
            said = _("与第 %(row)d 行重复。") % {"row": entries[understood.case_id].row}
            _reject(sifted, [Wrong(row.number, "id", understood.texts["id"], said)], mapping)
        else:
            entries[understood.case_id] = understood
    known = bulk.known(entries)
    sifted.known = len(known)
    for case_id, entry in entries.items():
        if case_id not in known:
            _settle(entry, sifted, mapping, lists)
    return sifted


def _settle(entry: Entry, sifted: Sifted, mapping: Mapping, lists: Lists) -> None:
    try:
        sifted.new.append((entry, lists.settle(entry.names)))
    except Unsettled as unsettled:
        found = entry.texts.get(unsettled.name) or unsettled.found
        _reject(sifted, [Wrong(entry.row, unsettled.name, found, unsettled.reason)], mapping)


def _reject(sifted: Sifted, wrong: list[Wrong], mapping: Mapping) -> None:
    """A row is named once, with the first thing wrong with it."""
    first = wrong[0]
    sifted.faults += wrong
    sifted.rejects.append(Reject(first.row, mapping.columns.get(first.name, first.name), first.reason))


def _take_batch(
    chunk: list[Row | Reject], mapping: Mapping, lists: Lists, at: datetime, outcome: Outcome
) -> None:
    """One batch; where somebody else took one of its cases in at the same moment, once more without it."""
    try:
        sifted = _take_once(chunk, mapping, lists, at)
    except IntegrityError:
        sifted = _take_once(chunk, mapping, lists, at)
    outcome.rows += len(chunk)
    outcome.new += len(sifted.new)
    outcome.known += sifted.known
    outcome.rejects += sorted(sifted.rejects)


def _take_once(chunk: list[Row | Reject], mapping: Mapping, lists: Lists, at: datetime) -> Sifted:
    sifted = sift(chunk, mapping, lists, at)
    if sifted.new:
        lists.found()
        _store(sifted.new, mapping, lists, at)
    return sifted


def _store(entries: list[tuple[Entry, Settled]], mapping: Mapping, lists: Lists, at: datetime) -> None:
    batch = bulk.record([_history(entry, codes, mapping, lists, at) for entry, codes in entries], at=at)
    for entry, codes in entries:
        batch.add(
            Request(
                case_id=entry.case_id,
                request_type=entry.request_type,
                text=entry.texts.get("text") or entry.texts["title"],
                accused_id=lists.units[codes.accused].pk if codes.accused else None,
            )
        )
    bulk.store(batch)


def _history(entry: Entry, codes: Settled, mapping: Mapping, lists: Lists, at: datetime) -> bulk.History:
    texts = entry.texts
    accused = lists.units[codes.accused].path if codes.accused else ""
    data = {
        "text": texts.get("text") or texts["title"],
        "type": entry.request_type,
        "address": texts.get("address"),
    }
    return bulk.History(
        case_id=entry.case_id,
        opening=Opening(
            kind="service_request",
            title=texts["title"],
            channel=entry.channel,
            place=lists.units[codes.place],
            category=codes.category,
            level=entry.level,
            address=texts.get("address", ""),
            lon=entry.lon,
            lat=entry.lat,
            accused_path=accused,
            is_identity_kept=bool(accused),
        ),
        at=entry.opened_at,
        due_at=entry.due_at,
        steps=_steps(entry, codes, lists),
        data={name: value for name, value in data.items() if value},
        facts={
            "mapping": mapping.name,
            "source_id": texts["id"],
            "source_channel": texts.get("channel", ""),
            "imported_at": at.isoformat(),
        },
    )


def _steps(entry: Entry, codes: Settled, lists: Lists) -> list[bulk.Step]:
    steps = []
    if codes.unit:
        steps.append(bulk.Step("record_dispatch", entry.opened_at, unit=lists.units[codes.unit]))
    if entry.closed_at is not None:
        result: dict[str, Any] = {"result": entry.texts["result"]} if entry.texts.get("result") else {}
        steps.append(bulk.Step("record_closing", entry.closed_at, data=result))
    return steps
