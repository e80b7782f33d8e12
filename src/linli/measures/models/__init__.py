"""What was published, what is counted, and what is kept of assessments and of problems."""

from .counts import Counted, Progress, Rollup, Spread
from .notices import Problem, ProblemState, SurgeNotice
from .publishing import Edition, MonthlyFigures
from .rounds import Act, ActKind, Adjustment, Objection, Round, RoundState

__all__ = [
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
    "Rollup",
    "Round",
    "RoundState",
    "Spread",
    "SurgeNotice",
]
