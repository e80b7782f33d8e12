"""Months and quarters."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import pgettext

MONTHS = {"month": 1, "quarter": 3}
OLDEST = date(2000, 1, 1)  # nothing was counted before


def period(kind: str, day: date) -> tuple[date, date]:
    """The first day of the month or quarter that holds a day, and the day after its last."""
    months = MONTHS[kind]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    end = first
    for _ in range(months):
        end = (end + timedelta(days=32)).replace(day=1)
    return first, end


def last_period(kind: str, today: date) -> tuple[date, date]:
    """The newest one that is over."""
    return period(kind, period(kind, today)[0] - timedelta(days=1))


def month_words(month: date) -> str:
    """A month as charts name it, in the reader's language."""
    return date_format(month, pgettext("chart", "y年n月"))
