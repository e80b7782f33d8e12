"""The front door, and the pages that say what Linli keeps to."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.people.access import public
from linli.portal.views.figures import latest
from linli.privacy.actions import notices


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/home.html", {"summary": latest(request)})


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The notice of how personal information is handled, in its present version or an earlier one."""
    shown = notices.notice(request.GET.get("version", ""))
    if shown is None:
        raise Http404
    return render(request, "portal/privacy.html", {"notice": shown, "versions": notices.versions()})


@public
@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/promises.html")


@public
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/accessibility.html")
