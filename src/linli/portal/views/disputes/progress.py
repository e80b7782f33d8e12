"""The page of one party: how things stand, what waits for it, and everything it may read and do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kit import clock
from linli.kit.ids import uuid7
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.disputes.mine import Mine, find_mine
from linli.portal.views.disputes.questions import answers, questions
from linli.portal.views.tickets import PARTY, party_of

DONE = ("answer", "recusal", "session", "talk", "signed", "ended")


def mine_of(request: HttpRequest) -> Mine | None:
    """The mediation this browser follows, as the party whose code it gave."""
    named = party_of(request, PARTY)
    return find_mine(named, clock.now()) if named else None


@public
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    mine = mine_of(request)
    if mine is None:
        return not_kept(HttpResponseRedirect(reverse("portal:track")))
    return page(request, mine)


def page(
    request: HttpRequest, mine: Mine, refused: str = "", status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    asked = questions(mine)
    done = request.GET.get("done", "")
    context: dict[str, Any] = {
        "mine": mine,
        "case": mine.case,
        "waiting": [each for each in asked if each.is_waiting and not each.can_wait],
        "others_asked": [each for each in asked if not (each.is_waiting and not each.can_wait)],
        "answers": answers(mine),
        "to_sign": [each for each in mine.papers if each.is_waiting],
        "may_end": mine.is_here and mine.case.state in mine.case.procedure.moves["withdraw"].origins,
        "refused": refused,
        "command_id": str(uuid7()),
        "done": done if done in DONE else "",
    }
    return not_kept(render(request, "portal/disputes/progress.html", context, status=status))


def back(done: str) -> HttpResponse:
    address = f"{reverse('portal:dispute')}?done={done}"
    return not_kept(HttpResponseRedirect(address, status=HTTPStatus.SEE_OTHER))


def gone(request: HttpRequest, **kept: str) -> HttpResponse:
    """The ticket has run out: asks for the code again and shows what was written."""
    context = {"is_gone": True, "kept": {name: value for name, value in kept.items() if value}}
    page = render(request, "portal/track_code.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return not_kept(page)


def command_of(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("command_id", ""))
    except ValueError:
        return uuid7()
