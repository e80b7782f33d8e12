"""The history of the administration: who changed what, each line a leaf of the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from linli.kit import jsonbytes
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people.access import Actor
from linli.people.models import Change

KIND = "change"


def note_change(
    *,
    by: Actor,
    at: datetime,
    what: str,
    target: tuple[str, object, str],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Change:
    """Appends a line of history, in the caller's transaction; `target` is kind, id and name."""
    kind, key, name = target
    change = Change(
        at=at,
        by_id=by.person_id,
        what=what,
        target_kind=kind,
        target_id=str(key),
        target_name=name[:120],
        before=jsonbytes.plain(before or {}),
        after=jsonbytes.plain(after or {}),
    )
    with transaction.atomic():
        change.save(force_insert=True)
        leaf_of(change).save(force_insert=True)
    return change


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """Every line with an id from one to another as it stands now, hashed again."""
    for change in Change.objects.filter(id__gte=first, id__lte=last).order_by("id").iterator():
        leaf = leaf_of(change)
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))


def leaf_of(change: Change) -> Leaf:
    return ledger.leaf_for(kind=KIND, subject=change.id, record=change.record(), at=change.at)
