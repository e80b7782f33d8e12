"""Rates that need not be exact: each process counts a twelfth of them by itself, and only the rest in the database.

So in calm times whoever sends something waits for no bucket, and what comes faster is counted for all processes
together. With n of them somebody may send n twelfths more than the limit says. Names are hashed with a key here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from linli.people.actions import rates

SHARE = 12
MOST_KEPT = 20_000
_empty_at: dict[bytes, int] = {}
"""When each share will be empty, in milliseconds."""


class Charged(NamedTuple):
    """The buckets of the database something was put into, and the names of those that were full."""

    taken: list[rates.Limit]
    full: list[str]


def charge(limits: Sequence[rates.Limit], at: datetime, *, beside: rates.Limit | None = None) -> Charged:
    """As `rates.full`, where the share of this process has no room. A server that falls may forget the last second."""
    if fits(limits, at):
        return Charged([], [])
    full = rates.full(limits, at, beside=beside, is_brief=True)
    return Charged([one for one in limits if one.name not in full], full)


def fits(limits: Sequence[rates.Limit], at: datetime) -> bool:
    """Puts one into the share of each bucket, if all of them have room."""
    now, later = rates.milliseconds(at), {}
    for one in limits:
        burst, step = one.burst // SHARE, rates.step(one.per_minute) * SHARE
        key = rates.digest(one.name)
        begun = max(_empty_at.get(key, now), now)
        if burst == 0 or begun - now > step * (burst - 1):
            return False
        later[key] = begun + step
    if len(_empty_at) >= MOST_KEPT:
        _empty_at.clear()
    _empty_at.update(later)
    return True


def forget() -> None:
    """Empties the share of this process."""
    _empty_at.clear()
