"""Counting and publishing."""

from linli.measures.formulas import missed

from .editions import EditionError, FiguresAlone, MonthRuns, NothingYet, editions_of, publish_edition
from .figures import MONTHS, Stats, kept, last_month, previous_month, publish, published, stats

__all__ = [
    "MONTHS",
    "EditionError",
    "FiguresAlone",
    "MonthRuns",
    "NothingYet",
    "Stats",
    "editions_of",
    "kept",
    "last_month",
    "missed",
    "previous_month",
    "publish",
    "publish_edition",
    "published",
    "stats",
]
