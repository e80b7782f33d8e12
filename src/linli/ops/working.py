"""What the worker does in one round."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connection

from linli.cases import actions as cases
from linli.documents import actions as documents
from linli.kit import clock
from linli.orgs.models import Revision

logger = logging.getLogger(__name__)
HEARTBEAT = "worker"
SELDOM = timedelta(minutes=1)
HOURLY = timedelta(hours=1)


@dataclass
class Rounds:
    """Remembers when the seldom jobs ran last."""

    last: dict[str, datetime] = field(default_factory=dict)

    def run(self) -> int:
        """One round; returns how much there was to do. A database that is away is waited for, not crashed upon."""
        at = clock.now()
        try:
            done = cases.run_due(at=at) + cases.fire_due_clocks(at=at)
            self._every(SELDOM, "desks", at, lambda: cases.staff_desks(at=at))
            self._every(HOURLY, "photos", at, lambda: documents.sweep(at=at))
            self._every(timedelta(seconds=15), "heartbeat", at, lambda: beat(at))
        except DatabaseError as error:
            logger.warning("the database is away: %s", type(error).__name__)
            connection.close()
            return 0
        return done

    def _every(self, interval: timedelta, name: str, at: datetime, job: Callable[[], object]) -> None:
        last = self.last.get(name)
        if last is None or at - last >= interval:
            self.last[name] = at
            job()


def beat(at: datetime) -> None:
    """Leaves a sign of life that `linli doctor` reads."""
    Revision.objects.update_or_create(name=HEARTBEAT, defaults={"number": int(at.timestamp())})


def last_beat() -> datetime | None:
    """When a worker last gave a sign of life."""
    number = Revision.objects.filter(name=HEARTBEAT).values_list("number", flat=True).first()
    return datetime.fromtimestamp(number, tz=clock.now().tzinfo) if number else None
