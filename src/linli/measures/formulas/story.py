"""What a case's events say happened to it, up to one of them: read from the log, never from what stands there today.

So the figures of a past moment can be worked out again later. Units are kept as they are called in the log (by id,
or by the code that ends an old path) and looked up in the tree of the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from linli.cases import procedures
from linli.cases.models import Case, Clock, Event
from linli.cases.procedures import Procedure
from linli.orgs.models import Organisation

COLUMNS = (
    "case_id",
    "number",
    "verb",
    "state",
    "received_at",
    "actor_kind",
    "unit_id",
    "organisation_id",
    "is_public",
    "facts",
    "clocks",
    "data__grade",
)


class Happening(NamedTuple):
    """An event without its words."""

    case_id: UUID
    number: int
    verb: str
    state: str
    at: datetime
    actor_kind: str
    unit_id: UUID | None
    organisation_id: UUID | None
    is_public: bool
    facts: dict[str, Any]
    clocks: list[dict[str, Any]]
    grade: Any


class Held(NamedTuple):
    """Since when, and by which event, a unit has held the case."""

    since: datetime
    number: int
    path: str


class Tree:
    """The paths of units by id and by code."""

    def __init__(self, rows: Iterable[tuple[UUID, str, str]]) -> None:
        known = list(rows)
        self.by_id = {pk: path for pk, _code, path in known}
        self.by_code = {code: path for _pk, code, path in known}

    @classmethod
    def standing(cls) -> Tree:
        return cls(Organisation.objects.values_list("pk", "code", "path"))

    def of(self, unit: UUID | None) -> str:
        return self.by_id.get(unit, "") if unit else ""

    def called(self, path: str) -> str:
        """The path today of a unit an event knows by the path it had then."""
        return self.by_code.get(path.rstrip("/").rsplit("/", 1)[-1], path) if path else ""


@dataclass
class Story:
    """A case up to one of its events: `events` are those, `later` what has happened since.

    `owners`: by the number of a clock, the unit at whose desk it ran, or ran out.
    """

    case: Case
    events: list[Happening]
    later: list[Happening]
    clocks: list[Clock]
    procedure: Procedure
    holders: list[Held] = field(default_factory=list)
    places: list[tuple[datetime, str]] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)

    @property
    def is_member(self) -> bool:
        """Whether it was merged into another and has not been taken out again."""
        for event in reversed(self.events):
            if event.verb == "merge":
                return True
            if event.verb in ("unmerge", "reopen"):
                return False
        return False

    @property
    def is_open(self) -> bool:
        return self.procedure.states[self.events[-1].state].is_open

    @property
    def category(self) -> str:
        before = next((e.facts["before"] for e in self.later if "before" in e.facts), None)
        return str(before.get("category", self.case.category)) if before else self.case.category

    def holder_until(self, moment: datetime) -> str:
        """Who held it up to that moment; '' where nobody did."""
        return next((held.path for held in reversed(self.holders) if held.since < moment), "")

    def holder_after(self, number: int) -> str:
        """Who held it once that event had happened."""
        return next((held.path for held in reversed(self.holders) if held.number <= number), "")

    def last_holder_before(self, number: int) -> str:
        """Who held it before that event, or held it last."""
        held = (held.path for held in reversed(self.holders) if held.number < number)
        return next(filter(None, held), "")

    def place_at(self, moment: datetime) -> str:
        return next((path for until, path in self.places if moment < until), self.place)

    @property
    def place(self) -> str:
        return self.places[-1][1]

    @property
    def holder(self) -> str:
        """Who holds it, or held it last."""
        return next((held.path for held in reversed(self.holders) if held.path), "")

    def finishes(self) -> Iterator[Happening]:
        """The events after which it was no longer open, one for each time."""
        was_open = True
        for event in self.events:
            is_open = self.procedure.states[event.state].is_open
            if was_open and not is_open:
                yield event
            was_open = is_open


def read(case_ids: Sequence[UUID], tree: Tree, upto: dict[UUID, int] | None = None) -> Iterator[Story]:
    """The stories of these cases, up to the event numbers given or to what stands there now; in four statements."""
    cases = {case.pk: case for case in Case.objects.filter(pk__in=case_ids)}
    clocks: dict[UUID, list[Clock]] = {}
    for clock in Clock.objects.filter(case_id__in=case_ids).order_by("case_id", "number"):
        clocks.setdefault(clock.case_id, []).append(clock)
    events: dict[UUID, list[Happening]] = {}
    rows = Event.objects.filter(case_id__in=case_ids).order_by("case_id", "number").values_list(*COLUMNS)
    for row in rows.iterator(chunk_size=2000):
        events.setdefault(row[0], []).append(Happening(*row))
    for case_id in case_ids:
        if case_id in cases and case_id in events:
            last = upto.get(case_id) if upto is not None else None
            yield _told(cases[case_id], events[case_id], clocks.get(case_id, []), tree, last)


def _told(case: Case, events: list[Happening], clocks: list[Clock], tree: Tree, last: int | None) -> Story:
    """Puts a story together from its rows."""
    cut = len(events) if last is None else sum(event.number <= last for event in events)
    procedure = procedures.get(case.kind, case.procedure_version)
    story = Story(case, events[:cut], events[cut:], clocks, procedure)
    story.holders = list(_holders(story, tree))
    story.places = list(_places(story, events, tree))
    story.owners = {clock.number: tree.of(clock.organisation_id) for clock in clocks} | dict(
        _missed(story, tree)
    )
    return story


def _missed(story: Story, tree: Tree) -> Iterator[tuple[int, str]]:
    """At whose desk each missed clock ran out, as its event says."""
    for event in story.events:
        if event.verb == "clock_missed" and event.facts.get("owner"):
            yield event.facts["number"], tree.of(UUID(event.facts["owner"]))


def _holders(story: Story, tree: Tree) -> Iterator[Held]:
    """Which unit held the case since which event; '' where it was taken or given back."""
    first = story.events[0]
    if not any(_effects(story, event) & {"assign", "take_over"} for event in story.events):
        yield Held(first.at, first.number, tree.of(story.case.holder_id))
    for event in story.events:
        does = _effects(story, event)
        if "assign" in does:
            yield Held(event.at, event.number, tree.of(event.unit_id))
        elif "take_over" in does:
            yield Held(event.at, event.number, tree.of(event.organisation_id))
        elif does & {"release", "withdraw", "reopen", "leave_group"}:
            yield Held(event.at, event.number, "")


def _effects(story: Story, event: Happening) -> set[str]:
    move = story.procedure.moves.get(event.verb)
    return set(move.does) if move else set()


def _places(story: Story, events: list[Happening], tree: Tree) -> Iterator[tuple[datetime, str]]:
    """Until when the case was at which place; the last one until further notice."""
    known = datetime.max.replace(tzinfo=events[0].at.tzinfo)
    corrected = [event for event in events if "before" in event.facts and event.verb == "correct"]
    for event in corrected:
        if event.number <= story.events[-1].number:
            yield event.at, tree.called(str(event.facts["before"].get("place", "")))
    later = next((e for e in corrected if e.number > story.events[-1].number), None)
    path = str(later.facts["before"].get("place", "")) if later else story.case.place_path
    yield known, tree.called(path)
