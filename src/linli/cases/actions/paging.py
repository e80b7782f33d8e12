"""Keyset pages: the key of the last row stands in the address, and nothing is ever counted or skipped over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from linli.cases.models import search
from linli.kit import text

SIZE = 50
SEPARATOR = "~"


@dataclass(frozen=True)
class Page:
    """At most fifty rows, and the key that continues after them; `more` is empty on the last page."""

    rows: Sequence[Any]
    more: str = ""

    @property
    def shown(self) -> str:
        """How many there are, as far as anybody needs to know: 50+."""
        return f"{len(self.rows)}+" if self.more else str(len(self.rows))


@dataclass(frozen=True)
class Key:
    """Where a page begins: after this moment and id. No moment: among rows that have none."""

    at: datetime | None
    id: UUID
    number: int = 0

    @classmethod
    def parse(cls, written: str) -> Key | None:
        """The key in an address; anything else than a key begins at the beginning."""
        parts = written.split(SEPARATOR)
        try:
            at = datetime.fromisoformat(parts[0]) if parts[0] else None
            key = cls(at, UUID(parts[1]), int(parts[2]) if len(parts) > 2 else 0)
        except (ValueError, IndexError, OverflowError):
            return None
        is_moment = at is None or (at.tzinfo is not None and 1 < at.year < 9999)
        return key if is_moment and 0 <= key.number < 32_000 else None

    def __str__(self) -> str:
        parts = [self.at.isoformat() if self.at else "", str(self.id)]
        return SEPARATOR.join([*parts, str(self.number)] if self.number else parts)


def older(rows: QuerySet[Any], key: Key | None, by: str = "at") -> QuerySet[Any]:
    """What comes after the key, newest first by that moment and the id. The range by itself serves an index."""
    if key is None or key.at is None:
        return rows
    earlier, same = {f"{by}__lt": key.at}, {by: key.at, "id__lt": key.id}
    return rows.filter(**{f"{by}__lte": key.at}).filter(Q(**earlier) | Q(**same))


def newest(rows: QuerySet[Any], after: str, size: int = SIZE) -> Page:
    """By the moment of receipt, newest first (indexes case_received, case_place, case_holder)."""
    rows = older(rows, Key.parse(after), "received_at")
    found = list(rows.order_by("-received_at", "-id")[: size + 1])
    return _page(found, size, lambda row: Key(row.received_at, row.id))


def searched(
    rows: QuerySet[Any],
    query: str,
    after: str,
    size: int = SIZE,
    *,
    texts: type[search.Searched] = search.CaseText,
    column: str = "words",
) -> Page:
    """What a query finds, newest first: cases by the moment of receipt, other things by what their texts say."""
    key, wanted = Key.parse(after), text.terms(query)
    if not wanted:
        return Page([])
    start = search.Key(key.at, key.id) if key is not None and key.at is not None else None
    found = search.find(rows, wanted, texts, after=start, size=size + 1, column=column)
    return _page(found, size, lambda row: Key(getattr(row, texts.order), row.pk))


def urgent(rows: QuerySet[Any], after: str, size: int = SIZE) -> Page:
    """By the moment something falls due, what has no limit last (indexes case_urgent and its kin).

    Rows without a limit are asked for apart once a page is continued, so that the key stays an index range.
    """
    key = Key.parse(after)
    if key is None:
        found = list(rows.order_by(F("urgent_at").asc(nulls_last=True), "id")[: size + 1])
    else:
        found = _timed(rows, key, size + 1) if key.at is not None else []
        if len(found) <= size:
            rest = rows.filter(urgent_at=None).order_by("id")
            if key.at is None:
                rest = rest.filter(id__gt=key.id)
            found += rest[: size + 1 - len(found)]
    return _page(found, size, lambda row: Key(row.urgent_at, row.id))


def _timed(rows: QuerySet[Any], key: Key, size: int) -> list[Any]:
    after = Q(urgent_at__gt=key.at) | Q(urgent_at=key.at, id__gt=key.id)
    return list(rows.filter(after, urgent_at__gte=key.at).order_by("urgent_at", "id")[:size])


def desk(tasks: QuerySet[Any], after: str, size: int = SIZE) -> Page:
    """Tasks of a desk, most urgent first (index task_desk); a case may wait there for two reasons."""
    key = Key.parse(after)
    if key is not None and key.at is not None:
        later = Q(urgent_at__gt=key.at) | Q(urgent_at=key.at, case_id__gt=key.id)
        same = Q(urgent_at=key.at, case_id=key.id, number__gt=key.number)
        tasks = tasks.filter(later | same, urgent_at__gte=key.at)
    found = list(tasks.order_by("urgent_at", "case_id", "number")[: size + 1])
    return _page(found, size, lambda task: Key(task.urgent_at, task.case_id, task.number))


def _page(found: list[Any], size: int, key_of: Any) -> Page:
    rows = found[:size]
    return Page(rows, str(key_of(rows[-1])) if len(found) > size else "")
