"""What one case adds to the sums: which counts, of which unit, on which day.

A promise is settled on the day it was kept, or on the day it was missed; so what was closed early counts at once,
and what is late stays with the day, the unit and the place of the miss, whatever is done with the case afterwards.
Credit is given only for a true close: one that stands, not one that was reopened, declined, or made by merging the
case away. docs/measures.md says each rule in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from linli.cases.models import Clock
from linli.measures.formulas.story import Happening, Story
from linli.measures.models.counts import NOWHERE
from linli.orgs.models import around, is_within, lineage

SATISFIED = 4
NORMAL = "normal"
DONE_TO_IT = {"fail_check": "reworked", "grant_extension": "extended", "supervise": "supervised"}
PLACE, HOLDER = "place", "holder"
Key = tuple[str, str, str]
"""Axis, path of a unit itself, and day as ISO text."""


@dataclass
class Tally:
    """What a case adds, with what is asked about the case itself."""

    story: Story
    zone: ZoneInfo
    adds: dict[Key, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def count(self, name: str, at: datetime | date, *, holder: str, place: str, n: int = 1) -> None:
        """Adds to both axes; never where the unit accused, or one below it, would see that there is a case."""
        day = (at.astimezone(self.zone).date() if isinstance(at, datetime) else at).isoformat()
        for axis, path in ((PLACE, place), (HOLDER, holder)):
            if path:
                self.adds[axis, path, day][name] += n

    def here(self, name: str, at: datetime | date) -> None:
        """Adds where the case stands today."""
        self.count(name, at, holder=self.story.holder, place=self.story.place)

    def then(self, name: str, event: Happening, holder: str) -> None:
        """Adds where the case stood at that event."""
        self.count(name, event.at, holder=holder, place=self.story.place_at(event.at))

    def around(self, axis: str) -> str:
        """The smallest unit around all those it adds to along an axis."""
        paths = {path for along, path, _day in self.adds if along == axis}
        return around(paths) if paths else NOWHERE

    @cached_property
    def received_at(self) -> datetime:
        return self.story.events[0].at

    @cached_property
    def is_declined(self) -> bool:
        return self.story.events[-1].state == "declined"

    @cached_property
    def closed_at(self) -> datetime | None:
        """When it was closed for good, by work done: not by being declined."""
        if self.story.is_open or self.is_declined:
            return None
        return list(self.story.finishes())[-1].at

    @cached_property
    def answer(self) -> Happening | None:
        """The first thing an official said or did that the reporter was told of."""
        said = (e for e in self.story.events[1:] if e.is_public and e.actor_kind == "staff")
        return next((event for event in said if event.verb != "merge"), None)


def tally(story: Story, zone: ZoneInfo) -> Tally:
    """Counts one case."""
    found = Tally(story, zone)
    _taken_in(found)
    _happened(found)
    for clock in stints(found, story.procedure.promise.name):
        _promised(found, clock)
    _own_time(found)
    return found


def paths_above(path: str, accused: str = "") -> list[str]:
    """A unit and all those above it, without those that must not know of the case."""
    return [each for each in lineage(path) if not is_within(each, accused)]


def minutes(begin: datetime, end: datetime | None) -> int | None:
    """Whole minutes from one to the other, none below zero."""
    return None if end is None else max(0, int((end - begin).total_seconds() // 60))


def _taken_in(found: Tally) -> None:
    story = found.story
    found.here("received", found.received_at)
    if story.is_member:
        found.here("merged", found.received_at)
    if found.is_declined:
        found.here("declined", found.received_at)
    accepting = next((clock for clock in story.clocks if clock.name == "accepting"), None)
    if accepting is None or found.answer is None and not is_missed(found, accepting):
        return
    found.here("answerable", found.received_at)
    if found.answer is not None and not is_missed(found, accepting):
        found.here("answered", found.received_at)


def _happened(found: Tally) -> None:
    story = found.story
    for event in story.finishes():
        found.here("finished", event.at)
    for event in story.events:
        if event.verb == "reopen":
            found.here("reopened", event.at)
        elif event.verb == "return":
            found.then("returned", event, story.last_holder_before(event.number))
        elif event.verb in DONE_TO_IT:
            found.then(DONE_TO_IT[event.verb], event, story.holder_after(event.number))
    rated = next((e for e in reversed(story.events) if e.verb == "rate"), None)
    if rated is not None and str(rated.grade).isdigit():
        is_satisfied = int(rated.grade) >= SATISFIED and not is_reopened_after(story, rated)
        for name in ("rated", *(("satisfied",) if is_satisfied else ())):
            found.then(name, rated, story.last_holder_before(rated.number))


def is_reopened_after(story: Story, event: Happening) -> bool:
    return any(e.verb == "reopen" and e.number > event.number for e in story.events)


# Promises ---------------------------------------------------------------------------------------


def stints(found: Tally, name: str) -> list[Clock]:
    """The clocks of that name which the events told here have started."""
    started = {op["number"] for e in found.story.events for op in e.clocks if op["op"] == "start"}
    return [clock for clock in found.story.clocks if clock.name == name and clock.number in started]


def _stopped(found: Tally, clock: Clock) -> Happening | None:
    for event in found.story.events:
        if {"op": "stop", "number": clock.number} in event.clocks:
            return event
    return None


def is_missed(found: Tally, clock: Clock) -> bool:
    """Whether the log says so by then: an event of its own, or a limit of another system that had run out before."""
    if clock.missed_at is None:
        return False
    later = (e for e in found.story.later if e.verb == "clock_missed")
    return not any(event.facts.get("number") == clock.number for event in later)


def missed_at(found: Tally, clock: Clock) -> datetime:
    return clock.missed_at or clock.started_at


def _promised(found: Tally, clock: Clock) -> None:
    """One promise: kept by a true close in time, closed late, still late, or undone by being reopened."""
    story, ended = found.story, _stopped(found, clock)
    is_undone = ended is not None and is_reopened_after(story, ended)
    is_close = ended is not None and ended.state != "declined" and not story.is_member
    names: list[str] = []
    if is_missed(found, clock):
        at = missed_at(found, clock)
        late = "" if ended is not None else "late_open"
        names = ["due", "closed_late" if is_close and not is_undone else late]
        holder = story.holder_until(at)
    elif ended is not None and (is_close or is_undone):
        at, names = ended.at, ["due", "" if is_undone else "on_time"]
        holder = story.last_holder_before(ended.number)
    else:
        return
    names.append("undone" if is_undone else "")
    if story.case.level != NORMAL:
        names += [f"urgent_{n}" for n in names if n in ("due", "on_time", "closed_late")]
    for name in filter(None, names):
        found.count(name, at, holder=holder, place=story.place_at(at))


def _own_time(found: Tally) -> None:
    """The handling unit's own clock: what it missed, and credit for the last stint once the case is truly closed."""
    story, own = found.story, stints(found, "unit")
    closed = found.closed_at if not story.is_member else None
    for clock in own:
        is_last, late = clock is own[-1], is_missed(found, clock)
        at = missed_at(found, clock) if late else closed
        if at is None or not late and (not is_last or clock.stopped_at is None):
            continue
        began = _started(found, clock)
        for name in ("unit_due", *(() if late else ("unit_on_time",))):
            found.count(name, at, holder=story.holder_after(began.number), place=story.place_at(at))


def _started(found: Tally, clock: Clock) -> Happening:
    ops = ((e, op) for e in found.story.events for op in e.clocks)
    return next(e for e, op in ops if op["op"] == "start" and op["number"] == clock.number)


# How long ---------------------------------------------------------------------------------------


def durations(found: Tally) -> Iterator[tuple[str, datetime, int]]:
    """Of a matter counted once: which measure, when it ended, and its minutes."""
    if found.story.is_member:
        return
    for name, end in (("contact", found.answer.at if found.answer else None), ("close", found.closed_at)):
        took = minutes(found.received_at, end)
        if end is not None and took is not None:
            yield name, end, took


def local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(UTC).astimezone(zone).date()
