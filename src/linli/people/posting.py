"""How much one address may post to pages that are open to everybody: no form of ours can be flooded from one place.

This is far above what anybody types. The forms that open a case have tighter budgets of their own besides
(`portal.actions.budget`), signing in has its own, and programs are counted by their keys (`api.access`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.kit import clock
from linli.people.access import NEVER_SHOWN
from linli.people.actions import rates, rough
from linli.people.signin import address_of

BURST = 120
PER_MINUTE = 60
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
COUNTED_BY_KEY = {"open311", "open311-test", "api_v1"}


class PostingMiddleware:
    """Stands before every public view. What comes too fast is not taken in, and is shown to be sent again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if request.method in SAFE or getattr(view, "permission", "") != "public" or not _is_counted(request):
            return None
        limit = rates.Limit(f"posts/{rates.network(address_of(request))}", PER_MINUTE, BURST)
        at = clock.now()
        if (
            rough.fits([limit], at)
            or request.user.is_authenticated
            or not rates.full([limit], at, is_brief=True)
        ):
            return None
        until = rates.blocked_until(**limit._asdict(), at=at) or at
        is_read = not getattr(
            view, "csrf_exempt", False
        )  # else it wants its files before anybody reads the form
        return _too_fast(request, math.ceil((until - at).total_seconds()), is_read=is_read)


def _is_counted(request: HttpRequest) -> bool:
    """Not staff at work, nor this machine itself: a proxy not named in the settings hides everybody behind it."""
    if not settings.REPORT_BUDGETS or rates.is_this_machine(address_of(request)):
        return False
    match = request.resolver_match
    return not (match and COUNTED_BY_KEY & set(match.namespaces))


def _too_fast(request: HttpRequest, seconds: int, *, is_read: bool) -> HttpResponse:
    """Everything typed stands on the page, but for files and secrets; pressing once more sends it again."""
    given = [(name, each) for name, values in request.POST.lists() for each in values] if is_read else []
    kept = [(name, value) for name, value in given if not any(word in name for word in NEVER_SHOWN)]
    context = {"seconds": seconds, "values": kept, "address": request.get_full_path()}
    response = render(request, "people/too_fast.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store, private"
    return response
