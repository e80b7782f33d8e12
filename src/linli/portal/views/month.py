"""The main figures of a published month as they are shown: small cells are hidden (`measures.formulas`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from linli.measures.formulas import Counts, K, share, shown
from linli.measures.models import MonthlyFigures

GRADES = ("5", "4", "3", "2", "1")


@dataclass(frozen=True)
class Summary:
    """The main figures of a month as they are shown."""

    figures: MonthlyFigures

    @property
    def counts(self) -> Counts:
        counts: Counts = self.figures.counts
        return counts

    @property
    def late_total(self) -> int:
        return self.counts["late_closed"] + self.counts["late_open"]

    @property
    def accepted(self) -> int | None:
        return shown([self.counts["accepted"]])[0]

    @property
    def due(self) -> int | None:
        return shown([self.counts["due"]])[0]

    @property
    def late(self) -> int | None:
        return _both(self.late_total, self.counts["due"] - self.late_total)

    @property
    def on_time(self) -> int | None:
        return None if self.late is None or self.due is None else self.due - self.late

    @property
    def rate(self) -> float | None:
        return share(self.counts["due"] - self.late_total, self.counts["due"])

    @property
    def late_closed(self) -> int | None:
        return self._late_parts[0]

    @property
    def late_open(self) -> int | None:
        return self._late_parts[1]

    @property
    def _late_parts(self) -> list[int | None]:
        return shown([self.counts["late_closed"], self.counts["late_open"]])

    @property
    def closed(self) -> int | None:
        return shown([self.counts["closed"]])[0]

    @property
    def reworked(self) -> int | None:
        return _both(self.counts["reworked"], self.counts["closed"] - self.counts["reworked"])

    @property
    def rework_rate(self) -> float | None:
        return share(self.counts["reworked"], self.counts["closed"])

    @property
    def reopened(self) -> int | None:
        return shown([self.counts["reopened"]])[0]

    @property
    def on_hold(self) -> int | None:
        return shown([self.counts["on_hold"]])[0]

    @property
    def dissatisfied(self) -> int | None:
        cells = self.grades
        lowest = [cells[3]["n"], cells[4]["n"]]
        return None if None in lowest else sum(n for n in lowest if n is not None)

    @property
    def satisfied_rate(self) -> float | None:
        """The two best grades among those given, in per cent; None where the page hides one of the two."""
        best = [grade["n"] for grade in self.grades[:2]]
        return None if None in best or self.rated < K else 100 * sum(best) / self.rated

    @property
    def rated(self) -> int:
        return sum(self.counts["grades"].values())

    @property
    def grades(self) -> list[dict[str, Any]]:
        """The five official grades; the closed matters nobody rated complete the row whose sum is published."""
        graded = [self.counts["grades"].get(grade, 0) for grade in GRADES]
        cells = shown([*graded, self.counts["closed"] - self.rated])
        return [
            {"label": label, "css": css, "n": cell, "share": _share_of(cell, self.rated)}
            for label, css, cell in zip(_grade_labels(), COLOURS, cells, strict=False)
        ]

    @property
    def unrated(self) -> int | None:
        graded = [self.counts["grades"].get(grade, 0) for grade in GRADES]
        return shown([*graded, self.counts["closed"] - self.rated])[-1]


COLOURS = ("ch-ok", "ch-mid", "ch-soft", "ch-accent", "ch-late")


def _grade_labels() -> list[str]:
    return [_("非常满意"), _("满意"), _("基本满意"), _("不满意"), _("非常不满意")]


def _both(part: int, rest: int) -> int | None:
    """A part whose whole is published: hidden where it or the rest is small."""
    return shown([part, rest])[0]


def _share_of(cell: int | None, whole: int) -> float | None:
    return None if cell is None or whole < K else 100 * cell / whole
