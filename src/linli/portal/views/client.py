"""Who is asking, as far as anybody needs to know."""

from __future__ import annotations

from django.http import HttpResponse

from linli.people.signin import address_of

__all__ = ["address_of", "not_kept"]


def not_kept(response: HttpResponse) -> HttpResponse:
    """A page about one person's matter: kept by no cache, and gone when they press back on a shared phone."""
    response["Cache-Control"] = "no-store, private"
    return response
