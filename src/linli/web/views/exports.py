"""My exports: asked for on any list, made in the background, fetched by whoever asked and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from linli.documents.actions import exporting, listings
from linli.documents.models import Export, ExportState
from linli.documents.views import serve_export
from linli.kit import clock
from linli.people.access import Actor, post_of, requires

SHOWN = 50


@dataclass(frozen=True)
class Line:
    """An export as the page shows it, and the list it was taken from."""

    export: Export
    label: str
    href: str

    @property
    def is_under_way(self) -> bool:
        return self.export.state in (ExportState.WAITING, ExportState.RUNNING)

    @property
    def is_done(self) -> bool:
        return self.export.state == ExportState.DONE


@requires("work.view")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def exports(request: HttpRequest) -> HttpResponse:
    """Those asked for under the present post; POST asks for one more."""
    if request.method == "POST":
        return _ask(request)
    return render(request, "web/exports.html", _context(request))


@requires("work.view")
@require_safe
@never_cache
def progress(request: HttpRequest) -> HttpResponse:
    """The inside of the page, which asks again while something is under way."""
    return render(request, "web/exports_list.html", _context(request))


@requires("work.view")
@require_GET
@never_cache
def file(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The file, noted each time; for anybody else, any other post, and after its time there is none."""
    post, at = post_of(request), clock.now()
    export = exporting.fetchable(export_id=export_id, by=post, at=at)
    if export is None:
        raise Http404
    response = serve_export(export)
    exporting.note_fetching(export=export, by=post, at=at)
    return response  # type: ignore[return-value]  # it comes in pieces


@requires("work.view")
@require_POST
def cancellation(request: HttpRequest, export_id: UUID) -> HttpResponse:
    _own(request, export_id)
    if exporting.cancel(export_id=export_id, by=post_of(request), at=clock.now()):
        messages.success(request, _("导出取消了。"))
    return redirect("web:exports")


@requires("work.view")
@require_POST
def removal(request: HttpRequest, export_id: UUID) -> HttpResponse:
    _own(request, export_id)
    if exporting.remove(export_id=export_id, by=post_of(request)):
        messages.success(request, _("删掉了。"))
    return redirect("web:exports")


def _ask(request: HttpRequest) -> HttpResponse:
    given = request.POST
    try:
        exporting.ask(
            listing=given.get("listing", "")[:40],
            query=given.get("query", ""),
            form=given.get("format", ""),
            language=get_language() or "zh-hans",
            by=post_of(request),
            at=clock.now(),
        )
    except exporting.NoSuchListing:
        raise Http404 from None
    except exporting.ExportRefused as error:
        messages.error(request, error.message)
        return render(request, "web/exports.html", _context(request), status=422)
    messages.success(request, _("开始导出了。做好以后在这里下载，可以先去做别的。"))
    return redirect("web:exports")


def _own(request: HttpRequest, export_id: UUID) -> None:
    """404 unless it is one's own, under this post."""
    if not Export.objects.under(post_of(request)).filter(pk=export_id).exists():
        raise Http404


def _context(request: HttpRequest) -> dict[str, object]:
    post, at = post_of(request), clock.now()
    mine = Export.objects.under(post).exclude(state=ExportState.DONE, expires_at__lte=at)
    lines = [_line(export, post) for export in mine.order_by("-asked_at", "-id")[:SHOWN]]
    return {"lines": lines, "is_under_way": any(line.is_under_way for line in lines), "at": at}


def _line(export: Export, post: Actor) -> Line:
    listing = listings.known().get(export.listing)
    if listing is None or not listing.is_open_to(post):
        return Line(export, exporting.label_of(export), "")
    try:
        page = reverse(listing.page)
    except NoReverseMatch:
        page = ""
    query = urlencode(parse_qsl(export.query))
    return Line(export, str(listing.label), f"{page}?{query}" if page and query else page)
