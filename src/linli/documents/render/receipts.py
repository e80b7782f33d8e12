"""A receipt as PDF, with a code that a telephone reads and anybody can check."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import segno

from . import typesetting

LAYOUT = Path(__file__).with_name("receipt.typ")
LINES = 60
LONGEST = 1200  # characters of what was said that fit on the sheet with all the rest


@dataclass(frozen=True)
class Receipt:
    """What stands on the sheet, in the reader's language. `code` is what the square says."""

    language: str
    title: str
    author: str
    number: str
    lead: str
    heading: str
    words: str
    code_heading: str
    code_text: str
    code: str
    foot: str
    rows: list[tuple[str, str]] = field(default_factory=list)


def pdf(receipt: Receipt, dated: datetime) -> bytes:
    """One sheet, PDF/A-2b."""
    document = {
        "lang": receipt.language[:2],
        "title": receipt.title,
        "author": receipt.author,
        "number": receipt.number,
        "lead": receipt.lead,
        "rows": [{"label": label, "text": text} for label, text in receipt.rows],
        "heading": receipt.heading,
        "words": shortened(receipt.words),
        "code": {"heading": receipt.code_heading, "text": receipt.code_text},
        "foot": receipt.foot,
    }
    files = {"code.svg": square(receipt.code)}
    return typesetting.typeset(typesetting.all_printable(document), files, dated, LAYOUT)


def square(text: str) -> bytes:
    """The text as a square code. The least correction: the sheet is printed, not stuck to a lamp post."""
    out = io.BytesIO()
    segno.make(text, error="l", micro=False, boost_error=False).save(out, kind="svg", border=2, scale=4)
    return out.getvalue()


def shortened(words: str) -> str:
    """As much as fits; the file holds all of it."""
    kept = "\n".join(words.split("\n")[:LINES])[:LONGEST]
    return kept if kept == words else f"{kept}……"
