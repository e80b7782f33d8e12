"""The page of a mediation: one frame, and sections that each bring what they show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from linli.kit import clock
from linli.mediation.models import Mediation
from linli.people.access import post_of
from linli.web.forms.pressed import Attempt
from linli.web.views import casefile, drawing

from . import gate, waiting
from .file import MediationFile, load

Section = Callable[[MediationFile, Attempt | None], dict[str, Any]]
sections: list[Section] = []


def section(bring: Section) -> Section:
    """A module of the page adds what its part shows: a function of the file and the refused attempt, if any."""
    sections.append(bring)
    return bring


def show(
    request: HttpRequest, matter: Mediation, attempt: Attempt | None = None, status: int = 200
) -> HttpResponse:
    """The page for whoever may read it; the opening is noted before anything is loaded."""
    post, at = post_of(request), clock.now()
    try:
        gate.admit(request, matter, post, at)
    except gate.PurposeWanted:
        return redirect("web:mediation", matter.case.number)
    file = load(matter, post, at)
    return render(request, "web/mediations/page.html", context_of(file, attempt), status=status)


def context_of(file: MediationFile, attempt: Attempt | None = None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "file": file,
        "case": file.case,
        "matter": file.matter,
        "at": file.at,
        "attempt": attempt,
        "missing": waiting.missing(file),
        "faces": casefile.faces(file.as_casefile),
        "steps": drawing.steps(file.as_casefile),
        "lines": casefile.lines(file.as_casefile),
        "turn": casefile.whose_turn(file.as_casefile),
    }
    for bring in sections:
        context |= bring(file, attempt)
    context["lost"] = attempt if attempt is not None and not attempt.drawn else None
    return context
