"""Filters somebody keeps under a name."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linli.cases.models import SavedView
from linli.kit import text
from linli.people.access import post_of, requires

from .shell import person_of

PAGES = {"work": "web:work", "cases": "web:cases"}
LONGEST_NAME, LONGEST_QUERY, MOST = 40, 500, 20


@requires("work.view")
@require_POST
def views(request: HttpRequest) -> HttpResponse:
    """Keeps the filters of a list; the same name again replaces what it held."""
    page = request.POST.get("page", "work")
    page = page if page in PAGES else "work"
    query = QueryDict(request.POST.get("query", "")[:LONGEST_QUERY], mutable=True)
    query.pop("after", None)
    name = " ".join(text.clean(request.POST.get("name", "")).split())
    back = f"{reverse(PAGES[page])}?{query.urlencode()}"
    person_id = person_of(post_of(request))
    mine = SavedView.objects.filter(person_id=person_id, page=page)
    if not name or len(name) > LONGEST_NAME:
        messages.error(request, _("视图名称：请写1到%(n)d个字。筛选条件还在。") % {"n": LONGEST_NAME})
    elif mine.exclude(name=name).count() >= MOST:
        messages.error(request, _("最多存%(n)d个视图，请先删掉一个。") % {"n": MOST})
    else:
        SavedView.objects.update_or_create(
            person_id=person_id, page=page, name=name, defaults={"query": query.urlencode()}
        )
        messages.success(request, _("存好了：%(name)s") % {"name": name})
    return redirect(back)


@requires("work.view")
@require_POST
def removal(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Forgets one of one's own views; somebody else's is not found, and nothing is said about it."""
    view = SavedView.objects.filter(pk=view_id, person_id=person_of(post_of(request))).first()
    if view is None:
        return redirect("web:work")
    view.delete()
    messages.success(request, _("视图“%(name)s”删掉了。") % {"name": view.name})
    return redirect(PAGES.get(view.page, "web:work"))
