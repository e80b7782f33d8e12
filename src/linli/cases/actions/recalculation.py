"""Due dates after a change of the calendar: every running clock is derived again, batch by batch.

`Revision("clocks")` holds the number of the calendar the clocks were last derived under; while it differs from
`Revision("calendar")` there is work left. A batch changes only clocks whose derivation differs, so an
interrupted run, or two at a time, come to the same end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.cases.actions.advance import advance
from linli.cases.actions.errors import CaseNotFound, OutOfOrder
from linli.cases.actions.timekeeping import derive
from linli.cases.models import Clock, Event
from linli.kit.ids import uuid7
from linli.orgs.models import Revision
from linli.people.access import SYSTEM

CALENDAR, CLOCKS = "calendar", "clocks"
BATCH = 200

Key = tuple[UUID, int]


@dataclass(frozen=True)
class Progress:
    """What a batch came to: clocks looked at, clocks changed, clocks still ahead, and where to go on (None: done)."""

    seen: int
    changed: int
    left: int
    after: Key | None


def is_behind() -> bool:
    """Whether the calendar has changed since the clocks were last derived."""
    numbers = _numbers()
    return numbers.get(CALENDAR, 0) != numbers.get(CLOCKS, 0)


def recalculate(*, at: datetime, after: Key | None = None, limit: int = BATCH) -> Progress:
    """Derives one batch again; an event on its case says so for every clock that moved."""
    number = _numbers().get(CALENDAR, 0)
    ahead = _running(after)
    batch = list(ahead.select_related("organisation").order_by("case_id", "number")[:limit])
    changed = sum(_rederive(clock, at) for clock in _differing(batch))
    if len(batch) < limit:
        Revision.objects.update_or_create(name=CLOCKS, defaults={"number": number})
        return Progress(len(batch), changed, 0, None)
    last = (batch[-1].case_id, batch[-1].number)
    return Progress(len(batch), changed, _running(last).count(), last)


def catch_up(*, at: datetime, limit: int = BATCH) -> int:
    """For the worker: all batches where the calendar has changed; returns how many clocks moved."""
    if not is_behind():
        return 0
    progress = recalculate(at=at, limit=limit)
    changed = progress.changed
    while progress.after is not None:
        progress = recalculate(at=at, after=progress.after, limit=limit)
        changed += progress.changed
    return changed


def running_clocks() -> int:
    """How many clocks a change of the calendar can touch."""
    return _running(None).count()


def _numbers() -> dict[str, int]:
    return dict(Revision.objects.filter(name__in=[CALENDAR, CLOCKS]).values_list("name", "number"))


def _running(after: Key | None) -> QuerySet[Clock]:
    """Clocks neither stopped, paused nor missed, beyond a key."""
    running = Clock.objects.filter(fires_at__isnull=False, stopped_at=None, paused_at=None, missed_at=None)
    if after is None:
        return running
    case_id, number = after
    return running.filter(Q(case_id__gt=case_id) | Q(case_id=case_id, number__gt=number))


def _differing(batch: Iterable[Clock]) -> list[Clock]:
    """The clocks of a batch whose due moment the calendar now puts elsewhere."""
    batch = list(batch)
    entries: dict[UUID, list[Event]] = defaultdict(list)
    ids = {clock.case_id for clock in batch}
    events = Event.objects.filter(case_id__in=ids).exclude(clocks=[]).order_by("case_id", "number")
    for event in events.only("case_id", "number", "received_at", "clocks"):
        entries[event.case_id].append(event)
    found = []
    for clock in batch:
        derived = derive(clock.case_id, clock, entries[clock.case_id])
        if (derived.due_at, derived.provisional) != (clock.due_at, clock.is_provisional):
            found.append(clock)
    return found


def _rederive(clock: Clock, at: datetime) -> bool:
    owner = clock.organisation
    facts = {
        "clock": clock.name,
        "number": clock.number,
        "owner": str(owner.pk) if owner else None,
        "owner_path": owner.path if owner else "",
    }
    try:
        advance(case=clock.case_id, verb="clock_rederived", by=SYSTEM, at=at, command_id=uuid7(), facts=facts)
    except (CaseNotFound, OutOfOrder):  # the case moved on since the batch was read
        return False
    return True
