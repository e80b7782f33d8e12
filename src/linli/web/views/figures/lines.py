"""Numbers of tables that are charts, each with where it leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from linli.kit.charts import Cell, Line
from linli.measures.actions import reading
from linli.measures.actions.reading import LATE, Counts, Figure, Series
from linli.measures.formulas import indicators
from linli.measures.formulas.periods import month_words

from .asked import Asked


def series_of(asked: Asked) -> dict[str, Series]:
    """Two years and a month, so that every month of the trend has its own of the year before; by kind of case."""
    view = replace(asked.view, begin=asked.year_before.months[0])
    return reading.by_kind_and_month(view, (reading.REQUESTS, "mediation"))


def trend(
    asked: Asked, series: Series, names: Sequence[str], more: Mapping[str, str] | None = None
) -> list[Line]:
    """Month by month the counts of these names, and the first of them a year before."""
    lines = []
    for month in asked.months:
        there = replace(asked, month=month)
        earlier = there.year_before
        now, then = series.get(month), series.get(earlier.month)
        cells = [number(there, now, name, more) for name in names]
        before = number(earlier, then, names[0], more) if then else Cell("—")
        lines.append(Line(month_words(month), (*cells, before), there.page()))
    return lines


def shares(asked: Asked, series: Series, code: str) -> list[Line]:
    """Month by month an indicator that is a share, beside the same month a year before."""
    indicator = indicators.indicators()[code]
    lines = []
    for month in asked.months:
        there = replace(asked, month=month)
        pair = (there, there.year_before)
        cells = [figure(each, reading.of_counts(indicator, series.get(each.month, {}))) for each in pair]
        lines.append(Line(month_words(month), tuple(cells), ""))
    return lines


def figure(asked: Asked, found: Figure) -> Cell:
    """An indicator, leading to the cases it is of."""
    value = None if found.value is None else round(found.value, 1)
    return Cell(found.words, asked.whole_href(found), value)


def number(asked: Asked, counts: Counts | None, name: str, more: Mapping[str, str] | None = None) -> Cell:
    n = (counts or {}).get(name, 0)
    return Cell(f"{n:,}", asked.href(name, more=more) if n else "", n)


def late(asked: Asked, counts: Counts, more: Mapping[str, str] | None = None) -> Cell:
    n = sum(counts.get(name, 0) for name in LATE)
    return Cell(f"{n:,}", asked.href(*LATE, more=more) if n else "", n)


def with_numbers(lines: Sequence[Line]) -> list[Line]:
    """Those in which something is counted: what has only counts that are not shown says nothing."""
    return [line for line in lines if any(cell.href for cell in line.cells)]


def of_kind(kind: str) -> dict[str, str]:
    """What narrows an address to a kind of case; requests need no word."""
    return {} if kind == reading.REQUESTS else {"kind": kind}
