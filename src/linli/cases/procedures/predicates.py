"""Conditions a procedure file may name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linli.cases.models import Case, Clock

Predicate = Callable[["Case", Sequence["Clock"], datetime], bool]
MOST_EXTENSIONS = 2


def names() -> frozenset[str]:
    return frozenset(PREDICATES)


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


PREDICATES: dict[str, Predicate] = {
    "second_return": lambda case, clocks, at: case.returns >= 1,
    "not_ruled": lambda case, clocks, at: not case.is_ruled,
    "not_expired": _not_expired,
    "extension_left": lambda case, clocks, at: case.extensions < MOST_EXTENSIONS,
    "not_urged_today": _not_urged_today,
    "supervised": lambda case, clocks, at: _running(clocks, "supervision") is not None,
    "not_supervised": lambda case, clocks, at: _running(clocks, "supervision") is None,
    "grouped": lambda case, clocks, at: case.group is not None,
    "not_grouped": lambda case, clocks, at: not _is_grouped(case),
}
