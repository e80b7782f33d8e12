"""Typst: one compiler with the two fonts, used by one thread at a time, nothing of the system's.

It is loaded when the first paper is drawn, since most processes never draw one.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pylopdf_fonts_zh_cn

from . import wording

if TYPE_CHECKING:
    import typst

LAYOUT = Path(__file__).with_name("paper.typ")
FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
STANDARD = "a-2b"
UNKNOWN = "□"
# Libertinus Serif, which comes inside Typst: Latin, Greek and Cyrillic letters the Chinese fonts lack.
LETTERS = (
    (0xA1, 0xAC),
    (0xAE, 0x2E4),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x477),
    (0x48C, 0x4C4),
    (0x1E00, 0x1EFF),
)

_lock = threading.Lock()
_compiler: typst.Compiler | None = None
_owner = 0


class NotTypeset(Exception):
    """The paper could not be laid out: a fault of ours."""


def typeset(
    document: dict[str, Any], files: dict[str, bytes], dated: datetime, layout: Path = LAYOUT
) -> bytes:
    """The PDF of a document; `files` are the pictures it names, on disk only while it is drawn."""
    options = {"pdf_standards": STANDARD, "timestamp": int(dated.timestamp())}
    return bytes(_compiled(document, files, options, layout))


def pictured(
    document: dict[str, Any], files: dict[str, bytes], ppi: float = 80, layout: Path = LAYOUT
) -> list[bytes]:
    """The pages as PNG, to be looked at."""
    pages = _compiled(document, files, {"format": "png", "ppi": ppi}, layout)
    return pages if isinstance(pages, list) else [pages]


@lru_cache(maxsize=64)
def seal(lines: tuple[str, ...]) -> bytes:
    """The electronic mark of a committee by itself, as PNG."""
    document = {"title": "", "author": "", "papers": [], "seal": {"lines": lines, "at": ""}}
    return pictured(document, {}, ppi=220)[0]


def _compiled(
    document: dict[str, Any], files: dict[str, bytes], options: dict[str, Any], layout: Path = LAYOUT
) -> Any:
    import typst

    with TemporaryDirectory(prefix="linli-paper-") as folder:
        source = Path(folder, layout.name)
        source.write_bytes(layout.read_bytes())
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        inputs = {"data": json.dumps(document, ensure_ascii=False)}
        try:
            with _lock:
                return _shared().compile(
                    input=str(source), root=folder, sys_inputs=inputs, **({"format": "pdf"} | options)
                )
        except typst.TypstError as error:
            raise NotTypeset(str(error)) from error


def _shared() -> typst.Compiler:
    """Made when first needed, and again in a process forked from one that had it."""
    import typst

    global _compiler, _owner
    if _compiler is None or _owner != os.getpid():
        _compiler = typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=True)
        _owner = os.getpid()
    return _compiler


# Which characters the fonts have


def printable(text: str) -> tuple[str, list[str]]:
    """The text with □ for each character the fonts lack, and those characters in the order they come."""
    known = _known()
    if all(ord(character) in known for character in text):
        return text, []
    kept, unknown = [], []
    for character in text:
        if ord(character) in known or character == "\n":
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif not _is_silent(ord(character)):
            kept.append(UNKNOWN)
            unknown.append(character)
    return "".join(kept), unknown


def all_printable(value: Any) -> Any:
    """A document with every text in it cleaned, and □ for what the fonts lack."""
    if isinstance(value, str):
        return printable(wording.clean(value))[0]
    if isinstance(value, dict):
        return {key: all_printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [all_printable(item) for item in value]
    return value


def _is_silent(code: int) -> bool:
    """Joiners and variation selectors: they change a neighbour and show nothing themselves."""
    return (
        code in {0xAD, 0x34F, 0xFEFF}
        or 0x200B <= code <= 0x200D
        or 0x2060 <= code <= 0x2064
        or (0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF)
    )


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    sets = [_characters(path) for path in sorted(FONTS.glob("*.otf"))]
    letters = {code for first, last in LETTERS for code in range(first, last + 1)}
    return frozenset(set().union(*sets, letters, {0x0A}))


def _characters(font: Path) -> set[int]:
    """The code points of a font: the segments of its character map in format 12."""
    data = font.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    offsets = {
        data[12 + 16 * n : 16 + 16 * n]: struct.unpack_from(">I", data, 20 + 16 * n)[0] for n in range(tables)
    }
    cmap = offsets[b"cmap"]
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    places = [cmap + struct.unpack_from(">I", data, cmap + 8 + 8 * n)[0] for n in range(count)]
    found: set[int] = set()
    for place in places:
        if struct.unpack_from(">H", data, place)[0] == 12:
            (groups,) = struct.unpack_from(">I", data, place + 12)
            for first, last, _glyph in struct.iter_unpack(
                ">III", data[place + 16 : place + 16 + 12 * groups]
            ):
                found.update(range(first, last + 1))
    return found
