"""The one door for change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import relations, writing
from linli.cases.actions.effects import EFFECTS
from linli.cases.actions.errors import CaseNotFound, CommandReused, NotAllowed, OutOfOrder, StaleCase
from linli.cases.actions.needs import checked
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, Clock, Event, Task
from linli.cases.procedures import Move, predicates
from linli.kit import jsonbytes
from linli.kit.ids import uuid7
from linli.ledger import merkle
from linli.people.access import SYSTEM, Actor


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
    with transaction.atomic():
        locked = lock(case, by)
        repeated = Event.objects.filter(case_id=case, command_id=command_id).first()
        if repeated is not None:
            return _same(repeated, verb, by, data or {})
        if version is not None and version != locked.version:
            raise StaleCase(locked)
        turn = _begin(locked, verb, by, at, claimed_at or at, command_id, data or {})
        turn.facts.update(facts or {})
        _take(turn)
        event = writing.write(turn)
        _follow_up(turn)
        return event


def lock(case_id: UUID, actor: Actor) -> Case:
    """The case, held for this transaction, if the actor may see it; else CaseNotFound."""
    found = (
        Case.objects.visible_to(actor)
        .filter(pk=case_id)
        .select_related("holder", "place")
        .select_for_update(of=("self",))
        .first()
    )
    if found is None:
        raise CaseNotFound
    return found


def moves_for(case: Case, actor: Actor, tasks: Sequence[Task], clocks: Sequence[Clock], at: datetime) -> list[Move]:
    """The moves this actor may make now, in the order of the procedure file."""
    return [
        move
        for move in case.procedure.moves_from(case.state)
        if actor.may(move.may)
        and all(predicates.holds(name, case, clocks, at) for name in move.when)
        and relations.holds(move.relation, case, actor, tasks)
    ]


def _same(event: Event, verb: str, by: Actor, data: Mapping[str, Any]) -> Event:
    """The first result of a repeated command; anything else under its id is refused without a word about it."""
    move_needs = event.case.procedure.moves[event.verb].needs if event.verb != "open" else ()
    if event.verb == verb and event.person_id == by.person_id and event.actor_kind == by.kind:
        again = jsonbytes.canonical(checked(move_needs, data))
        if merkle.payload_commitment(bytes(event.salt), again) == bytes(event.commitment):
            return event
    raise CommandReused


def _begin(
    case: Case,
    verb: str,
    by: Actor,
    at: datetime,
    claimed_at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
) -> Turn:
    procedure = case.procedure
    move = procedure.moves.get(verb)
    if move is None or not by.may(move.may):
        raise NotAllowed(_("您现在的岗位不能做这一步。"))
    if case.state not in move.origins:
        raise OutOfOrder(
            _("这一件现在是“%(state)s”，不能%(move)s。") % {"state": case.stage.label, "move": move.label}
        )
    clocks = list(Clock.objects.filter(case_id=case.pk).order_by("number"))
    tasks = list(Task.objects.filter(case_id=case.pk).select_related("organisation").order_by("number"))
    if not relations.holds(move.relation, case, by, tasks):
        raise NotAllowed(_("这一步要由别的岗位来做：%(move)s。") % {"move": move.label})
    for name in move.when:
        if not predicates.holds(name, case, clocks, at):
            raise NotAllowed(REFUSALS[name]())
    turn = Turn(
        case=case,
        actor=by,
        at=claimed_at,
        received_at=at,
        move=move,
        procedure=procedure,
        data=checked(move.needs, data),
        command_id=command_id,
        clocks=clocks,
        tasks=tasks,
        is_public=move.is_public,
        to=move.to,
    )
    for name, target in move.to_when:
        if predicates.holds(name, case, clocks, at):
            turn.to = target
    return turn


def _take(turn: Turn) -> None:
    for name in turn.move.does:
        EFFECTS[name](turn)
    writing.finish(turn)


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


REFUSALS = {
    "not_ruled": lambda: _("上级已经裁定由本单位承办，不能再退回。"),
    "not_expired": lambda: _("本单位的限期已经到了，到期后不能再申请延期。"),
    "extension_left": lambda: _("已经延期过两次，不能再延。"),
    "not_urged_today": lambda: _("您今天已经催过，承办单位看得到；明天还没有回音可以再催。"),
    "supervised": lambda: _("现在没有待回复的督办。"),
    "not_supervised": lambda: _("已有一件督办在等回复。"),
    "grouped": lambda: _("这一件没有并案。"),
    "not_grouped": lambda: _("这一件已经并案。"),
}
