"""Reads procedure files and refuses a wrong one: misspelt names, dead ends, states nobody reaches, unknown keys."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps

from linli.cases.procedures import predicates
from linli.cases.procedures.limits import Limit, LimitError
from linli.cases.procedures.model import ClockRule, Desk, Label, Move, Need, Procedure, State

EFFECTS = frozenset(
    "assign release take_over name_checker count_rework rate reopen call_in extend count_urge count_supervision"
    " count_escalation mark_late choose_publicity correct join_group leave_group head_group rederive".split()
)
PLACES = frozenset("place holder superior checker unit above desk".split())
RELATIONS = frozenset(["", *"desk holder holder_or_desk superior place partner checker reporter".split()])
KINDS = frozenset("text line unit limit choice photos case category place".split())
TOLD = frozenset("reporter desk unit owner superior".split())
OWNERS = frozenset(["place", "holder", "desk"])


class ProcedureError(ValueError):
    """A procedure file says something impossible."""


class Table:
    """One table of a TOML file, which must be read to the last key."""

    def __init__(self, raw: dict[str, Any], where: str) -> None:
        self.raw = dict(raw)
        self.where = where

    def take(self, key: str, default: Any = ...) -> Any:
        if key in self.raw:
            return self.raw.pop(key)
        if default is ...:
            raise ProcedureError(f"{self.where}: {key} is missing")
        return default

    def label(self, key: str, *, required: bool = True) -> Label:
        raw = self.take(key, ... if required else None)
        if raw is None:
            return Label("", "")
        return label(raw, f"{self.where}.{key}")

    def names(self, key: str) -> tuple[str, ...]:
        return tuple(self.take(key, []))

    def done(self) -> None:
        if self.raw:
            raise ProcedureError(f"{self.where}: unknown key {', '.join(sorted(self.raw))}")


def label(raw: Any, where: str) -> Label:
    if not isinstance(raw, dict) or set(raw) != {"zh", "en"} or not all(raw.values()):
        raise ProcedureError(f"{where}: needs zh and en")
    return Label(raw["zh"], raw["en"])


def _one_of(value: str, allowed: frozenset[str], where: str) -> str:
    if value not in allowed:
        raise ProcedureError(f"{where}: {value!r} is not one of {', '.join(sorted(allowed))}")
    return value


def _desk(raw: dict[str, Any] | None, where: str) -> Desk | None:
    if raw is None:
        return None
    table = Table(raw, where)
    desk = Desk(table.take("role"), _one_of(table.take("at"), PLACES, where), table.take("why"))
    table.done()
    return desk


def _state(name: str, raw: dict[str, Any]) -> State:
    table = Table(raw, f"states.{name}")
    state = State(
        name=name,
        label=table.label("label"),
        public=table.label("public"),
        next=table.label("next"),
        is_open=table.take("open", True),
        step=table.take("step", None),
        step_label=table.label("step_label", required=False),
        desk=_desk(table.take("desk", None), f"states.{name}.desk"),
        is_paused=table.take("paused", False),
    )
    table.done()
    return state


def _need(raw: dict[str, Any], where: str) -> Need:
    table = Table(raw, where)
    need = Need(
        name=table.take("name"),
        kind=_one_of(table.take("kind"), KINDS, where),
        label=table.label("label"),
        hint=table.label("hint", required=False),
        required=table.take("required", True),
        minimum=table.take("minimum", 0),
        maximum=table.take("maximum", 2000),
        choices=tuple((key, label(text, where)) for key, text in table.take("choices", {}).items()),
    )
    table.done()
    return need


def _move(verb: str, raw: dict[str, Any], states: dict[str, State]) -> Move:
    where = f"moves.{verb}"
    table = Table(raw, where)
    origins = table.take("from", [])
    to_when = table.take("to_when", {})
    move = Move(
        verb=verb,
        label=table.label("label"),
        done=table.label("done"),
        icon=table.take("icon"),
        event=table.take("event"),
        origins=frozenset(states if origins == ["*"] else origins),
        to=table.take("to", None),
        may=table.take("may"),
        relation=_one_of(table.take("relation", ""), RELATIONS, where),
        needs=tuple(_need(need, f"{where}.needs") for need in table.take("needs", [])),
        when=table.names("when"),
        to_when=tuple(to_when.items()),
        does=table.names("does"),
        starts=table.names("starts"),
        stops=table.names("stops"),
        asks=_desk(table.take("asks", None), f"{where}.asks"),
        answers=frozenset(table.names("answers")),
        tells=table.names("tells"),
        is_public=table.take("public", False),
        is_main=table.take("main", False),
    )
    table.done()
    return move


def _clock(name: str, raw: dict[str, Any]) -> ClockRule:
    table = Table(raw, f"clocks.{name}")
    rule = ClockRule(
        name=name,
        label=table.label("label"),
        limit=table.take("limit"),
        source=table.take("source"),
        warn=table.take("warn", ""),
        missed=_one_of(
            table.take("missed", "escalate"), frozenset(["escalate", "nothing"]), f"clocks.{name}"
        ),
        owner=_one_of(table.take("owner", "holder"), OWNERS, f"clocks.{name}"),
        is_promise=table.take("promise", False),
        pauses=table.take("pauses", True),
    )
    table.done()
    for limit in filter(None, (rule.limit, rule.warn)):
        try:
            Limit.parse(limit)
        except LimitError as error:
            raise ProcedureError(f"clocks.{name}: {error}") from error
    return rule


def parse(text: str) -> Procedure:
    """A procedure from the text of its file; `ProcedureError` names the table and key that is wrong."""
    table = Table(tomllib.loads(text), "procedure")
    states = {name: _state(name, raw) for name, raw in table.take("states").items()}
    procedure = Procedure(
        kind=table.take("kind"),
        version=table.take("version"),
        label=table.label("label"),
        source=table.take("source"),
        initial=table.take("initial"),
        opening=_move("open", table.take("opening"), states),
        states=states,
        moves={verb: _move(verb, raw, states) for verb, raw in table.take("moves").items()},
        clocks={name: _clock(name, raw) for name, raw in table.take("clocks").items()},
        whys={name: label(raw, f"whys.{name}") for name, raw in table.take("whys", {}).items()},
    )
    table.done()
    _check(procedure)
    return procedure


def _check(procedure: Procedure) -> None:
    for move in [procedure.opening, *procedure.moves.values()]:
        _check_move(procedure, move)
    _check_desks(procedure)
    _check_reach(procedure)
    started = {name for move in [procedure.opening, *procedure.moves.values()] for name in move.starts}
    for name in procedure.clocks:
        if name not in started:
            raise ProcedureError(f"clocks.{name}: no move starts it")
    if sum(rule.is_promise for rule in procedure.clocks.values()) != 1:
        raise ProcedureError("clocks: exactly one must be the promise")


def _check_move(procedure: Procedure, move: Move) -> None:
    where = f"moves.{move.verb}"
    targets = [state for _, state in move.to_when] + ([move.to] if move.to else [])
    for state in [*move.origins, *targets]:
        _one_of(state, frozenset(procedure.states), where)
    for clock in [*move.starts, *(name for name in move.stops if name != "*")]:
        _one_of(clock, frozenset(procedure.clocks), where)
    for predicate in [*move.when, *(name for name, _ in move.to_when)]:
        _one_of(predicate, predicates.names(), where)
    for effect in move.does:
        _one_of(effect, EFFECTS, where)
    for told in move.tells:
        _one_of(told, TOLD, where)
    if not move.origins and move is not procedure.opening:
        raise ProcedureError(f"{where}: comes from no state")


def _check_desks(procedure: Procedure) -> None:
    desks = [state.desk for state in procedure.states.values()] + [m.asks for m in procedure.moves.values()]
    whys = {desk.why for desk in desks if desk}
    for why in whys:
        _one_of(why, frozenset(procedure.whys), "desk.why")
    for move in procedure.moves.values():
        for answer in move.answers:
            _one_of(answer, frozenset(whys), f"moves.{move.verb}.answers")


def _check_reach(procedure: Procedure) -> None:
    _one_of(procedure.initial, frozenset(procedure.states), "initial")
    reached, ahead = set(), [procedure.initial]
    while ahead:
        state = ahead.pop()
        if state in reached:
            continue
        reached.add(state)
        leaving = [move for move in procedure.moves_from(state) if move.to and move.to != state]
        if procedure.states[state].is_open and not leaving:
            raise ProcedureError(f"states.{state}: a dead end, no move leaves it")
        for move in leaving:
            ahead += [move.to or "", *(target for _, target in move.to_when)]
    for state in procedure.states:
        if state not in reached:
            raise ProcedureError(f"states.{state}: no move leads there")


@cache
def all_procedures() -> dict[tuple[str, int], Procedure]:
    """Every version of every procedure of the installed apps."""
    found = {}
    for config in apps.get_app_configs():
        for path in sorted((Path(config.path) / "procedures").glob("*.toml")):
            procedure = parse(path.read_text(encoding="utf-8"))
            if path.name != f"{procedure.kind}.{procedure.version}.toml":
                raise ProcedureError(f"{path.name}: should be {procedure.kind}.{procedure.version}.toml")
            found[procedure.kind, procedure.version] = procedure
    return found


def get(kind: str, version: int) -> Procedure:
    """The version of a procedure; a case keeps its version for life."""
    return all_procedures()[kind, version]


def latest(kind: str) -> Procedure:
    """The version new cases are opened under."""
    return all_procedures()[kind, max(v for k, v in all_procedures() if k == kind)]
