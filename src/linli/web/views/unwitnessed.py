"""While no witness keeps watch over the log, what is said in mediations stays shut; everything else goes on."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from linli.kit import clock
from linli.ledger import actions as ledger

AGAIN = "300"  # seconds


class UnwitnessedMiddleware:
    """Answers with a plain page where something may not be shown for want of a witness."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ledger.Unwitnessed):
            return None
        watch = ledger.remembered(clock.now())
        page = render(request, "web/unwitnessed.html", {"watch": watch}, status=503)
        page["Retry-After"] = AGAIN
        page["Cache-Control"] = "no-store"
        return page


def unwatched() -> object:
    """How long the log has been without a witness, for the banner; false while all is well. Asked when drawn."""

    def look() -> dict[str, object]:
        at = clock.now()
        watch = ledger.remembered(at)
        if not watch.is_missed(at):
            return {}
        return {"is_stopped": watch.is_stopped(at), "stops_at": watch.stops_at}

    return SimpleLazyObject(look)
