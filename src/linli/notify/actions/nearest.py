"""Who is to be told above a place: the nearest unit that has anybody with a role, never one that is accused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from linli.cases.models import Case
from linli.orgs.models import lineage, within
from linli.people.models import Grant


def nearest(
    *paths: str,
    roles: Iterable[str],
    at: datetime,
    case: Case | None = None,
    besides: UUID | None = None,
) -> set[UUID]:
    """Those with such a role at the nearest unit from each of these up; nobody of a unit accused nor left out."""
    grants = Grant.objects.active(at).filter(role__in=roles)
    if besides is not None:
        grants = grants.exclude(person_id=besides)
    if case is not None and case.accused_path:
        accused = Grant.objects.active(at).filter(within("organisation__path", case.accused_path))
        grants = grants.exclude(person_id__in=accused.values("person_id"))
    above = [lineage(path)[::-1] for path in paths]
    wanted = {each for line in above for each in line}
    found: dict[str, set[UUID]] = {}
    for unit, person in grants.filter(organisation__path__in=wanted).values_list(
        "organisation__path", "person_id"
    ):
        found.setdefault(unit, set()).add(person)
    empty: set[UUID] = set()
    return empty.union(*(next((found[each] for each in line if each in found), empty) for line in above))
