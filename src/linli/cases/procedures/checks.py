"""What a procedure file may say: every name known, every state reached and left, every clock started."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from linli.cases.procedures import predicates
from linli.cases.procedures.model import Desk, Move, Need, Procedure
from linli.people.access import roles

# Every effect, with what a move must ask for so that the effect has something to work with.
EFFECT_NEEDS = {
    **dict.fromkeys(["assign", "call_in"], "unit"),
    **dict.fromkeys(
        ["release", "withdraw", "take_over", "count_rework", "reopen", "extend", "count_urge"], ""
    ),
    **dict.fromkeys(["count_supervision", "count_escalation", "mark_late", "correct"], ""),
    **dict.fromkeys(["leave_group", "head_group", "rederive"], ""),
    "lengthen": "limit",
    "name_checker": "",
    "rate": "grade",
    "choose_publicity": "reader",
    "join_group": "head",
}
TOLD = frozenset("reporter parties desk unit owner superior".split())
# What Linli itself notes about any case, whatever its kind.
SYSTEM_MOVES = ("clock_warned", "clock_missed", "clock_rederived")


class ProcedureError(ValueError):
    """A procedure file says something impossible."""


def one_of(value: str, allowed: Iterable[str], where: str) -> str:
    if value not in allowed:
        raise ProcedureError(f"{where}: {value!r} is not one of {', '.join(sorted(allowed))}")
    return value


def check(procedure: Procedure) -> None:
    """Raises ProcedureError naming the table that is wrong."""
    for move in _moves(procedure):
        _check_names(procedure, move)
        _check_needs(move)
        _check_may(procedure, move)
    _check_events(procedure)
    _check_nouns(procedure)
    _check_desks(procedure)
    _check_reach(procedure)
    _check_ends(procedure)
    _check_clocks(procedure)


def _moves(procedure: Procedure) -> list[Move]:
    return [procedure.opening, *procedure.moves.values()]


def _check_names(procedure: Procedure, move: Move) -> None:
    where = f"moves.{move.verb}"
    targets = [state for _, state in move.to_when] + ([move.to] if move.to else [])
    named: list[tuple[Iterable[str], Iterable[str]]] = [
        ([*move.origins, *targets], procedure.states),
        ([*move.starts, *(name for name in move.stops if name != "*")], procedure.clocks),
        ([*move.when, *(name for name, _ in move.to_when)], predicates.names()),
        (move.does, EFFECT_NEEDS),
        (move.tells, TOLD),
    ]
    for names, allowed in named:
        for name in names:
            one_of(name, allowed, where)
    if not move.origins and move is not procedure.opening:
        raise ProcedureError(f"{where}: comes from no state")
    if move.to_when and not move.to:
        raise ProcedureError(f"{where}: to_when without to")


def _check_needs(move: Move) -> None:
    where = f"moves.{move.verb}.needs"
    names = [need.name for need in move.needs]
    if len(set(names)) < len(names):
        raise ProcedureError(f"{where}: a name stands twice")
    for need in move.needs:
        _check_need(need, where)
    for effect in move.does:
        wanted = EFFECT_NEEDS[effect]
        if wanted and wanted not in names:
            raise ProcedureError(f"{where}: {effect} works with {wanted!r}, which is not asked for")


def _check_need(need: Need, where: str) -> None:
    if (need.kind == "choice") != bool(need.choices):
        raise ProcedureError(f"{where}.{need.name}: choices go with the kind choice, and with no other")
    if need.minimum > need.maximum:
        raise ProcedureError(f"{where}.{need.name}: the minimum is above the maximum")


def _check_may(procedure: Procedure, move: Move) -> None:
    """A move nobody may ever make is a slip of the pen."""
    permissions = {permission for role in roles().values() for permission in role.permissions}
    one_of(move.may, permissions | {"system"}, f"moves.{move.verb}.may")


def _check_nouns(procedure: Procedure) -> None:
    """Where programs post a move: an address of its own, and none for what Linli alone does."""
    for noun, times in Counter(move.noun for move in procedure.moves.values() if move.noun).items():
        if times > 1 or not re.fullmatch(r"[a-z]+(-[a-z]+)*", noun):
            raise ProcedureError(f"noun {noun!r}: small letters and hyphens, and one move each")
    for move in procedure.moves.values():
        if move.noun and move.may == "system":
            raise ProcedureError(f"moves.{move.verb}: no program makes a move of Linli's own, so no noun")


def _check_events(procedure: Procedure) -> None:
    for event, times in Counter(move.event for move in _moves(procedure)).items():
        if times > 1:
            raise ProcedureError(f"event {event!r}: {times} moves append it")
    for verb in SYSTEM_MOVES:
        if verb not in procedure.moves:
            raise ProcedureError(f"moves.{verb} is missing: Linli notes it about any case")


def _check_desks(procedure: Procedure) -> None:
    desks: list[tuple[str, Desk | None]] = [
        (f"states.{state.name}.desk", state.desk) for state in procedure.states.values()
    ]
    desks += [(f"moves.{move.verb}.asks", move.asks) for move in _moves(procedure)]
    duties = {duty for role in roles().values() for duty in role.duties}
    whys = set()
    for where, desk in desks:
        if desk is not None:
            one_of(desk.role, duties, f"{where}.role")
            whys.add(one_of(desk.why, procedure.whys, f"{where}.why"))
    for move in procedure.moves.values():
        for answer in move.answers:
            one_of(answer, whys, f"moves.{move.verb}.answers")


def _check_reach(procedure: Procedure) -> None:
    """Every state can be reached from the first one."""
    one_of(procedure.initial, procedure.states, "initial")
    reached, ahead = set(), [procedure.initial]
    while ahead:
        state = ahead.pop()
        if state not in reached:
            reached.add(state)
            for move in procedure.moves_from(state):
                ahead += [target for target in (move.to, *(to for _, to in move.to_when)) if target]
    for state in procedure.states:
        if state not in reached:
            raise ProcedureError(f"states.{state}: no move leads there")


def _check_ends(procedure: Procedure) -> None:
    """From every open state the case can still be closed: no dead end, and no circle without a way out."""
    ends = {state.name for state in procedure.states.values() if not state.is_open}
    if not ends:
        raise ProcedureError("states: none closes the case")
    while True:
        more = {
            origin
            for move in procedure.moves.values()
            if move.to in ends or any(to in ends for _, to in move.to_when)
            for origin in move.origins
        }
        if more <= ends:
            break
        ends |= more
    for state in procedure.states:
        if state not in ends:
            raise ProcedureError(f"states.{state}: a dead end, no way to close the case leads on from it")


def _check_clocks(procedure: Procedure) -> None:
    started = {name for move in _moves(procedure) for name in move.starts}
    for name in procedure.clocks:
        if name not in started:
            raise ProcedureError(f"clocks.{name}: no move starts it")
    promises = [rule for rule in procedure.clocks.values() if rule.is_promise]
    if len(promises) != 1 or promises[0].missed != "escalate":
        raise ProcedureError("clocks: exactly one must be the promise, and missing it must escalate")
    for rule in procedure.clocks.values():
        if rule.then and (rule.then not in procedure.moves or procedure.moves[rule.then].may != "system"):
            raise ProcedureError(
                f"clocks.{rule.name}: then names {rule.then!r}, which is no move of Linli's own"
            )
