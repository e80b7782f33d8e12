"""Following a matter under its code: every step, who has it, what comes next, and what the reporter may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import BadData, CommandError
from linli.cases.models import Case
from linli.documents import actions as documents
from linli.documents.forms import staged, take, takes_photos
from linli.documents.views import serve
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions.referring import party_of_request
from linli.notify.actions import notices
from linli.people import scope
from linli.people.access import public
from linli.portal import actions
from linli.portal.views.client import address_of, not_kept
from linli.portal.views.progress import Progress, photos_for
from linli.portal.views.tickets import (
    PARTY,
    TRACK,
    case_id_of,
    give_held,
    give_party,
    give_track,
    party_of,
    take_back,
)
from linli.service_requests.actions import find_by_code

ADDRESSES = {
    "add": "portal:additions",
    "ask_progress": "portal:enquiries",
    "rate": "portal:rating",
    "reopen": "portal:reopening",
    "keep_private": "portal:consent",
}


@dataclass
class Tried:
    """A move that was not made: what was typed, and what is wrong with it."""

    verb: str
    command_id: str
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    message: str = ""


@public
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """POST takes a code; GET shows the case whose code this browser gave in the last two hours, else asks for one."""
    if request.method == "POST":
        return not_kept(_take_code(request, request.POST.get("code", "")))
    case = _case_of(request)
    if case is None and party_of(request, PARTY) is not None:
        return not_kept(HttpResponseRedirect(reverse("portal:dispute")))
    if case is None:
        return not_kept(render(request, "portal/track_code.html"))
    return _page(request, case)


def _take_code(request: HttpRequest, code: str) -> HttpResponse:
    """One answer for every wrong code, after the same work, whether it looks like a code or not."""
    at, address = clock.now(), address_of(request)
    until = actions.blocked_until(address=address, at=at)
    if until is not None:
        context = {"until": until, "code": code[:64]}
        response = render(request, "portal/track_code.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
        response["Retry-After"] = str(max(int((until - at).total_seconds()) + 1, 1))
        return response
    case, party, held = find_by_code(code), mediations.find_party(code), actions.find_held(code)
    if party is not None:
        response = HttpResponseRedirect(reverse("portal:dispute"), status=HTTPStatus.SEE_OTHER)
        give_party(response, party.case_id, party.number)
        return response
    if case is None and held is not None:
        response = HttpResponseRedirect(reverse("portal:held"), status=HTTPStatus.SEE_OTHER)
        give_held(response, held.pk)
        return response
    if case is None:
        actions.note_wrong_code(address=address, at=at)
        context = {"is_wrong": True, "code": code[:64]}
        return render(request, "portal/track_code.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    response = HttpResponseRedirect(reverse("portal:track"), status=HTTPStatus.SEE_OTHER)
    give_track(response, case.pk)
    return response


@public
@require_POST
def departure(request: HttpRequest) -> HttpResponse:
    """Forgets the case in this browser, for shared computers."""
    response = HttpResponseRedirect(reverse("portal:track"), status=HTTPStatus.SEE_OTHER)
    take_back(response)
    return not_kept(response)


@public
@require_POST
def mediation(request: HttpRequest) -> HttpResponse:
    """To the party's own page of the mediation the request was referred to: its reporter is the first party."""
    case = _case_of(request)
    with scope.everything():  # of the other case nothing is read but which one it is
        party = party_of_request(case.pk) if case is not None else None
    if party is None:
        raise Http404
    response = HttpResponseRedirect(reverse("portal:dispute"), status=HTTPStatus.SEE_OTHER)
    give_party(response, party.case_id, party.number)
    return not_kept(response)


@public
@require_safe
def photo(request: HttpRequest, photo_id: UUID, size: str) -> HttpResponse:
    """A photo of the case this browser may see; any other does not exist."""
    case = _case_of(request)
    if case is None or size not in ("full", "thumbnail"):
        raise Http404
    found = next(
        (each for each in photos_for(case, Progress(case, clock.now()).head) if each.id == photo_id), None
    )
    if found is None:
        raise Http404
    return serve(found, "thumbnail" if size == "thumbnail" else "full")


@public
@require_http_methods(["GET", "HEAD", "POST"])
@takes_photos
def move(request: HttpRequest, verb: str) -> HttpResponse:
    """Makes one of the reporter's moves, then back to the case; a refused one is shown with all that was typed."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("portal:track"))
    case = _case_of(request)
    if case is None:
        context = {"is_gone": True, "kept": _typed(request, case, verb)}
        page = render(request, "portal/track_code.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return not_kept(page)
    tried = Tried(verb, _command_of(request), _typed(request, case, verb))
    if verb == "add":
        _stage(request, tried)
    if not tried.errors:
        try:
            actions.make_move(
                case=case, verb=verb, data=tried.values, command_id=UUID(tried.command_id), at=clock.now()
            )
        except BadData as error:
            tried.errors = error.errors
        except CommandError as error:
            tried.message = str(error)
        else:
            return HttpResponseRedirect(f"{reverse('portal:track')}?done={verb}", status=HTTPStatus.SEE_OTHER)
    return _page(request, Case.objects.select_related("place", "holder").get(pk=case.pk), tried)


def _typed(request: HttpRequest, case: Case | None, verb: str) -> dict[str, Any]:
    """What was filled in, by the names the move asks for."""
    if case is None:
        names = ("note", "reason", "comment")
        return {name: request.POST[name] for name in names if request.POST.get(name)}
    values: dict[str, Any] = {}
    for need in case.procedure.moves[verb].needs:
        value: Any = (
            request.POST.getlist(need.name) if need.kind == "photos" else request.POST.get(need.name, "")
        )
        if value:
            values[need.name] = value
    return values


def _stage(request: HttpRequest, tried: Tried) -> None:
    photos, wrong = take(request, tried.values.get("photos", []))
    if wrong:
        tried.errors["photos"] = " ".join(wrong)
    if photos:
        tried.values["photos"] = photos


def _command_of(request: HttpRequest) -> str:
    try:
        return str(UUID(request.POST.get("command_id", "")))
    except ValueError:
        return str(uuid7())


def _case_of(request: HttpRequest) -> Case | None:
    case_id = case_id_of(request, TRACK)
    if case_id is None:
        return None
    return Case.objects.select_related("place", "holder").filter(pk=case_id).first()


def _page(request: HttpRequest, case: Case, tried: Tried | None = None) -> HttpResponse:
    progress = Progress(case, clock.now())
    moves = [
        {
            "move": each,
            "address": reverse(ADDRESSES[each.verb]),
            "command_id": tried.command_id if tried and tried.verb == each.verb else str(uuid7()),
            "tried": tried if tried and tried.verb == each.verb else None,
        }
        for each in progress.moves()
        if each.verb in ADDRESSES
    ]
    context = {
        "progress": progress,
        "case": case,
        "total": progress.promise(),
        "party_address": reverse("portal:mediation") if progress.mediations else "",
        "moves": moves,
        "tried": tried,
        "kept": tried.values if tried and not any(each["tried"] for each in moves) else {},
        "uploads": staged(request, tried.values.get("photos", [])) if tried else [],
        "room": documents.MAX_PHOTOS - len(tried.values.get("photos", []) if tried else []),
        "done": request.GET.get("done", "") if request.GET.get("done") in ADDRESSES else "",
        "told": request.GET.get("done", "") if request.GET.get("done") in ("told", "untold") else "",
        "way": notices.way_of(case.pk),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if tried else HTTPStatus.OK
    return not_kept(render(request, "portal/track.html", context, status=status))
