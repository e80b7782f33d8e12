"""Orders on sets of cases, the cases under one of them, and the cases behind a figure."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from linli.cases.actions import orders as actions
from linli.cases.models import CaseQuerySet, Order
from linli.documents.actions.listings import Asked, Listing, noted, walk
from linli.documents.render.tables import Column, Kind, Rows
from linli.web.views import filters, orders
from linli.web.views.figures import behind

from .matters import COLUMNS, FIELDS, Words

SIZE = 500


def _orders(asked: Asked) -> Iterator[Rows]:
    """Open and closed ones, newest first."""
    seen = Order.objects.visible_to(asked.post).select_related(*orders.UNITS)
    for batch in walk(seen, ("-made_at", "-id"), size=SIZE):
        sizes = actions.sizes(batch)
        yield [
            (
                each.title,
                each.organisation.label,
                each.unit.label,
                each.get_state_display(),
                each.waits_at.label if each.closed_at is None else "",
                each.since,
                each.due_at,
                each.closed_at,
                each.returns,
                each.missed,
                *reversed(sizes.get(each.pk, (0, 0))),
            )
            for each in batch
        ]


def _ordered(asked: Asked) -> Iterator[Rows]:
    """Cases under the order of the query; nothing where the post sees no such order."""
    try:
        order_id = UUID(QueryDict(asked.query).get("order", ""))
    except ValueError:
        return
    order = Order.objects.visible_to(asked.post).filter(pk=order_id).first()
    if order is not None:
        yield from _cases(asked, orders.under(order, asked.post))


def _behind(asked: Asked) -> Iterator[Rows]:
    """Cases behind the figure of the query, as far as the post sees them; nothing where it sees no such figure."""
    given = QueryDict(asked.query)
    try:
        view, names = behind.read(asked.post, given.get("code", ""), given)
    except Http404:
        return
    yield from _cases(asked, behind.found(asked.post, view, names))


def _cases(asked: Asked, found: CaseQuerySet) -> Iterator[Rows]:
    words = Words(filters.options_for(asked.post, "", units=False))
    for batch in walk(found, ("-received_at", "-id"), FIELDS):
        noted(asked, (given[-1] for given in batch))
        yield [words.row(given, asked.at) for given in batch]


LISTINGS = (
    Listing(
        "orders",
        _("成批督办"),
        "measures.view",
        "web:orders",
        (
            Column("title", _("督办什么")),
            Column("ordered_by", _("谁发的")),
            Column("unit", _("督办哪个单位")),
            Column("state", _("状态")),
            Column("desk", _("在谁桌上")),
            Column("since", _("从什么时候起"), Kind.MOMENT),
            Column("due_at", _("时限"), Kind.MOMENT),
            Column("closed_at", _("销号时间"), Kind.MOMENT),
            Column("returns", _("退回过"), Kind.WHOLE),
            Column("missed", _("到期没回复"), Kind.WHOLE),
            Column("open_cases", _("其中在办"), Kind.WHOLE),
            Column("cases", _("全部事项数"), Kind.WHOLE),
        ),
        _orders,
    ),
    Listing("ordered", _("督办的事项"), "measures.view", "web:orders", COLUMNS, _ordered),
    Listing("behind", _("数字背后的事项"), "measures.view", "web:figures", COLUMNS, _behind),
)
