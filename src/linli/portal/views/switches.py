"""Language, size of text and theme: kept in a cookie each, for a year."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from linli.people.access import public

YEAR = 365 * 24 * 3600


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Sets the language of every page to one of the settings' languages."""
    return _switch(
        request, settings.LANGUAGE_COOKIE_NAME, "language", {code for code, _name in settings.LANGUAGES}
    )


@public
@require_POST
def size(request: HttpRequest) -> HttpResponse:
    """Large text (长辈版) or the ordinary size."""
    return _switch(request, "linli_size", "size", {"large", "normal"})


@public
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Dark or light."""
    return _switch(request, "linli_theme", "theme", {"dark", "light"})


def _switch(request: HttpRequest, cookie: str, field: str, allowed: set[str]) -> HttpResponse:
    """Back to where the reader was; an unknown choice changes nothing."""
    response = HttpResponseRedirect(safe_next(request))
    chosen = request.POST.get(field, "")
    if chosen in allowed:
        response.set_cookie(
            cookie, chosen, max_age=YEAR, samesite="Lax", secure=settings.SECURE, httponly=True
        )
    return response


def safe_next(request: HttpRequest) -> str:
    """The page asked for, if it is one of ours; else the home page."""
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=request.is_secure()):
        return wanted
    return "/"
