"""What was published, what is counted, and what is kept of assessments and of problems."""

from .counts import Counted, Progress, Rollup, Spread
from .notices import Problem, ProblemState, SurgeNotice
from .publishing import Edition, MonthlyFigures
from .reports import Report, ReportKind
from .rounds import PUBLIC, Act, ActKind, Adjustment, Objection, Round, RoundState

__all__ = [
    "PUBLIC",
    "Act",
    "ActKind",
    "Adjustment",
    "Counted",
    "Edition",
    "MonthlyFigures",
    "Objection",
    "Problem",
    "ProblemState",
    "Progress",
    "Report",
    "ReportKind",
    "Rollup",
    "Round",
    "RoundState",
    "Spread",
    "SurgeNotice",
]
