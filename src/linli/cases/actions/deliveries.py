"""The outbox: one row per interested reaction in the event's transaction; the worker hands them over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from linli.cases.models import Delivery, Event
from linli.cases.procedures import Move

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=1)
BACKOFF = [timedelta(seconds=5 * 4**n) for n in range(8)]
STUCK_AFTER = 5


@dataclass(frozen=True)
class Reaction:
    """Something an app does after an event: at least once, and safe to repeat."""

    name: str
    wants: Callable[[Event, Move], bool]
    run: Callable[[Event, datetime], None]


@cache
def reactions() -> dict[str, Reaction]:
    """The reactions listed in the settings, by name."""
    found = [import_string(path) for path in settings.REACTIONS]
    return {reaction.name: reaction for reaction in found}


def of(event: Event, move: Move, at: datetime) -> list[Delivery]:
    """A note for every reaction that wants the event, that it is to be handed over; not written yet."""
    return [
        Delivery(case_id=event.case_id, event_number=event.number, reaction=name, due_at=at)
        for name, reaction in reactions().items()
        if reaction.wants(event, move)
    ]


def run_due(*, at: datetime, limit: int = 200) -> int:
    """Hands over what is due and returns how many; a conditional update claims each, so workers never share one."""
    due = Delivery.objects.filter(due_at__lte=at).order_by("due_at")[:limit]
    return sum(_hand_over(delivery, at) for delivery in due)


def _hand_over(delivery: Delivery, at: datetime) -> bool:
    mine = Delivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at)
    if not mine.update(due_at=at + LEASE):
        return False
    row = Delivery.objects.filter(pk=delivery.pk)
    try:
        with transaction.atomic():
            event = Event.objects.get(case_id=delivery.case_id, number=delivery.event_number)
            reactions()[delivery.reaction].run(event, at)
            row.update(due_at=None, done_at=at, error="")
    except Exception as error:
        logger.warning("delivery %s failed: %s", delivery.reaction, type(error).__name__)
        wait = BACKOFF[min(delivery.attempts, len(BACKOFF) - 1)]
        row.update(
            due_at=at + wait, attempts=delivery.attempts + 1, error=f"{type(error).__name__}: {error}"[:500]
        )
    return True
