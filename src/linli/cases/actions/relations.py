"""How somebody must stand to a case to make a move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from linli.cases.models import Case, Event, Partner, Task
from linli.cases.procedures import predicates
from linli.orgs.models import is_within
from linli.people.access import Actor

Relation = Callable[[Case, Actor, Sequence[Task]], bool]


def holds(name: str, case: Case, actor: Actor, tasks: Sequence[Task]) -> bool:
    """Whether the actor stands to the case as the procedure file asks; Linli itself always does."""
    return actor.kind == "system" or RELATIONS[name](case, actor, tasks)


def add(name: str, relation: Relation) -> None:
    """A kind of case adds a relation of its own, which its procedure files may then name."""
    RELATIONS[name] = relation
    predicates.relation_names.add(name)


def works_for(actor: Actor, holder_path: str) -> bool:
    """Whether the actor belongs to the unit that handles the case, or one below it."""
    return bool(holder_path) and is_within(actor.path, holder_path)


def _desk(case: Case, actor: Actor, tasks: Sequence[Task]) -> bool:
    """At the desk where the case waits or above it; never the unit that is handling the case."""
    if works_for(actor, case.holder_path):
        return False
    stage = next((task for task in tasks if task.is_stage), None)
    if stage is not None and stage.organisation_id != case.holder_id:
        return is_within(stage.organisation.path, actor.path)
    return is_within(case.place_path, actor.path) or is_within(case.holder_path, actor.path)


def _checker(case: Case, actor: Actor, tasks: Sequence[Task]) -> bool:
    """Never the unit that did the work, nor the person who reported it done (七步闭环：核查)."""
    if works_for(actor, case.holder_path) or not is_within(case.place_path, actor.path):
        return False
    worker = (
        Event.objects.filter(case_id=case.pk, verb__in=["feedback", "self_handle"])
        .order_by("-number")
        .values_list("person_id", flat=True)
        .first()
    )
    return worker is None or worker != actor.person_id


def _holder(case: Case, actor: Actor, tasks: Sequence[Task]) -> bool:
    return case.holder_id is not None and case.holder_id == actor.organisation_id


def _superior(case: Case, actor: Actor, tasks: Sequence[Task]) -> bool:
    """Above the unit that handles the case: who supervises stands over it."""
    return case.holder_path != actor.path and is_within(case.holder_path, actor.path)


def _partner(case: Case, actor: Actor, tasks: Sequence[Task]) -> bool:
    return _is_partner(case.pk, actor.organisation_id)


def _is_partner(case_id: UUID, organisation_id: UUID | None) -> bool:
    if organisation_id is None:
        return False
    return Partner.objects.filter(case_id=case_id, organisation_id=organisation_id, ended_at=None).exists()


RELATIONS: dict[str, Relation] = {
    "": lambda case, actor, tasks: True,
    "desk": _desk,
    "checker": _checker,
    "partner": _partner,
    "holder": _holder,
    "holder_or_desk": lambda case, actor, tasks: _holder(case, actor, tasks) or _desk(case, actor, tasks),
    "superior": _superior,
    "place": lambda case, actor, tasks: is_within(case.place_path, actor.path),
    "reporter": lambda case, actor, tasks: actor.kind == "reporter" and actor.case_id == case.pk,
}
