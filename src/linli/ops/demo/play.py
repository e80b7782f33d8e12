"""One invented case, moved by the kernel's own functions in memory and written when its story is told.

Only the storing differs from `cases.advance`: events go in one by one, because the kernel asks the database for a
case's past, and all the rest once. A test holds both ways to the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from linli.cases import actions as cases
from linli.cases.actions import Opening, bulk, finding, relations, rows, writing
from linli.cases.actions.advance import about, plan
from linli.cases.actions.opening import first_turn
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, CaseNumber, Clock, Event, Task
from linli.cases.procedures import predicates
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM, Actor

Units = Mapping[UUID, Organisation]


class Play:
    """A case with its clocks and tasks as they stand, and the moment of its last event."""

    def __init__(
        self,
        units: Units,
        opening: Opening,
        number: str,
        *,
        by: Actor,
        at: datetime,
        command_id: UUID,
        data: Mapping[str, Any],
        facts: Mapping[str, Any],
    ) -> None:
        self.units = units
        turn = first_turn(opening, number, by, at, command_id, data, at)
        turn.facts.update(facts)
        writing.finish(turn)
        self.case = turn.case
        self.clocks: list[Clock] = []
        self.tasks: list[Task] = []
        self.events: list[Event] = []
        self.shown = opening.shown
        self.is_written = self.has_partners = False
        self._take(turn)

    def move(
        self,
        verb: str,
        *,
        by: Actor,
        at: datetime,
        command_id: UUID,
        data: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
    ) -> Event:
        """What `cases.advance` does, checks and all; raises the same errors."""
        turn = plan(
            self.case,
            self.clocks,
            self.tasks,
            verb,
            by=by,
            at=at,
            command_id=command_id,
            data=data,
            facts=facts,
        )
        return self._take(turn)

    def may(self, verb: str, by: Actor, at: datetime) -> bool:
        """Whether the kernel would let this actor make the move now."""
        case, move = self.case, self.case.procedure.moves[verb]
        return (
            case.state in move.origins
            and by.may(move.may)
            and relations.holds(move.relation, case, by, self.tasks)
            and all(predicates.holds(name, case, self.clocks, at) for name in move.when)
        )

    def pass_time(self, since: datetime, until: datetime) -> None:
        """Warnings and missed limits of the time between, each once and in order."""
        while True:
            due = [clock for clock in self.clocks if clock.fires_at is not None and clock.fires_at <= until]
            if not due:
                return
            clock = min(due, key=lambda clock: clock.fires_at or until)
            assert clock.fires_at is not None
            self._fire(clock, max(clock.fires_at, since))

    def _fire(self, clock: Clock, at: datetime) -> None:
        is_missed = clock.due_at is not None and clock.due_at <= at
        if is_missed:
            clock.fires_at, clock.missed_at = None, clock.due_at
        else:
            clock.fires_at, clock.is_warned = clock.due_at, True
        clock.organisation = self.units[clock.organisation_id] if clock.organisation_id else None
        stage = next((task for task in self.tasks if task.is_stage), None)
        self.move(
            "clock_missed" if is_missed else "clock_warned",
            by=SYSTEM,
            at=at,
            command_id=uuid7(),
            data={},
            facts=about(clock, self.case, stage),
        )

    def _take(self, turn: Turn) -> Event:
        """Keeps what the turn came to, as `writing.write` stores it."""
        event = turn.event
        assert event is not None
        rows.insert([event, writing.leaf_of(event)])
        self.events.append(event)
        self.clocks += turn.new_clocks
        stays = [task for task in self.tasks if task not in turn.dropped_tasks]
        for task in stays:
            if task.is_stage and self.case.urgent_at is not None:
                task.urgent_at = self.case.urgent_at
        self.tasks = stays + [task for task in turn.new_tasks if task not in turn.dropped_tasks]
        for task in self.tasks:
            task.organisation = self.units[task.organisation_id]
        self.has_partners = self.has_partners or bool(turn.partners)
        if self.has_partners:
            writing.write_partners(turn)
        return event

    def write(self, *others: models.Model) -> None:
        """Stores the case as it stands, in the caller's transaction; `others` are rows of other apps about it."""
        batch = bulk.Batch()
        case = self.case
        if self.is_written:
            case.save(force_update=True)
            Clock.objects.filter(case_id=case.pk).delete()
            Task.objects.filter(case_id=case.pk).delete()
            finding.index_again(case)
        else:
            text_of = finding.text_of(case, self.events, self.shown)
            batch.add(case, CaseNumber(number=case.number, case_id=case.pk), text_of)
        batch.add(*self.clocks, *self.tasks, *others)
        bulk.store(batch)
        self.is_written = True

    def merge_into(self, head: Play, *, by: Actor, at: datetime, command_id: UUID) -> None:
        """Makes this case a member of the other's group; both must be written, both are read anew."""
        data = {"head": head.case.number}
        cases.advance(case=self.case.pk, verb="merge", by=by, at=at, command_id=command_id, data=data)
        for play in (self, head):
            play._read()

    def _read(self) -> None:
        self.case = Case.objects.get(pk=self.case.pk)
        self.clocks = list(Clock.objects.filter(case_id=self.case.pk).order_by("number"))
        self.tasks = list(Task.objects.filter(case_id=self.case.pk).order_by("number"))
        for task in self.tasks:
            task.organisation = self.units[task.organisation_id]
