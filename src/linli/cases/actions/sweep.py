"""What happens by itself: warnings, missed limits, and desks nobody sits at any more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError
from django.db.models import F

from linli.cases.actions import desks
from linli.cases.actions.advance import advance, report
from linli.cases.models import Case, Clock, Task
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM, roles_with_duty
from linli.people.models import Grant

logger = logging.getLogger(__name__)

# What apps above clear away now and then; each adds its own when it starts, and the worker does them by the hour.
CHORES: dict[str, Callable[..., int]] = {}


def fire_due_clocks(*, at: datetime, limit: int = 500, case_id: UUID | None = None) -> int:
    """Warns of and reports what is due, once each, however many sweepers run and however late they come."""
    due = Clock.objects.filter(fires_at__lte=at).select_related("organisation").order_by("fires_at")
    if case_id is not None:
        due = due.filter(case_id=case_id)
    return sum(_fire(clock, at) for clock in due[:limit])


def _fire(clock: Clock, at: datetime) -> bool:
    """One clock that cannot be reported does not hold up the others."""
    try:
        return report(clock, at)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("clock %s of case %s could not be reported", clock.number, clock.case_id)
        return False


def staff_desks(*, at: datetime, limit: int = 500) -> int:
    """Moves work from desks whose last post has ended up to the nearest staffed one; returns how many."""
    waiting = Task.objects.exclude(role="handler").values_list(
        "organisation__path", "organisation_id", "role"
    )
    moved = 0
    for path, organisation_id, role in list(waiting.distinct()[:limit]):
        held = Grant.objects.active(at).filter(
            role__in=roles_with_duty(role), organisation_id=organisation_id
        )
        if held.exists():
            continue
        target = desks.nearest(role, path, at)
        if target is not None and target != organisation_id:
            moved += Task.objects.filter(organisation_id=organisation_id, role=role).update(
                organisation_id=target
            )
    return moved + keep_away(at=at)


def keep_away(*, at: datetime) -> int:
    """Takes accusations out of the hands of units that a change of the tree put below the unit accused."""
    accusations = Case.objects.open().exclude(accused_path="")
    held = accusations.filter(holder__isnull=False, holder_path__startswith=F("accused_path"))
    taken = 0
    for case_id in list(held.values_list("pk", flat=True)):
        advance(case=case_id, verb="withdraw", by=SYSTEM, at=at, command_id=uuid7())
        taken += 1
    waiting = Task.objects.filter(
        case__in=accusations, organisation__path__startswith=F("case__accused_path")
    )
    for task in waiting.select_related("case", "organisation"):
        target = desks.nearest(task.role, task.organisation.path, at, task.case.accused_path)
        if target is not None:
            taken += Task.objects.filter(pk=task.pk).update(organisation_id=target)
    return taken
