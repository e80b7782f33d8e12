"""Holds back whoever guesses at tracking codes, one address at a time.

A code has 65 bits, so guessing is hopeless anyway; this keeps it cheap for us and visible to the operator. Ten
wrong codes may be typed at once, then one every half a minute. Right codes never count, other addresses are never
touched, and the address itself is not stored: the key is a hash with the day in it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.portal.models import Attempt

logger = logging.getLogger(__name__)

BURST = 10
STEP = timedelta(seconds=30)


def blocked_until(*, address: str, at: datetime) -> datetime | None:
    """When this address may try again; None when it may now."""
    until = Attempt.objects.filter(digest=_digest(address, at)).values_list("until", flat=True).first()
    free = until - STEP * (BURST - 1) if until else at
    return free if free > at else None


def note_wrong_code(*, address: str, at: datetime) -> None:
    """Counts one wrong code against the address, and clears away buckets that have run empty."""
    digest = _digest(address, at)
    with transaction.atomic():
        Attempt.objects.filter(until__lt=at).delete()
        attempt, _is_new = Attempt.objects.select_for_update().get_or_create(
            digest=digest, defaults={"until": at}
        )
        attempt.until = max(attempt.until, at) + STEP
        attempt.save(update_fields=["until"])
    if attempt.until - at > STEP * (BURST - 1):
        logger.warning("Tracking codes: one address has typed too many wrong ones and has to wait")


def _digest(address: str, at: datetime) -> bytes:
    day = timezone.localtime(at).date().isoformat()
    key = hashlib.sha256(f"linli.attempts.{settings.SECRET_KEY}".encode()).digest()
    return hmac.new(key, f"{day}/{_network(address)}".encode(), hashlib.sha256).digest()


def _network(address: str) -> str:
    """The address itself, or for IPv6 the network one subscriber gets."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return "unknown"
    if known.version == 6:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
