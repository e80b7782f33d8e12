"""The cases behind a number, under the reader's own rights."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.models import Case
from linli.kit import clock
from linli.measures.actions import reading
from linli.measures.actions.behind import cases_behind
from linli.measures.formulas import indicators
from linli.people.access import post_of, requires
from linli.web.views import filters, kinds, paging, rows

from .asked import Asked

LONGEST = 48


@requires("board.view")
@require_safe
def behind(request: HttpRequest, code: str) -> HttpResponse:
    """Fifty a page, newest first. The number counts more than the reader may see, and the page says so."""
    post, at = post_of(request), clock.now()
    asked = Asked.read(request, code)
    names = request.GET.get("count", "")[:200].split(",")
    known = indicators.counts()
    if not all(name in known for name in names):
        raise Http404
    view = _view(asked, request)
    counts = reading.totals(view)
    found = Case.objects.visible_to(post).filter(pk__in=cases_behind(view, names).values("case_id"))
    page = paging.newest(found.select_related("place__parent", "holder"), request.GET.get("after", ""))
    options = filters.options_for(post, "", units=False)
    context = {
        "asked": asked,
        "at": at,
        "page": page,
        "rows": [rows.case_row(case, options, at) for case in page.rows],
        "counts": [known[name] for name in names],
        "number": sum(counts[name] for name in names),
        "about": _about(view, options),
    }
    return render(request, "web/figures/behind.html", context)


def _view(asked: Asked, request: HttpRequest) -> reading.View:
    given = {name: request.GET.get(name, "")[:LONGEST] for name in ("category", "channel", "kind")}
    return replace(
        asked.view,
        kind=given["kind"] or reading.REQUESTS,
        category=given["category"],
        channel=given["channel"],
    )


def _about(view: reading.View, options: filters.Options) -> list[str]:
    words = [options.category_words(view.kind, view.category) if view.category else ""]
    if view.channel:
        words.append(str(kinds.channels().get(view.channel, view.channel)))
    if view.kind != reading.REQUESTS:
        words.append(kinds.word_of(view.kind) or _("人民调解"))
    return [word for word in words if word]
