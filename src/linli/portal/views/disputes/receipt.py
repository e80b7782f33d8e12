"""The receipt of an application: the party's own code, what was received, and the day promised."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kit import clock, codes
from linli.kit.sealing import vault
from linli.mediation import actions as mediations
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.disputes.mine import find_mine
from linli.portal.views.tickets import PARTY_RECEIPT, party_of


@public
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """For an hour after sending, to the browser that sent it. The code is made anew, never stored and never sent."""
    named = party_of(request, PARTY_RECEIPT)
    mine = find_mine(named, clock.now()) if named else None
    if mine is None:
        return not_kept(HttpResponseRedirect(reverse("portal:track")))
    context = {
        "code": codes.pretty(mediations.party_code(mine.case.pk, mine.number)),
        "mine": mine,
        "case": mine.case,
        "is_away": vault.is_away(mine.case.pk),
    }
    return not_kept(render(request, "portal/disputes/receipt.html", context))
