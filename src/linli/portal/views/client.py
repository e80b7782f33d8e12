"""Who is asking, as far as anybody needs to know."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def address_of(request: HttpRequest) -> str:
    """The network address: behind the proxy that LINLI_HTTPS implies, the last one that proxy names."""
    if settings.SECURE:
        forwarded = request.headers.get("X-Forwarded-For", "")
        if forwarded:
            return str(forwarded.rsplit(",", 1)[-1].strip())
    return str(request.META.get("REMOTE_ADDR", ""))


def not_kept(response: HttpResponse) -> HttpResponse:
    """A page about one person's matter: kept by no cache, and gone when they press back on a shared phone."""
    response["Cache-Control"] = "no-store, private"
    return response
