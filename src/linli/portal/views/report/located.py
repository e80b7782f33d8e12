"""Says which grid a point lies in, while the person is still choosing it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from linli.people.access import public
from linli.portal.forms import Draft, find_where
from linli.portal.views.county import county_of
from linli.portal.views.places import full_label


@public
@require_POST
def located(request: HttpRequest) -> HttpResponse:
    """A fragment for the point posted. By POST, so that no position stands in an address or a log."""
    draft = Draft(lon=request.POST.get("lon", ""), lat=request.POST.get("lat", ""))
    where = find_where(county_of(request), draft)
    label = full_label(where.place) if where.place else ""
    return render(request, "portal/report/located.html", {"label": label, "errors": where.errors})
