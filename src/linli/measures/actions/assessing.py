"""One case assessed (一案一考评): its clocks, what happened to it, and what went wrong at which unit.

Worked out from the events alone, whenever somebody looks, so a case that was reopened is assessed anew with
everything that went wrong before. Whose points it costs in a month is the round's matter (`rounds`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from linli.cases.models import Clock
from linli.cases.procedures import ClockRule
from linli.cases.procedures.calendar import current
from linli.measures.formulas import schemes
from linli.measures.formulas.counting import Tally, is_missed, stints, tally
from linli.measures.formulas.faults import MEDIATIONS, Fault, closed_by, faults, first_finish
from linli.measures.formulas.schemes import Scheme
from linli.measures.formulas.story import Happening, Tree, read
from linli.orgs.models import Organisation

REQUESTS, DISPUTES = "cases_month", "mediations_month"
TOLD = frozenset({
    "return", "reassign", "rule", "request_extension", "grant_extension", "refuse_extension", "defer", "resume",
    "fail_check", "urge", "ask_progress", "supervise", "reply_supervision", "escalate", "reopen", "rate", "unmerge",
    "divert", "route", "answer_supervision", "suspend", "extend",
})  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """A clock that ran: at whose desk, whether it was missed, how often it paused, and the limits added to it."""

    clock: Clock
    rule: ClockRule
    unit: Organisation | None
    is_late: bool
    pauses: int
    extensions: list[str]

    @property
    def name(self) -> str:
        return self.rule.name


@dataclass(frozen=True)
class Part:
    """One unit's part in the case: its points of a hundred, and its faults with what each takes off.

    `is_closing`: whether it closed the case, which is what it is credited for in the month.
    """

    unit: Organisation | None
    score: str
    faults: list[tuple[Fault, Decimal]]
    is_closing: bool


@dataclass(frozen=True)
class Assessment:
    """A case assessed after its event `number`. `happened`: events, and who held the case when they came about."""

    number: int
    scheme: Scheme
    received_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    clocks: list[Ran]
    happened: list[tuple[Happening, Organisation | None]]
    parts: list[Part]


def scheme_of(kind: str) -> Scheme:
    """By which scheme a case of that kind is assessed when it has ended."""
    return schemes.schemes()[DISPUTES if kind in MEDIATIONS else REQUESTS]


def assess(case_id: UUID, *, upto: int | None = None) -> Assessment | None:
    """The assessment as it stands, or as it stood after event `upto`; None for a case never finished by then.

    In four statements.
    """
    limit = None if upto is None else {case_id: upto}
    story = next(iter(read([case_id], Tree.standing(), limit)), None)
    if story is None or first_finish(story) is None:
        return None
    found, scheme = tally(story, current().zone), scheme_of(story.case.kind)
    wrong, closing = faults(found), closed_by(found)
    happened = [
        (event, story.last_holder_before(event.number)) for event in story.events if event.verb in TOLD
    ]
    paths = {
        *story.owners.values(),
        *(fault.unit for fault in wrong),
        *(unit for _event, unit in happened),
        closing,
    }
    units = {unit.path: unit for unit in Organisation.objects.filter(path__in=paths)}
    return Assessment(
        number=story.events[-1].number,
        scheme=scheme,
        received_at=found.received_at,
        answered_at=found.answer.at if found.answer else None,
        closed_at=found.closed_at,
        clocks=list(_clocks(found, units)),
        happened=[(event, units.get(unit)) for event, unit in happened],
        parts=list(_parts(scheme, wrong, closing, units)),
    )


def _clocks(found: Tally, units: dict[str, Organisation]) -> Iterator[Ran]:
    story = found.story
    for name, rule in story.procedure.clocks.items():
        for clock in stints(found, name):
            ops = [op for event in story.events for op in event.clocks if op["number"] == clock.number]
            yield Ran(
                clock,
                rule,
                units.get(story.owners[clock.number]),
                is_missed(found, clock),
                sum(op["op"] == "pause" for op in ops),
                [op["limit"] for op in ops if op["op"] == "extend"],
            )


def _parts(rule: Scheme, wrong: list[Fault], closing: str, units: dict[str, Organisation]) -> Iterator[Part]:
    """Every unit with a fault, and the one that closed the case."""
    off = {item.indicator.code: item.points for item in rule.items}
    paths = dict.fromkeys([*filter(None, [closing]), *(fault.unit for fault in wrong)])
    for path in paths:
        own = [fault for fault in wrong if fault.unit == path]
        score = rule.result({"assessed": 1, **{fault.name: 1 for fault in own}})["score"]
        yield Part(
            units.get(path),
            score,
            [(fault, off.get(fault.name, Decimal(0))) for fault in own],
            path == closing,
        )
