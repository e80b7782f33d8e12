"""Spreadsheets (.xlsx, .xls) as records, read by a process of their own with little memory and time to waste.

A small workbook can unfold to more than any machine holds: a far-off cell, a sheet of one long text. The reader
gives up by ending its process, so it gets one; what it read is left in a file without a name.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import resource
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.utils.translation import gettext as _
from python_calamine import (
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    WorksheetNotFound,
)

from linli.service_requests.imports.records import FileRefused, Record

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_UNPACKED = 512 << 20
MOST_PARTS = 10_000
MEMORY = 1 << 30
SECONDS = 600
MEGABYTE = 1 << 20
FINE, BROKEN, LOCKED, NO_SHEET = 0, 3, 4, 5


def is_workbook(beginning: bytes) -> bool:
    """Whether a file is a spreadsheet rather than text, whatever its name says."""
    return beginning.startswith((ZIP, OLE))


class Sheet:
    """One sheet of a workbook. `position` of `size` have been read."""

    def __init__(self, path: Path, sheet: str = "") -> None:
        _check(path)
        self.poured = _poured(path, sheet)
        self.size = os.fstat(self.poured.fileno()).st_size
        self.position = 0

    def records(self) -> Iterator[Record]:
        """Every row with something in it; a process that shares the file reads it from its own place."""
        lines = io.BufferedReader(_Own(self.poured.fileno()), MEGABYTE)
        for number, line in enumerate(lines, start=1):
            self.position += len(line)
            found = json.loads(line)
            dates = {place: _date(*cell) for place, cell in enumerate(found) if isinstance(cell, list)}
            cells = [cell if isinstance(cell, str) else cell[1] for cell in found]
            if any(cells):
                yield Record(number, cells, dates)


class _Own(io.RawIOBase):
    """A file read by position: processes that inherited it do not move one another's."""

    def __init__(self, handle: int) -> None:
        self.handle, self.at = handle, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = os.pread(self.handle, len(buffer), self.at)
        buffer[: len(found)] = found
        self.at += len(found)
        return len(found)


def _date(kind: str, written: str) -> date:
    return date.fromisoformat(written) if kind == "d" else datetime.fromisoformat(written)


def _check(path: Path) -> None:
    """Refuses what is not a whole workbook of a bearable size, before anything reads it."""
    with path.open("rb") as file:
        beginning = file.read(8)
    if beginning.startswith(OLE):
        if path.stat().st_size > MOST_UNPACKED:
            raise _too_large()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise _too_large()
            is_whole = archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise _torn() from error
    if not is_whole:
        raise _torn()
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise FileRefused(_("不是 .xlsx 或 .xls 工作簿，请在表格软件里另存为 .xlsx 或 CSV。"))


def _too_large() -> FileRefused:
    most = MOST_UNPACKED // MEGABYTE
    return FileRefused(
        _("这个工作簿拆开后太大（最多 %(most)d MB），没有导入任何内容；请另存为 CSV。") % {"most": most}
    )


def _torn() -> FileRefused:
    return FileRefused(_("这个工作簿不完整或已损坏，没有导入任何内容；请重新下载或另存一份。"))


def _poured(path: Path, sheet: str) -> IO[bytes]:
    """The rows of a sheet, a line of JSON each, in a file without a name."""
    into = TemporaryFile()  # noqa: SIM115  lives as long as the sheet
    worker = get_context("fork").Process(target=_pour, args=(path, sheet, into.fileno()))
    worker.start()
    try:
        worker.join()
    finally:
        worker.kill()
    if worker.exitcode != FINE:
        into.close()
        raise _refusal(worker.exitcode or 0, sheet)
    return into


def _refusal(code: int, sheet: str) -> FileRefused:
    if code == LOCKED:
        return FileRefused(_("这个工作簿有密码，请去掉密码再导入。"))
    if code == NO_SHEET:
        return FileRefused(_("这个工作簿里没有名为“%(sheet)s”的工作表。") % {"sheet": sheet or "*"})
    return _torn() if code == BROKEN else _too_large()


def _pour(path: Path, sheet: str, into: int) -> None:
    """The life of the reading process; its exit says how it went, a crash or a lack of room says too large."""
    faulthandler.disable()
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # a reader out of memory tells a long story
    _limit()
    code = FINE
    try:
        with os.fdopen(os.dup(into), "wb", MEGABYTE) as file:
            for row in _opened(path, sheet).iter_rows():
                file.write(json.dumps([_cell(cell) for cell in row], ensure_ascii=False).encode() + b"\n")
    except (MemoryError, OSError):
        code = -1
    except PasswordError:
        code = LOCKED
    except WorksheetNotFound:
        code = NO_SHEET
    except BaseException:  # a panic of the reader is none of Python's usual errors
        code = BROKEN
    os._exit(code % 256)


def _limit() -> None:
    held = 1 << 30
    with suppress(OSError):
        held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limits = (
        (resource.RLIMIT_AS, held + MEMORY),
        (resource.RLIMIT_FSIZE, 2 * MOST_UNPACKED),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    )
    for what, most in limits:
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _opened(path: Path, sheet: str) -> CalamineSheet:
    """The sheet of that name, else the first one that is shown."""
    book = CalamineWorkbook.from_path(path)
    if sheet:
        return book.get_sheet_by_name(sheet)
    for known in book.sheets_metadata:
        if known.visible == SheetVisibleEnum.Visible and known.typ == SheetTypeEnum.WorkSheet:
            return book.get_sheet_by_name(known.name)
    raise WorksheetNotFound


def _cell(value: Any) -> str | list[str]:
    """A cell as text; a date as its kind and its ISO form."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return ["t", value.isoformat(sep=" ")]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
