"""What went wrong in a case, against the procedure's own clocks and by what others found: once for each unit.

Of requests and of mediations. Whether the parties to a dispute agreed is never anybody's fault: they are free not to.

A fault stands with the unit that held the case, or at whose desk a limit ran out; never with a person. Faults are
only ever added: whatever happens to a case later, reopening included, takes none away. They are counted once the
case has been finished for the first time, however it was finished; credit is given only for a close that stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from linli.measures.formulas.counting import Tally, is_missed, missed_at
from linli.measures.formulas.story import Happening, Story

REQUEST = "service_request"
MEDIATIONS = ("mediation", "mediation_medical", "mediation_labour")
LATE = "late_"  # before the name of a clock
# What parties agreed to do, and the time they have to go to court, are theirs: no unit's fault.
THEIRS = {"performance", "confirmation"}
UNTOLD = {"not_accepted"}  # a mediation that was never taken on
SENT = {"dispatch", "reassign", "rule", "divert", "route"}
DISPLEASED = 2  # the better of the two grades below the middle


class Fault(NamedTuple):
    """Which count it adds to, the path of the unit ('' where nobody held the case), and when it came about."""

    name: str
    unit: str
    at: datetime


def count(found: Tally) -> None:
    """Adds the faults of a case that has been finished, and for the unit that closed it that it was assessed.

    What went wrong by the first finish counts on that day, what came later on its own.
    """
    story = found.story
    first = first_finish(story)
    if first is None:
        return
    for fault in faults(found):
        at = max(fault.at, first.at)
        found.count(fault.name, at, holder=fault.unit, place=story.place_at(at))
    unit = closed_by(found)
    if found.closed_at is not None and unit:
        found.count("assessed", found.closed_at, holder=unit, place=story.place_at(found.closed_at))


def family(kind: str) -> str:
    """Under which kind a case is counted: mediations of every sort are mediations."""
    return MEDIATIONS[0] if kind in MEDIATIONS else kind


def closed_by(found: Tally) -> str:
    """The unit that closed it for good; '' where it is open again, was declined, or was closed with another."""
    story = found.story
    if found.closed_at is None or story.is_member or story.events[-1].state in UNTOLD:
        return ""
    return story.last_holder_before(list(story.finishes())[-1].number)


def first_finish(story: Story) -> Happening | None:
    """The event from which on a case is assessed; None where it has never been finished, or none of its kind is."""
    return next(story.finishes(), None) if story.case.kind in (REQUEST, *MEDIATIONS) else None


def faults(found: Tally) -> list[Fault]:
    """Every fault of the case so far, once for each unit, in the order in which they came about."""
    first: dict[tuple[str, str], Fault] = {}
    for fault in sorted((*_late(found), *_found(found.story)), key=lambda each: each.at):
        first.setdefault((fault.name, fault.unit), fault)
    return list(first.values())


def _late(found: Tally) -> Iterator[Fault]:
    """Missed limits. The reporter's is the matter of whoever held the case, of the desk where nobody did."""
    story = found.story
    started = {op["number"] for event in story.events for op in event.clocks if op["op"] == "start"}
    for clock in story.clocks:
        if clock.number in started and clock.name not in THEIRS and is_missed(found, clock):
            at, owner = missed_at(found, clock), story.owners[clock.number]
            if clock.name == story.procedure.promise.name:
                owner = story.holder_until(at) or owner
            yield Fault(LATE + clock.name, owner, at)


def _found(story: Story) -> Iterator[Fault]:
    """What a check, a superior or the reporter found; a return is one where the case came back to the same unit."""
    returned: set[str] = set()
    for event in story.events:
        before = story.last_holder_before(event.number)
        if event.verb == "return":
            returned.add(before)
        elif event.verb in SENT:
            unit = story.holder_after(event.number)
            if unit in returned:
                yield Fault("returned_in_vain", unit, event.at)
        elif event.verb == "fail_check":
            yield Fault("failed_check", story.holder_after(event.number), event.at)
        elif event.verb == "reopen":
            returned.clear()
            yield Fault("came_back", before, event.at)
        elif event.verb == "rate" and str(event.grade).isdigit() and int(event.grade) <= DISPLEASED:
            yield Fault("displeased", before, event.at)
