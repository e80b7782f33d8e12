"""What the worker does in one round."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import Error, connection

from linli.cases import actions as cases
from linli.cases.actions import orders, recalculation
from linli.cases.actions.sweep import CHORES
from linli.documents import actions as documents
from linli.documents.actions import exporting
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.measures import actions as measures
from linli.measures.actions import counting, problems, reports, surges
from linli.notify.actions import mailings, notices, sending
from linli.notify.senders.ways import Messenger
from linli.notify.senders.webhooks import Post
from linli.orgs.models import Kind, Organisation, Revision
from linli.people.actions import rates, sessions
from linli.portal.actions import holding

logger = logging.getLogger(__name__)
HEARTBEAT = "worker"
AT_A_TIME = 50  # so that a round ends soon, and the worker with it when it is told to
BEATS = timedelta(seconds=15)
CHECKPOINTS = timedelta(seconds=20)  # so that a leaf is in the signed tree within a minute
SELDOM = timedelta(minutes=1)
HOURLY = timedelta(hours=1)
EXPORTING = 1.0  # seconds of a round
DIGESTS = 5  # of a round
REST = 5  # times as long as counting took, so that it takes a twelfth of two processors at most

Job = Callable[[datetime], int]


@dataclass
class Unhurried:
    """A job that rests after each turn: figures may wait while many report, whoever reports may not."""

    job: Callable[[], int]
    until: float = 0.0

    def __call__(self, _at: datetime) -> int:
        begun = time.monotonic()
        if begun < self.until:
            return 0
        done = self.job()
        ended = time.monotonic()
        self.until = ended + REST * (ended - begun) if done else 0.0
        return done


@dataclass
class Rounds:
    """Remembers when the seldom jobs ran last, how far due dates were derived again, and what went wrong."""

    last: dict[str, datetime] = field(default_factory=dict)
    after: recalculation.Key | None = None
    is_database_away: bool = False
    failed: set[str] = field(default_factory=set)
    post: Post = field(default_factory=Post)
    messenger: Messenger = field(default_factory=Messenger)
    exporter: exporting.Exporter = field(default_factory=exporting.Exporter)
    counting: Unhurried = field(default_factory=lambda: Unhurried(counting.count))

    def run(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """One round; returns how much there was to do. A database that is away is waited for, not crashed upon."""
        at, done = clock.now(), 0
        for name, interval, job in self._jobs():
            if is_stopped():
                break
            if interval is not None and not self._is_time_for(name, interval, at):
                continue
            done += self._try(name, job, at)
            if self.is_database_away:
                return 0
        return done

    def _jobs(self) -> list[tuple[str, timedelta | None, Job]]:
        return [
            ("heartbeat", BEATS, beat),
            ("deliveries", None, lambda at: cases.run_due(at=at, limit=AT_A_TIME)),
            ("clocks", None, lambda at: cases.fire_due_clocks(at=at, limit=AT_A_TIME)),
            ("orders", None, lambda at: orders.fire_due(at=at, limit=AT_A_TIME)),
            ("feed", None, lambda at: ledger.sequence()),
            ("checkpoint", CHECKPOINTS, lambda at: ledger.make_checkpoint(at=at)),
            ("rollups", None, self.counting),
            ("webhooks", None, lambda at: sending.fan_out(at=at)),
            ("letters", None, self.post.run),
            ("notices", None, self.messenger.run),
            ("calendar", None, self._derive_again),
            ("desks", SELDOM, lambda at: cases.staff_desks(at=at)),
            ("exports", None, self._export),
            ("exported", SELDOM, sweep_exports),
            ("photos", HOURLY, sweep_photos),
            ("old notices", HOURLY, lambda at: notices.sweep(at=at)),
            ("old mailings", HOURLY, lambda at: mailings.sweep(at=at)),
            ("held reports", HOURLY, lambda at: holding.sweep(at=at)),
            ("sessions", HOURLY, lambda at: sessions.sweep(at=at)),
            ("budgets", SELDOM, lambda at: rates.sweep(at=at)),
            ("old letters", HOURLY, lambda at: sending.sweep(at=at)),
            ("figures", HOURLY, count_last_month),
            ("surges", HOURLY, look_for_surges),
            ("problems", HOURLY, look_for_problems),
            ("reports", SELDOM, make_reports),
            *((name, HOURLY, partial(_do, chore)) for name, chore in CHORES.items()),
        ]

    def _is_time_for(self, name: str, interval: timedelta, at: datetime) -> bool:
        last = self.last.get(name)
        return last is None or at - last >= interval

    def _try(self, name: str, job: Job, at: datetime) -> int:
        """One job; what fails is told once and tried again, and holds up no other."""
        try:
            done = job(at)
        except Error as error:
            self._lose_database(error)
            return 0
        except Exception:
            if name not in self.failed:
                logger.exception("%s failed and will be tried again", name)
            self.failed.add(name)
            self.last[name] = at
            return 0
        if self.is_database_away:
            logger.warning("the database is back")
            self.is_database_away = False
        self.failed.discard(name)
        self.last[name] = at
        return done

    def _lose_database(self, error: Error) -> None:
        if not self.is_database_away:
            reason = (str(error).splitlines() or [""])[0]
            logger.warning("the database is away, waiting for it: %s: %s", type(error).__name__, reason)
        self.is_database_away = True
        connection.close()

    def close(self) -> None:
        """Hands back what it has begun."""
        if self.exporter.running:
            self.exporter.close()

    def _export(self, _at: datetime) -> int:
        """Exports for about a second, then lets the other jobs have their turn."""
        until, done = time.monotonic() + EXPORTING, 0
        while turned := self.exporter.turn(at=clock.now()):
            done += turned
            if time.monotonic() > until:
                break
        return done

    def _derive_again(self, at: datetime) -> int:
        """One batch of due dates after a change of the calendar."""
        if not recalculation.is_behind():
            return 0
        progress = recalculation.recalculate(at=at, after=self.after, limit=AT_A_TIME)
        self.after = progress.after
        return progress.seen


def sweep_exports(at: datetime) -> int:
    exporting.sweep(at=at)
    return 0


def sweep_photos(at: datetime) -> int:
    documents.sweep(at=at)
    return 0


def count_last_month(at: datetime) -> int:
    """Publishes the month that has ended, so that no visitor of the front page waits for the count."""
    county = Organisation.objects.filter(code=settings.COUNTY_CODE).first()
    if county is not None:
        measures.last_month(county=county, at=at)
    return 0


def look_for_surges(at: datetime) -> int:
    """Once the day is counted: what was far above its own level yesterday."""
    return surges.watch(at=at) if counting.position() == ledger.head() else 0


def look_for_problems(at: datetime) -> int:
    """What has come back at the same place again and again, and whether a remedy helped."""
    counties = Organisation.objects.filter(kind=Kind.COUNTY, parent=None)
    return sum(problems.find(county=county, at=at) for county in counties)


def make_reports(at: datetime) -> int:
    """Once everything is counted: last month's report of every county, and last week's digest of every unit."""
    if counting.position() != ledger.head():
        return 0
    return reports.make_months(at=at) + reports.make_weeks(at=at, limit=DIGESTS)


def beat(at: datetime) -> int:
    """Leaves a sign of life that `linli doctor` reads."""
    Revision.objects.update_or_create(name=HEARTBEAT, defaults={"number": int(at.timestamp())})
    return 0


def last_beat() -> datetime | None:
    """When a worker last gave a sign of life."""
    number = Revision.objects.filter(name=HEARTBEAT).values_list("number", flat=True).first()
    return datetime.fromtimestamp(number, UTC) if number else None


def _do(chore: Callable[..., int], at: datetime) -> int:
    return chore(at=at)
