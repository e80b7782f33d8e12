"""A case as one row of a list: what, where, until when, and the one thing to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from linli.cases.models import Case, Task
from linli.cases.procedures import Move
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import moment_words, remaining
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.service_requests.models import Level

from . import kinds
from .excerpts import Excerpt
from .filters import Options


@dataclass(frozen=True)
class Due:
    """A deadline in words. state: late, soon, paused, done or nothing."""

    words: str
    detail: str = ""
    state: str = ""
    is_provisional: bool = False


@dataclass(frozen=True)
class Action:
    """The one button of a row: a press when the move asks for nothing, else a link to its form."""

    verb: str
    label: str
    href: str
    command_id: UUID | None = None
    key: str = ""


@dataclass(frozen=True)
class Row:
    case: Case
    href: str
    facts: str
    where: str
    who: str
    marks: list[str]
    due: Due
    why: str = ""
    action: Action | None = None
    excerpt: Excerpt | None = None

    @property
    def is_urgent(self) -> bool:
        return self.due.state == "late"


DECISIONS = {
    "to_decide_extension": gettext_lazy("批复"),
    "to_decide_deferral": gettext_lazy("批复"),
    "to_verify": pgettext_lazy("move", "核查"),
}
KEYS = {"accept": "a", "dispatch": "d", "reassign": "d", "rule": "d", "acknowledge": "a"}


def case_row(case: Case, options: Options, at: datetime, excerpt: Excerpt | None = None) -> Row:
    """A row of all matters, with what a search found in it."""
    return Row(
        case=case,
        href=reverse("web:case", args=[case.number]),
        facts=" · ".join(_facts(case, options)),
        where=place_words(case),
        who=_holder(case),
        marks=list(_marks(case)),
        due=due_of(case, case.urgent_at, at),
        why=str(case.stage.label),
        excerpt=excerpt,
    )


def task_row(task: Task, post: Actor, options: Options, at: datetime) -> Row:
    """A row of my work: the deadline is that of the task, and the button what the desk does next."""
    case = task.case
    why = str(case.procedure.whys.get(task.why, task.why))
    return Row(
        case=case,
        href=reverse("web:case", args=[case.number]),
        facts=" · ".join(_facts(case, options)),
        where=place_words(case),
        who=_holder(case) if case.holder_id != post.organisation_id else "",
        marks=list(_marks(case)),
        due=due_of(case, task.urgent_at, at),
        why=why,
        action=_action(task, post),
    )


def due_of(case: Case, due_at: datetime | None, at: datetime) -> Due:
    """The deadline that presses, in words."""
    if not case.is_open:
        return _closed(case)
    if case.is_paused:
        return Due(_("限期暂停"), _("恢复办理后接着算"), "paused")
    if due_at is None or case.urgent_at is None:
        return Due(_("没有在走的限期"), "", "paused")
    left = remaining(due_at, at, current())
    moment = moment_words(due_at, at, current())
    state = "late" if left.is_late else "soon" if left.is_soon else ""
    if left.is_late:
        detail = _("%(moment)s 到期") % {"moment": moment}
    elif left.is_today:
        detail = _("还剩 %(span)s") % {"span": left.span_words}
    else:
        detail = _("%(moment)s 前") % {"moment": moment}
    return Due(left.words, detail, state, case.is_provisional)


def _closed(case: Case) -> Due:
    assert case.closed_at is not None
    moment = moment_words(case.closed_at, None, current())
    if case.due_at is not None and case.closed_at >= case.due_at:
        return Due(_("超期办结"), moment, "done")
    return Due(str(case.stage.label), moment, "done")


def place_words(case: Case) -> str:
    """Village and grid; a place above them by its own name."""
    return case.address if case.place is None else place_label(case.place)


def place_label(place: Organisation) -> str:
    above = place.parent if place.kind == "grid" else None
    return f"{above.label} {place.label}" if above else place.label


def _holder(case: Case) -> str:
    if case.holder is not None and case.is_open:
        return _("承办：%(unit)s") % {"unit": case.holder.label}
    return case.holder.label if case.holder else ""


def _facts(case: Case, options: Options) -> Iterator[str]:
    yield case.number
    if word := kinds.word(case):
        yield word
    if case.category:
        yield options.category_of(case)
    if case.level != Level.NORMAL:
        yield str(Level.URGENT.label)
    yield kinds.channels().get(case.channel, case.channel)


def _marks(case: Case) -> Iterator[str]:
    """What has happened to it that a reader should know before opening it."""
    if case.returns:
        yield ngettext("被退回 %(n)d 次", "被退回 %(n)d 次", case.returns) % {"n": case.returns}
    if case.reopenings:
        yield ngettext("重开 %(n)d 次", "重开 %(n)d 次", case.reopenings) % {"n": case.reopenings}
    if case.reworks:
        yield ngettext("返工 %(n)d 次", "返工 %(n)d 次", case.reworks) % {"n": case.reworks}
    if case.urgings:
        yield ngettext("催办 %(n)d 次", "催办 %(n)d 次", case.urgings) % {"n": case.urgings}
    if case.supervisions:
        yield _("督办")
    if case.group == case.pk:
        yield _("并案")


def _action(task: Task, post: Actor) -> Action | None:
    move = next_move(task, post)
    if move is None:
        return None
    number = task.case.number
    if task.why in DECISIONS:  # to agree and to disagree are equal ways on
        return Action("", str(DECISIONS[task.why]), f"{reverse('web:case', args=[number])}#moves")
    key = KEYS.get(move.verb, "")
    if not move.needs:
        href = reverse("web:move", args=[number, move.verb])
        return Action(move.verb, str(move.label), href, uuid7(), key)
    href = f"{reverse('web:case', args=[number])}?move={move.verb}#move-{move.verb}"
    return Action(move.verb, str(move.label), href, None, key)


def next_move(task: Task, post: Actor) -> Move | None:
    """What this desk does next with the case: what answers the task, else the main move, else a hand-over."""
    case = task.case
    wanted = {"", "partner", "holder"} if not task.is_stage else {"desk", "holder", "checker"}
    moves = [
        move
        for move in case.procedure.moves_from(case.state)
        if post.may(move.may) and move.relation in wanted and move.may != "system" and not move.has_own_form
    ]
    if not task.is_stage:
        moves = [move for move in moves if task.why in move.answers]
    else:
        moves = [move for move in moves if move.to is not None]
    ranked = sorted(moves, key=lambda move: (not move.is_main, not hands_over(move)))
    return ranked[0] if ranked else None


def hands_over(move: Move) -> bool:
    """Whether it names the unit the case goes to."""
    return any(need.kind == "unit" and need.name == "unit" for need in move.needs)
