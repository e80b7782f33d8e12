"""The clock, read only at the edge: views, commands and the worker pass `at` downwards. And where local days begin."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)


def now() -> datetime:
    """The present moment as an aware UTC datetime."""
    return datetime.now(UTC)


def midnight(day: date) -> datetime:
    """When a local day begins. Somebody may ask for any year; beyond these, no moment could be reckoned with."""
    return timezone.make_aware(datetime.combine(min(max(day, FIRST), LAST), time()))


def written(said: object) -> str:
    """A moment in ISO 8601 as the county's clocks show it, with the year; anything else stays as it is.

    The end of a day is 24:00, never the next day at 0:00.
    """
    given = str(said or "")
    try:
        moment = parse_datetime(given)
        local = timezone.localtime(moment) if moment is not None else None
    except (ValueError, OverflowError):  # a day that is none, a moment without a zone
        local = None
    if local is None:
        return given
    if local.time() == time(0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def midnight_after(day: date) -> datetime:
    """When a local day ends."""
    return midnight(day) + timedelta(days=1)
