"""What reports are put together from: cells, tables and sections, as the plain data that is kept and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linli.documents.render.filling import number_of
from linli.measures.actions import reading
from linli.measures.actions.reading import LATE, Counts
from linli.measures.formulas import indicators
from linli.orgs.models import Organisation

Document = dict[str, Any]
Cell = dict[str, str]


def cell(text: str, href: str = "") -> Cell:
    """Words, and the page on which the desk says more of them."""
    return {"text": text, "href": href}


def number(n: int, href: str = "") -> Cell:
    """A number; nought leads nowhere."""
    return cell(f"{n:,}", href if n else "")


def table(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], *, wide: Sequence[int], words: Sequence[int] = (0,)
) -> Document:
    """A table; `words` are the columns that hold words and stand to the left, `wide` how the width is shared out."""
    numbers = [place not in words for place in range(len(head))]
    return {"head": list(head), "rows": [list(row) for row in rows], "wide": list(wide), "numbers": numbers}


def section(
    heading: str, *words: str, chart: Document | None = None, table: Document | None = None, note: str = ""
) -> Document:
    """One part of a report."""
    return {"heading": heading, "words": list(words), "chart": chart, "table": table, "note": note}


def numbered(sections: Sequence[Document]) -> list[Document]:
    """The parts with their numbers, as official papers number them."""
    style = "han" if (get_language() or "").startswith("zh") else "digits"
    return [{**each, "heading": number_of(style, n) + each["heading"]} for n, each in enumerate(sections, 1)]


def tile(label: str, value: Cell, *notes: str) -> Document:
    """A number at the head of a report, with what it was before."""
    return {"label": label, "value": value, "notes": list(notes)}


def compared(now: float | None, then: float | None, *, is_share: bool = False) -> str:
    """How far it is from what it was: in per cent, or in points for what is a share itself; empty without both."""
    if now is None or then is None or (not is_share and not then):
        return ""
    if is_share:
        return _("%(n)+.1f 个百分点") % {"n": now - then}
    return f"{100 * (now - then) / then:+.1f}%"


def noted(label: str, words: str, change: str) -> str:
    """What it was then, and the change since."""
    return " · ".join(filter(None, (f"{label} {words}", change)))


def behind(unit: Organisation, month: date, *names: str, more: Mapping[str, str] | None = None) -> str:
    """The list of the cases that make up these counts."""
    query = {"count": ",".join(sorted(names)), "month": f"{month:%Y-%m}", **(more or {})}
    return f"/desk/figures/{unit.code}/cases?{urlencode(query)}"


def late_of(counts: Counts) -> int:
    """How many promises were missed, whether the case is closed by now or not."""
    return sum(counts[name] for name in LATE)


def late_cell(unit: Organisation, month: date, counts: Counts, **more: str) -> Cell:
    return number(late_of(counts), behind(unit, month, *LATE, more=more))


def share(code: str, counts: Counts) -> reading.Figure:
    """An indicator of counts at hand."""
    return reading.of_counts(indicators.indicators()[code], counts)


def label_of(code: str) -> str:
    """What an indicator is called."""
    return str(indicators.indicators()[code].label)


def document(
    *,
    title: str,
    author: str,
    about: Sequence[str],
    tiles: Sequence[Document],
    sections: Sequence[Document],
    is_tight: bool,
) -> Document:
    """The whole, in the language of the moment."""
    return {
        "lang": (get_language() or "zh")[:2],
        "title": title,
        "subtitle": _("内部工作材料 · 不含个人信息"),
        "author": author,
        "about": list(about),
        "tiles": list(tiles),
        "sections": list(sections),
        "foot": title,
        "pages": _("第 {n} 页，共 {of} 页"),
        "is_tight": is_tight,
    }
