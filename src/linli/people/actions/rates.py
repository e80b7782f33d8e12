"""How often somebody may ask: leaking buckets in the database, one for every name.

A bucket holds `burst` and leaks `per_minute`. One statement where there is room, three for a new bucket; no lock is
held. The name is not stored, only its keyed hash, so nothing here leads back to an address or a client.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from django.db.models import F, Value
from django.db.models.functions import Greatest

from linli.kit.codes import keyed
from linli.people.models import Bucket


def take(*, name: str, per_minute: float, burst: int, at: datetime) -> timedelta | None:
    """Puts one into the bucket and returns None; a full one is left alone, and the wait returned."""
    digest, now, step = keyed("rates", name.encode()), _milliseconds(at), _step(per_minute)
    raised = Greatest(F("empty_at"), Value(now)) + step
    bucket = Bucket.objects.filter(digest=digest)
    if bucket.filter(empty_at__lte=now + step * (burst - 1)).update(empty_at=raised):
        return None
    if until := blocked_until(name=name, per_minute=per_minute, burst=burst, at=at):
        return until - at
    Bucket.objects.filter(empty_at__lt=now).delete()
    Bucket.objects.bulk_create([Bucket(digest=digest, empty_at=now + step)], ignore_conflicts=True)
    return None


def forget(*, name: str) -> None:
    """Empties the bucket."""
    Bucket.objects.filter(digest=keyed("rates", name.encode())).delete()


def blocked_until(*, name: str, per_minute: float, burst: int, at: datetime) -> datetime | None:
    """When the bucket has room again; None when it has room now."""
    digest = keyed("rates", name.encode())
    empty_at = Bucket.objects.filter(digest=digest).values_list("empty_at", flat=True).first()
    free = (empty_at or 0) - _step(per_minute) * (burst - 1)
    return datetime.fromtimestamp(free / 1000, UTC) if free > _milliseconds(at) else None


def network(address: str) -> str:
    """The address itself, or for IPv6 the network one subscriber gets."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return "unknown"
    if known.version == 6:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def neighbourhood(address: str) -> str:
    """The 256 addresses around an IPv4 address, or what one IPv6 customer gets: who floods rarely owns more."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((known, 24 if known.version == 4 else 56), strict=False))


def is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip()).is_loopback
    except ValueError:
        return False


def _step(per_minute: float) -> int:
    return round(60_000 / per_minute)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
