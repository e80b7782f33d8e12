"""Tells who answers claims on personal information that one was asked, and supervisors that one is late."""

from __future__ import annotations

from uuid import UUID

from linli.cases.models import Case
from linli.notify.models import Message
from linli.orgs.models import within
from linli.people.access import roles, roles_with_duty
from linli.people.models import Grant
from linli.privacy.actions import claims
from linli.privacy.models import Claim

NO_EVENT = 0  # its `source` is the claim


def tell(claim: Claim, case: Case) -> None:
    """A message each, in the transaction of what is told."""
    names = roles_with_duty("supervisor") if claim.is_reported else _answering()
    at = claim.due_at if claim.is_reported else claim.asked_at
    people = {
        person
        for path in sorted({case.place_path, case.holder_path} - {""})
        for person in _nearest(path, names, claim, case)
    }
    Message.objects.bulk_create(
        (
            Message(case_id=case.pk, source=claim.id, event_number=NO_EVENT, person_id=person, at=at)
            for person in sorted(people)
        ),
        ignore_conflicts=True,
    )


def _answering() -> list[str]:
    return [role.name for role in roles().values() if claims.PERMISSION in role.permissions]


def _nearest(path: str, names: list[str], claim: Claim, case: Case) -> set[UUID]:
    """Those with such a role at the nearest unit from this one up; never in a unit accused."""
    grants = Grant.objects.active(claim.asked_at).filter(role__in=names)
    if case.accused_path:
        accused = Grant.objects.active(claim.asked_at).filter(within("organisation__path", case.accused_path))
        grants = grants.exclude(person_id__in=accused.values("person_id"))
    parts = path.rstrip("/").split("/")
    above = ["/".join(parts[:n]) + "/" for n in range(len(parts), 0, -1)]
    found: dict[str, set[UUID]] = {}
    for unit, person in grants.filter(organisation__path__in=above).values_list(
        "organisation__path", "person_id"
    ):
        found.setdefault(unit, set()).add(person)
    return next((found[each] for each in above if each in found), set())


def install() -> None:
    """Has this told whenever a claim is asked or late."""
    if tell not in claims.told:
        claims.told.append(tell)
