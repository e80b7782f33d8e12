"""One move on a case, made from its short form."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData, CaseNotFound, CommandError, CommandReused, StaleCase
from linli.cases.models import Case, Event
from linli.cases.procedures import Move
from linli.documents.forms import staged, take, takes_photos
from linli.kit import clock
from linli.kit.ids import is_uuid7, uuid7
from linli.people.access import Actor, post_of, requires
from linli.service_requests.actions.with_photos import advance_with_photos
from linli.web.forms.moves import given

from . import casefile
from .case import Attempt, page
from .rows import hands_over


@requires("case.view")
@takes_photos
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Makes the move, or shows the page again with what was typed, what is wrong, and what changed."""
    if request.method == "GET":
        return redirect(f"{reverse('web:case', args=[number])}?move={verb}#move-{verb}")
    post, at = post_of(request), clock.now()
    case, _said = casefile.find(number, post)
    wanted = case.procedure.moves.get(verb)
    if wanted is None or wanted.may == "system" or wanted.has_own_form:
        raise Http404
    command_id = command_of(request)
    posted, problem = _with_photos(request)
    if problem:
        problems = {"photos": problem}
        return _again(request, number, Attempt(verb, posted, command_id, problems), 422)
    try:
        event = _advance(case, wanted, post, at, command_id, posted)
    except CaseNotFound:
        raise Http404 from None
    except CommandError as error:
        return _refused(request, number, verb, posted, command_id, error)
    messages.success(request, _said_done(event, wanted))
    return HttpResponseRedirect(_next(request, number, post))


def command_of(request: HttpRequest) -> UUID:
    """The id the form was drawn with, so that a second press is the same command."""
    try:
        wanted = UUID(request.POST.get("command_id", ""))
    except ValueError:
        return uuid7()
    return wanted if is_uuid7(wanted) else uuid7()


def version_of(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _with_photos(request: HttpRequest) -> tuple[QueryDict, str]:
    """What was posted, with the ids of photos sent as files added to those staged before."""
    ids, wrong = take(request, request.POST.getlist("photos"))
    posted = request.POST.copy()
    posted.setlist("photos", ids)
    return posted, " ".join(wrong)


def _advance(
    case: Case, wanted: Move, post: Actor, at: datetime, command_id: UUID, posted: QueryDict
) -> Event:
    """The move and its photos, both or neither."""
    version = posted.get("version", "")
    return advance_with_photos(
        case=case.pk,
        verb=wanted.verb,
        by=post,
        at=at,
        command_id=command_id,
        data=given(wanted, posted, case),
        version=int(version) if version.isdecimal() and len(version) < 9 else None,
    )


def _refused(
    request: HttpRequest, number: str, verb: str, posted: QueryDict, command_id: UUID, error: CommandError
) -> HttpResponse:
    if isinstance(error, BadData):
        return _again(request, number, Attempt(verb, posted, command_id, error.errors), 422)
    # A command that was used up, or met a newer case, needs a fresh id for its next attempt.
    attempt = Attempt(verb, posted, uuid7(), refusal=str(error))
    return _again(request, number, attempt, 409, is_stale=isinstance(error, StaleCase | CommandReused))


def _again(
    request: HttpRequest, number: str, attempt: Attempt, status: int, *, is_stale: bool = False
) -> HttpResponse:
    """The page with the form open, everything typed still in it, and the news when the case has moved."""
    file = casefile.load(number, post_of(request), clock.now())
    version = version_of(request)
    changes = casefile.since(file, version) if version is not None else []
    attempt = Attempt(
        attempt.verb,
        attempt.data,
        attempt.command_id,
        attempt.problems,
        attempt.refusal,
        changes if is_stale or attempt.refusal else [],
        staged(request, attempt.data.getlist("photos")),
    )
    return page(request, file, attempt=attempt, status=status)


def _said_done(event: Event, wanted: Move) -> str:
    unit = event.unit.label if event.unit is not None and hands_over(wanted) else ""
    return _("已记下：%(done)s%(unit)s") % {"done": wanted.done, "unit": f" {unit}" if unit else ""}


def _next(request: HttpRequest, number: str, post: Actor) -> str:
    """Back to the list the button stood in, or to the case while the post still sees it."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    if Case.objects.visible_to(post).numbered(number).exists():
        return reverse("web:case", args=[number])
    return reverse("web:work")
