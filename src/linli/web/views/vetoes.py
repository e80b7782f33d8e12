"""Proposing a veto about a unit; the page of the case does the rest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData, CommandError
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation.actions import vetoes
from linli.people.access import post_of, requires
from linli.web.forms.vetoes import VetoForm


@requires("mediation.propose_veto")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    post, problem, status = post_of(request), "", 200
    form = VetoForm(post, request.POST if request.method == "POST" else None, initial={"command_id": uuid7()})
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = vetoes.propose(
                    proposal=form.proposal,
                    by=post,
                    at=clock.now(),
                    command_id=form.cleaned_data["command_id"],
                )
                return redirect("web:case", made.case.number)
            except BadData as error:
                for name, message in error.errors.items():
                    form.add_error(name if name in form.fields else None, message)
            except CommandError as error:
                problem, status = str(error), 409
    return render(request, "web/veto_new.html", {"form": form, "problem": problem}, status=status)
