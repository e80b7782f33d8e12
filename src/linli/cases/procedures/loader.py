"""Reads procedure files and refuses a wrong one: misspelt names, dead ends, states nobody reaches, unknown keys."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps

from linli.cases.procedures import predicates
from linli.cases.procedures.checks import ProcedureError, check, one_of
from linli.cases.procedures.limits import Limit, LimitError
from linli.cases.procedures.model import ClockRule, Desk, Label, Move, Need, Procedure, State

PLACES = frozenset("place holder superior checker unit above desk".split())
KINDS = frozenset("text line unit limit choice photos case category place date".split())
OWNERS = frozenset(["place", "holder", "desk"])
OUTCOMES = frozenset(["", "settled", "unsettled"])


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

    def source(self) -> Label:
        """Where a rule stands: in both languages, or as it is quoted in either."""
        raw = self.take("source")
        return Label(raw, raw) if isinstance(raw, str) else label(raw, f"{self.where}.source")

    def names(self, key: str) -> tuple[str, ...]:
        return tuple(self.take(key, []))

    def done(self) -> None:
        if self.raw:
            raise ProcedureError(f"{self.where}: unknown key {', '.join(sorted(self.raw))}")


def label(raw: Any, where: str) -> Label:
    if not isinstance(raw, dict) or set(raw) != {"zh", "en"} or not all(raw.values()):
        raise ProcedureError(f"{where}: needs zh and en")
    return Label(raw["zh"], raw["en"])


def _desk(raw: dict[str, Any] | None, where: str) -> Desk | None:
    if raw is None:
        return None
    table = Table(raw, where)
    desk = Desk(table.take("role"), one_of(table.take("at"), PLACES, where), table.take("why"))
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
        outcome=one_of(table.take("outcome", ""), OUTCOMES, f"states.{name}"),
        others=table.label("others", required=False),
    )
    table.done()
    return state


def _need(raw: dict[str, Any], where: str) -> Need:
    table = Table(raw, where)
    need = Need(
        name=table.take("name"),
        kind=one_of(table.take("kind"), KINDS, where),
        label=table.label("label"),
        hint=table.label("hint", required=False),
        required=table.take("required", True),
        minimum=table.take("minimum", 0),
        maximum=table.take("maximum", 2000),
        choices=tuple((key, label(text, where)) for key, text in table.take("choices", {}).items()),
        unit_kinds=frozenset(table.take("of", [])),
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
        relation=one_of(table.take("relation", ""), predicates.relation_names, where),
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
        has_own_form=table.take("own_form", False),
        noun=table.take("noun", ""),
    )
    table.done()
    return move


def _clock(name: str, raw: dict[str, Any]) -> ClockRule:
    table = Table(raw, f"clocks.{name}")
    rule = ClockRule(
        name=name,
        label=table.label("label"),
        limit=table.take("limit", ...) if "until" not in raw else table.take("limit", ""),
        source=table.source(),
        warn=table.take("warn", ""),
        missed=one_of(table.take("missed", "escalate"), frozenset(["escalate", "nothing"]), f"clocks.{name}"),
        owner=one_of(table.take("owner", "holder"), OWNERS, f"clocks.{name}"),
        is_promise=table.take("promise", False),
        pauses=table.take("pauses", True),
        then=table.take("then", ""),
        until=table.take("until", ""),
    )
    table.done()
    for limit in filter(None, (rule.limit, rule.warn)):
        try:
            Limit.parse(limit)
        except LimitError as error:
            raise ProcedureError(f"clocks.{name}: {error}") from error
    return rule


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """One table over another: tables are merged key by key, everything else is replaced."""
    both = dict(under)
    for key, value in over.items():
        known = both.get(key)
        is_text = isinstance(value, dict) and set(value) == {"zh", "en"}
        both[key] = (
            merged(known, value)
            if isinstance(known, dict) and isinstance(value, dict) and not is_text
            else value
        )
    return both


def parse(text: str, folder: Path | None = None) -> Procedure:
    """A procedure from the text of its file; `ProcedureError` names the table and key that is wrong.

    A file that `extends` another of its folder says only what differs.
    """
    return _procedure(_whole(tomllib.loads(text), folder))


def _whole(raw: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    below = raw.pop("extends", None)
    if below is None:
        return raw
    path = folder / f"{below}.toml" if folder else None
    if path is None or not path.is_file():
        raise ProcedureError(f"extends: there is no {below}.toml beside this file")
    return merged(_whole(tomllib.loads(path.read_text(encoding="utf-8")), folder), raw)


def _procedure(raw: dict[str, Any]) -> Procedure:
    table = Table(raw, "procedure")
    states = {name: _state(name, raw) for name, raw in table.take("states").items()}
    procedure = Procedure(
        kind=table.take("kind"),
        version=table.take("version"),
        label=table.label("label"),
        source=table.source(),
        initial=table.take("initial"),
        opening=_move("open", table.take("opening"), states),
        states=states,
        moves={verb: _move(verb, raw, states) for verb, raw in table.take("moves").items()},
        clocks={name: _clock(name, raw) for name, raw in table.take("clocks").items()},
        whys={name: label(raw, f"whys.{name}") for name, raw in table.take("whys", {}).items()},
        is_enabled=table.take("enabled", True),
        partners_stay=table.take("partners_stay", False),
        is_searched=table.take("searched", False),
    )
    table.done()
    check(procedure)
    return procedure


@cache
def all_procedures() -> dict[tuple[str, int], Procedure]:
    """Every version of every procedure of the installed apps."""
    found = {}
    for config in apps.get_app_configs():
        for path in sorted((Path(config.path) / "procedures").glob("*.toml")):
            procedure = parse(path.read_text(encoding="utf-8"), path.parent)
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
