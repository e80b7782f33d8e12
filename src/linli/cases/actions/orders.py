"""Supervision of a set of cases: ordered once, answered by the unit, checked by whoever ordered it, closed.

The limit is that of the procedure for an answer to supervision. Each time it runs out the order goes one level up.
The cases go on as they were: an order makes no move on any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from linli.cases.actions.errors import BadData, NotAllowed
from linli.cases.models import (
    Case,
    CaseQuerySet,
    Order,
    OrderedCase,
    OrderEvent,
    OrderState,
    OrderStep,
)
from linli.cases.procedures import latest
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Derivation, Limit, due
from linli.kit import text
from linli.orgs.models import Organisation, is_within, within
from linli.people.access import Actor

MOST = 500
LEAST_WORDS = 5
CLOCK = "supervision"

# Who is to be told of a step, in its transaction; apps above add themselves when they start.
told: list[Callable[[Order, OrderEvent], None]] = []


def limit_of(kind: str) -> Limit:
    """How long a unit has to answer, as the procedure says."""
    return Limit.parse(latest(kind).clocks[CLOCK].limit)


def derive(kind: str, at: datetime) -> Derivation:
    return due(at, limit_of(kind), current())


def concerned(among: CaseQuerySet, unit: Organisation) -> CaseQuerySet:
    """Which of these open cases an order to that unit would be about: those it handles and those that lie in it.

    Accusations are never among them, nor what was merged into another case.
    """
    here = within("holder_path", unit.path) | within("place_path", unit.path)
    return among.filter(here, is_open=True, accused_path="").exclude(state="merged")


def order(
    *,
    among: CaseQuerySet,
    kind: str,
    unit: Organisation,
    title: str,
    words: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
) -> Order:
    """Orders supervision of a set, from a unit above the one that has to answer.

    A repeated command gives its first order. Raises NotAllowed, or BadData (no words, no case, too many).
    """
    known = Order.objects.visible_to(by).filter(pk=command_id, organisation=by.organisation_id).first()
    if known is not None:
        return known
    if (
        not by.may("case.supervise")
        or not by.path
        or unit.path == by.path
        or not is_within(unit.path, by.path)
    ):
        raise NotAllowed(_("督办由上级单位发出。"))
    found = _chosen(among.filter(kind=kind), unit, words)
    due_at = derive(kind, at).due_at
    assert due_at is not None
    assert by.organisation_id is not None
    with transaction.atomic():
        made = Order.objects.create(
            id=command_id,
            organisation_id=by.organisation_id,
            unit=unit,
            desk_id=by.organisation_id,
            title=text.clean(title)[:200],
            made_at=at,
            since=at,
            due_at=due_at,
            fires_at=due_at,
        )
        OrderedCase.objects.bulk_create(OrderedCase(case_id=pk, order=made) for pk in found)
        _note(made, OrderStep.ORDERED, words, by, at)
    return made


def _chosen(among: CaseQuerySet, unit: Organisation, words: str) -> list[UUID]:
    """The cases an order would be about. Raises BadData for none, too many, or no words."""
    found = list(concerned(among, unit).order_by("due_at", "pk").values_list("pk", flat=True)[: MOST + 1])
    errors = _short(words, "order", _("请写明要求。"))
    if not found:
        errors["unit"] = _("这些事项里没有归它办、也没有在它那里的。")
    elif len(found) > MOST:
        errors["unit"] = _("一次最多 %(n)d 件，请再缩小范围。") % {"n": MOST}
    if errors:
        raise BadData(errors)
    return found


def reply(*, order_: Order, words: str, by: Actor, at: datetime) -> Order:
    """The unit answers; after the limit too, but then it is already known one level up."""
    if not by.may("measures.object") or not by.path or not is_within(by.path, order_.unit.path):
        raise NotAllowed(_("由被督办的单位自己回复。"))
    _check(words, "words", _("请写明回复。"))
    report(order_, at)
    return _moved(
        order_, OrderState.OPEN, OrderStep.REPLIED, words, by, at, state=OrderState.ANSWERED, fires_at=None
    )


def send_back(*, order_: Order, words: str, kind: str, by: Actor, at: datetime) -> Order:
    """The answer does not agree with what was found: the unit answers again, with a new limit."""
    _require_desk(order_, by)
    _check(words, "words", _("请写明哪里不符。"))
    due_at = derive(kind, at).due_at
    assert due_at is not None
    return _moved(
        order_,
        OrderState.ANSWERED,
        OrderStep.SENT_BACK,
        words,
        by,
        at,
        state=OrderState.OPEN,
        due_at=due_at,
        fires_at=due_at,
        returns=order_.returns + 1,
    )


def close(*, order_: Order, words: str, by: Actor, at: datetime) -> Order:
    """The answer was checked and agrees. Cases still open go on; closing an order closes none of them."""
    _require_desk(order_, by)
    _check(words, "words", _("请写明怎么核实的。"))
    return _moved(
        order_, OrderState.ANSWERED, OrderStep.CLOSED, words, by, at, state=OrderState.CLOSED, closed_at=at
    )


def fire_due(*, at: datetime, limit: int = 100) -> int:
    """Takes orders whose limit has run out one level up, each exactly once."""
    found = Order.objects.filter(fires_at__lte=at).select_related("desk__parent").order_by("fires_at")[:limit]
    return sum(report(each, at) for each in found)


def report(order_: Order, at: datetime) -> bool:
    """Claims an order whose limit has run out, by a conditional update, and notes that it went up."""
    if order_.fires_at is None or order_.fires_at > at:
        return False
    above = order_.desk.parent or order_.desk
    with transaction.atomic():
        due_now = Order.objects.filter(pk=order_.pk, state=OrderState.OPEN, fires_at=order_.fires_at)
        if not due_now.update(fires_at=None, missed=order_.missed + 1, desk=above):
            return False
        _note(order_, OrderStep.ESCALATED, "", None, at, above)
    return True


def over(case: Case, by: Actor) -> list[Order]:
    """The orders a case is under that are not closed, as far as the actor may see them."""
    found = Order.objects.visible_to(by).filter(pk__in=OrderedCase.objects.filter(case=case).values("order"))
    return list(
        found.exclude(state=OrderState.CLOSED).select_related("unit", "desk").order_by("due_at", "pk")
    )


def sizes(orders: Iterable[Order]) -> dict[UUID, tuple[int, int]]:
    """How many cases each order is about, and how many of them are still open."""
    rows = OrderedCase.objects.filter(order__in=list(orders)).values("order_id")
    found: Any = rows.annotate(
        all=Count("case_id"), open=Count("case_id", filter=Q(case__is_open=True))
    ).order_by()
    return {row["order_id"]: (row["all"], row["open"]) for row in found}


def may_check(order_: Order, by: Actor) -> bool:
    """Whether the actor stands where the answer is looked at, or above."""
    return by.may("case.supervise") and bool(by.path) and is_within(order_.desk.path, by.path)


def _require_desk(order_: Order, by: Actor) -> None:
    """At the desk that ordered, or the one it went up to; never whoever wrote the answer."""
    answered = order_.events.filter(step=OrderStep.REPLIED, by_id=by.person_id)
    if not may_check(order_, by) or answered.exists():
        raise NotAllowed(_("由发出督办的单位或者它的上级核实。"))


def _moved(
    order_: Order, before: str, step: str, words: str, by: Actor, at: datetime, **changes: Any
) -> Order:
    with transaction.atomic():
        if not Order.objects.filter(pk=order_.pk, state=before).update(since=at, **changes):
            raise NotAllowed(_("这件督办现在不能做这一步。"))
        _note(order_, step, words, by, at)
    return Order.objects.select_related("organisation", "unit", "desk").get(pk=order_.pk)


def _note(
    order_: Order, step: str, words: str, by: Actor | None, at: datetime, unit: Organisation | None = None
) -> None:
    last = order_.events.aggregate(last=Max("number"))["last"] or 0
    noted = OrderEvent.objects.create(
        order=order_,
        number=last + 1,
        step=step,
        text=text.clean(words),
        organisation_id=(unit.pk if unit else by.organisation_id if by else None) or order_.desk_id,
        by_id=by.person_id if by else None,
        at=at,
    )
    for tell in told:
        tell(order_, noted)


def _short(words: str, name: str, said: str) -> dict[str, str]:
    return {} if len(text.clean(words)) >= LEAST_WORDS else {name: said}


def _check(words: str, name: str, said: str) -> None:
    if errors := _short(words, name, said):
        raise BadData(errors)
