"""The public search: what the county publishes, and requests whose reporters agreed to it. Nothing else is met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from linli.cases.actions import paging
from linli.cases.models import Case
from linli.kit import clock, text
from linli.people.access import public
from linli.people.actions import rates
from linli.portal.models import Article, ArticleText
from linli.portal.views.client import address_of
from linli.service_requests.actions import publishing
from linli.service_requests.models import Category, Request

KINDS = ("articles", "requests")
SIZE, FIRST = 20, 5
LONGEST = 100
PER_MINUTE, BURST = 30, 30
TOO_MANY = 429


@dataclass(frozen=True)
class Found:
    """One result: its title and an excerpt in pieces that are hits or not."""

    title: list[text.Piece]
    excerpt: list[text.Piece]
    at: datetime
    facts: list[str]
    href: str = ""


@dataclass(frozen=True)
class Results:
    """Results of one kind, and the key of the next page."""

    rows: list[Found]
    more: str = ""


@public
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Both kinds, the first few of each; `what` shows one of them page by page."""
    query = text.clean(request.GET.get("q", "")[:LONGEST])
    what = request.GET.get("what", "")
    what = what if what in KINDS else ""
    wanted = text.terms(query)
    context: dict[str, Any] = {"query": query, "what": what, "wanted": bool(wanted), "size": SIZE}
    if wanted:
        at = clock.now()
        name = f"search/{rates.network(address_of(request))}"
        if rates.take(name=name, per_minute=PER_MINUTE, burst=BURST, at=at) is not None:
            return render(request, "429.html", status=TOO_MANY)
        after = request.GET.get("after", "") if what else ""
        size = SIZE if what else FIRST
        if what != "requests":
            context["articles"] = _articles(query, wanted, at, after, size)
        if what != "articles":
            context["requests"] = _requests(query, wanted, after, size)
    return render(request, "portal/search.html", context)


def _articles(query: str, wanted: list[str], at: datetime, after: str, size: int) -> Results:
    page = paging.searched(Article.objects.public(at), query, after, size, texts=ArticleText)
    return Results([_article(row, wanted) for row in page.rows], page.more)


def _article(article: Article, wanted: list[str]) -> Found:
    """In the reader's language, unless the words stand only in the other."""
    excerpt = text.marked(article.text, wanted, 80)
    if not _has_hit(excerpt):
        other = next(
            (each for each in (article.text_zh, article.text_en) if _has_hit(text.marked(each, wanted, 80))),
            "",
        )
        excerpt = text.marked(other, wanted, 80) if other else excerpt
    facts = [str(article.get_kind_display()), article.office]
    href = reverse("portal:guide", args=[article.pk])
    return Found(text.marked(article.title, wanted, 120), excerpt, article.published_at, facts, href)


def _requests(query: str, wanted: list[str], after: str, size: int) -> Results:
    page = paging.searched(publishing.published(), query, after, size, column="shown")
    said = Request.objects.in_bulk([row.pk for row in page.rows])
    names = _categories({row.category for row in page.rows})
    return Results([_request(row, said[row.pk], wanted, names) for row in page.rows], page.more)


def _request(case: Case, said: Request, wanted: list[str], names: dict[str, str]) -> Found:
    seen = publishing.public_view(case, said)
    pieces = text.marked(seen.text, wanted, 80)
    if not _has_hit(pieces) and _has_hit(text.marked(seen.address, wanted)):
        pieces = text.marked(seen.address, wanted, 80)
    facts = [names.get(case.category, ""), str(case.stage.told_others)]
    return Found(
        text.marked(seen.title, wanted, 120), pieces, case.received_at, [fact for fact in facts if fact]
    )


def _has_hit(pieces: list[text.Piece]) -> bool:
    return any(piece.is_hit for piece in pieces)


def _categories(codes: set[str]) -> dict[str, str]:
    english = (get_language() or "").startswith("en")
    rows = Category.objects.filter(pk__in=codes)
    return {row.code: row.name_en if english and row.name_en else row.name_zh for row in rows}
