"""Takes in many cases another system has dealt with, each with its own events, clocks and hash chain.

The turns are made by the same functions as anywhere else; only the storing differs: one COPY (PostgreSQL) or one
`executemany` (SQLite) a table and batch. Nobody is told about what happened before, so nothing is queued.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import models, transaction

from linli.cases.actions import effects, finding, opening, rows, timekeeping, writing
from linli.cases.actions.errors import OutOfOrder
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, CaseNumber, CaseText, Clock, Event, Task
from linli.cases.procedures import Move
from linli.ledger.models import Leaf
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM, Actor

IN_ORDER = (Case, CaseNumber, CaseText, Event, Leaf, Clock, Task)


@dataclass(frozen=True)
class Step:
    """A move the case made in the other system; `unit` is the one that got it."""

    verb: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    unit: Organisation | None = None


@dataclass(frozen=True)
class History:
    """A case from elsewhere: how it was opened, the due moment promised there (None: none), what happened since."""

    case_id: UUID
    opening: opening.Opening
    at: datetime
    due_at: datetime | None
    steps: Sequence[Step] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Batch:
    """Rows planned for one commit, by table."""

    rows: dict[type[models.Model], list[models.Model]] = field(
        default_factory=lambda: {model: [] for model in IN_ORDER}
    )

    def add(self, *more: models.Model) -> None:
        for row in more:
            self.rows.setdefault(type(row), []).append(row)


def known(case_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these cases stand already: one query a batch makes a repeated import skip them."""
    return set(Case.objects.filter(pk__in=list(case_ids)).values_list("pk", flat=True))


def record(histories: Sequence[History], *, at: datetime, by: Actor = SYSTEM) -> Batch:
    """Plans every turn of these cases in memory. Raises OutOfOrder where a step does not follow from the one before."""
    batch = Batch()
    numbers = opening.free_numbers([(history.case_id, history.at) for history in histories])
    for history, number in zip(histories, numbers, strict=True):
        _plan(history, number, by, at, batch)
    return batch


def store(batch: Batch) -> None:
    """Writes a batch, all of it or nothing."""
    with transaction.atomic():
        rows.insert_many(batch.rows)


def insert(model: type[models.Model], some: Sequence[models.Model]) -> None:
    """New rows of one table."""
    rows.insert_many({model: some})


def _plan(history: History, number: str, by: Actor, at: datetime, batch: Batch) -> None:
    turn = opening.first_turn(
        history.opening, number, by, history.at, history.case_id, history.data, history.at
    )
    case = turn.case
    turn.move = _without_clocks(turn.move)
    turn.is_past = bool(history.steps)
    turn.facts.update(history.facts)
    if history.due_at is not None:
        timekeeping.take_over(turn, turn.procedure.promise.name, history.due_at)
    writing.finish(turn)
    turns = [turn]
    for place, step in enumerate(history.steps, start=1):
        turns.append(_next_turn(turns[-1], step, is_past=place < len(history.steps)))
    clocks = turn.new_clocks
    for clock in clocks:
        timekeeping.settle(case, clock, turn.procedure.promise, at)
    events = [turn.event for turn in turns if turn.event]
    text_of = finding.text_of(case, events, history.opening.shown)
    batch.add(case, CaseNumber(number=number, case_id=case.pk), text_of)
    batch.add(*events, *map(writing.leaf_of, events), *clocks, *turns[-1].new_tasks)


@cache
def _without_clocks(move: Move) -> Move:
    """History brings its own due moment, and nobody's limits run for what is past."""
    return replace(move, starts=())


def _next_turn(before: Turn, step: Step, *, is_past: bool) -> Turn:
    case, move = before.case, before.procedure.moves[step.verb]
    if case.state not in move.origins:
        raise OutOfOrder(f"{case.state} -> {step.verb}")
    turn = Turn(
        case=case,
        actor=before.actor,
        at=step.at,
        received_at=step.at,
        move=move,
        procedure=before.procedure,
        data=dict(step.data),
        command_id=None,
        clocks=before.all_clocks,
        is_past=is_past,
        is_public=move.is_public,
        to=move.to,
    )
    if step.unit is not None:
        effects.hold(turn, step.unit)
        turn.data["unit"] = str(step.unit.pk)
    writing.finish(turn)
    return turn
