"""Reads a file of requests row by row by the headings a mapping names; faults are named by row, column and reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path

from django.utils.translation import gettext as _

from linli.service_requests.imports.mapping import Mapping
from linli.service_requests.imports.records import FileRefused, Record, Reject
from linli.service_requests.imports.sheets import Sheet, is_workbook
from linli.service_requests.imports.texts import Text

HEADING_WITHIN = 10  # rows: some systems write a title above the heading


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place in the file and its cells by what they hold; `dates` are those that are dates already."""

    number: int
    cells: dict[str, str]
    dates: dict[str, date] = field(default_factory=dict)


def open_table(
    path: Path, *, encoding: str = "", sheet: str = "", wanted: frozenset[str] = frozenset()
) -> Sheet | Text:
    """A file as records. Raises FileRefused where it cannot be read at all."""
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
        if is_workbook(beginning):
            return Sheet(path, sheet)
        return Text(path, encoding, wanted)
    except OSError as error:
        raise FileRefused(_("打不开文件：%(reason)s") % {"reason": error.strerror}) from error


class Source:
    """A file of requests. `position` of `size` bytes have been read, for a progress bar."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        wanted = frozenset(mapping.columns.values())
        self.table = open_table(path, encoding=mapping.encoding, sheet=mapping.sheet, wanted=wanted)
        self.size = self.table.size
        self.position = 0
        self.ignored: list[str] = []  # headings the mapping says nothing about

    def rows(self) -> Iterator[Row | Reject]:
        """Every row, or why it cannot be read. FileRefused when the heading lacks a column."""
        self.table.position = 0
        records = iter(self.table.records())
        heading, number = self._heading(list(islice(records, HEADING_WITHIN)))
        places = [(name, heading.index(column)) for name, column in self.mapping.columns.items()]
        self.ignored = [name for name in heading if name and name not in self.mapping.columns.values()]
        width, is_ragged = len(heading), isinstance(self.table, Sheet)
        for record in chain(self._early, records):
            self.position = self.table.position
            if record[0] <= number:
                continue
            if isinstance(record, Reject):
                yield record
                continue
            found, cells, dates = record
            if len(cells) != width and not is_ragged and (len(cells) < width or any(cells[width:])):
                yield _torn(found, len(cells), width)
                continue
            row = Row(found, {name: cells[place] for name, place in places})
            if dates:
                row.dates.update((name, dates[place]) for name, place in places if place in dates)
            yield row

    def _heading(self, early: list[Record | Reject]) -> tuple[list[str], int]:
        """The row that names every column wanted, and its number."""
        self._early = early
        wanted = set(self.mapping.columns.values())
        rows = [(_named(record.cells), record.number) for record in early if isinstance(record, Record)]
        best = max(rows, key=lambda row: len(wanted & set(row[0])), default=([], 1))
        missing = [column for column in self.mapping.columns.values() if column not in best[0]]
        if missing:
            said = _(
                "第 %(row)d 行缺少这些列：%(missing)s。没有导入任何内容；请核对文件，或换一张对照表（--mapping）。"
            )
            raise FileRefused(said % {"row": best[1], "missing": ", ".join(dict.fromkeys(missing))})
        twice = sorted(column for column in wanted if best[0].count(column) > 1)
        if twice:
            said = _("第 %(row)d 行有几列同名：%(columns)s。没有导入任何内容；请先改列名。")
            raise FileRefused(said % {"row": best[1], "columns": ", ".join(twice)})
        return best


def _named(cells: list[str]) -> list[str]:
    return [" ".join(cell.split()) for cell in cells]


def _torn(row: int, found: int, expected: int) -> Reject:
    reason = _("应有 %(expected)d 列，只见 %(found)d 列；若是最后一行，文件可能没有传完整。")
    return Reject(row, "", reason % {"expected": expected, "found": found})
