"""What comes back at the same place: the ten that cost most cases, one with its cause and remedy, and surges."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.kit import clock
from linli.measures.actions import problems as actions
from linli.measures.actions import surges
from linli.measures.models import Problem, ProblemState, SurgeNotice
from linli.people.access import post_of, requires
from linli.service_requests.models import Category
from linli.web.forms.rounds import OwnerForm, RemedyForm

from . import sources
from .rounds import done
from .rows import place_label


@requires("measures.view")
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The problems of the post's area that cost most, what was settled, and what surged lately."""
    post, today = post_of(request), timezone.localdate(clock.now())
    words = labels()
    found = actions.costliest(path=post.path)
    counted = actions.counted(found)
    context = {
        "unit": post.organisation,
        "problems": [
            (each, *named(each, words), sum(counted[each.pk]), sources.of_problem(each)) for each in found
        ],
        "settled": [(each, *named(each, words)) for each in actions.settled(path=post.path)],
        "surges": [(each, surged(each, words)) for each in surges.recent(path=post.path, on=today)],
    }
    return render(request, "web/problems.html", context)


@requires("measures.view")
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, problem_id: UUID) -> HttpResponse:
    """A problem; whoever may takes the next step on it here."""
    post = post_of(request)
    problem = actions.visible(problem_id=problem_id, by=post)
    if problem is None:
        raise Http404
    given = request.POST if request.method == "POST" else None
    form = _form(problem, post.path.split("/")[0] + "/", given)
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and done(form, lambda: _step(problem, form, post)) is not None:
            messages.success(request, _("已记下。"))
            return redirect("web:problem", problem.pk)
    category, place = named(problem, labels())
    made, again = actions.counted([problem])[problem.pk]
    context = {"problem": problem, "category": category, "place": place, "form": form}
    context |= {"n": made + again, "again": again, "cases": sources.of_problem(problem)}
    return render(request, "web/problem.html", context, status=422 if form and form.errors else 200)


def _form(problem: Problem, county: str, data: Any) -> forms.Form | None:
    """The next step: naming who looks for the cause, or writing it down."""
    if problem.state in (ProblemState.FOUND, ProblemState.RETURNED):
        return OwnerForm(county, data)
    return RemedyForm(data) if problem.state == ProblemState.OWNED else None


def _step(problem: Problem, form: forms.Form, post: Any) -> Problem:
    said = form.cleaned_data
    if isinstance(form, OwnerForm):
        return actions.own(problem=problem, owner=said["owner"], by=post)
    return actions.remedy(problem=problem, cause=said["cause"], done=said["remedy"], by=post, at=clock.now())


def named(problem: Problem, words: dict[str, str]) -> tuple[str, str]:
    """Category and place in words."""
    return words.get(problem.category, problem.category), place_label(problem.organisation)


def labels() -> dict[str, str]:
    """Every category in words."""
    return {row.code: row.label for row in Category.objects.all()}


def surged(notice: SurgeNotice, words: dict[str, str]) -> list[dict[str, Any]]:
    """Each category once, by its highest day."""
    highest: dict[str, dict[str, Any]] = {}
    for surge in notice.surges:
        known = highest.get(surge["category"])
        if known is None or surge["counts"][1] > known["counts"][1]:
            highest[surge["category"]] = surge
    return [
        {
            "label": words.get(code, code),
            "count": surge["counts"][1],
            "usual": surge["expected"],
            "code": code,
            "day": surge["day"],
        }
        for code, surge in highest.items()
    ]
