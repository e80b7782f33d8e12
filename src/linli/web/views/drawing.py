"""The procedure as a line with the present state lit, and the branches off it in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.translation import ngettext

from linli.cases.models import Case
from linli.cases.procedures import Procedure, State
from linli.kit.lists import listed
from linli.kit.templatetags.linli import day

from .casefile import CaseFile


@dataclass(frozen=True)
class Step:
    """One state of the main line as the page draws it."""

    label: str
    state: str = ""
    note: str = ""
    forward: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)


def steps(file: CaseFile) -> list[Step]:
    """The main line with the present state lit; branches off it and back along it in words."""
    now = _where(file)
    drawn = [_step(file, state, now) for state in file.procedure.steps]
    stage = file.case.stage
    if stage.step is None and now:
        lit = drawn[now - 1]
        drawn[now - 1] = replace(lit, note=str(stage.label), forward=[], back=[])
    return drawn


def _where(file: CaseFile) -> int:
    """The step the case stands at; beside the line, the step it will come back to."""
    stage, procedure = file.case.stage, file.procedure
    if stage.step is not None:
        return stage.step
    ahead = [
        procedure.states[move.to].step or 0
        for move in procedure.moves_from(stage.name)
        if move.to is not None and procedure.states[move.to].step
    ]
    reached = [file.procedure.states[event.state].step or 0 for event in file.events]
    return min(ahead) if ahead else max(reached, default=1)


def _step(file: CaseFile, state: State, now: int) -> Step:
    step = state.step or 0
    entered = [event.at for event in file.events if event.state == state.name]
    label = str(state.step_label or state.label)
    if step < now:
        return Step(label, "done", _day(entered), [], _happened(file.case, state))
    return Step(
        label if step != now else str(state.label if file.case.state == state.name else state.step_label),
        "now" if step == now else "",
        _day(entered) if step == now else "",
        _branches(file.procedure, state, forward=True) if step == now else [],
        _branches(file.procedure, state, forward=False),
    )


def _day(moments: Sequence[datetime]) -> str:
    return day(moments[-1], "plain") if moments else ""


def _branches(procedure: Procedure, state: State, *, forward: bool) -> list[str]:
    """Moves that leave the main line, or go back along it."""
    words = []
    for move in procedure.moves_from(state.name):
        target = procedure.states.get(move.to or "")
        if target is None or move.may == "system" or move.verb in ASIDE:
            continue
        is_back = bool(target.step and target.step < (state.step or 0)) or target.name in BACK
        leaves = target.step is None and not is_back
        if is_back if not forward else leaves:
            words.append(str(move.done))
    return [listed(words)] if words else []


ASIDE = frozenset({"reassign", "merge"})
BACK = frozenset({"returned", "rework", "reopened"})


def _happened(case: Case, state: State) -> list[str]:
    if state.name == "dispatched" and case.returns:
        return [ngettext("退回过 %(n)d 次", "退回过 %(n)d 次", case.returns) % {"n": case.returns}]
    if state.name == "feedback_given" and case.reworks:
        return [ngettext("返工 %(n)d 次", "返工 %(n)d 次", case.reworks) % {"n": case.reworks}]
    return []
