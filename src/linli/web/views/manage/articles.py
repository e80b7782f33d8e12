"""Policies, guides and notices of the public pages, kept by administrators of the county."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kit import clock
from linli.people.access import requires
from linli.portal.actions import articles as actions
from linli.portal.models import Article
from linli.web.forms.manage_articles import ArticleForm

from . import history
from .pages import add_errors, county_post, show

SIZE = 50


@requires("manage.categories")
@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """Every article, planned and withdrawn ones too, newest first."""
    county_post(request)
    at, page = clock.now(), Article.objects.all().page(request.GET.get("after", ""), SIZE)
    listed = [(article, article.status(at)) for article in page.rows]
    return show(request, "articles", {"articles": listed, "more": page.more, "size": SIZE})


@requires("manage.categories")
@require_http_methods(["GET", "HEAD", "POST"])
def new_article(request: HttpRequest) -> HttpResponse:
    post = county_post(request)
    form = ArticleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            article = actions.add_article(by=post, at=clock.now(), changes=form.cleaned_data)
        except actions.ArticleRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("已新增“%(name)s”。") % {"name": article.title})
            return redirect("web:manage_articles")
    return show(request, "article", {"form": form}, refused=form.is_bound)


@requires("manage.categories")
@require_http_methods(["GET", "HEAD", "POST"])
def article(request: HttpRequest, article_id: UUID) -> HttpResponse:
    post, row, at = county_post(request), _get(article_id), clock.now()
    form = ArticleForm(request.POST if request.method == "POST" else None, initial=ArticleForm.values(row))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_article(article=row, by=post, at=at, changes=form.cleaned_data)
        except actions.ArticleRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("“%(name)s”已保存。") % {"name": row.title})
            return redirect("web:manage_articles")
    context = {
        "form": form,
        "article": row,
        "status": row.status(at),
        "history": history.of("article", row.pk),
    }
    return show(request, "article", context, refused=form.is_bound)


@requires("manage.categories")
@require_POST
def withdrawal(request: HttpRequest, article_id: UUID) -> HttpResponse:
    """Takes an article off the public pages, or puts it back."""
    post, row = county_post(request), _get(article_id)
    if request.POST.get("do") == "restore":
        actions.restore_article(article=row, by=post, at=clock.now())
        messages.success(request, _("“%(name)s”又公布了。") % {"name": row.title})
    else:
        actions.withdraw_article(article=row, by=post, at=clock.now())
        messages.success(request, _("“%(name)s”已撤下。") % {"name": row.title})
    return redirect("web:manage_articles")


def _get(article_id: UUID) -> Article:
    row = Article.objects.filter(pk=article_id).first()
    if row is None:
        raise Http404
    return row
