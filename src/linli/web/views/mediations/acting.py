"""One press of a button on the page of a mediation: done, or the page again with everything typed still there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from linli.cases.actions import BadData, CaseNotFound, CommandError, CommandReused, StaleCase
from linli.cases.models import Case, Event
from linli.cases.procedures.story import Line, story
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation.actions import reading
from linli.mediation.models import Mediation
from linli.people.access import Actor, post_of
from linli.web.forms.pressed import Attempt
from linli.web.views.moves import command_of, version_of

from .file import find
from .page import show


@dataclass(frozen=True)
class Press:
    """What a press brings with it."""

    request: HttpRequest
    matter: Mediation
    post: Actor
    at: datetime
    command_id: UUID
    version: int | None

    @property
    def case(self) -> Case:
        return self.matter.case

    @property
    def posted(self) -> QueryDict:
        return self.request.POST

    @property
    def who(self) -> dict[str, Any]:
        """`by` and `at`, as every action takes them."""
        return {"by": self.post, "at": self.at}

    @property
    def command(self) -> dict[str, Any]:
        """`by`, `at` and `command_id`, as actions that make an event take them."""
        return {**self.who, "command_id": self.command_id}


def press(
    request: HttpRequest,
    number: str,
    form: str,
    do: Callable[[Press], Any],
    *,
    done: str | Callable[[Any], str] = "",
    then: str | Callable[[Any], str] = "",
) -> HttpResponse:
    """Does it in one transaction and goes on.

    `form` is the name of the PressedForm that was pressed. `done` is what is said afterwards, or makes it from the
    result; `then` is the anchor of the page to go to (the form's by default), or makes an address from the result.
    Whoever may not read the case gets 404; a refusal shows the page with the message at the form and 409 or 422.
    """
    matter, post, at = find(number), post_of(request), clock.now()
    if not reading.may_read(matter.case_id, post):
        raise Http404
    pressed = Press(request, matter, post, at, command_of(request), version_of(request))
    try:
        with transaction.atomic():
            result = do(pressed)
    except CaseNotFound:
        raise Http404 from None
    except CommandError as error:
        return _refused(request, matter, form, pressed, error)
    said = done if isinstance(done, str) else done(result)
    if said:
        messages.success(request, said)
    if callable(then):
        return redirect(then(result))
    return redirect(f"{reverse('web:mediation', args=[matter.case.number])}#{then or form}")


def _refused(
    request: HttpRequest, matter: Mediation, form: str, pressed: Press, error: CommandError
) -> HttpResponse:
    """The page again. A command that was used up, or met a newer case, needs a fresh id for its next attempt."""
    matter = find(matter.case.number)
    if isinstance(error, BadData):
        attempt = Attempt(form, request.POST, pressed.command_id, error.errors)
        return show(request, matter, attempt, 422)
    changes = _since(matter, pressed.version) if isinstance(error, StaleCase | CommandReused) else []
    attempt = Attempt(form, request.POST, uuid7(), refusal=str(error), changes=changes)
    return show(request, matter, attempt, 409)


def _since(matter: Mediation, version: int | None) -> list[Line]:
    """What happened after the form was opened at that version."""
    if version is None:
        return []
    events = Event.objects.filter(case_id=matter.case_id, number__gt=version)
    found = events.select_related("person", "organisation", "unit").order_by("number")
    return [story(event, matter.case.procedure, "staff", {}) for event in found]
