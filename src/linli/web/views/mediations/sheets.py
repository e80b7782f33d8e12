"""Pages of a mediation that carry one form: a paper, the agreement, a signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from linli.cases.actions import BadData, CaseNotFound, CommandError
from linli.documents.forms import staged, take
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.people.access import post_of
from linli.web.views.moves import command_of

from .file import MediationFile, find, load
from .gate import PurposeWanted, admit

View = Callable[..., HttpResponse]


def reads(what: str) -> Callable[[View], View]:
    """Gives the view the file in the place of its number, once the reader is admitted and the opening noted."""

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(request: HttpRequest, number: str, **rest: Any) -> HttpResponse:
            matter, post, at = find(number), post_of(request), clock.now()
            try:
                admit(request, matter, post, at, what)
            except PurposeWanted:
                return redirect("web:mediation", matter.case.number)
            return view(request, load(matter, post, at), **rest)

        return opened

    return decorate


@dataclass
class Sheet:
    """What a page with one form shows. `photos` is the label of its photos, if it takes any."""

    title: str
    label: str
    form: forms.Form
    icon: str = "check"
    lead: str = ""
    photos: str = ""
    is_grave: bool = False
    template: str = "web/mediations/sheet.html"
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """What a sheet was sent with."""

    file: MediationFile
    command_id: UUID
    photos: list[UUID]
    posted: Mapping[str, Any]

    @property
    def who(self) -> dict[str, Any]:
        return {"case": self.file.case.pk, "by": self.file.post, "at": self.file.at}

    @property
    def command(self) -> dict[str, Any]:
        return {**self.who, "command_id": self.command_id}


def answer(
    request: HttpRequest,
    file: MediationFile,
    sheet: Sheet,
    do: Callable[[Sent], Any],
    *,
    done: str = "",
    then: str | Callable[[Any], str] = "",
) -> HttpResponse:
    """Shows the sheet; or does it and goes on to `then`, an anchor of the page or an address made of the result."""
    if request.method != "POST":
        return draw(request, file, sheet)
    if "more" in request.POST:  # more rows of a table, without any script
        return draw(request, file, sheet, photos=request.POST.getlist("photos"))
    ids, wrong = take(request, request.POST.getlist("photos")) if sheet.photos else ([], [])
    problem = " ".join(wrong)
    if not sheet.form.is_valid() or problem:
        return draw(request, file, sheet, photos=ids, problem=problem, status=422)
    sent = Sent(file, command_of(request), [UUID(each) for each in ids], request.POST)
    try:
        with transaction.atomic():
            result = do(sent)
    except CommandError as error:
        return _refused(request, file, sheet, ids, error)
    if done:
        messages.success(request, done)
    if callable(then):
        return redirect(then(result))
    return redirect(f"{reverse('web:mediation', args=[file.number])}#{then}")


def _refused(
    request: HttpRequest, file: MediationFile, sheet: Sheet, photos: list[str], error: CommandError
) -> HttpResponse:
    if isinstance(error, CaseNotFound):
        raise Http404 from None
    if isinstance(error, BadData):
        _note(sheet.form, error.errors)
        problem = error.errors.get("photos", "")
        return draw(request, file, sheet, photos=photos, problem=problem, status=422)
    return draw(request, file, sheet, photos=photos, refusal=str(error), status=409)


def _note(form: forms.Form, problems: Mapping[str, str]) -> None:
    if hasattr(form, "add_problems"):
        form.add_problems(problems)
        return
    for name, problem in problems.items():
        form.add_error(name if name in form.fields else None, problem)


def draw(
    request: HttpRequest,
    file: MediationFile,
    sheet: Sheet,
    *,
    photos: list[str] | None = None,
    problem: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "file": file,
        "case": file.case,
        "matter": file.matter,
        "sheet": sheet,
        "form": sheet.form,
        # A command that was refused may have been used up, so its next attempt gets a fresh id.
        "command_id": uuid7() if refusal or request.method != "POST" else command_of(request),
        "staged": staged(request, photos or []),
        "photo_problem": problem,
        "refusal": refusal,
        "at": file.at,
        **sheet.more,
    }
    return render(request, sheet.template, context, status=status)
