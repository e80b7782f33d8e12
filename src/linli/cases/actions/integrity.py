"""Whether a case's history is whole: hashes, links and numbers; and how what somebody said is erased from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import transaction

from linli.cases.actions import finding
from linli.cases.models import Case, Event
from linli.kit import jsonbytes
from linli.ledger import merkle

AT_A_TIME = 500
WANTED = ("last_hash", "version")
Kind = Literal["no_case", "no_events", "gap", "payload", "leaf", "link", "head", "version"]


@dataclass(frozen=True)
class Problem:
    """Something wrong with the history of a case, at the event of that number (0: the case itself).

    gap      a number is missing, or stands twice
    payload  what was said is not what the event commits to
    leaf     the event is not what its own hash says
    link     the event does not follow the one before
    head     the case's last hash is not that of its last event: events were cut off or added
    version  the case counts other than its events do
    """

    case_id: UUID
    number: int
    kind: Kind


def verify(case_id: UUID) -> list[Problem]:
    """Hashes every event of a case again; an empty list means that nothing was changed, added or taken away."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        return [Problem(case_id, 0, "no_case")]
    return _problems(case, list(Event.objects.filter(case_id=case_id).order_by("number")))


@dataclass
class Checked:
    """How far a whole check came."""

    cases: int = 0
    events: int = 0
    problems: int = 0


def verify_all(checked: Checked) -> Iterator[Problem]:
    """Every case's history, some hundreds of cases at a time, counted in `checked` as it goes."""
    last = UUID(int=0)
    while cases := list(Case.objects.filter(pk__gt=last).only(*WANTED).order_by("pk")[:AT_A_TIME]):
        last = cases[-1].pk
        told: dict[UUID, list[Event]] = {case.pk: [] for case in cases}
        for event in Event.objects.filter(case_id__in=told).order_by("case_id", "number"):
            told[event.case_id].append(event)
            checked.events += 1
        for case in cases:
            checked.cases += 1
            yield from _problems(case, told[case.pk])


def _problems(case: Case, events: list[Event]) -> list[Problem]:
    if not events:
        return [Problem(case.pk, 0, "no_events")]
    return [Problem(case.pk, number, kind) for number, kind in [*_events(events), *_case(case, events[-1])]]


def _events(events: list[Event]) -> Iterator[tuple[int, Kind]]:
    previous = merkle.GENESIS
    for number, event in enumerate(events, start=1):
        if event.number != number:
            yield number, "gap"
        if not is_erased(event) and not event.says(event.data):
            yield event.number, "payload"
        if merkle.leaf_hash(jsonbytes.canonical(event.record())) != bytes(event.leaf_hash):
            yield event.number, "leaf"
        if bytes(event.prev_hash) != previous:
            yield event.number, "link"
        previous = bytes(event.leaf_hash)


def _case(case: Case, last: Event) -> Iterator[tuple[int, Kind]]:
    if bytes(case.last_hash) != bytes(last.leaf_hash):
        yield 0, "head"
    if case.version != last.number:
        yield 0, "version"


def is_erased(event: Event) -> bool:
    """Whether what was said is gone; the event still stands and still verifies."""
    return not event.data and not bytes(event.salt)


def erase(*, case_id: UUID, number: int) -> bool:
    """Empties what somebody said in one event, with the salt that would let it be guessed; nothing else of it.

    The case is then no longer found by it. Returns whether there was anything left to erase. The databases' triggers
    let through this change alone.
    """
    event = Event.objects.filter(case_id=case_id, number=number).exclude(salt=b"")
    with transaction.atomic():
        is_erased_now = bool(event.update(data={}, salt=b""))
        if is_erased_now:
            finding.index_again(Case.objects.select_for_update().get(pk=case_id))
    return is_erased_now
