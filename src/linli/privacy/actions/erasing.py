"""Takes what was said out of a case while its log still verifies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import finding, integrity, rows
from linli.cases.models import Case, Event
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people.access import Actor
from linli.privacy.models import Deletion

KIND = "deletion"


def events(case: Case, which: Callable[[Event], bool]) -> int:
    """Empties what was said in those events; returns in how many there was something."""
    found = Event.objects.filter(case_id=case.pk).exclude(salt=b"").order_by("number")
    return sum(integrity.erase(case_id=case.pk, number=event.number) for event in found if which(event))


def headline(case: Case) -> None:
    """Leaves a case without its title, address and point, and found by its number alone."""
    case.title, case.address, case.lon, case.lat = _("（已删除）")[:120], "", None, None
    Case.objects.filter(pk=case.pk).update(title=case.title, address="", lon=None, lat=None)
    finding.index_again(case)


def trace(
    *, case_id: UUID, why: str, rule: str, removed: Mapping[str, int], by: Actor | None, at: datetime
) -> Deletion:
    """Notes that something was deleted, in the transaction that deletes it."""
    deletion = Deletion(
        case_id=case_id,
        id=uuid7(),
        why=why,
        rule=rule,
        removed=dict(removed),
        by_id=by.person_id if by else None,
        at=at,
    )
    with transaction.atomic():
        rows.insert([deletion, leaf_of(deletion)])
    return deletion


def rehashed(first: UUID, last: UUID) -> Iterator[ledger.Row]:
    """Every trace with an id from one to another as it stands now, hashed again."""
    for deletion in Deletion.objects.filter(id__gte=first, id__lte=last).order_by("id"):
        leaf = leaf_of(deletion)
        yield ledger.Row(leaf.case_id, leaf.number, bytes(leaf.hash))


def leaf_of(deletion: Deletion) -> Leaf:
    return ledger.leaf_for(kind=KIND, subject=deletion.id, record=deletion.record(), at=deletion.at)
