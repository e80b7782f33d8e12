"""Holds back whoever guesses at tracking codes, one address at a time.

A code has 65 bits, so guessing is hopeless anyway; this keeps it cheap for us and visible to the operator. Ten
wrong codes may be typed at once, then one every half a minute. Right codes never count, other addresses are never
touched, and the address itself is not stored: the key is a hash with the day in it.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils import timezone

from linli.people.actions import rates

logger = logging.getLogger(__name__)

BURST = 10
PER_MINUTE = 2


def blocked_until(*, address: str, at: datetime) -> datetime | None:
    """When this address may try again; None when it may now."""
    return rates.blocked_until(name=_name(address, at), per_minute=PER_MINUTE, burst=BURST, at=at)


def note_wrong_code(*, address: str, at: datetime) -> None:
    """Counts one wrong code against the address."""
    rates.take(name=_name(address, at), per_minute=PER_MINUTE, burst=BURST, at=at)
    if blocked_until(address=address, at=at):
        logger.warning("Tracking codes: one address has typed too many wrong ones and has to wait")


def _name(address: str, at: datetime) -> str:
    day = timezone.localtime(at).date().isoformat()
    return f"tracking/{day}/{rates.network(address)}"
