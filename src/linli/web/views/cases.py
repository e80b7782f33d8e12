"""All matters this post may see, open or closed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.cases.models import Case, CaseQuerySet, SavedView
from linli.kit import clock
from linli.people.access import post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group
from linli.service_requests.models import Level

from . import filters, kinds, paging, rows
from .excerpts import excerpts
from .shell import person_of
from .work import abilities, fragment

PAGE = "cases"


@requires("case.view")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """Fifty rows a page in eight statements at most, however many cases there are.

    A search takes three more, and notes whose words it shows.
    """
    post, at = post_of(request), clock.now()
    asked = filters.Filters.read(request.GET)
    options = filters.options_for(post, asked.place, units=True)
    found = asked.cases(Case.objects.visible_to(post), options, at, is_searched=False)
    page = _page(found.select_related("place__parent", "holder"), asked, request.GET.get("after", ""))
    hits = excerpts(page.rows, asked.query)
    said = [case_id for case_id, hit in hits.items() if hit.line]
    reads.note_many(shown=dict.fromkeys(said, (Group.WORDS,)), by=post, what="excerpt", at=at)
    context = {
        "at": at,
        "page": page,
        "rows": [rows.case_row(case, options, at, hits.get(case.pk)) for case in page.rows],
        "filters": asked,
        "in_force": asked.in_force(options),
        "can": abilities(post),
    }
    if "X-Linli-Live" in request.headers:
        return fragment(request, context, "web/cases_list.html")
    context |= {
        "options": options,
        "dues": filters.dues(),
        "kinds": kinds.kinds().items(),
        "states": kinds.states(asked.kind).items(),
        "levels": [choice for choice in Level.choices if choice[0] != Level.EMERGENCY],
        "channels": kinds.channels().items(),
        "views": list(SavedView.objects.filter(person_id=person_of(post), page=PAGE).order_by("name")),
    }
    return render(request, "web/cases.html", context)


def _page(found: CaseQuerySet, asked: filters.Filters, after: str) -> paging.Page:
    """What was searched for is always by receipt, newest first."""
    if asked.query:
        return paging.searched(found, asked.query, after)
    return (paging.urgent if asked.by_urgency else paging.newest)(found, after)
