"""Writes down who is shown what of a case, before any of it leaves. What cannot be written down is not shown."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error, transaction

from linli.cases.actions import BadData, rows
from linli.cases.models import Case
from linli.kit.ids import uuid7_at
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people.access import Actor
from linli.privacy.actions import purposes
from linli.privacy.models import Read, Takeout

READ, TAKEOUT = KINDS = ("read", "takeout")
CHUNK = 100  # rows of a takeout are long
YEARS = 3  # the database itself keeps them as long


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
    if by.kind != "reporter":
        _write([Read(case_id=case.pk, glass=glass, **_opening(by, what, groups, wanted, at))])


def note_many(*, shown: Mapping[UUID, Collection[str]], by: Actor, what: str, at: datetime) -> None:
    """Writes down what of many cases is shown in one list (case → groups): one statement for them all."""
    wanted = purposes.of(by)
    if by.kind != "reporter":
        opened = [
            Read(case_id=case_id, **_opening(by, what, groups, wanted, at))
            for case_id, groups in shown.items()
        ]
        _write(opened)


def note_takeout(
    *, cases: Collection[UUID], by: Actor, what: str, groups: Collection[str], at: datetime
) -> None:
    """Writes down that the same parts of some thousands of cases go into a file: one row and one leaf for them all."""
    if by.kind != "reporter" and cases:
        opening = _opening(by, what, groups, purposes.of(by), at)
        _write([Takeout(**opening, **Takeout.packed(set(cases)))])


def _opening(by: Actor, what: str, groups: Collection[str], purpose: str, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid7_at(at, secrets.randbits(74)),
        "person_id": by.person_id,
        "role": by.role,
        "organisation_id": by.organisation_id,
        "source": by.source,
        "purpose": purpose,
        "what": what,
        "groups": sorted(groups),
        "at": at,
    }


def leaf_of(opening: Read | Takeout) -> Leaf:
    """The opening in the log over all cases: alone under its own id, so that no two ever wait for a number."""
    kind = READ if isinstance(opening, Read) else TAKEOUT
    return ledger.leaf_for(kind=kind, subject=opening.id, record=opening.record(), at=opening.at)


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """The reads with ids from one to another as they stand now, hashed again.

    One whose three years are over may be gone, which its id tells, being made of the moment; its leaf stands for it.
    """
    return _rehashed(Read, READ, first, last)


def rehashed_takeouts(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """The same of what was taken out."""
    return _rehashed(Takeout, TAKEOUT, first, last)


def _rehashed(model: type[Read | Takeout], kind: str, first: UUID, last: UUID) -> Iterator[ledger.Row]:
    within = model.objects.filter(id__gte=first, id__lte=last).order_by("id")
    standing = map(_again, within.iterator(CHUNK))
    return heapq.merge(standing, _let_go(model, kind, first, last), key=lambda row: row.subject)


def _again(opening: Read | Takeout) -> ledger.Row:
    leaf = leaf_of(opening)
    return ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))


def _let_go(model: type[Read | Takeout], kind: str, first: UUID, last: UUID) -> Iterator[ledger.Row]:
    newest = Leaf.objects.exclude(position=None).order_by("-position").first()
    if newest is None:
        return
    oldest_kept = uuid7_at(years_before(newest.at, YEARS), 0)
    old = Leaf.objects.filter(kind=kind, case_id__gte=first, case_id__lte=last, case_id__lt=oldest_kept)
    kept: Any = model.objects.filter(id__lt=oldest_kept).values("id")
    for leaf in old.exclude(case_id__in=kept).order_by("case_id"):
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))


def years_before(at: datetime, years: int) -> datetime:
    """The same day so many years ago; 28 February for 29 February of a year that has none."""
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def _write(openings: Sequence[Read | Takeout]) -> None:
    """Row and leaf, both or neither, committed when this returns: never part of a transaction that may yet fail."""
    if not openings:
        return
    try:
        with transaction.atomic(durable=True):
            if len(openings) == 1:
                rows.insert([openings[0], leaf_of(openings[0])])
            else:
                rows.insert_many({Read: openings, Leaf: [leaf_of(read) for read in openings]})
    except Error as error:
        raise NotRecorded from error
