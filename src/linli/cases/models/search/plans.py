"""How a page of results is found without touching more than needed, whatever the word and whoever asks.

Three ways lead to the newest results. To *walk* the texts from the newest on is best for common words; the *index*
of grams for rare ones; the *rows* one by one where few are visible. Every search begins with a short walk. What it
meets on the way (how many texts fit, how many of those are visible) says which way costs least from there.
"""

from __future__ import annotations

import json
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
MOST_IDS = 1_600
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


class _Search:
    """One search: what was found, and what the walk met so far."""

    def __init__(
        self, rows: QuerySet[Any], wanted: list[str], texts: type[Searched], column: str, size: int
    ) -> None:
        self.rows, self.texts, self.wanted, self.column, self.size = rows, texts, wanted, column, size
        self.moment = texts.order
        self.fitting = texts._default_manager.filter(_contains(wanted, column))
        self.found: list[Any] = []
        self.walked = self.hits = 0

    @property
    def left(self) -> int:
        return self.size - len(self.found)

    def run(self, after: Key | None) -> list[Any]:
        window = FIRST_WALK
        while True:
            edge = self._edge(after, window)
            self._walk(after, edge)
            self.walked += window
            if not self.left or edge is None:
                return self.found
            after, window = edge, min(window * 4, LONGEST_WALK)
            rest = self._other_way(after)
            if rest is not None:
                return [*self.found, *rest.order_by(f"-{self.moment}", "-pk")[: self.left]]

    def _edge(self, after: Key | None, window: int) -> Key | None:
        """Where a walk past so many texts ends; None when there are fewer."""
        texts = self.texts._default_manager.filter(_after(after, "at")).order_by("-at", "-pk")
        return next((Key(*row) for row in texts.values_list("at", "pk")[window - 1 : window]), None)

    def _walk(self, after: Key | None, edge: Key | None) -> None:
        """Passes every text between two keys, newest first, until enough of those that fit are visible."""
        amount = 2 * self.size
        until = Q() if edge is None else Q(at__gt=edge.at) | Q(at=edge.at, pk__gte=edge.id)
        stretch = self.fitting if edge is None else self.fitting.filter(until, at__gte=edge.at)
        while self.left:
            texts = stretch.filter(_after(after, "at")).order_by("-at", "-pk")
            keys = [Key(*row) for row in texts.values_list("at", "pk")[:amount]]
            self.hits += len(keys)
            if keys:
                visible = self.rows.filter(pk__in=[key.id for key in keys])
                self.found += visible.order_by(f"-{self.moment}", "-pk")[: self.left]
            if len(keys) < amount:
                return
            after, amount = keys[-1], min(4 * amount, MOST_IDS)

    def _other_way(self, after: Key) -> QuerySet[Any] | None:
        """What is left by the index or row by row, where either costs less than to walk on."""
        a_text = WALKING + self.hits / self.walked * LOOKED_UP
        walking = self.left * self.walked / max(len(self.found), 0.5) * a_text
        indexed = max(self.hits, 0.5) / self.walked * _size_of(self.texts) * INDEXED
        if min(walking, indexed) > CHEAP:
            few = about(self.rows) * LOOKED_UP
            if few < min(walking, indexed):
                fitting = Exists(self.fitting.filter(pk=OuterRef("pk")))
                return self.rows.filter(fitting, _after(after, self.moment))
        if indexed >= walking:
            return None
        hits = matching(self.texts, self.wanted, self.column).filter(_after(after, "at"))
        return self.rows.filter(pk__in=hits.values("pk"))


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
