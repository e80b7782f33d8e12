"""`linli procedures [--check]`: docs/procedures.md, written from the procedure files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linli.cases.procedures import ClockRule, Move, Procedure, State, all_procedures
from linli.cases.procedures.model import Label

DOCUMENT = Path(settings.PACKAGE).parent.parent / "docs" / "procedures.md"
HEAD = """# Procedures

Written by `linli procedures` from the files `src/linli/*/procedures/*.toml`; do not edit it by hand. A case keeps the
version of its procedure for life. Limits: `wd` working days, `d` calendar days, `oh` office hours, `h` hours,
`mo` months. `*` means every state, or every clock.
"""


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("按程序文件写出 docs/procedures.md。")
        parser.add_argument("--check", action="store_true", help=_("只检查，不写；过时就报错"))

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = page()
        if options["check"]:
            if not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != wanted:
                raise CommandError(_("docs/procedures.md 过时了，请运行 linli procedures。"))
            return
        DOCUMENT.write_text(wanted, encoding="utf-8")
        self.stdout.write(f"{DOCUMENT}\n")


def page() -> str:
    """The whole document."""
    parts = []
    for _key, procedure in sorted(all_procedures().items()):
        below = _extended(procedure)
        lines = _difference(procedure, below) if below else _procedure(procedure)
        parts.append("\n".join(lines))
    return "\n".join([HEAD, "\n\n".join(parts)]) + "\n"


STATES = ("state", "zh", "en", "open", "step", "desk (role @ where: why)")
MOVES = tuple("move zh en from to may asks clocks tells public".split())
CLOCKS = ("clock", "zh", "en", "limit", "warns before", "whose", "pauses", "source")


def _extended(procedure: Procedure) -> Procedure | None:
    """The procedure whose file this one's extends."""
    name = f"{procedure.kind}.{procedure.version}.toml"
    for config in apps.get_app_configs():
        path = Path(config.path) / "procedures" / name
        if path.is_file():
            below = tomllib.loads(path.read_text(encoding="utf-8")).get("extends")
            kind, _dot, version = below.rpartition(".") if below else ("", "", "")
            return all_procedures()[kind, int(version)] if below else None
    return None


def _difference(procedure: Procedure, below: Procedure) -> Iterator[str]:
    """What a file that extends another changes; everything else is as there."""
    yield f"## {_both(procedure.label)} (`{procedure.kind}`, version {procedure.version})\n"
    yield f"{_both(procedure.source)}\n"
    yield f"As `{below.kind}` version {below.version}, and only what stands here differs."
    if not procedure.is_enabled:
        yield "\nSwitched off: no case of this kind can be opened."
    states = [each for name, each in procedure.states.items() if each != below.states.get(name)]
    clocks = [each for name, each in procedure.clocks.items() if each != below.clocks.get(name)]
    yield from _part("States", STATES, [_state(state) for state in states])
    yield from _part("Moves", MOVES, [_move(move, procedure) for move in _moves_changed(procedure, below)])
    yield from _part("Clocks", CLOCKS, [_clock(rule) for rule in clocks])


def _moves_changed(procedure: Procedure, below: Procedure) -> Iterator[Move]:
    """Moves that are new or say something else; that `*` now means one state more is no difference."""
    for move in [procedure.opening, *procedure.moves.values()]:
        known = below.opening if move is procedure.opening else below.moves.get(move.verb)
        if known is not None and len(known.origins) == len(below.states):
            known = replace(known, origins=frozenset(procedure.states))
        if move != known:
            yield move


def _part(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield f"\n### {title}\n"
        yield from _table(head, rows)


def _procedure(procedure: Procedure) -> Iterator[str]:
    yield f"## {_both(procedure.label)} (`{procedure.kind}`, version {procedure.version})\n"
    yield f"{_both(procedure.source)}\n"
    yield from _diagram(procedure)
    yield "\n### States\n"
    yield from _table(STATES, (_state(state) for state in procedure.states.values()))
    yield "\n### Moves\n"
    moves = [procedure.opening, *procedure.moves.values()]
    yield from _table(MOVES, (_move(move, procedure) for move in moves))
    yield "\n### Clocks\n"
    yield from _table(CLOCKS, (_clock(rule) for rule in procedure.clocks.values()))


def _both(label: Label) -> str:
    return f"{label.zh} / {label.en}" if label.en != label.zh else label.zh


def _clock(rule: ClockRule) -> tuple[str, ...]:
    name = f"`{rule.name}`" + (" (promise)" if rule.is_promise else "")
    pauses = "yes" if rule.pauses else "no"
    limit = rule.limit or f"until {rule.until}"
    return name, rule.label.zh, rule.label.en, limit, rule.warn, rule.owner, pauses, _both(rule.source)


def _diagram(procedure: Procedure) -> Iterator[str]:
    """The states and the moves between them; moves that stay where they are, or are Linli's own, are left out."""
    yield "```mermaid\nstateDiagram-v2"
    for state in procedure.states.values():
        yield f'    state "{_both(state.label)}" as {state.name}'
    yield f"    [*] --> {procedure.initial}: {procedure.opening.label.zh}"
    for move in procedure.moves.values():
        targets = [target for name, target in move.to_when] + ([move.to] if move.to else [])
        for origin in [name for name in procedure.states if name in move.origins]:
            for target in targets:
                if target != origin and move.may != "system":
                    yield f"    {origin} --> {target}: {move.label.zh}"
    for state in procedure.states.values():
        if not state.is_open:
            yield f"    {state.name} --> [*]"
    yield "```"


def _state(state: State) -> tuple[str, ...]:
    desk = f"{state.desk.role} @ {state.desk.at}: {state.desk.why}" if state.desk else ""
    is_open = "paused" if state.is_paused else "yes" if state.is_open else "no"
    return f"`{state.name}`", state.label.zh, state.label.en, is_open, str(state.step or ""), desk


def _move(move: Move, procedure: Procedure) -> tuple[str, ...]:
    origins = [name for name in procedure.states if name in move.origins]
    target = move.to or ""
    for name, other in move.to_when:
        target += f"; {other} when {name}"
    clocks = [f"+{name}" for name in move.starts] + [f"−{name}" for name in move.stops]
    who = f"{move.may} ({move.relation})" if move.relation else move.may
    if move.when:
        who += f" when {', '.join(move.when)}"
    asked = [need.name if need.required else f"[{need.name}]" for need in move.needs]
    return (
        *(f"`{move.verb}`", move.label.zh, move.label.en),
        *("*" if len(origins) == len(procedure.states) else ", ".join(origins), target, who),
        *(", ".join(asked), ", ".join(clocks), ", ".join(move.tells), "yes" if move.is_public else ""),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(tuple("---" for column in head))
    for row in rows:
        yield _row(row)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
