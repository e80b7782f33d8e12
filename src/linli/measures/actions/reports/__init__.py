"""Reports in words, kept as they were made: the month of a county, and the week of every organisation."""

from .keeping import DIGEST, LETTER, make_months, make_weeks, of_unit, visible
from .writing import FORMS, file, month_of, settle, week_of

__all__ = [
    "DIGEST",
    "FORMS",
    "LETTER",
    "file",
    "make_months",
    "make_weeks",
    "month_of",
    "of_unit",
    "settle",
    "visible",
    "week_of",
]
