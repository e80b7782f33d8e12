"""A report that has to wait: its code, and what became of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kit import codes
from linli.people.access import public
from linli.portal.models import Held, HeldState
from linli.portal.views.client import not_kept
from linli.portal.views.tickets import HELD, case_id_of, give_track
from linli.service_requests.actions import tracking_code


@public
@require_safe
def held(request: HttpRequest) -> HttpResponse:
    """For an hour, to the browser that sent it or gave its code. Once taken in, it is followed like any other."""
    held_id = case_id_of(request, HELD)
    row = Held.objects.filter(pk=held_id).first() if held_id else None
    if row is None or row.state == HeldState.RELEASED:
        response = HttpResponseRedirect(reverse("portal:track"))
        if row is not None:
            give_track(response, row.pk)
        return not_kept(response)
    context = {"held": row, "code": codes.pretty(tracking_code(row.pk)), "text": row.content.get("text", "")}
    return not_kept(render(request, "portal/held.html", context))
