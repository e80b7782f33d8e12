"""The charts of the public figures. They show what is published anyway: the figures of months, and a month's edition.

So nothing can be worked out from a chart that could not be from the open data, and there is one rule about small
numbers, not two: docs/open-data.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from linli.kit.charts import Cell, Line
from linli.measures.formulas import PLACE
from linli.measures.models import Edition

from .month import Summary

MONTHS = 12
AROUND = 10  # the axis of a share starts at such a step below the lowest
Known = Mapping[date, Summary]


def drawn(month: date, known: Known, edition: Edition | None) -> dict[str, Any]:
    """Lines of the charts: months beside their own a year before, where reports came from, and places of each level."""
    rows = json.loads(edition.json)["rows"] if edition else []
    kept = _months(month, known, lambda of: _share(of.rate, of.counts["due"]))
    satisfied = _months(month, known, lambda of: _share(of.satisfied_rate, of.rated))
    return {
        "accepted": _months(month, known, lambda of: _count(of.accepted)),
        "kept": kept,
        "kept_floor": _floor(kept),
        "satisfied": satisfied,
        "satisfied_floor": _floor(satisfied),
        "channels": [_line(row, "value") for row in rows if row["table"] == "channel"],
        "progress": [_line(row, "value") for row in rows if row["table"] == "progress"],
        "levels": _levels(rows),
        "heads": {
            "years": [pgettext("chart", "本年"), _("去年同月")],
            "matters": [pgettext("figure", "受理")],
            "month": _("月份"),
            "channel": _("来源"),
            "progress": _("进展"),
            "place": _("地方"),
        },
    }


def year_before(month: date) -> date:
    return month.replace(year=month.year - 1)


def _months(month: date, known: Known, of: Callable[[Summary], Cell]) -> list[Line]:
    """Up to twelve months that were published, oldest first."""
    found: list[Line] = []
    while len(found) < MONTHS:
        if month in known:
            pair = (known.get(month), known.get(year_before(month)))
            cells = tuple(of(each) if each else Cell("—") for each in pair)
            found.append(Line(date_format(month, pgettext("chart", "y年n月")), cells))
        elif month < min(known, default=month):
            break
        month = (month - timedelta(days=1)).replace(day=1)
    return found[::-1]


def _count(n: int | None) -> Cell:
    return Cell(_("不显示")) if n is None else Cell(f"{n:,}", "", n)


def _share(n: float | None, whole: int) -> Cell:
    if n is None:
        return Cell(_("不显示") if whole else "—")
    return Cell(f"{n:.1f}%", "", round(n, 1))


def _floor(lines: list[Line]) -> int:
    """Where the axis of shares starts, so that months differ to the eye; the page says so."""
    known = [cell.value for line in lines for cell in line.cells if cell.value is not None]
    return max(0, int(min(known, default=0) // AROUND - 1) * AROUND)


def _line(row: Mapping[str, Any], of: str) -> Line:
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return Line(row[f"{of}_{language}"], (Cell(f"{row['matters']:,}", "", row["matters"]),))


def _levels(rows: list[dict[str, Any]]) -> list[tuple[str, str, list[Line]]]:
    """The places of the edition by level, each as far down as it is published; every matter stands at one of them."""
    names = {"township": _("乡镇"), "village": _("村、社区"), "grid": _("网格")}
    found: dict[str, list[Line]] = {level: [] for level in names}
    for row in rows:
        if row["table"] == PLACE:
            held = row["place_level"].replace("community", "village").split("+")
            level = next((level for level in reversed(names) if level in held), "township")
            found[level].append(_line(row, PLACE))
    return [(level, names[level], lines) for level, lines in found.items() if lines]
