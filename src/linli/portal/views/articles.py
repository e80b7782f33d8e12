"""Policies, guides and notices: a list by kind, and a page for each."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.people.access import public
from linli.portal.models import Article, ArticleKind

SIZE = 20


@public
@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    """The newest first, twenty a page."""
    kind = request.GET.get("kind", "")
    rows = Article.objects.public(clock.now())
    if kind in ArticleKind.values:
        rows = rows.filter(kind=kind)
    page = rows.page(request.GET.get("after", ""), SIZE)
    context = {
        "articles": page.rows,
        "kinds": ArticleKind.choices,
        "kind": kind if kind in ArticleKind.values else "",
        "more": page.more,
        "size": SIZE,
    }
    return render(request, "portal/guides.html", context)


@public
@require_safe
def guide(request: HttpRequest, article_id: UUID) -> HttpResponse:
    """One article; a withdrawn or planned one does not exist."""
    article = Article.objects.public(clock.now()).filter(pk=article_id).first()
    if article is None:
        raise Http404
    return render(request, "portal/guide.html", {"article": article, "at": clock.now()})
