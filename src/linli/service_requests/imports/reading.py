"""Reads a .csv or .csv.gz of requests row by row; faults are named by row, column and reason."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from linli.service_requests.imports.mapping import Mapping

CHUNK = 1 << 20
LONGEST_CELL = 1 << 20


class FileRefused(ValueError):
    """The file is not what the mapping describes; nothing of it was taken in."""


@dataclass(frozen=True)
class Reject:
    """A row that was not taken in. `row` counts the heading as 1."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return _("第 %(row)d 行，%(column)s：%(reason)s") % {
            "row": self.row,
            "column": self.column or _("整行"),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Row:
    """One row: its place in the file and its cells by what they hold."""

    number: int
    cells: dict[str, str]


class Source:
    """A file of requests. `position` of `size` bytes have been read, for a progress bar."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        try:
            self.size = path.stat().st_size
            with path.open("rb") as file:
                self.is_packed = file.read(2) == b"\x1f\x8b"
        except OSError as error:
            raise FileRefused(_("打不开文件：%(reason)s") % {"reason": error.strerror}) from error
        self.position = 0
        self.encoding = self._encoding()

    def rows(self) -> Iterator[Row | Reject]:
        """Every row, or why it cannot be read. FileRefused when the heading lacks a column."""
        with self.path.open("rb") as raw:
            lines = io.TextIOWrapper(
                self._unpacked(raw), encoding=self.encoding, errors="replace", newline=""
            )
            reader = csv.reader(lines, strict=True)
            csv.field_size_limit(LONGEST_CELL)
            places, width = self._heading(reader)
            number = 1
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Reject(number, "", _("不是完整的 CSV 行：%(reason)s") % {"reason": error})
                    continue
                except (EOFError, zlib.error, gzip.BadGzipFile):
                    yield Reject(number, "", _("压缩文件在这里断了，请重新下载后再导入；已导入的不会重复。"))
                    return
                self.position = raw.tell()
                if not cells:
                    continue
                if len(cells) != width:
                    yield _torn(number, len(cells), width)
                    continue
                yield Row(number, {name: cells[place] for name, place in places})

    def _unpacked(self, raw: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.is_packed else raw

    def _heading(self, reader: Iterator[list[str]]) -> tuple[list[tuple[str, int]], int]:
        """Where each column of the mapping stands, and how many columns there are."""
        try:
            heading = [name.strip() for name in next(reader, [])]
        except (csv.Error, EOFError, OSError, zlib.error) as error:
            raise FileRefused(_("读不出第一行：%(reason)s") % {"reason": error}) from error
        wanted = self.mapping.columns
        missing = [column for column in wanted.values() if column not in heading]
        if missing:
            raise FileRefused(
                _(
                    "第 1 行缺少这些列：%(missing)s。没有导入任何内容；请核对文件，或换一张对照表（--mapping）。"
                )
                % {"missing": ", ".join(missing)}
            )
        return [(name, heading.index(column)) for name, column in wanted.items()], len(heading)

    def _encoding(self) -> str:
        """UTF-8 where every byte of the file is, else GB 18030, as spreadsheets save Chinese."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self.path.open("rb") as raw:
            unpacked = self._unpacked(raw)
            try:
                while chunk := unpacked.read(CHUNK):
                    decoder.decode(chunk)
            except UnicodeDecodeError:
                return "gb18030"
            except (EOFError, OSError, zlib.error):
                return "utf-8-sig"  # torn; `rows` says where
        return "utf-8-sig"


def _torn(row: int, found: int, expected: int) -> Reject:
    reason = _("应有 %(expected)d 列，只见 %(found)d 列；若是最后一行，文件可能没有传完整。")
    return Reject(row, "", reason % {"expected": expected, "found": found})
