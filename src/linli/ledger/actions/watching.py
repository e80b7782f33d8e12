"""Whether a witness keeps watch. Where none has for hours, what is most confidential is not shown (X-Road's rule)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from linli.ledger.actions import checkpoints
from linli.ledger.models import Checkpoint, Cosignature, Leaf

REMEMBERED = timedelta(seconds=5)
_last: list[tuple[datetime, Watch]] = []


class Unwitnessed(Exception):
    """No witness has signed the log for longer than is allowed: what is confidential stays shut for now."""


@dataclass(frozen=True)
class Watch:
    """How things stand: whether a witness is expected, when one last signed, and since when something lacks it."""

    is_expected: bool
    seen_at: datetime | None
    size: int
    since: datetime | None

    @property
    def hours(self) -> int:
        return int(settings.WITNESS_HOURS)

    @property
    def limit(self) -> timedelta:
        return timedelta(hours=self.hours)

    def is_missed(self, at: datetime) -> bool:
        """Worth telling the staff: a quarter of the time is gone."""
        return self.is_expected and (self.since is None or at - self.since > self.limit / 4)

    def is_stopped(self, at: datetime) -> bool:
        return self.is_expected and (self.since is None or at - self.since > self.limit)

    @property
    def stops_at(self) -> datetime | None:
        return self.since + self.limit if self.since else None


def watch(at: datetime) -> Watch:
    """Expected is a witness as soon as one has ever signed, or LINLI_WITNESS_REQUIRED says so.

    There is no way back but a witness, so that whoever wants to read unseen cannot take it out of the settings.
    """
    newest = Cosignature.objects.order_by("-witnessed_at").first()
    if newest is None:
        return Watch(settings.WITNESS_REQUIRED, None, 0, None)
    seen = checkpoints.latest_witnessed()
    size = seen.size if seen else 0
    since = [newest.witnessed_at, *_unseen(size, at)]
    return Watch(True, newest.witnessed_at, size, min(since))


def _unseen(size: int, at: datetime) -> list[datetime]:
    """Since when there is something the witness has not signed: a later checkpoint, or leaves nobody takes in."""
    later = Checkpoint.objects.filter(size__gt=size).order_by("size").values_list("made_at", flat=True)[:1]
    since = list(later)
    last = checkpoints.latest()
    if last is not None and at - last.made_at > timedelta(hours=settings.WITNESS_HOURS) / 4:
        # The worker makes a checkpoint within a minute. Where it does not, leaves wait: history brought in from
        # elsewhere has old moments, which is why its own age alone says nothing.
        waiting = Leaf.objects.filter(position=None).order_by("at").values_list("at", flat=True)[:1]
        placed = Leaf.objects.filter(position=last.size + 1).values_list("at", flat=True)
        since += [max(moment, last.made_at) for moment in [*waiting, *placed]]
    return since


def require_witness(at: datetime) -> None:
    """Raises Unwitnessed where nothing confidential may be shown. The answer is remembered for some seconds."""
    if remembered(at).is_stopped(at):
        raise Unwitnessed


def remembered(at: datetime) -> Watch:
    if not _last or not timedelta(0) <= at - _last[0][0] < REMEMBERED:
        _last[:] = [(at, watch(at))]
    return _last[0][1]


def forget() -> None:
    _last.clear()
