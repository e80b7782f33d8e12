"""Tells who answers claims on personal information that one was asked, and supervisors that one is late."""

from __future__ import annotations

from linli.cases.models import Case
from linli.notify.actions.nearest import nearest
from linli.notify.models import Message
from linli.people.access import roles_with_duty
from linli.privacy.actions import claims
from linli.privacy.models import Claim

NO_EVENT = 0  # its `source` is the claim


def tell(claim: Claim, case: Case) -> None:
    """A message each, in the transaction of what is told."""
    names, paths = claims.answering(case)
    if claim.is_reported:
        names, paths = roles_with_duty("supervisor"), {case.place_path, case.holder_path}
    at = claim.due_at if claim.is_reported else claim.asked_at
    people = nearest(*sorted(paths - {""}), roles=names, case=case, at=claim.asked_at)
    Message.objects.bulk_create(
        (
            Message(case_id=case.pk, source=claim.id, event_number=NO_EVENT, person_id=person, at=at)
            for person in sorted(people)
        ),
        ignore_conflicts=True,
    )


def install() -> None:
    """Has this told whenever a claim is asked or late."""
    if tell not in claims.told:
        claims.told.append(tell)
