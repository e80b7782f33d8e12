"""What happened, as a feed by cursor: read on from where one stopped, nothing skipped and nothing twice."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from ninja import Query

from linli.cases.actions import feed
from linli.cases.models import Case
from linli.privacy.actions import reads
from linli.privacy.models import Group

from . import questions, schemas, shapes
from .door import visit_of
from .operations import READ, operation
from .problems import Problem

TAG = gettext_lazy("发生了什么")


@operation(
    "GET",
    "/events",
    id="list_events",
    scope=READ,
    tag=TAG,
    summary=gettext_lazy("从一个位置往后，都发生了什么"),
    description=gettext_lazy(
        "after 写上一页的 next，第一次写 0。一页看 limit 个位置，看不到的事项跳过，所以一页可以是空的；next 总往前走。"
        "is_last：后面暂时没有了。没有联系方式；调解只有走到哪一步，没有内容。"
    ),
    query=questions.EventQuery,
    response=schemas.Events,
    problems=("not-allowed",),
    pages=True,
)
def list_events(request: HttpRequest, asked: Query[questions.EventQuery]) -> dict[str, Any]:
    visit = visit_of(request)
    if not visit.actor.may("case.view"):
        raise Problem("not-allowed")
    try:
        page = feed.read(after=asked.after, by=visit.actor, limit=asked.limit)
    except feed.NoSuchPlace:
        raise shapes.cursor_refused() from None
    shown = {entry.case.pk: _groups(entry.case) for entry in page.entries}
    reads.note_many(shown=shown, by=visit.actor, what="feed", at=visit.at)
    if not page.is_last:
        shapes.turned(request, str(page.cursor))
    return {
        "events": [_entry(entry) for entry in page.entries],
        "next": page.cursor,
        "is_last": page.is_last,
    }


def _groups(case: Case) -> list[Group]:
    """Of a mediation the steps alone, of anything else what was said at them."""
    return [Group.HISTORY] if case.kind in shapes.MEDIATIONS else [Group.HISTORY, Group.WORDS]


def _entry(entry: feed.Entry) -> dict[str, Any]:
    event, case = entry.event, entry.case
    return {
        "position": entry.position,
        "case": case.number,
        "kind": case.kind,
        "number": event.number,
        "verb": event.verb,
        "label": str(case.procedure.move_of(event.kind).done),
        "state": event.state,
        "at": event.at,
        "received_at": event.received_at,
        "by": event.actor_kind,
        "organisation": event.organisation.code if event.organisation else None,
        "unit": event.unit.code if event.unit else None,
        "is_public": event.is_public,
        "data": shapes.data_of(event, case),
    }
