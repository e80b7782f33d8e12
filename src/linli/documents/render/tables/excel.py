"""XLSX as a stream: every text an inline string, never a formula and never a link; numbers and dates as such.

Written by hand because the usual writer takes about six seconds per million cells, and lists here have sixteen million.
One part of the archive is open at a time, so a sheet goes straight from the rows into the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from math import isfinite
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape

from .cells import SEPARATOR, SPACES, Column, Kind, Rows, Style, by_value, is_risky, local, texts

ROWS = 1_048_576  # of a sheet, its heading among them
CHARACTERS = 32_767  # of a cell
EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
EARLIEST = datetime(1900, 3, 1, tzinfo=UTC)  # before it Excel counts a day that never was
HEAD, GUARDED, MOMENT, DAY = 1, 2, 3, 4
EMPTY = "<c/>"
OPEN, CLOSE = '<c t="inlineStr"><is><t>', "</t></is></c>"
KEPT = '<c t="inlineStr"%s><is><t xml:space="preserve">%s</t></is></c>'
_SPECIAL = re.compile(f"[&<>]|_x[0-9A-Fa-f]{{4}}_|(?:^|{SEPARATOR})[{SPACES}]|[{SPACES}](?:$|{SEPARATOR})")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x0041_ as A
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
PATTERNS = {Kind.MOMENT: 16, Kind.DAY: 12, Kind.WHOLE: 8, Kind.NUMBER: 10, Kind.YES: 8, Kind.TEXT: 20}

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts><fonts count="2"><font><sz val="11"/></font>'
    '<font><b/><sz val="11"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf xfId="0"/>'
    '<xf xfId="0" fontId="1" applyFont="1"/><xf xfId="0" numFmtId="49" quotePrefix="1" applyNumberFormat="1"/>'
    '<xf xfId="0" numFmtId="164" applyNumberFormat="1"/><xf xfId="0" numFmtId="165" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)


class ExcelWriter:
    def __init__(self, path: Path, columns: list[Column], style: Style, most: int = ROWS) -> None:
        self.columns, self.style, self.most = columns, style, most
        self.zip = zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.sheets = 0
        self.left = 0
        self.part: IO[bytes] | None = None
        self._begin_sheet()

    def write(self, rows: Rows) -> None:
        while rows:
            if not self.left:
                self._end_sheet()
                self._begin_sheet()
            batch, rows = rows[: self.left], rows[self.left :]
            made = [
                by_value(values, partial(self._column, column))
                for column, values in zip(self.columns, zip(*batch, strict=True), strict=True)
            ]
            lines = "</row><row>".join(map("".join, zip(*made, strict=True)))
            self._put(f"<row>{lines}</row>")
            self.left -= len(batch)

    def close(self) -> None:
        self._end_sheet()
        names = sheet_names(self.style.title, self.sheets)
        numbers = range(1, self.sheets + 1)
        sheets = "".join(
            f'<sheet name="{escape(name, QUOTE)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in enumerate(names, 1)
        )
        links = "".join(_link(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers)
        links += _link(self.sheets + 1, "styles", "styles.xml")
        parts = "".join(_override(f"worksheets/sheet{n}.xml", "worksheet") for n in numbers)
        self._part("xl/styles.xml", STYLES)
        self._part(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        )
        relations = f'<Relationships xmlns="{PACKAGE}/relationships">%s</Relationships>'
        self._part("xl/_rels/workbook.xml.rels", relations % links)
        self._part("_rels/.rels", relations % _link(1, "officeDocument", "xl/workbook.xml"))
        self._part(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f"{_override('workbook.xml', 'sheet.main')}{_override('styles.xml', 'styles')}{parts}</Types>",
        )
        self.zip.close()

    def _begin_sheet(self) -> None:
        self.sheets += 1
        self.left = self.most - 1
        self.part = self.zip.open(f"xl/worksheets/sheet{self.sheets}.xml", "w", force_zip64=True)
        widths = "".join(
            f'<col min="{n}" max="{n}" width="{PATTERNS[column.kind]}" customWidth="1"/>'
            for n, column in enumerate(self.columns, 1)
        )
        heads = "".join(
            KEPT % (f' s="{HEAD}"', escaped(value))
            for value in texts(column.label for column in self.columns).values
        )
        self._put(
            f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<cols>{widths}</cols><sheetData><row>{heads}</row>"
        )

    def _end_sheet(self) -> None:
        assert self.part is not None
        self._put("</sheetData></worksheet>")
        self.part.close()
        self.part = None

    def _put(self, text: str) -> None:
        assert self.part is not None
        self.part.write(text.encode("utf-8"))

    def _part(self, name: str, text: str) -> None:
        self.zip.writestr(name, text if text.startswith("<?xml") else DECLARATION + text)

    def _column(self, column: Column, values: Sequence[Any]) -> Sequence[str]:
        match column.kind:
            case Kind.MOMENT:
                return [self._moment(value) for value in values]
            case Kind.DAY:
                return [_day(value) for value in values]
            case Kind.YES:
                words = {True: self.style.yes, False: self.style.no, None: ""}
                return strings([words[value] for value in values])
            case Kind.WHOLE | Kind.NUMBER:
                return [_number(value) for value in values]
        return strings(values)

    def _moment(self, value: datetime | None) -> str:
        return EMPTY if value is None else _serial(local(value, self.style.zone), MOMENT)


QUOTE = {'"': "&quot;"}


def strings(values: Iterable[Any]) -> list[str]:
    """Cells of text; one that might be read as a formula once somebody edits it is marked as text for good."""
    given = texts(values)
    is_plain = not given.is_risky and not _SPECIAL.search(given.joined)
    if is_plain and max(map(len, given.values)) <= CHARACTERS:
        return [f"{OPEN}{value}{CLOSE}" if value else EMPTY for value in given.values]
    return [_string(value) for value in given.values]


def _string(value: str) -> str:
    if not value:
        return EMPTY
    if len(value) > CHARACTERS:
        value = value[: CHARACTERS - 1] + "…"
    return KEPT % (f' s="{GUARDED}"' if is_risky(value) else "", escaped(value))


def escaped(text: str) -> str:
    return escape(_ESCAPE.sub("_x005F_", text))


def sheet_names(title: str, count: int) -> list[str]:
    """Names of sheets: at most 31 characters, none of those Excel keeps for itself, each only once."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", texts([title]).values[0]).split())[:27] or "1"
    return [name] + [f"{name} {n}" for n in range(2, count + 1)]


def _number(value: Any) -> str:
    return EMPTY if value is None or not isfinite(value) else f"<c><v>{value + 0}</v></c>"


def _day(value: date | None) -> str:
    return EMPTY if value is None else _serial(datetime(value.year, value.month, value.day, tzinfo=UTC), DAY)


def _serial(value: datetime, style: int) -> str:
    """Days since Excel's own beginning; what lies before it is text."""
    if value < EARLIEST:
        return _string(value.isoformat(" ", "seconds")[:19])
    since = value - EPOCH
    return f'<c s="{style}"><v>{since.days + since.seconds / 86400:.12g}</v></c>'


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'


def _override(part: str, kind: str) -> str:
    return f'<Override PartName="/xl/{part}" ContentType="{SPREADSHEET}.{kind}+xml"/>'
