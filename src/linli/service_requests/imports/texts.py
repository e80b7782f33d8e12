"""Files of comma-separated values (.csv, .csv.gz) as records, in whatever encoding and with whatever delimiter."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from linli.service_requests.imports.records import FileRefused, Record, Reject

GZIP = b"\x1f\x8b"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
GUESSES = ("utf-8", "gb18030")
DELIMITERS = ",;\t|"
CHUNK = 1 << 20
LONGEST_CELL = 1 << 20
LONGEST_LINE = 4 << 20
MOST_UNPACKED = 4 << 30
LOOKED_AT = 20
NO_DATES: dict[int, date] = {}
TORN = (EOFError, zlib.error, gzip.BadGzipFile)


class Text:
    """A file of delimited text. `position` of `size` bytes have been read."""

    def __init__(self, path: Path, encoding: str = "", wanted: frozenset[str] = frozenset()) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.position = 0
        with path.open("rb") as raw:
            self.is_packed = raw.read(2) == GZIP
        self.encoding = self._encoding(encoding)
        self.delimiter = self._delimiter(wanted)

    def records(self) -> Iterator[Record | Reject]:
        """Every row, or why it cannot be read."""
        csv.field_size_limit(LONGEST_CELL)
        number = 0
        with self.path.open("rb") as raw:
            reader = csv.reader(_lines(self._decoded(raw)), strict=True, delimiter=self.delimiter)
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Reject(number, "", _("不是完整的 CSV 行：%(reason)s") % {"reason": error})
                    continue
                except TORN:
                    yield Reject(number, "", _("压缩文件在这里断了，请重新下载后再导入；已导入的不会重复。"))
                    return
                self.position = raw.tell()
                if cells:
                    yield Record(number, cells, NO_DATES)

    def _unpacked(self, raw: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.is_packed else raw

    def _decoded(self, raw: BinaryIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(self._unpacked(raw), encoding=self.encoding, errors="replace", newline="")

    def _encoding(self, given: str) -> str:
        """By its mark, else as the mapping says, else UTF-8 where every byte is, else GB 18030."""
        with self.path.open("rb") as raw:
            try:
                beginning = self._unpacked(raw).read(4)
            except (*TORN, OSError) as error:
                raise FileRefused(_("读不出第一行：%(reason)s") % {"reason": error}) from error
        marked = next((name for mark, name in MARKS if beginning.startswith(mark)), given)
        guesses = (marked,) if marked else GUESSES
        for name in guesses:
            if self._is_written_in(name):
                return name
        said = _("文件不是 %(encoding)s 编码。请另存为 UTF-8 的 CSV，或在对照表里写明 encoding。")
        raise FileRefused(said % {"encoding": ", ".join(guesses)})

    def _is_written_in(self, encoding: str) -> bool:
        decoder = codecs.getincrementaldecoder(encoding)()
        length = 0
        with self.path.open("rb") as raw:
            unpacked = self._unpacked(raw)
            try:
                while chunk := unpacked.read(CHUNK):
                    length += len(chunk)
                    if length > MOST_UNPACKED:
                        raise _too_large()
                    if "\0" in decoder.decode(chunk):
                        raise FileRefused(_("不是文本文件；请另存为 UTF-8 的 CSV 或 .xlsx。"))
            except UnicodeDecodeError:
                return False
            except (*TORN, OSError):
                return True  # torn; `records` says where
        return True

    def _delimiter(self, wanted: frozenset[str]) -> str:
        """The one that finds most of the wanted headings, else most cells."""
        with self.path.open("rb") as raw:
            try:
                lines = list(islice(_lines(self._decoded(raw)), LOOKED_AT))
            except (*TORN, OSError) as error:
                raise FileRefused(_("读不出第一行：%(reason)s") % {"reason": error}) from error

        def found(delimiter: str) -> tuple[int, int]:
            rows = []
            reader = csv.reader(lines, delimiter=delimiter)
            while True:
                try:
                    rows.append([cell.strip() for cell in next(reader)])
                except StopIteration:
                    break
                except csv.Error:
                    continue
            width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
            return max((len(wanted & set(row)) for row in rows), default=0), (width - 1) * times

        return max(DELIMITERS, key=found)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Line by line, none so long that it fills the memory."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and line[-1] != "\n":
            raise FileRefused(_("有一行超过 %(most)d 个字，不是表格文件。") % {"most": LONGEST_LINE})
        yield line


def _too_large() -> FileRefused:
    most = MOST_UNPACKED >> 20
    return FileRefused(_("这个压缩文件拆开后太大（最多 %(most)d MB），没有导入任何内容。") % {"most": most})
