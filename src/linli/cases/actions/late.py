"""What somebody did on a case that has gone on without them: kept as history, and nothing newer shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from linli.cases.actions import writing
from linli.cases.actions.advance import plan
from linli.cases.actions.errors import CaseNotFound
from linli.cases.models import Case, Clock, Event, Task
from linli.orgs.models import is_within
from linli.people.access import Actor

LATE = "late"


def note_late(
    *,
    case: UUID,
    by: Actor,
    at: datetime,
    command_id: UUID,
    words: str,
    claimed_at: datetime,
    facts: Mapping[str, Any],
) -> Event:
    """Writes down what came too late to be a move, as an internal note. `facts` say what it was meant to be.

    Open to whoever once had to do with the case, though it may be with others now. Raises CaseNotFound otherwise.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).filter(pk=case).first()
        if locked is None or not had_to_do_with(locked, by):
            raise CaseNotFound
        turn = plan(
            locked,
            list(Clock.objects.filter(case_id=case).order_by("number")),
            list(Task.objects.filter(case_id=case).select_related("organisation").order_by("number")),
            "note",
            by=by,
            at=at,
            command_id=command_id,
            data={"note": words, "reader": "internal"},
            claimed_at=claimed_at,
            facts={LATE: dict(facts)},
        )
        return writing.write(turn)


def had_to_do_with(case: Case, by: Actor) -> bool:
    """Whether it lies or lay in its area, or was ever in the hands of its unit; never an accusation against it."""
    if case.accused_path and case.accused_path in by.ancestor_paths:
        return False
    if by.path and is_within(case.place_path, by.path):
        return True
    mine = Q(unit_id=by.organisation_id) | Q(organisation_id=by.organisation_id)
    events = Event.objects.filter(case_id=case.pk)
    if by.organisation_id is not None and events.filter(mine).exists():
        return True
    moved: Sequence[str] = [
        str(before) for before in events.filter(verb="correct").values_list("facts__before__place", flat=True)
    ]
    return bool(by.path) and any(is_within(path, by.path) for path in moved)


def changed_by_others(case: Case, seen: int, by: Actor) -> list[Event]:
    """What others did to a case since the actor saw it at that version; notes and what Linli itself notes aside."""
    if case.version <= seen:
        return []
    since = Event.objects.filter(case_id=case.pk, number__gt=seen).exclude(actor_kind="system")
    since = since.exclude(verb="note")
    if by.person_id is not None:
        since = since.exclude(actor_kind="staff", person_id=by.person_id)
    return list(since.select_related("person", "organisation", "unit").order_by("number"))
