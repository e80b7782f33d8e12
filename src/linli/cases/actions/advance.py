"""The one door for change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _

from linli.cases.actions import relations, writing
from linli.cases.actions.effects import EFFECTS
from linli.cases.actions.errors import (
    BadData,
    CaseNotFound,
    CommandError,
    CommandReused,
    NotAllowed,
    OutOfOrder,
    StaleCase,
)
from linli.cases.actions.needs import checked
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, Clock, Event, Task
from linli.cases.procedures import Move, predicates
from linli.kit.ids import uuid7
from linli.people import scope
from linli.people.access import SYSTEM, Actor


@scope.everything()
def advance(
    *,
    case: UUID,
    verb: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any] | None = None,
    version: int | None = None,
    claimed_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """Makes one move on a case: all of it, or nothing.

    `at` is the server's receipt, from which limits count; `claimed_at` is when it happened by the actor's own
    account. `version` is the one the form was opened on. A repeated command returns its first event.
    Raises a CommandError: CaseNotFound, NotAllowed, OutOfOrder, BadData, StaleCase or CommandReused.
    """
    given = data or {}
    try:
        with transaction.atomic():
            locked = lock(case, by)
            if version is not None and version != locked.version:
                raise StaleCase(locked)
            clocks = _clocks(case)
            if by.kind != "system" and _is_any_due(clocks, at) and report_due(case, at):
                locked, clocks = lock(case, by), _clocks(case)
            turn = plan(
                locked,
                clocks,
                list(Task.objects.filter(case_id=case).select_related("organisation").order_by("number")),
                verb,
                by=by,
                at=at,
                command_id=command_id,
                data=given,
                claimed_at=claimed_at,
                facts=facts,
            )
            event = writing.write(turn)
            _follow_up(turn)
            return event
    except (CommandError, IntegrityError) as error:
        return _repeated(case, command_id, verb, by, given, error)
    except OperationalError as error:
        if not _is_deadlock(error):
            raise
        raise StaleCase(Case.objects.get(pk=case)) from error


def _clocks(case_id: UUID) -> list[Clock]:
    return list(Clock.objects.filter(case_id=case_id).order_by("number"))


def _is_any_due(clocks: Sequence[Clock], at: datetime) -> bool:
    return any(
        clock.fires_at and clock.due_at and max(clock.fires_at, clock.due_at) <= at for clock in clocks
    )


def report_due(case_id: UUID, at: datetime) -> int:
    """Reports limits of a case that ended before this moment, so that no step comes between a miss and its notice."""
    due = Clock.objects.filter(case_id=case_id, fires_at__lte=at, due_at__lte=at).select_related(
        "organisation"
    )
    return sum(report(clock, at) for clock in due.order_by("due_at", "number"))


def report(clock: Clock, at: datetime) -> bool:
    """Claims a clock by a conditional update and notes its warning or its miss, in one transaction."""
    is_missed = clock.due_at is not None and clock.due_at <= at
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=clock.case_id)
        mine = Clock.objects.filter(
            case_id=clock.case_id, number=clock.number, fires_at=clock.fires_at, stopped_at=None
        )
        if is_missed:
            claimed = mine.update(fires_at=None, missed_at=clock.due_at)
        else:
            claimed = mine.update(fires_at=clock.due_at, is_warned=True)
        if claimed and not (is_missed and case.procedure.clocks[clock.name].missed == "nothing"):
            verb = "clock_missed" if is_missed else "clock_warned"
            stage = Task.objects.filter(case_id=case.pk, is_stage=True).select_related("organisation").first()
            facts = about(clock, case, stage)
            advance(case=case.pk, verb=verb, by=SYSTEM, at=at, command_id=uuid7(), facts=facts)
        if claimed and is_missed:
            _then(case, case.procedure.clocks[clock.name].then, at)
    return bool(claimed)


def _then(case: Case, verb: str, at: datetime) -> None:
    """What Linli itself does once a limit is missed, where the case still stands in a state that allows it."""
    if verb and case.state in case.procedure.moves[verb].origins:
        advance(case=case.pk, verb=verb, by=SYSTEM, at=at, command_id=uuid7())


def about(clock: Clock, case: Case, stage: Task | None) -> dict[str, Any]:
    """What the event of a clock says: which one, due when, and who has it now."""
    owner = clock.organisation
    if case.procedure.clocks[clock.name].owner != "holder":
        owner = stage.organisation if stage else case.holder or owner
    return {
        "clock": clock.name,
        "number": clock.number,
        "due_at": clock.due_at.isoformat() if clock.due_at else None,
        "owner": str(owner.pk) if owner else None,
        "owner_path": owner.path if owner else "",
    }


def lock(case_id: UUID, actor: Actor) -> Case:
    """The case, held for this transaction, if the actor may see it; else CaseNotFound."""
    with scope.acting(actor):
        found = Case.objects.visible_to(actor).filter(pk=case_id).select_for_update(of=("self",)).first()
    if found is None:
        raise CaseNotFound
    return found


def moves_for(
    case: Case, actor: Actor, tasks: Sequence[Task], clocks: Sequence[Clock], at: datetime
) -> list[Move]:
    """The moves this actor may make now, in the order of the procedure file."""
    return [
        move
        for move in case.procedure.moves_from(case.state)
        if actor.may(move.may)
        and all(predicates.holds(name, case, clocks, at) for name in move.when)
        and relations.holds(move.relation, case, actor, tasks)
    ]


def _repeated(
    case_id: UUID, command_id: UUID, verb: str, by: Actor, data: Mapping[str, Any], error: Exception
) -> Event:
    """The first result of a repeated command, looked for only when the command failed.

    Anything else under its id is refused; a stranger to the case learns nothing, not even that.
    """
    first = Event.objects.filter(case_id=case_id, command_id=command_id).select_related("case").first()
    if first is None:
        raise error
    if first.verb == verb and verb != "open" and first.is_by(by):
        try:
            given = checked(first.case.procedure.moves[verb].needs, data)
        except BadData:  # not what was sent the first time
            given = {}
        if first.says(given):
            return first
    raise error if isinstance(error, CaseNotFound) else CommandReused


def _is_deadlock(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") == "40P01"


def plan(
    case: Case,
    clocks: list[Clock],
    tasks: list[Task],
    verb: str,
    *,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
    claimed_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Turn:
    """The turn a move comes to, with every check and every effect, in memory: nothing is stored yet."""
    procedure = case.procedure
    move = procedure.moves.get(verb)
    if move is None or not by.may(move.may):
        raise NotAllowed(_("您现在的岗位不能做这一步。"))
    if case.state not in move.origins:
        raise OutOfOrder(
            _("这一件现在是“%(state)s”，不能%(move)s。") % {"state": case.stage.label, "move": move.label}
        )
    if not relations.holds(move.relation, case, by, tasks):
        raise NotAllowed(_("这一步要由别的岗位来做：%(move)s。") % {"move": move.label})
    for name in move.when:
        if not predicates.holds(name, case, clocks, at):
            raise NotAllowed(predicates.refusal(name))
    turn = Turn(
        case=case,
        actor=by,
        at=claimed_at or at,
        received_at=at,
        move=move,
        procedure=procedure,
        data=checked(move.needs, data),
        command_id=command_id,
        clocks=clocks,
        tasks=tasks,
        is_public=move.is_public,
        to=next((to for name, to in move.to_when if predicates.holds(name, case, clocks, at)), move.to),
    )
    turn.facts.update(facts or {})
    for name in move.does:
        EFFECTS[name](turn)
    writing.finish(turn)
    return turn


def _follow_up(turn: Turn) -> None:
    """Tells the head of a group, in the same transaction, that a case joined it."""
    head = turn.facts.get("head")
    if turn.move.verb == "merge" and head:
        advance(
            case=UUID(head),
            verb="member_joined",
            by=SYSTEM,
            at=turn.received_at,
            command_id=uuid7(),
            facts={"member": str(turn.case.pk), "member_number": turn.case.number},
        )
