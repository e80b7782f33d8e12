"""`linli procedures [--check]`: docs/procedures.md, written from the procedure files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

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
    parts = ["\n".join(_procedure(procedure)) for key, procedure in sorted(all_procedures().items())]
    return "\n".join([HEAD, *parts]) + "\n"


STATES = ("state", "zh", "en", "open", "step", "desk (role @ where: why)")
MOVES = tuple("move zh en from to may asks clocks tells public".split())
CLOCKS = ("clock", "zh", "en", "limit", "warns before", "whose", "pauses", "source")


def _procedure(procedure: Procedure) -> Iterator[str]:
    yield f"## {_both(procedure.label)} (`{procedure.kind}`, version {procedure.version})\n"
    yield f"{procedure.source}\n"
    yield from _diagram(procedure)
    yield "\n### States\n"
    yield from _table(STATES, (_state(state) for state in procedure.states.values()))
    yield "\n### Moves\n"
    moves = [procedure.opening, *procedure.moves.values()]
    yield from _table(MOVES, (_move(move, procedure) for move in moves))
    yield "\n### Clocks\n"
    yield from _table(CLOCKS, (_clock(rule) for rule in procedure.clocks.values()))


def _both(label: Label) -> str:
    return f"{label.zh} / {label.en}"


def _clock(rule: ClockRule) -> tuple[str, ...]:
    name = f"`{rule.name}`" + (" (promise)" if rule.is_promise else "")
    pauses = "yes" if rule.pauses else "no"
    return name, rule.label.zh, rule.label.en, rule.limit, rule.warn, rule.owner, pauses, rule.source


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
