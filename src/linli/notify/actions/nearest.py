"""Who is to be told above a place: the nearest unit that has anybody with a role, never one that is accused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from linli.cases.models import Case
from linli.orgs.models import within
from linli.people.models import Grant


def nearest(
    path: str, *, roles: Iterable[str], case: Case, at: datetime, besides: UUID | None = None
) -> set[UUID]:
    """Those with such a role at the nearest unit from this one up; nobody of a unit accused, nor the one left out."""
    grants = Grant.objects.active(at).filter(role__in=roles)
    if besides is not None:
        grants = grants.exclude(person_id=besides)
    if case.accused_path:
        accused = Grant.objects.active(at).filter(within("organisation__path", case.accused_path))
        grants = grants.exclude(person_id__in=accused.values("person_id"))
    parts = path.rstrip("/").split("/")
    above = ["/".join(parts[:n]) + "/" for n in range(len(parts), 0, -1)]
    found: dict[str, set[UUID]] = {}
    for unit, person in grants.filter(organisation__path__in=above).values_list(
        "organisation__path", "person_id"
    ):
        found.setdefault(unit, set()).add(person)
    return next((found[each] for each in above if each in found), set())
