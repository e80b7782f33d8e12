"""Writes down who is shown what of a case, before any of it leaves. What cannot be written down is not shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.db import Error, transaction

from linli.cases.actions import BadData, rows
from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people.access import Actor
from linli.privacy.actions import purposes
from linli.privacy.models import Read

KIND = "read"


class NotRecorded(Exception):
    """The opening could not be written down, so nothing may be shown."""


def note(
    *,
    case: Case,
    by: Actor,
    what: str,
    groups: Collection[str],
    at: datetime,
    purpose: str = "",
    glass: UUID | None = None,
) -> None:
    """Writes down one opening. Raises NotRecorded, or BadData for a purpose this kind of case does not know.

    Whoever follows their own matter under its code is not noted: it is their own.
    """
    wanted = purpose or purposes.of(by)
    if not purposes.is_allowed(wanted, case.kind):
        raise BadData({"purpose": wanted})
    _write([_read(case.pk, by, what, groups, wanted, at, glass)] if by.kind != "reporter" else [])


def note_many(*, shown: Mapping[UUID, Collection[str]], by: Actor, what: str, at: datetime) -> None:
    """Writes down what of many cases is shown in one list (case → groups): one statement for them all."""
    wanted = purposes.of(by)
    if by.kind != "reporter":
        _write([_read(case_id, by, what, groups, wanted, at) for case_id, groups in shown.items()])


def _read(
    case_id: UUID,
    by: Actor,
    what: str,
    groups: Collection[str],
    purpose: str,
    at: datetime,
    glass: UUID | None = None,
) -> Read:
    return Read(
        case_id=case_id,
        id=uuid7(),
        person_id=by.person_id,
        role=by.role,
        organisation_id=by.organisation_id,
        source=by.source,
        purpose=purpose,
        what=what,
        groups=sorted(groups),
        glass=glass,
        at=at,
    )


def leaf_of(read: Read) -> Leaf:
    """The read in the log over all cases: alone under its own id, so that no two ever wait for a number."""
    return ledger.leaf_for(kind=KIND, subject=read.id, record=read.record(), at=read.at)


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """The reads with ids from one to another as they stand now, hashed again."""
    for read in Read.objects.filter(id__gte=first, id__lte=last).order_by("id").iterator():
        leaf = leaf_of(read)
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))


def _write(reads: list[Read]) -> None:
    """Row and leaf, both or neither, committed when this returns: never part of a transaction that may yet fail."""
    if not reads:
        return
    try:
        with transaction.atomic(durable=True):
            if len(reads) == 1:
                rows.insert([reads[0], leaf_of(reads[0])])
            else:
                rows.insert_many({Read: reads, Leaf: [leaf_of(read) for read in reads]})
    except Error as error:
        raise NotRecorded from error
