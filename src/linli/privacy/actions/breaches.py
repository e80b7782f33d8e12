"""After a key, a session or an account has fallen into wrong hands: exactly what was read with it.

Asked by staff account, session or key, never by resident: it answers which cases, and which parts of them, so that
those concerned can be told (个人信息保护法 57).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.people.access import session_source
from linli.people.models import Key, Person, Session
from linli.people.sessions import stored
from linli.privacy.models import Opening, Read, Takeout


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


class Unknown(Exception):
    """Nothing of that name was ever here: a slip of the pen must not read as "nothing was seen"."""


def by_key(prefix: str) -> Q:
    """What a program with that key read; a key is named by the beginning that lists show. Raises Unknown."""
    if not Key.objects.filter(prefix=prefix).exists():
        raise Unknown(_("没有以“%(found)s”开头的密钥。请照名单写全开头。") % {"found": prefix})
    return Q(source=f"key:{prefix}")


def by_person(username: str) -> Q:
    """What was read under any post of that account, at the desk, by key or taken out as files. Raises Unknown."""
    accounts = Person.objects.filter(username=username)
    if not accounts.exists():
        raise Unknown(_("没有“%(found)s”这个账号。") % {"found": username})
    return Q(person__in=accounts)


def by_session(given: str) -> Q:
    """What was read in a session, given by its cookie or by the name it has in the records. Raises Unknown."""
    which = Q(source__in={given, f"session:{given}", session_source(given)})
    if Session.objects.filter(pk=stored(given)).exists():
        return which
    if not any(kind.objects.filter(which).exists() for kind in (Read, Takeout)):
        raise Unknown(
            _("没有这个会话：现在没有，查阅记录里也没有。请对照再看一遍；没写错，就是它什么都没看过。")
        )
    return which


def touched(which: Q, since: datetime | None = None) -> list[Touched]:
    """Case by case what those openings showed, in the order of the first."""
    found: dict[Any, Touched] = {}
    wanted = which & Q(at__gte=since) if since else which
    for opening, case in heapq.merge(_alone(wanted), _among(wanted), key=lambda pair: pair[0].at):
        entry = found.setdefault(case.pk, Touched(case.number, case.kind))
        entry.groups |= set(opening.groups)
        entry.ways.add(opening.what)
        entry.times += 1
        entry.first_at = entry.first_at or opening.at
        entry.last_at = opening.at
    return list(found.values())


def _alone(which: Q) -> Iterator[tuple[Opening, Case]]:
    for read in _in_order(Read.objects.filter(which).select_related("case")).iterator(2000):
        yield read, read.case


def _among(which: Q) -> Iterator[tuple[Opening, Case]]:
    for takeout in _in_order(Takeout.objects.filter(which)).iterator(20):
        cases = Case.objects.only("number", "kind").in_bulk(takeout.case_ids)
        for case_id in takeout.case_ids:
            yield takeout, cases[case_id]


def _in_order(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by("at", "id")
