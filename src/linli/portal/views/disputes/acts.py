"""What a party does on its page: answers, objects, confirms a session, releases a talk, ends the mediation."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import BadData, CaseNotFound, CommandError
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions import calendars, sittings, talks
from linli.mediation.models import Matter, Sitting
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.disputes.mine import Mine
from linli.portal.views.disputes.progress import back, command_of, gone, mine_of, page
from linli.portal.views.disputes.questions import Question, questions

CODE = "code"  # how a party is known here: by the code it holds


@public
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """A yes or no to one of the questions asked; an objection to a mediator ends their part at once."""
    mine = mine_of(request)
    if mine is None:
        return gone(request)
    asked = next((each for each in questions(mine) if each.id == request.POST.get("question")), None)
    said = request.POST.get("answer")
    if asked is None or said not in ("yes", "no"):
        refused = _("这个问题已经不用答了，或者没有选答案。下面是现在的情况。")
        return page(request, mine, refused, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _tried(request, mine, lambda: _answer(request, mine, asked, said == "yes"), "answer")


def _answer(request: HttpRequest, mine: Mine, asked: Question, is_yes: bool) -> None:
    """Keeps the answer; a mediator who is not accepted withdraws in the same breath."""
    said: dict[str, Any] = {"case": mine.case.pk, "by": mine.actor, "at": clock.now()}
    with transaction.atomic():
        mediations.answer(
            party=mine.number, matter=asked.matter, answer=is_yes, how=CODE, about=asked.about, **said
        )
        if asked.matter == Matter.MEDIATOR and not is_yes:
            person = next(each.person for each in mine.mediators if each.id == asked.about)
            mediations.bar(person=person, why="objection", command_id=command_of(request), **said)


@public
@require_POST
def session(request: HttpRequest, sitting_id: UUID) -> HttpResponse:
    """Whether the party comes to a session it was asked to."""
    mine = mine_of(request)
    note = request.POST.get("note", "")
    if mine is None:
        return gone(request, note=note)
    _meeting(mine, sitting_id)
    return _tried(
        request,
        mine,
        lambda: sittings.reply(
            case=mine.case.pk,
            sitting=sitting_id,
            party=mine.number,
            answer=request.POST.get("answer", ""),
            note=note,
            by=mine.actor,
            at=clock.now(),
        ),
        "session",
    )


@public
@require_safe
def calendar(request: HttpRequest, sitting_id: UUID) -> HttpResponse:
    """One session as a calendar file; another party's talk does not exist."""
    mine = mine_of(request)
    if mine is None:
        raise Http404
    sitting = _meeting(mine, sitting_id)
    response = HttpResponse(
        calendars.ics_of(sitting, mine.number), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="session.ics"'
    return not_kept(response)


def _meeting(mine: Mine, sitting_id: UUID) -> Sitting:
    found = next((each.sitting for each in mine.meetings if each.sitting.id == sitting_id), None)
    if found is None:
        raise Http404
    return found


@public
@require_POST
def talk(request: HttpRequest, talk_id: UUID) -> HttpResponse:
    """Lets everybody in the case read something this party said in a separate talk."""
    mine = mine_of(request)
    if mine is None:
        return gone(request)
    if not any(each.id == talk_id for each in mine.talks):
        raise Http404
    return _tried(
        request,
        mine,
        lambda: talks.release_talk(
            case=mine.case.pk,
            talk=talk_id,
            party=mine.number,
            by=mine.actor,
            at=clock.now(),
            command_id=command_of(request),
        ),
        "talk",
    )


@public
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """Asks whether the party really wishes to end it, and ends it."""
    mine = mine_of(request)
    remark = request.POST.get("remark", "")
    if mine is None:
        return gone(request, remark=remark)
    if not mine.is_here or mine.case.state not in mine.case.procedure.moves["withdraw"].origins:
        refused = _("现在不能终止：调解已经结束，或者您已经退出。")
        return page(request, mine, refused, HTTPStatus.UNPROCESSABLE_ENTITY)
    if request.method == "POST" and request.POST.get("sure") == "yes":
        return _tried(
            request,
            mine,
            lambda: mediations.withdraw(
                case=mine.case.pk,
                party=mine.number,
                remark=remark,
                by=mine.actor,
                at=clock.now(),
                command_id=command_of(request),
            ),
            "ended",
        )
    is_wrong = request.method == "POST"
    context = {
        "mine": mine,
        "case": mine.case,
        "remark": remark,
        "is_wrong": is_wrong,
        "command_id": str(uuid7()),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return not_kept(render(request, "portal/disputes/end.html", context, status=status))


def _tried(request: HttpRequest, mine: Mine, act: Callable[[], object], done: str) -> HttpResponse:
    """Does it and goes back to the page; a refusal is shown there in words, and nothing has changed."""
    try:
        act()
    except CaseNotFound:
        raise Http404 from None
    except BadData as error:
        refused = " ".join(error.errors.values())
    except CommandError as error:
        refused = str(error)
    else:
        return back(done)
    fresh = mine_of(request) or mine
    return page(request, fresh, refused, HTTPStatus.UNPROCESSABLE_ENTITY)
