"""Reports of figures as PDF and Word, with charts: from plain words and numbers, without knowing what they mean.

A report is plain data, so that it can be kept and drawn again: lang, title, subtitle, author, about (lines), tiles
(label, value, notes), sections (heading, words, chart, table, note), foot, pages and is_tight. `report.typ` says more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from . import typesetting

FOLDER = Path(__file__).parent
LAYOUT, CHART, CHARTS = (FOLDER / name for name in ("report.typ", "chart.typ", "charts.typ"))
WORD = FOLDER / "report.docx"
TICKS = 4
PPI = 200
ACROSS = 4  # tiles in a row
Document = dict[str, Any]


def chart(
    form: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], **more: Any
) -> Document:
    """A chart over labels: `lines`, or `bars` on top of one another. `unit` stands behind the numbers of the axis,
    which goes up to `top` at least; `tall` is in millimetres.
    """
    rows = [{"label": label, "values": list(values)} for label, values in series]
    if form == "bars":
        most = max(
            (
                sum(each or 0 for each in column)
                for column in zip(*(row["values"] for row in rows), strict=True)
            ),
            default=0,
        )
    else:
        most = max((each for row in rows for each in row["values"] if each is not None), default=0)
    return {
        "form": form,
        "labels": list(labels),
        "series": rows,
        "ticks": ticks(max(most, more.get("top", 1))),
        "unit": more.get("unit", ""),
        "tall": more.get("tall", 46),
    }


def ticks(most: float) -> list[int]:
    """Whole round numbers from nought to `most` or just above it."""
    rough = max(1.0, most / TICKS)
    power = 10 ** math.floor(math.log10(rough))
    step = next(int(power * n) for n in (1, 2, 5, 10) if power * n >= rough)
    return [step * n for n in range(math.ceil(most / step) + 1)]


def pdf(report: Document, *, base: str, dated: datetime) -> bytes:
    """PDF/A-2b on A4. `base`: what stands before the addresses links lead to."""
    files = {CHARTS.name: CHARTS.read_bytes()}
    return typesetting.typeset(_ready(report, base), files, dated, LAYOUT)


def pictures(report: Document) -> list[bytes]:
    """Its charts as PNG, in order."""
    charts = [section["chart"] for section in report["sections"] if section["chart"] is not None]
    if not charts:
        return []
    document = {"lang": report["lang"], "charts": typesetting.all_printable(charts)}
    return typesetting.pictured(document, {CHARTS.name: CHARTS.read_bytes()}, PPI, CHART)


def docx(report: Document, *, base: str, template: bytes | None = None) -> bytes:
    """A Word file, from the template beside this file or another one with the same marks."""
    from . import figured  # the libraries of Word are loaded when the first file is made

    ready = _ready(report, base)
    return figured.filled(template or WORD.read_bytes(), ready, pictures(report))


def _ready(report: Document, base: str) -> Document:
    """With whole addresses, and only characters the fonts have."""
    ready: Document = typesetting.all_printable(report)
    for cell in _cells(ready):
        if cell["href"]:
            cell["href"] = base + cell["href"]
    return ready


def _cells(report: Document) -> list[Document]:
    tables = [section["table"] for section in report["sections"] if section["table"] is not None]
    return [
        *(tile["value"] for tile in report["tiles"]),
        *(cell for table in tables for row in table["rows"] for cell in row),
    ]


def text_of(report: Document) -> str:
    """Everything the report says, line by line, in the order it is read."""
    lines = [report["title"], report["subtitle"], *report["about"]]
    for tile in report["tiles"]:
        lines.append(" | ".join((tile["label"], tile["value"]["text"], *tile["notes"])))
    for section in report["sections"]:
        lines += ["", f"## {section['heading']}", *section["words"]]
        if section["chart"] is not None:
            lines.append(
                f"[{section['chart']['form']}: {', '.join(one['label'] for one in section['chart']['series'])}]"
            )
        if section["table"] is not None:
            lines.append(" | ".join(section["table"]["head"]))
            lines += [" | ".join(cell["text"] for cell in row) for row in section["table"]["rows"]]
        lines.append(section["note"])
    return "\n".join(line for n, line in enumerate(lines) if line or n) + f"\n{report['foot']}\n"
