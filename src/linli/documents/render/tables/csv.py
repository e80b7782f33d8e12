"""CSV that Excel opens as it is meant: UTF-8 with its mark, CRLF, every text in quotes, no cell a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .cells import Column, Kind, Rows, Style, by_value, is_risky, texts, written_day, written_moment

MARK = "\ufeff"
GUARD = "'"  # what a spreadsheet shows as text because of it; OWASP, "CSV injection"
BUFFER = 1 << 20


class CsvWriter:
    def __init__(self, path: Path, columns: list[Column], style: Style) -> None:
        self.columns, self.style = columns, style
        self.line = ",".join("%s" if column.kind in BARE else '"%s"' for column in columns) + "\r\n"
        self.file = path.open("x", encoding="utf-8", newline="", buffering=BUFFER)
        head = quoted([column.label for column in columns])
        self.file.write(MARK + ",".join(f'"{label}"' for label in head) + "\r\n")

    def write(self, rows: Rows) -> None:
        if not rows:
            return
        made = [
            by_value(values, partial(self._column, column))
            for column, values in zip(self.columns, zip(*rows, strict=True), strict=True)
        ]
        self.file.write("".join(map(self.line.__mod__, zip(*made, strict=True))))

    def close(self) -> None:
        self.file.close()

    def _column(self, column: Column, values: Sequence[Any]) -> Sequence[str]:
        zone = self.style.zone
        match column.kind:
            case Kind.MOMENT:
                return [written_moment(value, zone) for value in values]
            case Kind.DAY:
                return [written_day(value) for value in values]
            case Kind.YES:
                words = {True: self.style.yes, False: self.style.no, None: ""}
                return quoted([words[value] for value in values])
            case Kind.WHOLE | Kind.NUMBER:
                return ["" if value is None else str(value + 0) for value in values]
        return quoted(values)


BARE = {Kind.MOMENT, Kind.DAY, Kind.WHOLE, Kind.NUMBER}


def quoted(values: Iterable[Any]) -> list[str]:
    """Texts as they stand between quotes: quotes doubled, and what might be read as a formula behind a guard."""
    given = texts(values)
    found = given.values
    if given.is_risky:
        found = [GUARD + value if is_risky(value) else value for value in found]
    if '"' in given.joined:
        found = [value.replace('"', '""') for value in found]
    return found
