"""My work: what waits for the present post, most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from linli.cases.models import SavedView
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.people.access import Actor, post_of, requires
from linli.portal import actions as portal

from . import filters, kinds, paging, rows, shell

PAGE = "work"
JOINED = ("case__place__parent", "case__holder")


@dataclass(frozen=True)
class Chip:
    """One reason for which cases wait, with their number."""

    why: str
    label: str
    count: int
    is_chosen: bool


@requires("work.view")
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """The list, or its inside alone when the page asks for news of itself."""
    post, at = post_of(request), clock.now()
    asked = filters.Filters.read(request.GET)
    options = filters.options_for(post, asked.place)
    tasks = asked.tasks(shell.waiting(post), options, at).select_related(*JOINED)
    page = paging.desk(tasks, request.GET.get("after", ""))
    listed = [rows.task_row(task, post, options, at) for task in page.rows]
    context = {
        "at": at,
        "page": page,
        "rows": listed,
        "filters": asked,
        "in_force": asked.in_force(options),
        "batch_id": uuid7(),
        "can": abilities(post),
    }
    if "X-Linli-Live" in request.headers:
        return fragment(request, context, "web/work_list.html")
    context |= {
        "held": portal.waiting_for(post).count() if post.may("case.accept") else 0,
        "options": options,
        "dues": filters.dues(),
        "counts": shell.counts(request),
        "chips": _chips(request, asked.why),
        "views": list(SavedView.objects.filter(person_id=shell.person_of(post), page=PAGE).order_by("name")),
    }
    return render(request, "web/work.html", context)


def abilities(post: Actor) -> dict[str, bool]:
    """What this post may do with several cases at once, or at all."""
    names = {
        "accept": "case.accept",
        "acknowledge": "case.acknowledge",
        "dispatch": "case.dispatch",
        "report": "case.report",
        "see": "case.view",
        "break_glass": "case.break_glass",
        "answer_claims": "privacy.answer",
        "supervise": "case.supervise",
    }
    can = {name: post.may(permission) for name, permission in names.items()}
    return can | {"tick": can["accept"] or can["acknowledge"] or can["dispatch"]}


def _chips(request: HttpRequest, chosen: str) -> list[Chip]:
    whys = shell.counts(request).whys
    labels = kinds.whys()
    order = [why for why in labels if why in whys] + sorted(set(whys) - set(labels))
    return [Chip(why, str(labels.get(why, why)), whys[why], why == chosen) for why in order]


def fragment(request: HttpRequest, context: dict[str, Any], template: str) -> HttpResponse:
    """The inside of a list for `ll-live`: 304 while no row has changed."""
    seen = [(row.case.pk, row.case.version, row.due.words, row.why) for row in context["rows"]]
    tag = shell.etag(request.get_full_path(), seen, context["page"].more)
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, template, context)
    response["ETag"] = tag
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["X-Linli-Live"])
    return response
