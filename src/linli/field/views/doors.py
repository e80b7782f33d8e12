"""Who sends: a phone that shows its token. The token opens nothing to read; reading takes a person who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from linli.field import actions
from linli.field.models import Phone
from linli.kit import clock
from linli.people.access import View

SCHEME = "Phone"


def token_required(view: Callable[..., HttpResponse]) -> View:
    """Open to a phone with its token, revoked or not: what it sends then waits for a person."""

    @csrf_exempt  # nothing here looks at a cookie to decide what is changed
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        phone = phone_of(request)
        if phone is None:
            return JsonResponse({"code": "unknown"}, status=401, headers={"Cache-Control": "no-store"})
        response = view(request, phone, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    opened.permission = "key"  # type: ignore[attr-defined]
    return opened


def unless_given_up(view: Callable[..., HttpResponse]) -> View:
    """Before anything else, a phone that names itself learns that it was revoked: 410, and it wipes what it holds.

    Somebody else than its owner may be signed in by then: nothing of theirs goes onto it.
    """

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        phone = phone_of(request)
        if phone is not None and not phone.may_act(clock.now()):
            return JsonResponse({"code": "revoked"}, status=410, headers={"Cache-Control": "no-store"})
        if phone is not None and request.user.pk not in (None, phone.grant.person_id):
            return JsonResponse({"code": "another"}, status=401, headers={"Cache-Control": "no-store"})
        return view(request, *args, **kwargs)

    return opened


def phone_of(request: HttpRequest) -> Phone | None:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    name, _dot, token = given.strip().partition(".")
    if scheme != SCHEME or not token:
        return None
    try:
        return actions.phone_of(UUID(name), token)
    except ValueError:
        return None
