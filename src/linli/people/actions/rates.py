"""How often somebody may ask: leaking buckets in the database, one for every name.

A bucket holds `burst` and leaks `per_minute`. One statement for all that are asked at once, whether they are there
already or not; no lock is held. The name is not stored, only its keyed hash, so nothing here leads back to an address
or a client; what has run empty is swept away.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from linli.kit.codes import keyed
from linli.people.models import Bucket


class Limit(NamedTuple):
    """A bucket by its name, and what it holds."""

    name: str
    per_minute: float
    burst: int


Unless = tuple[str, Sequence[Any]]
"""A condition in SQL, and its values."""
NEVER: Unless = ("false", ())


def take(*, name: str, per_minute: float, burst: int, at: datetime) -> timedelta | None:
    """Puts one into the bucket and returns None; a full one is left alone, and the wait returned."""
    if not full([Limit(name, per_minute, burst)], at):
        return None
    until = blocked_until(name=name, per_minute=per_minute, burst=burst, at=at)
    return until - at if until else timedelta()


def full(
    limits: Sequence[Limit], at: datetime, *, beside: Limit | None = None, unless: Unless = NEVER
) -> list[str]:
    """Puts one into each bucket but the full ones, and returns the names of those, as they were asked for.

    Into the one `beside` nothing is put; its name is returned, too, when it is full. Where `unless` holds nothing
    is put anywhere, as if all were full.
    """
    now = _milliseconds(at)
    asked = {_digest(one.name): one for one in limits}
    each = [(digest, _step(asked[digest].per_minute), asked[digest].burst) for digest in sorted(asked)]
    rows = [part for digest, step, _burst in each for part in (digest, now + step)]
    most = [part for digest, step, burst in each for part in (digest, now + step * (burst - 1))]
    looked = [_digest(beside.name)] if beside is not None else []
    with connection.cursor() as cursor:
        statement = _taking(len(each), len(looked), unless[0], connection.vendor)
        cursor.execute(statement, [*rows, *unless[1], now, now, *most, *looked])
        found = cursor.fetchall()
    taken = {bytes(row[0]) for row in found}
    names = [one.name for digest, one in asked.items() if digest not in taken]
    if beside is not None and found and _free_at(beside, found[0][1]) > now:
        names.append(beside.name)
    return names


@cache
def _taking(count: int, looked: int, unless: str, vendor: str) -> str:
    """The statement for so many buckets. Given in the order of their digests, two of them never wait for each other."""
    greatest = "max" if vendor == "sqlite" else "greatest"
    return (
        "INSERT INTO people_bucket (digest, empty_at) SELECT column1, column2"  # noqa: S608
        f" FROM (VALUES {', '.join(['(%s, %s)'] * count)}) AS given WHERE NOT ({unless})"
        f" ON CONFLICT (digest) DO UPDATE SET empty_at = {greatest}(people_bucket.empty_at, %s)"
        " + excluded.empty_at - %s WHERE people_bucket.empty_at <="
        f" CASE people_bucket.digest {' '.join(['WHEN %s THEN %s'] * count)} END"
        f" RETURNING digest{', (SELECT empty_at FROM people_bucket WHERE digest = %s)' * looked}"
    )


def _digest(name: str) -> bytes:
    return keyed("rates", name.encode())


def _free_at(limit: Limit, empty_at: int | None) -> int:
    """When a bucket that is empty at that moment has room again, in milliseconds."""
    return (empty_at or 0) - _step(limit.per_minute) * (limit.burst - 1)


def sweep(*, at: datetime) -> int:
    """Deletes the buckets that have run empty."""
    return Bucket.objects.filter(empty_at__lt=_milliseconds(at)).delete()[0]


def forget(*, name: str) -> None:
    """Empties the bucket."""
    Bucket.objects.filter(digest=_digest(name)).delete()


def blocked_until(*, name: str, per_minute: float, burst: int, at: datetime) -> datetime | None:
    """When the bucket has room again; None when it has room now."""
    digest = _digest(name)
    empty_at = Bucket.objects.filter(digest=digest).values_list("empty_at", flat=True).first()
    free = _free_at(Limit(name, per_minute, burst), empty_at)
    return datetime.fromtimestamp(free / 1000, UTC) if free > _milliseconds(at) else None


def network(address: str) -> str:
    """The address itself, or for IPv6 the network one subscriber gets."""
    return _around(address, 32, 64)


def neighbourhood(address: str) -> str:
    """The 256 addresses around an IPv4 address, or what one IPv6 customer gets: who floods rarely owns more."""
    return _around(address, 24, 56)


def _around(address: str, bits_4: int, bits_6: int) -> str:
    """The network that begins with so many bits of the address."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return "unknown"
    bits = bits_4 if known.version == 4 else bits_6
    others = known.max_prefixlen - bits
    return f"{type(known)(int(known) >> others << others)}/{bits}" if others else str(known)


def is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip()).is_loopback
    except ValueError:
        return False


def _step(per_minute: float) -> int:
    return round(60_000 / per_minute)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
