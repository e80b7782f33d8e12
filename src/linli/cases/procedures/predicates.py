"""Conditions a procedure file may name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from linli.cases.models import Case, Clock

Predicate = Callable[["Case", Sequence["Clock"], datetime], bool]
Refusal = Callable[[], str]
MOST_EXTENSIONS = 2


def names() -> frozenset[str]:
    return frozenset(PREDICATES)


def add(name: str, predicate: Predicate, refusal: Refusal) -> None:
    """A kind of case adds a condition of its own, with what to say where it does not hold."""
    PREDICATES[name] = predicate
    REFUSALS[name] = refusal


def refusal(name: str) -> str:
    """Why a move whose condition does not hold is refused, in the reader's language."""
    return REFUSALS[name]()


def holds(name: str, case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    return PREDICATES[name](case, clocks, at)


def _running(clocks: Sequence[Clock], name: str) -> Clock | None:
    return next((clock for clock in clocks if clock.name == name and clock.stopped_at is None), None)


def _not_expired(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    """An extension is asked for before the limit ends (信访工作条例 34)."""
    unit = _running(clocks, "unit")
    return unit is None or unit.due_at is None or at < unit.due_at


def _not_urged_today(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    from linli.cases.models import Event

    return not Event.objects.filter(
        case_id=case.pk, verb="ask_progress", received_at__gt=at - timedelta(days=1)
    ).exists()


def _is_grouped(case: Case) -> bool:
    """Whether the case was merged into another, or others were merged into it and are so still."""
    from linli.cases.models import Case

    if case.group is None or case.group != case.pk:
        return case.group is not None
    return Case.objects.filter(group=case.pk).exclude(pk=case.pk).exists()


def _second_return(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    return case.returns >= 1


def _not_ruled(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    return not case.is_ruled


def _extension_left(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    return case.extensions < MOST_EXTENSIONS


def _grouped(case: Case, clocks: Sequence[Clock], at: datetime) -> bool:
    return case.group is not None


PREDICATES: dict[str, Predicate] = {
    "second_return": _second_return,
    "not_ruled": _not_ruled,
    "not_expired": _not_expired,
    "extension_left": _extension_left,
    "not_urged_today": _not_urged_today,
    "supervised": lambda case, clocks, at: _running(clocks, "supervision") is not None,
    "not_supervised": lambda case, clocks, at: _running(clocks, "supervision") is None,
    "grouped": _grouped,
    "not_grouped": lambda case, clocks, at: not _is_grouped(case),
}


REFUSALS: dict[str, Refusal] = {
    "not_ruled": lambda: _("上级已经裁定由本单位承办，不能再退回。"),
    "not_expired": lambda: _("本单位的限期已经到了，到期后不能再申请延期。"),
    "extension_left": lambda: _("已经延期过两次，不能再延。"),
    "not_urged_today": lambda: _("您今天已经催过，承办单位看得到；明天还没有回音可以再催。"),
    "supervised": lambda: _("现在没有待回复的督办。"),
    "not_supervised": lambda: _("已有一件督办在等回复。"),
    "grouped": lambda: _("这一件没有并案。"),
    "not_grouped": lambda: _("这一件已经并案。"),
}

# How somebody may have to stand to a case; `actions.relations` knows what each means.
relation_names = {"", *"desk holder holder_or_desk superior place partner checker reporter".split()}
