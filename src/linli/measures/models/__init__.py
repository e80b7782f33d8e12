"""What was published, what is counted, and what is kept of assessments and of problems."""

from .counts import Counted, Progress, Rollup, Spread
from .publishing import Edition, MonthlyFigures

__all__ = ["Counted", "Edition", "MonthlyFigures", "Progress", "Rollup", "Spread"]
