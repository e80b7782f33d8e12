"""Keeping without using: a locked case is in no list, page or file of the desk, until somebody unlocks it.

And keeping beyond its time: a held case loses nothing. Both begin and end with a leaf in the log over all cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import CaseNotFound, NotAllowed
from linli.cases.models import Case
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people.access import Actor
from linli.privacy.models import Hold, Lock

Kept = Lock | Hold
LOCK, UNLOCK, HOLD, RELEASE = "lock", "unlock", "hold", "release"
BEGINS: dict[str, type[Kept]] = {LOCK: Lock, HOLD: Hold}
ENDS: dict[str, type[Kept]] = {UNLOCK: Lock, RELEASE: Hold}


def lock(*, case_id: UUID, why: str, by: Actor, at: datetime) -> Lock:
    """Locks a closed case; an open one is needed by whoever works on it. One that is locked stays so."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        if case.is_open:
            raise NotAllowed(_("事项还没办结，办理要用，不能封存。请先办结，或者写明理由答复。"))
        standing = Lock.objects.filter(case_id=case_id, ended_at=None).first()
        if standing is not None:
            return standing
        Case.objects.filter(pk=case_id).update(is_locked=True)
        made = Lock.objects.create(case_id=case_id, why=why[:200], by_id=by.person_id, since=at)
        leaf_of(LOCK, made).save(force_insert=True)
        return made


def unlock(*, case_id: UUID, by: Actor | None, at: datetime) -> None:
    """Ends the lock. CaseNotFound where none stands."""
    with transaction.atomic():
        _end(UNLOCK, case_id, by, at)
        Case.objects.filter(pk=case_id).update(is_locked=False)


def hold(*, case_id: UUID, why: str, by: Actor, at: datetime) -> Hold:
    """Keeps a case beyond its time; one already held stays held."""
    assert by.person_id is not None
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case_id)  # nobody deletes at the same moment
        standing = Hold.objects.standing().filter(case_id=case_id).first()
        if standing is not None:
            return standing
        made = Hold.objects.create(case_id=case_id, why=why[:200], by_id=by.person_id, since=at)
        leaf_of(HOLD, made).save(force_insert=True)
        return made


def is_held(case_id: UUID) -> bool:
    """Whether nothing of a case may be deleted now: neither at its time nor because somebody asked."""
    return Hold.objects.standing().filter(case_id=case_id).exists()


def release(*, case_id: UUID, by: Actor, at: datetime) -> None:
    """Ends a hold. CaseNotFound where none stands."""
    with transaction.atomic():
        _end(RELEASE, case_id, by, at)


def _end(kind: str, case_id: UUID, by: Actor | None, at: datetime) -> None:
    standing = ENDS[kind].objects.select_for_update().filter(case_id=case_id, ended_at=None).first()
    if standing is None:
        raise CaseNotFound
    standing.ended_at, standing.ended_by_id = at, by.person_id if by else None
    standing.save(update_fields=["ended_at", "ended_by"])
    leaf_of(kind, standing).save(force_insert=True)


def forget(case_id: UUID) -> int:
    """Empties why a case was locked or held; that it was stays. Returns how many reasons there were."""
    kept = [row for model in BEGINS.values() for row in model.objects.filter(case_id=case_id)]
    for row in kept:
        row.why = ""
        row.save(update_fields=["why"])
    return len(kept)


def leaf_of(kind: str, row: Kept) -> Leaf:
    """That a case was locked, held, unlocked or let go: by whom and when, not why, which may have to be erased."""
    if kind in BEGINS:
        at, record = row.since, {"case": str(row.case_id), "by": _id(row.by_id), "since": row.since}
    else:
        assert row.ended_at is not None
        at, record = row.ended_at, {"ended_by": _id(row.ended_by_id), "ended_at": row.ended_at}
    record = {"id": str(row.id), **record}
    return ledger.leaf_for(kind=kind, subject=row.id, record=record, at=at)


def _id(person: UUID | None) -> str | None:
    return str(person) if person else None


def rehashed(kind: str) -> Callable[[UUID, UUID], Iterator[ledger.Row]]:
    """Reads every row of a kind with an id from one to another as it stands now, and hashes it again."""

    def rows(first: UUID, last: UUID) -> Iterator[ledger.Row]:
        found = (BEGINS | ENDS)[kind].objects.filter(id__gte=first, id__lte=last)
        if kind in ENDS:
            found = found.exclude(ended_at=None)
        for row in found.order_by("id"):
            leaf = leaf_of(kind, row)
            yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))

    return rows
