"""A dry run: what taking a file in would do, column by column and row by row. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from linli.service_requests.imports import taking
from linli.service_requests.imports.lists import Lists
from linli.service_requests.imports.mapping import CHOICES, NAMED, Mapping
from linli.service_requests.imports.reading import Row, Source
from linli.service_requests.imports.understanding import Entry

MOST_DISTINCT = 20_000
EXAMPLES = 3
MOMENTS = {"opened": "opened_at", "due": "due_at", "closed": "closed_at"}
LISTED = frozenset(CHOICES) | frozenset(NAMED)


@dataclass
class Column:
    """What stands in a column: `values` by how often, `wrong` cells with examples, the first and last moment."""

    name: str
    heading: str
    filled: int = 0
    empty: int = 0
    values: Counter[str] = field(default_factory=Counter)
    is_more: bool = False  # more distinct values than are counted
    wrong: int = 0
    examples: list[str] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None

    def see(self, cell: str) -> None:
        cell = cell.strip()
        if not cell:
            self.empty += 1
            return
        self.filled += 1
        if cell in self.values or len(self.values) < MOST_DISTINCT:
            self.values[cell] += 1
        else:
            self.is_more = True

    def blame(self, cell: str) -> None:
        self.wrong += 1
        if cell and cell not in self.examples and len(self.examples) < EXAMPLES:
            self.examples.append(cell)

    def date(self, at: datetime | None) -> None:
        if at is not None:
            self.first = min(self.first or at, at)
            self.last = max(self.last or at, at)

    @property
    def is_list(self) -> bool:
        """Whether its values are words of a list, worth showing by how often they stand there."""
        return self.name in LISTED


@dataclass
class Rehearsal(taking.Outcome):
    """What an import would come to. `units` and `categories` would be founded; `ignored` headings are not read."""

    columns: list[Column] = field(default_factory=list)
    units: list[tuple[str, str]] = field(default_factory=list)  # kind, name
    categories: list[tuple[str, str]] = field(default_factory=list)  # group, name
    ignored: list[str] = field(default_factory=list)
    backwards: int = 0  # rows closed before they were opened; taken in as they stand


def rehearse(
    *,
    source: Source,
    mapping: Mapping,
    at: datetime,
    limit: int | None = None,
    tell: Callable[[taking.Outcome], None] = lambda outcome: None,
) -> Rehearsal:
    """Reads all of a file as an import would. Raises FileRefused or MappingError as it would."""
    found = Rehearsal(columns=[Column(name, heading) for name, heading in mapping.columns.items()])
    lists = Lists(mapping, at)
    seen: set[UUID] = set()
    rows = islice(source.rows(), limit)
    while chunk := list(islice(rows, taking.BATCH)):
        for row in chunk:
            if isinstance(row, Row):
                for column in found.columns:
                    column.see(row.cells[column.name])
        _add(found, taking.sift(chunk, mapping, lists, at), len(chunk), seen)
        tell(found)
    found.ignored = source.ignored
    _name_what_is_founded(found, lists)
    return found


def _add(found: Rehearsal, sifted: taking.Sifted, rows: int, seen: set[UUID]) -> None:
    by_name = {column.name: column for column in found.columns}
    found.rows += rows
    found.known += sifted.known
    found.rejects += sorted(sifted.rejects)
    for fault in sifted.faults:
        if fault.name in by_name:
            by_name[fault.name].blame(fault.found)
    for entry, _codes in sifted.new:
        if entry.case_id in seen:
            found.known += 1  # an earlier batch would have taken it in
            continue
        seen.add(entry.case_id)
        found.new += 1
        found.backwards += entry.closed_at is not None and entry.closed_at < entry.opened_at
        _date(entry, by_name)


def _date(entry: Entry, by_name: dict[str, Column]) -> None:
    for name, attribute in MOMENTS.items():
        if name in by_name:
            by_name[name].date(getattr(entry, attribute))


def _name_what_is_founded(found: Rehearsal, lists: Lists) -> None:
    found.units = [(str(row.kind), row.name) for row in lists.plan.units.values()]
    planned = lists.plan.categories
    for category in planned.values():
        if category.parent_id is not None:
            above = planned.get(category.parent_id)
            found.categories.append((above.name_zh if above else category.parent_id, category.name_zh))
