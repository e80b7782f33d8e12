"""Tells of a case that was opened from outside its area: its reporter, and supervisors above it and above who did."""

from __future__ import annotations

from uuid import UUID

from linli.cases.models import Case
from linli.notify.actions import notices
from linli.notify.actions.nearest import nearest
from linli.notify.models import Message
from linli.people.access import roles_with_duty
from linli.privacy.actions import glass as glasses
from linli.privacy.models import Glass

NO_EVENT = 0  # its `source` is the breaking of the glass
NEWS = 1_000_000_000  # numbers of what is sent to a reporter about no event


def tell(glass: Glass, case: Case) -> None:
    """A message each, in the transaction that opens the case."""
    paths = {case.place_path, case.holder_path, glass.organisation.path} - {""}
    supervisors = roles_with_duty("supervisor")
    people = nearest(*paths, roles=supervisors, case=case, at=glass.at, besides=glass.person_id)
    told: list[UUID | None] = [*sorted(people - {glass.person_id}), None]
    Message.objects.bulk_create(
        Message(case_id=case.pk, source=glass.id, event_number=NO_EVENT, person_id=person, at=glass.at)
        for person in told
    )
    nth = Glass.objects.filter(case_id=case.pk).count()
    notices.tell_reporter(case_id=case.pk, event_number=NEWS + nth, why="news", at=glass.at)


def install() -> None:
    """Has this told whenever a glass is broken."""
    if tell not in glasses.told:
        glasses.told.append(tell)
