"""What happened in all cases, as one list that only grows: read by a cursor, nothing skipped, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from linli.cases.models import Case, Event
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.orgs.models import is_within
from linli.people.access import Actor


class Entry(NamedTuple):
    """An event, its case, and its place in the order of all events."""

    position: int
    case: Case
    event: Event


class NoSuchPlace(Exception):
    """A cursor beyond all places there are, as after a backup was put back: going on from it would skip what comes."""


@dataclass(frozen=True)
class Page:
    """Some entries, the cursor to go on from, and whether the end as it is now was reached."""

    entries: list[Entry]
    cursor: int
    is_last: bool


def read(*, after: int, by: Actor, limit: int = 100) -> Page:
    """The entries that follow a cursor, as far as the actor may read them now; the others are passed over.

    Looks at `limit` places and no more, so a page may hold fewer entries than that, or none, and not be the last.
    Raises NoSuchPlace.
    """
    leaves = ledger.after(after, limit)
    if not leaves and after > ledger.head():
        raise NoSuchPlace
    entries = _entries(_places(leaves), by)
    cursor = leaves[-1].position or after if leaves else after
    return Page(entries, cursor, is_last=len(leaves) < limit)


def at_positions(positions: list[int], *, by: Actor) -> list[Entry]:
    """These entries alone, as far as the actor may read them."""
    return _entries(_places(ledger.at(positions)), by)


def _places(leaves: Sequence[Leaf]) -> dict[tuple[UUID, int], int]:
    """The places of events; what else stands in the log, such as who read what, is in nobody's feed."""
    return {(leaf.case_id, leaf.number): leaf.position or 0 for leaf in leaves if leaf.kind == ledger.EVENT}


def may_read(event: Event, by: Actor) -> bool:
    """An internal note is for the unit that wrote it, those above it, and auditors."""
    if event.verb != "note" or event.is_public or by.kind == "system":
        return True
    written_at = event.organisation.path if event.organisation else ""
    return by.may("case.view_internal") or (bool(by.path) and is_within(written_at, by.path))


def _entries(places: dict[tuple[UUID, int], int], by: Actor) -> list[Entry]:
    """Two statements, however many."""
    ids = {case_id for case_id, _number in places}
    cases = {case.pk: case for case in Case.objects.visible_to(by).filter(pk__in=ids)}
    events = Event.objects.filter(pk__in=[key for key in places if key[0] in cases])
    found = [
        Entry(places[event.case_id, event.number], cases[event.case_id], event)
        for event in events.select_related("organisation", "unit")
        if may_read(event, by)
    ]
    return sorted(found, key=lambda entry: entry.position)
