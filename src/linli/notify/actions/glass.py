"""Tells of a case that was opened from outside its area: its reporter, and supervisors above it and above who did."""

from __future__ import annotations

from uuid import UUID

from linli.cases.models import Case
from linli.notify.actions import notices
from linli.notify.models import Message
from linli.orgs.models import within
from linli.people.access import roles_with_duty
from linli.people.models import Grant
from linli.privacy.actions import glass as glasses
from linli.privacy.models import Glass

NO_EVENT = 0  # its `source` is the breaking of the glass
NEWS = 1_000_000_000  # numbers of what is sent to a reporter about no event


def tell(glass: Glass, case: Case) -> None:
    """A message each, in the transaction that opens the case."""
    paths = {case.place_path, case.holder_path, glass.organisation.path} - {""}
    people = {person for path in sorted(paths) for person in _supervisors_above(path, glass, case)}
    told: list[UUID | None] = [*sorted(people - {glass.person_id}), None]
    Message.objects.bulk_create(
        Message(case_id=case.pk, source=glass.id, event_number=NO_EVENT, person_id=person, at=glass.at)
        for person in told
    )
    nth = Glass.objects.filter(case_id=case.pk).count()
    notices.tell_reporter(case_id=case.pk, event_number=NEWS + nth, why="news", at=glass.at)


def _supervisors_above(path: str, glass: Glass, case: Case) -> set[UUID]:
    """Those at the nearest unit, from this one up, that has any besides whoever did it; never in a unit accused."""
    grants = Grant.objects.active(glass.at).filter(role__in=roles_with_duty("supervisor"))
    grants = grants.exclude(person_id=glass.person_id)
    if case.accused_path:
        accused = Grant.objects.active(glass.at).filter(within("organisation__path", case.accused_path))
        grants = grants.exclude(person_id__in=accused.values("person_id"))
    parts = path.rstrip("/").split("/")
    above = ["/".join(parts[:n]) + "/" for n in range(len(parts), 0, -1)]
    found: dict[str, set[UUID]] = {}
    for unit_path, person in grants.filter(organisation__path__in=above).values_list(
        "organisation__path", "person_id"
    ):
        found.setdefault(unit_path, set()).add(person)
    return next((found[each] for each in above if each in found), set())


def install() -> None:
    """Has this told whenever a glass is broken."""
    if tell not in glasses.told:
        glasses.told.append(tell)
