"""The receipt: the secret code, what was received, and the dates promised with how they were worked out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.cases.models import Case
from linli.kit import clock, codes
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.progress import Progress
from linli.portal.views.tickets import RECEIPT, case_id_of
from linli.service_requests.actions import tracking_code


@public
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """For an hour after submitting, to the browser that submitted. The code is made anew from the case, never sent."""
    case_id = case_id_of(request, RECEIPT)
    case = Case.objects.select_related("place", "holder").filter(pk=case_id).first() if case_id else None
    if case is None:
        return not_kept(HttpResponseRedirect(reverse("portal:track")))
    progress = Progress(case, clock.now())
    context = {
        "code": codes.pretty(tracking_code(case.pk)),
        "progress": progress,
        "case": case,
        "total": progress.promise(),
        "accepting": progress.promise("accepting"),
    }
    return not_kept(render(request, "portal/receipt.html", context))
