"""What happens by itself: warnings, missed limits, and desks nobody sits at any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from linli.cases.actions import desks
from linli.cases.actions.advance import advance
from linli.cases.models import Case, Clock, Task
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM, roles_with_duty
from linli.people.models import Grant


def fire_due_clocks(*, at: datetime, limit: int = 500, case_id: UUID | None = None) -> int:
    """Warns of and reports what is due, once each, however many sweepers run and however late they come."""
    due = Clock.objects.filter(fires_at__lte=at).select_related("organisation").order_by("fires_at")
    if case_id is not None:
        due = due.filter(case_id=case_id)
    return sum(_fire(clock, at) for clock in due[:limit])


def _fire(clock: Clock, at: datetime) -> bool:
    """Claims the clock by a conditional update and notes what happened, in one transaction."""
    is_missed = clock.due_at is not None and clock.due_at <= at
    with transaction.atomic():
        Case.objects.select_for_update().filter(pk=clock.case_id).first()
        mine = Clock.objects.filter(
            case_id=clock.case_id, number=clock.number, fires_at=clock.fires_at, stopped_at=None
        )
        if is_missed:
            claimed = mine.update(fires_at=None, missed_at=clock.due_at)
        else:
            claimed = mine.update(fires_at=clock.due_at, is_warned=True)
        if not claimed:
            return False
        owner = clock.organisation
        advance(
            case=clock.case_id,
            verb="clock_missed" if is_missed else "clock_warned",
            by=SYSTEM,
            at=at,
            command_id=uuid7(),
            facts={
                "clock": clock.name,
                "number": clock.number,
                "due_at": clock.due_at.isoformat() if clock.due_at else None,
                "owner": str(owner.pk) if owner else None,
                "owner_path": owner.path if owner else "",
            },
        )
    return True


def staff_desks(*, at: datetime, limit: int = 500) -> int:
    """Moves work from desks whose last post has ended up to the nearest staffed one; returns how many."""
    waiting = Task.objects.exclude(role="handler").values_list("organisation__path", "organisation_id", "role")
    moved = 0
    for path, organisation_id, role in list(waiting.distinct()[:limit]):
        held = Grant.objects.active(at).filter(role__in=roles_with_duty(role), organisation_id=organisation_id)
        if held.exists():
            continue
        target = desks.nearest(role, path, at)
        if target is not None and target != organisation_id:
            moved += Task.objects.filter(organisation_id=organisation_id, role=role).update(
                organisation_id=target
            )
    return moved
