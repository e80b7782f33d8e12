"""Turns an event into messages to those its procedure names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from linli.cases.actions import Reaction
from linli.cases.models import Case, Event, Task
from linli.notify.actions import notices
from linli.notify.models import Message
from linli.orgs.models import within
from linli.people.access import roles_with_duty
from linli.people.models import Grant


def _tell(event: Event, at: datetime) -> None:
    """One message a person and event, however often the delivery is repeated."""
    case = Case.objects.get(pk=event.case_id)
    move = case.procedure.move_of(event.kind)
    people: set[UUID] = set()
    for relation in move.tells:
        if relation in AUDIENCES:
            people |= AUDIENCES[relation](event, case, at)
    people.discard(event.person_id)
    rows = [_message(event, at, case.pk, person) for person in people]
    if {"reporter", "parties"} & set(move.tells):
        rows += [_message(event, at, case_id, None) for case_id in _followers(case)]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    told = {row.case_id for row in rows if row.person_id is None}
    notices.put(event=event, case=case, people=people, reporters=told, at=at)


def _message(event: Event, at: datetime, case_id: UUID, person_id: UUID | None) -> Message:
    return Message(
        case_id=case_id, source=event.case_id, event_number=event.number, person_id=person_id, at=at
    )


def _followers(case: Case) -> list[UUID]:
    """The case itself, and every case merged into it: each reporter is told."""
    if case.group != case.pk:
        return [case.pk]
    members = Case.objects.filter(group=case.pk, state="merged").values_list("pk", flat=True)
    return [case.pk, *members]


def _people_at(organisation_id: UUID | None, duties: list[str], case: Case, at: datetime) -> set[UUID]:
    """Those who do one of the duties there; never anybody who has a post in a unit the case accuses."""
    if organisation_id is None:
        return set()
    names = [name for duty in duties for name in roles_with_duty(duty)]
    grants = Grant.objects.active(at).filter(organisation_id=organisation_id, role__in=names)
    if case.accused_path:
        accused = Grant.objects.active(at).filter(within("organisation__path", case.accused_path))
        grants = grants.exclude(person_id__in=accused.values("person_id"))
    return set(grants.values_list("person_id", flat=True))


def _desk(event: Event, case: Case, at: datetime) -> set[UUID]:
    people: set[UUID] = set()
    for task in Task.objects.filter(case_id=case.pk, is_stage=True):
        people |= _people_at(task.organisation_id, [task.role], case, at)
    return people


def _unit(event: Event, case: Case, at: datetime) -> set[UUID]:
    return _people_at(event.unit_id or case.holder_id, ["handler", "committee"], case, at)


def _owner(event: Event, case: Case, at: datetime) -> set[UUID]:
    owner = event.facts.get("owner")
    stage = Task.objects.filter(case_id=case.pk, is_stage=True, organisation_id=owner).first()
    duties = [stage.role] if stage else ["handler", "dispatcher", "verifier"]
    return _people_at(UUID(owner) if owner else None, duties, case, at)


def _superior(event: Event, case: Case, at: datetime) -> set[UUID]:
    people: set[UUID] = set()
    for task in Task.objects.filter(Q(role="supervisor") | Q(why="escalated"), case_id=case.pk):
        people |= _people_at(task.organisation_id, [task.role], case, at)
    orders = Event.objects.filter(case_id=case.pk, verb="supervise", person__isnull=False)
    supervisor = orders.order_by("-number").values_list("person_id", flat=True).first()
    return people | ({supervisor} if supervisor else set())


AUDIENCES: dict[str, Callable[[Event, Case, datetime], set[UUID]]] = {
    "desk": _desk,
    "unit": _unit,
    "owner": _owner,
    "superior": _superior,
}

tell = Reaction(name="notify.tell", wants=lambda event, move: bool(move.tells), run=_tell)
