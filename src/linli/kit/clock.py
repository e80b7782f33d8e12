"""The clock, read only at the edge: views, commands and the worker pass `at` downwards."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment as an aware UTC datetime."""
    return datetime.now(UTC)
