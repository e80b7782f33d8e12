"""Tells of each step of an order on a set of cases: the unit that answers, whoever looks at the answer, who ordered.

Nothing is told but units, counts and days; a title may hold a word that was searched for, and stays on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.cases.actions import orders
from linli.cases.models import Order, OrderEvent, OrderStep
from linli.notify.actions import memos
from linli.notify.actions.memos import Said
from linli.notify.actions.nearest import nearest
from linli.notify.models import Memo
from linli.people.access import Actor, roles_with_permission
from linli.people.models import Grant

SORT = "order"
ANSWER, CHECK = "measures.object", "case.supervise"  # what the two sides of an order may do
SIDES = {
    OrderStep.ORDERED: {ANSWER},
    OrderStep.REPLIED: {CHECK},
    OrderStep.SENT_BACK: {ANSWER},
    OrderStep.ESCALATED: {ANSWER, CHECK},
    OrderStep.CLOSED: {ANSWER},
}


def tell(given: Order, event: OrderEvent) -> None:
    """A message each beside the step, and what is sent besides; never to whoever made the step."""
    order = Order.objects.select_related("unit", "desk").get(pk=given.pk)  # as the step has left it
    people = _concerned(order, event) - {event.by_id}
    memos.put(sort=SORT, subject=order.pk, number=event.number, people=people, at=event.at)


def _concerned(order: Order, event: OrderEvent) -> set[UUID]:
    """The sides the step is for, each at the nearest unit with anybody, and whoever ordered, while they have a post."""
    sides = SIDES[OrderStep(event.step)]
    people: set[UUID] = set()
    for side, unit in ((ANSWER, order.unit), (CHECK, order.desk)):
        if side in sides:
            people |= nearest(unit.path, roles=roles_with_permission(side), at=event.at)
    first = order.events.filter(step=OrderStep.ORDERED).values("by")
    return people | set(
        Grant.objects.active(event.at).filter(person__in=first).values_list("person", flat=True)
    )


def write(found: Sequence[Memo]) -> dict[UUID, Said]:
    """What is sent, in three statements; the limit is as it stands now."""
    known = _known({memo.subject for memo in found})
    return _said(found, known, lambda order: _("成批督办：%(unit)s") % {"unit": order.unit.label})


def seen(found: Sequence[Memo], by: Actor) -> dict[UUID, Said]:
    """What an inbox shows: the titles, too, of the orders the post may open."""
    wanted = {memo.subject for memo in found}
    open_to = set(Order.objects.visible_to(by).filter(pk__in=wanted).values_list("pk", flat=True))
    return _said(found, _known(open_to), lambda order: order.title)


def _known(wanted: Collection[UUID]) -> dict[UUID, Order]:
    return Order.objects.select_related("organisation", "unit", "desk").in_bulk(wanted)


def _said(found: Sequence[Memo], known: dict[UUID, Order], title: Callable[[Order], str]) -> dict[UUID, Said]:
    sizes = orders.sizes(known.values())
    steps = {
        (event.order_id, event.number): event
        for event in OrderEvent.objects.filter(order__in=known).select_related("organisation")
    }
    return {
        memo.pk: Said(
            title(order),
            _words(order, steps[order.pk, memo.number], *sizes.get(order.pk, (0, 0))),
            f"/desk/orders/{order.pk}",
        )
        for memo in found
        if (order := known.get(memo.subject)) is not None
    }


def _words(order: Order, event: OrderEvent, cases: int, still: int) -> str:
    said = {
        "unit": order.unit.label,
        "by": event.organisation.label,
        "n": cases,
        "open": still,
        "due": date_format(timezone.localtime(order.due_at, order.unit.zone), "DATETIME_FORMAT"),
    }
    return {
        OrderStep.ORDERED: _("%(by)s督办%(unit)s：%(n)d 件，请在 %(due)s 前回复。"),
        OrderStep.REPLIED: _("%(unit)s回复了督办：%(n)d 件，其中 %(open)d 件还在办，等您核实。"),
        OrderStep.SENT_BACK: _("%(by)s核实不符，退回%(unit)s：%(n)d 件，请在 %(due)s 前再回复。"),
        OrderStep.ESCALATED: _("督办到期，%(unit)s没有回复：%(n)d 件，其中 %(open)d 件还在办。已报%(by)s。"),
        OrderStep.CLOSED: _("%(by)s核实相符，%(unit)s的督办销号：%(n)d 件，其中 %(open)d 件还在办。"),
    }[OrderStep(event.step)] % said


def install() -> None:
    """Has this told at every step of an order."""
    if tell not in orders.told:
        orders.told.append(tell)
    memos.add(SORT, memos.Sort(gettext_lazy("成批督办"), "flag", write, seen))
