"""Tables that are also charts: `linli/includes/chart.html` draws what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Cell:
    """A number as it is written, and where it leads; a value of None is a gap in the chart."""

    words: str
    href: str = ""
    value: float | None = None

    @property
    def html(self) -> SafeString:
        """The words, as a link where they lead somewhere; a page shows hundreds, so no template is asked."""
        words = escape(self.words)
        return SafeString(f'<a href="{escape(self.href)}">{words}</a>' if self.href else words)

    @property
    def drawn(self) -> str:
        """The value as the drawing reads it, in no country's writing; nothing for a gap."""
        return "" if self.value is None else str(self.value)


@dataclass(frozen=True)
class Line:
    """A row of a table that is also a chart."""

    label: str
    cells: tuple[Cell, ...]
    href: str = ""
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A table with its drawing. `form`: line, bar (lying), columns or stack; `heads`: one for each column of cells."""

    id: str
    heading: str
    form: str
    first: str
    heads: tuple[str, ...]
    lines: list[Line]
    unit: str = ""
    note: str = ""
