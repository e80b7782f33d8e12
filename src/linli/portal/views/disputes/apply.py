"""Applying for mediation, step by step: each POST carries everything typed so far and checks one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData, CommandReused
from linli.cases.models import Case
from linli.kit import clock
from linli.mediation import actions as mediations
from linli.orgs.models import Organisation
from linli.people import scope
from linli.people.access import Actor, public
from linli.portal import actions
from linli.portal.forms import find_where
from linli.portal.forms.dispute import (
    MOST,
    MOST_REQUESTS,
    SIDES,
    STEP_OF,
    STEPS,
    Dispute,
    Somebody,
    new_command,
    problems_of_people,
)
from linli.portal.views.client import address_of
from linli.portal.views.county import county_of
from linli.portal.views.disputes import pages
from linli.portal.views.tickets import give_party_receipt

Answer = Callable[[HttpRequest, Dispute, str], HttpResponse]
APPLICANT = 1  # whoever fills in the form is the first party


@public
@require_http_methods(["GET", "HEAD", "POST"])
def disputes(request: HttpRequest) -> HttpResponse:
    """GET begins; POST with `step` (the step filled in) and `go` (what was pressed) moves on."""
    if request.method != "POST":
        return pages.willing(request, Dispute(command=new_command()))
    draft = Dispute.from_post(request.POST)
    answer = ANSWERS.get(request.POST.get("step", ""), _willing)
    return answer(request, draft, request.POST.get("go", "next"))


def _willing(request: HttpRequest, draft: Dispute, go: str) -> HttpResponse:
    if draft.willing == "no":
        return pages.unwilling(request, draft)
    if draft.willing != "yes":
        return pages.willing(request, draft, {"willing": _("请选愿意还是不愿意。")})
    return pages.what(request, draft)


def _what(request: HttpRequest, draft: Dispute, go: str) -> HttpResponse:
    if go == "back":
        return pages.willing(request, draft)
    if go == "add":
        rows = [*draft.requests, ""][:MOST_REQUESTS]
        return pages.what(request, replace(draft, requests=tuple(rows)))
    draft = replace(draft, requests=tuple(draft.asked))
    errors = _problems(draft, None, "what")
    if len(draft.requests) > MOST_REQUESTS:
        errors["requests"] = _("要求最多写 %(n)s 条，请合并几条。") % {"n": MOST_REQUESTS}
    return pages.what(request, draft, errors) if errors else pages.where(request, draft)


def _where(request: HttpRequest, draft: Dispute, go: str) -> HttpResponse:
    if go == "back":
        return pages.what(request, draft)
    if go == "lists":
        return pages.where(request, draft)
    if go == "nopoint":
        return pages.where(request, replace(draft, lon="", lat=""))
    found = find_where(county_of(request), draft.where)
    draft = draft.at(found.draft)
    if found.place is None:
        return pages.where(request, draft, found.errors, disagree=found.disagree)
    return pages.who(request, draft)


def _who(request: HttpRequest, draft: Dispute, go: str) -> HttpResponse:
    if go == "back":
        return pages.where(request, draft)
    if go.startswith(("add:", "remove:")):
        return pages.who(request, _with_people(draft, go))
    errors = _problems_of_people(draft)
    if errors:
        return pages.who(request, draft, errors)
    return _check(request, draft, "show")


def _with_people(draft: Dispute, go: str) -> Dispute:
    """The draft with one more person on a side, or one fewer."""
    what, side, *at = go.split(":")
    if side not in SIDES:
        return draft
    people = list(draft.of(side))
    if what == "add" and len(people) < MOST:
        people.append(Somebody())
    elif what == "remove" and at and at[0].isdecimal() and len(people) > 1:
        people = [somebody for n, somebody in enumerate(people) if str(n) != at[0]]
    return draft.with_side(side, people)


def _check(request: HttpRequest, draft: Dispute, go: str) -> HttpResponse:
    if go == "back":
        return pages.who(request, draft)
    if draft.willing != "yes":
        return _willing(request, draft, go)
    if go == "anew":
        draft = replace(draft, command=new_command())
    found = find_where(county_of(request), draft.where)
    draft = draft.at(found.draft)
    if found.place is None:
        return pages.where(request, draft, found.errors, disagree=found.disagree)
    if go == "show":
        return pages.check(request, draft, place=found.place)
    return _send(request, draft, found.place, clock.now())


def _send(request: HttpRequest, draft: Dispute, place: Organisation, at: datetime) -> HttpResponse:
    """Takes the application in; whatever is wrong is shown at its own step, with everything else kept."""
    errors = _problems_of_people(draft)
    if errors:
        return pages.who(request, draft, errors)
    scope.admit(draft.command_id)
    if _is_too_soon(request, draft, at):
        full = HTTPStatus.TOO_MANY_REQUESTS
        return pages.check(request, draft, place=place, is_too_soon=True, status=full)
    try:
        registered = mediations.register(
            application=_application(draft, place),
            by=Actor.party(draft.command_id),
            at=at,
            command_id=draft.command_id,
        )
    except BadData as error:
        return _wrong(request, draft, _named(draft, error.errors))
    except CommandReused:
        return pages.check(request, draft, place=place, is_reused=True, status=HTTPStatus.CONFLICT)
    response = HttpResponseRedirect(reverse("portal:dispute-receipt"), status=HTTPStatus.SEE_OTHER)
    give_party_receipt(response, registered.case.pk, APPLICANT)
    return response


def _is_too_soon(request: HttpRequest, draft: Dispute, at: datetime) -> bool:
    """Whether too much comes from there just now. Sent again, because the answer was lost, it never is."""
    if Case.objects.filter(pk=draft.command_id).exists():
        return False
    sent = {"address": address_of(request), "challenge": draft.command, "proof": draft.proof}
    return actions.is_too_soon(form="dispute", at=at, **sent)


def _wrong(request: HttpRequest, draft: Dispute, errors: dict[str, str]) -> HttpResponse:
    first = min((_step_of(name) for name in errors), key=STEPS.index)
    return pages.PAGES[first](
        request, draft, {name: said for name, said in errors.items() if _step_of(name) == first}
    )


def _step_of(name: str) -> str:
    return "who" if name.split("-")[0] in (*SIDES, "parties") else STEP_OF.get(name, "check")


def _problems(draft: Dispute, place: Organisation | None, step: str) -> dict[str, str]:
    """What mediation itself says against the fields of one step."""
    try:
        mediations.check_application(_application(draft, place))
    except BadData as error:
        return {name: said for name, said in _named(draft, error.errors).items() if _step_of(name) == step}
    return {}


def _problems_of_people(draft: Dispute) -> dict[str, str]:
    errors = problems_of_people(draft, timezone.localdate(clock.now()))
    if draft.applicants[0].is_empty:
        errors.setdefault("applicant-0-name", _("请写您的姓名。"))
    if all(somebody.is_empty for somebody in draft.respondents):
        errors.setdefault("respondent-0-name", _("请写对方是谁；不知道全名，写您知道的称呼。"))
    return {**_problems(draft, None, "who"), **errors}


def _named(draft: Dispute, errors: dict[str, str]) -> dict[str, str]:
    """Errors under the names of the form: `parties.1.phone` is the phone of the second person filled in."""
    people = draft.everybody
    found = {}
    for name, said in errors.items():
        parts = name.split(".")
        if parts[0] == "parties" and len(parts) == 3 and int(parts[1]) < len(people):
            side, n, _somebody = people[int(parts[1])]
            field = {"address": "home"}.get(parts[2], parts[2])
            found[f"{side}-{n}-{field}"] = said
        elif parts[0] == "parties":
            found["respondent-0-name"] = said
        else:
            found[name] = said
    return found


def _application(draft: Dispute, place: Organisation | None) -> mediations.Application:
    return mediations.Application(
        subject=draft.subject,
        brief=draft.brief,
        requests=draft.asked,
        category=draft.category,
        source="applied",
        place=place,
        parties=[_details(side, somebody) for side, _n, somebody in draft.everybody],
        channel="portal",
        is_demo=bool(place and place.is_demo),
    )


def _details(side: str, somebody: Somebody) -> mediations.PartyDetails:
    try:
        born_on = somebody.born_on()
    except ValueError:
        born_on = None
    return mediations.PartyDetails(
        name=somebody.name,
        side=side,
        is_body=bool(somebody.body),
        sex=somebody.sex,
        ethnicity=somebody.ethnicity,
        born_on=born_on,
        occupation=somebody.occupation,
        address=somebody.home,
        phone=somebody.phone,
    )


ANSWERS: dict[str, Answer] = {
    "willing": _willing,
    "what": _what,
    "where": _where,
    "who": _who,
    "check": _check,
}
