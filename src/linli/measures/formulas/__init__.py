"""How figures are counted, and which of them may be shown."""

from . import sums
from .counting import paths_above
from .dictionary import Licence, dictionary, licences
from .editions import PLACE, TOTAL, Cell, Facts, Value, alone, cells
from .matters import Month, Period, missed, read_month
from .mediations import Line, MediationMonth, mediation_month
from .months import ELSEWHERE, Cells, Counts, K, Part, bounds, month_counts, requests, share, shown
from .sheets import COLUMNS, TABLES, csv_file, json_file, sheet

__all__ = [
    "COLUMNS",
    "ELSEWHERE",
    "PLACE",
    "TABLES",
    "TOTAL",
    "Cell",
    "Cells",
    "Counts",
    "Facts",
    "K",
    "Licence",
    "Line",
    "MediationMonth",
    "Month",
    "Part",
    "Period",
    "Value",
    "alone",
    "bounds",
    "cells",
    "csv_file",
    "dictionary",
    "json_file",
    "licences",
    "mediation_month",
    "missed",
    "month_counts",
    "paths_above",
    "read_month",
    "requests",
    "share",
    "sheet",
    "shown",
    "sums",
]
