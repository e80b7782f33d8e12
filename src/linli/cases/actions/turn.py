"""One turn of a case: what a command changes, gathered in memory and written at the end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.cases.models import Case, Clock, Event, Partner, Task
from linli.cases.procedures import Move, Procedure
from linli.kit import jsonbytes
from linli.ledger import merkle
from linli.orgs.models import Organisation
from linli.people.access import Actor


@dataclass
class Turn:
    """A case in the middle of a command. Effects and clocks work on it; `actions.writing` stores it.

    `is_past`: history the case has left behind, so that nobody's desk waits for it. `is_handed_over`: another
    unit handles it now, or none; `is_relocated`: its place changed, so its desk may be elsewhere. `withheld`: clocks
    the move would start but that do not run in this case.
    """

    case: Case
    actor: Actor
    at: datetime
    received_at: datetime
    move: Move
    procedure: Procedure
    data: dict[str, Any]
    command_id: UUID | None
    clocks: list[Clock] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    is_new: bool = False
    is_past: bool = False
    is_handed_over: bool = False
    is_relocated: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    ops: list[dict[str, Any]] = field(default_factory=list)
    unit: Organisation | None = None
    to: str | None = None
    is_public: bool = False
    shown: str = ""
    checker_id: UUID | None = None
    new_clocks: list[Clock] = field(default_factory=list)
    changed_clocks: dict[int, Clock] = field(default_factory=dict)
    new_tasks: list[Task] = field(default_factory=list)
    dropped_tasks: list[Task] = field(default_factory=list)
    partners: list[Partner] = field(default_factory=list)
    event: Event | None = None

    @property
    def all_clocks(self) -> list[Clock]:
        return self.clocks + self.new_clocks

    @property
    def running(self) -> list[Clock]:
        return [clock for clock in self.all_clocks if clock.is_running]

    @property
    def open_tasks(self) -> list[Task]:
        """What waits after this turn, as far as it has got: new tasks first."""
        return [task for task in [*self.new_tasks, *self.tasks] if task not in self.dropped_tasks]

    @property
    def stage_task(self) -> Task | None:
        return next((task for task in self.open_tasks if task.is_stage), None)

    def append_event(self) -> Event:
        """The event of this turn, chained to the one before and committed to by its own leaf hash."""
        case = self.case
        salt = secrets.token_bytes(16)
        event = Event(
            case=case,
            number=case.version + 1,
            kind=self.move.event,
            verb=self.move.verb,
            state=case.state,
            at=self.at,
            received_at=self.received_at,
            actor_kind=self.actor.kind,
            person_id=self.actor.person_id,
            role=self.actor.role,
            organisation_id=self.actor.organisation_id,
            unit_id=self.unit.pk if self.unit else None,
            is_public=self.is_public,
            data=self.data,
            facts=self.facts,
            clocks=self.ops,
            command_id=self.command_id,
            salt=salt,
            commitment=merkle.payload_commitment(salt, jsonbytes.canonical(self.data)),
            prev_hash=bytes(case.last_hash),
        )
        event.leaf_hash = merkle.leaf_hash(jsonbytes.canonical(event.record()))
        case.version += 1
        case.last_hash = event.leaf_hash
        self.event = event
        return event
