"""How a page of results is found without touching more than needed, whatever the word and whoever asks.

Three ways lead to the newest results. To *walk* the texts from the newest on is best for common words; the *index*
of grams for rare ones; the *rows* one by one where few are visible. Every search begins with a short walk. What it
meets on the way (how many texts fit, how many of those are visible) says which way costs least from there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from linli.cases.models.case import Case, CaseQuerySet
from linli.cases.models.search.tables import GRAMS, CaseText, Searched
from linli.kit import text

# Microseconds a text or row costs on each way, as `linli bench search` measures them.
WALKING, INDEXED, LOOKED_UP = 1.5, 12.0, 12.0
FIRST_WALK, LONGEST_WALK = 1_000, 64_000
MOST_IDS, GATHERED = 1_600, 2_000
FEW, MANY = 20_000, 1_000_000
CHEAP = 10_000.0  # so many microseconds are not worth asking how many rows are visible


class Key(NamedTuple):
    """Where a page of results ended: the next one begins after this moment and id."""

    at: datetime
    id: UUID


def matching(texts: type[Searched], wanted: list[str], column: str = "words") -> QuerySet[Any]:
    """The texts that contain every term: `wanted` comes from `linli.kit.text.terms`."""
    rows = texts._default_manager.filter(**{f"{GRAMS[column]}__hold": wanted})
    return rows.filter(_contains(wanted, column))


def search(cases: CaseQuerySet, query: str) -> CaseQuerySet:
    """Cases whose number, title, address or words contain the query; an empty query changes nothing.

    For any list, in any order; a page of the newest is found faster by `find`.
    """
    wanted = text.terms(query)
    if not wanted:
        return cases.none() if query.strip() else cases
    return cases.filter(pk__in=matching(CaseText, wanted).values("pk"))


def newest(
    cases: CaseQuerySet, query: str, *, after: Key | None = None, size: int, column: str = "words"
) -> list[Case]:
    """The newest of these cases that the query finds, from the key on; nothing for a query without words."""
    wanted = text.terms(query)
    return find(cases, wanted, CaseText, after=after, size=size, column=column) if wanted else []


def find(
    rows: QuerySet[Any],
    wanted: list[str],
    texts: type[Searched],
    *,
    after: Key | None = None,
    size: int,
    column: str = "words",
) -> list[Any]:
    """The newest `size` of these rows whose text contains every term."""
    return _Search(rows, wanted, texts, column, size).run(after)


def _contains(wanted: list[str], column: str) -> Q:
    every = Q()
    for term in wanted:
        every &= Q(GreaterThan(StrIndex(F(column), Value(term)), 0))
    return every


def _after(key: Key | None, moment: str) -> Q:
    if key is None:
        return Q()
    later = Q(**{f"{moment}__lt": key.at}) | Q(**{moment: key.at, "pk__lt": key.id})
    return later & Q(**{f"{moment}__lte": key.at})


def _until(key: Key | None, moment: str) -> Q:
    if key is None:
        return Q()
    earlier = Q(**{f"{moment}__gt": key.at}) | Q(**{moment: key.at, "pk__gte": key.id})
    return earlier & Q(**{f"{moment}__gte": key.at})


def _newest(rows: QuerySet[Any], moment: str) -> QuerySet[Any, Any]:
    """Keys, newest first."""
    return rows.order_by(f"-{moment}", "-pk").values_list(moment, "pk")


def _nth(rows: QuerySet[Any], moment: str, number: int) -> Key | None:
    """The key of the so many-th newest row; None when there are fewer."""
    return next((Key(*row) for row in _newest(rows, moment)[number - 1 : number]), None)


class _Search:
    """One search: what was found, what the walk met so far, and how many fit at least."""

    def __init__(
        self, rows: QuerySet[Any], wanted: list[str], texts: type[Searched], column: str, size: int
    ) -> None:
        self.rows, self.texts, self.wanted, self.column, self.size = rows, texts, wanted, column, size
        self.moment = texts.order
        self.fitting = texts._default_manager.filter(_contains(wanted, column))
        self.found: list[UUID] = []
        self.walked = self.hits = self.least = 0

    @property
    def left(self) -> int:
        return self.size - len(self.found)

    def run(self, after: Key | None) -> list[Any]:
        """The rows, read whole once it is known which."""
        self._look(after)
        rows = self.rows.in_bulk(self.found)
        return [rows[each] for each in self.found if each in rows]

    def _look(self, after: Key | None) -> None:
        window = FIRST_WALK
        while True:
            edge = _nth(self.texts._default_manager.filter(_after(after, "at")), "at", window)
            self._walk(after, edge)
            self.walked += window
            if not self.left or edge is None:
                return
            after, window = edge, min(window * 4, LONGEST_WALK)
            rest = self._other_way(after)
            if rest is not None:
                self._take(rest)
                return

    def _walk(self, after: Key | None, edge: Key | None) -> None:
        """Passes every text between two keys, newest first, until enough of those that fit are visible."""
        amount, stretch = self.size, self.fitting.filter(_until(edge, "at"))
        while self.left:
            keys = [Key(*row) for row in _newest(stretch.filter(_after(after, "at")), "at")[:amount]]
            self.hits += len(keys)
            self._see(keys)
            if len(keys) < amount:
                return
            after, amount = keys[-1], min(4 * amount, MOST_IDS)

    def _see(self, keys: Sequence[Key]) -> None:
        """Adds those of these keys whose rows are visible, in the keys' order.

        Not cut by the database: asked for a few in order, PostgreSQL reads rows in order until it has met them.
        """
        visible = set(self.rows.filter(pk__in=[key.id for key in keys]).values_list("pk", flat=True))
        self.found += [key.id for key in keys if key.id in visible][: self.left]

    def _take(self, rows: QuerySet[Any]) -> None:
        """Adds the newest of these rows until there are enough."""
        newest = rows.order_by(f"-{self.moment}", "-pk")[: self.left]
        self.found += newest.values_list("pk", flat=True)

    def _other_way(self, after: Key) -> QuerySet[Any] | None:
        """What is left by the index or row by row, where either costs less than to walk on."""
        a_text = WALKING + self.hits / self.walked * LOOKED_UP
        walking = self.left * self.walked / max(len(self.found), 0.5) * a_text
        expected = max(max(self.hits, 0.5) / self.walked * _size_of(self.texts), self.least)
        indexed = expected * INDEXED
        if min(walking, indexed) > CHEAP:
            few = about(self.rows)
            if few * LOOKED_UP < min(walking, indexed):
                return self._one_by_one(after, few)
        return self._by_index(after, expected) if indexed < walking else None

    def _by_index(self, after: Key, expected: float) -> QuerySet[Any] | None:
        """The visible rows among all that fit. A few are read apart; are they more than expected, the walk goes on.

        What PostgreSQL does not know as frequent it takes for half a percent, and would look for in all rows, in order.
        """
        hits = matching(self.texts, self.wanted, self.column).filter(_after(after, "at"))
        if expected >= GATHERED:
            return self.rows.filter(pk__in=hits.values("pk"))
        keys = sorted((Key(*row) for row in hits.values_list("at", "pk")[:GATHERED]), reverse=True)
        if len(keys) == GATHERED:
            self.least = GATHERED
            return None
        amount = self.size
        while keys and self.left:
            self._see(keys[:amount])
            keys, amount = keys[amount:], min(4 * amount, MOST_IDS)
        return self.rows.none()

    def _one_by_one(self, after: Key, few: int) -> QuerySet[Any]:
        """The visible rows that fit; first among twice as many of the newest as should fill the page."""
        fitting = self.rows.filter(Exists(self.fitting.filter(pk=OuterRef("pk"))))
        enough = int(2 * self.left * self.walked / max(self.hits, 0.5)) + 1
        rows = self.rows.filter(_after(after, self.moment))
        edge = _nth(rows, self.moment, enough) if enough < few else None
        if edge is None:
            return fitting.filter(_after(after, self.moment))
        self._take(fitting.filter(_after(after, self.moment), _until(edge, self.moment)))
        return fitting.filter(_after(edge, self.moment))


def _size_of(texts: type[Searched]) -> int:
    """About how many texts there are."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [texts._meta.db_table])
            return max(int(cursor.fetchone()[0]), 1000)  # -1: nobody has looked yet
        cursor.execute(f"SELECT max(id) FROM {texts._meta.db_table}")  # noqa: S608  our own name
        return cursor.fetchone()[0] or 0


def about(rows: QuerySet[Any]) -> int:
    """About how many rows there are: what PostgreSQL expects, on SQLite a count that stops at many."""
    keys = rows.order_by().values("pk")
    if connection.vendor == "postgresql":
        return int(json.loads(keys.explain(format="json"))[0]["Plan"]["Plan Rows"])
    some = keys[:FEW].count()
    return some if some < FEW else MANY
