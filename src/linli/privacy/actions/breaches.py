"""After a key, a session or an account has fallen into wrong hands: exactly what was read with it.

Asked by staff account, session or key, never by resident: it answers which cases, and which parts of them, so that
those concerned can be told (个人信息保护法 57).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from linli.people.access import session_source
from linli.people.models import Person
from linli.privacy.models import Read


@dataclass
class Touched:
    """One case that was read: which parts, how often, first and last."""

    number: str
    kind: str
    groups: set[str] = field(default_factory=set)
    ways: set[str] = field(default_factory=set)
    times: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "case": self.number,
            "kind": self.kind,
            "groups": sorted(self.groups),
            "ways": sorted(self.ways),
            "times": self.times,
            "first_at": self.first_at.isoformat() if self.first_at else None,
            "last_at": self.last_at.isoformat() if self.last_at else None,
        }


def by_key(prefix: str) -> QuerySet[Read]:
    """What a program with that key read; a key is named by the beginning that lists show."""
    return Read.objects.filter(source=f"key:{prefix}")


def by_person(username: str) -> QuerySet[Read]:
    """What was read under any post of that account, at the desk, by key or taken out as files."""
    return Read.objects.filter(person__in=Person.objects.filter(username=username))


def by_session(given: str) -> QuerySet[Read]:
    """What was read in a session, given by its cookie or by the name it has in the records."""
    names = {given, f"session:{given}", session_source(given)}
    return Read.objects.filter(source__in=names)


def touched(reads: QuerySet[Read], since: datetime | None = None) -> list[Touched]:
    """Case by case what those reads showed, in the order of the first."""
    found: dict[Any, Touched] = {}
    rows = reads.filter(at__gte=since) if since else reads
    for read in rows.select_related("case").order_by("at", "id").iterator(2000):
        entry = found.setdefault(read.case_id, Touched(read.case.number, read.case.kind))
        entry.groups |= set(read.groups)
        entry.ways.add(read.what)
        entry.times += 1
        entry.first_at = entry.first_at or read.at
        entry.last_at = read.at
    return list(found.values())
