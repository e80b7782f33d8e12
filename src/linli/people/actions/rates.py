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
from typing import NamedTuple

from django.db import connection
from django.db.models import F

from linli.kit.codes import keyed
from linli.people import scope
from linli.people.models import Bucket


class Limit(NamedTuple):
    """A bucket by its name, and what it holds."""

    name: str
    per_minute: float
    burst: int


AT_ONCE = "set_config('synchronous_commit', 'off', true) = 'off'"


def take(*, name: str, per_minute: float, burst: int, at: datetime) -> timedelta | None:
    """Puts one into the bucket and returns None; a full one is left alone, and the wait returned."""
    if not full([Limit(name, per_minute, burst)], at):
        return None
    until = blocked_until(name=name, per_minute=per_minute, burst=burst, at=at)
    return until - at if until else timedelta()


def full(
    limits: Sequence[Limit],
    at: datetime,
    *,
    beside: Limit | None = None,
    is_brief: bool = False,
) -> list[str]:
    """Puts one into each bucket but the full ones, and returns the names of those, as they were asked for.

    Into the one `beside` nothing is put; its name is returned, too, when it is full. Outside of a transaction a turn
    that `is_brief` does not wait for the disk: a server that falls may forget the last second of it.
    """
    now = milliseconds(at)
    asked = {digest(one.name): one for one in limits}
    each = [(key, step(asked[key].per_minute), asked[key].burst) for key in sorted(asked)]
    rows = [part for key, millis, _burst in each for part in (key, now + millis)]
    most = [part for key, millis, burst in each for part in (key, now + millis * (burst - 1))]
    looked = [digest(beside.name)] if beside is not None else []
    is_at_once = is_brief and connection.vendor == "postgresql" and not connection.in_atomic_block
    with scope.apart(), connection.cursor() as cursor:
        statement = _taking(len(each), len(looked), is_at_once, connection.vendor)
        cursor.execute(statement, [*rows, now, now, *most, *looked])
        found = cursor.fetchall()
    taken = {bytes(row[0]) for row in found}
    names = [one.name for key, one in asked.items() if key not in taken]
    if beside is not None and found and _free_at(beside, found[0][1]) > now:
        names.append(beside.name)
    return names


@cache
def _taking(count: int, looked: int, is_at_once: bool, vendor: str) -> str:
    """The statement for so many buckets. Given in the order of their digests, two of them never wait for each other."""
    greatest = "max" if vendor == "sqlite" else "greatest"
    return (
        "INSERT INTO people_bucket (digest, empty_at) SELECT column1, column2"  # noqa: S608
        f" FROM (VALUES {', '.join(['(%s, %s)'] * count)}) AS given WHERE {AT_ONCE if is_at_once else 'true'}"
        f" ON CONFLICT (digest) DO UPDATE SET empty_at = {greatest}(people_bucket.empty_at, %s)"
        " + excluded.empty_at - %s WHERE people_bucket.empty_at <="
        f" CASE people_bucket.digest {' '.join(['WHEN %s THEN %s'] * count)} END"
        f" RETURNING digest{', (SELECT empty_at FROM people_bucket WHERE digest = %s)' * looked}"
    )


def digest(name: str) -> bytes:
    return keyed("rates", name.encode())


def _free_at(limit: Limit, empty_at: int | None) -> int:
    """When a bucket that is empty at that moment has room again, in milliseconds."""
    return (empty_at or 0) - step(limit.per_minute) * (limit.burst - 1)


def sweep(*, at: datetime) -> int:
    """Deletes the buckets that have run empty."""
    return Bucket.objects.filter(empty_at__lt=milliseconds(at)).delete()[0]


def give_back(limits: Sequence[Limit]) -> None:
    """Takes out of each bucket what was put in."""
    for one in sorted(limits, key=lambda one: digest(one.name)):
        mine = Bucket.objects.filter(digest=digest(one.name))
        mine.update(empty_at=F("empty_at") - step(one.per_minute))


def forget(*, name: str) -> None:
    """Empties the bucket."""
    Bucket.objects.filter(digest=digest(name)).delete()


def blocked_until(*, name: str, per_minute: float, burst: int, at: datetime) -> datetime | None:
    """When the bucket has room again; None when it has room now."""
    empty_at = Bucket.objects.filter(digest=digest(name)).values_list("empty_at", flat=True).first()
    free = _free_at(Limit(name, per_minute, burst), empty_at)
    return datetime.fromtimestamp(free / 1000, UTC) if free > milliseconds(at) else None


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


def step(per_minute: float) -> int:
    return round(60_000 / per_minute)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
