"""How figures are counted, and which of them may be shown."""

from .mediations import Line, MediationMonth, mediation_month
from .months import ELSEWHERE, Cells, Counts, K, Part, bounds, month_counts, share, shown

__all__ = [
    "ELSEWHERE",
    "Cells",
    "Counts",
    "K",
    "Line",
    "MediationMonth",
    "Part",
    "bounds",
    "mediation_month",
    "month_counts",
    "share",
    "shown",
]
