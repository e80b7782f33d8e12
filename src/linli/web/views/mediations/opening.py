"""Opening a mediation: the page for its mediators, the question of purpose for officers it names."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.kit import clock
from linli.mediation.actions import reading
from linli.mediation.models import Mediation, Purpose
from linli.people.access import post_of, requires

from . import gate
from .file import find
from .page import show


@requires("case.view")
@require_safe
def mediation(request: HttpRequest, number: str) -> HttpResponse:
    """The page, its opening noted first; an officer the case names says what for before anything is shown."""
    matter, post, at = find(number), post_of(request), clock.now()
    if not reading.may_read(matter.case_id, post):
        raise Http404
    if gate.must_say_why(matter, post) and not gate.kept_purpose(request, matter, at):
        return _ask(request, matter)
    response = show(request, matter)
    response["Cache-Control"] = "no-store"
    return response


@requires("case.view")
@require_POST
def purpose(request: HttpRequest, number: str) -> HttpResponse:
    """Keeps what a named officer opens this case for, for half an hour."""
    matter, post, at = find(number), post_of(request), clock.now()
    if not reading.may_read(matter.case_id, post):
        raise Http404
    chosen = request.POST.get("purpose", "")
    if chosen not in Purpose.values:
        return _ask(request, matter, _("请选一项。打开的人、时间和用途都会记下来。"))
    gate.keep_purpose(request, matter, chosen, at)
    return redirect("web:mediation", matter.case.number)


def _ask(request: HttpRequest, matter: Mediation, problem: str = "") -> HttpResponse:
    context = {"case": matter.case, "purposes": Purpose.choices, "problem": problem}
    return render(request, "web/mediations/purpose.html", context, status=422 if problem else 200)
