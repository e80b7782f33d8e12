"""The steps: each POST carries everything typed so far, checks one step, and shows the next or the same again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from linli.cases.actions import BadData, CommandReused
from linli.cases.models import Case
from linli.documents.forms import own, take, takes_photos
from linli.kit import clock
from linli.people import scope
from linli.people.access import public
from linli.portal import actions
from linli.portal.forms import (
    STEP_OF,
    STEPS,
    Draft,
    Where,
    find_where,
    new_command,
    same_as_of,
    without_numbers,
)
from linli.portal.views.client import address_of
from linli.portal.views.county import county_of
from linli.portal.views.report import pages
from linli.portal.views.tickets import give_held, give_receipt
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Category, Level

Answer = Callable[[HttpRequest, Draft, str], HttpResponse]


@public
@require_http_methods(["GET", "HEAD", "POST"])
@takes_photos
def report(request: HttpRequest) -> HttpResponse:
    """GET begins; POST with `step` (the step filled in) and `go` (what was pressed) moves on."""
    if request.method != "POST":
        return pages.what(request, Draft(command=new_command()))
    draft = Draft.from_post(request.POST)
    photos, wrong = own(request, draft.photos)
    if wrong:
        return pages.photos(request, replace(draft, photos=tuple(photos)), {"photos": " ".join(wrong)})
    step = request.POST.get("step", "")
    go = request.POST.get("go", "next")
    return ANSWERS.get(step, _what)(request, draft, go)


def _what(request: HttpRequest, draft: Draft, go: str) -> HttpResponse:
    errors = _problems(draft, None, "what")
    if errors:
        return pages.what(request, draft, errors)
    category = Category.objects.get(pk=draft.category)
    if category.level == Level.EMERGENCY and not draft.advised:
        return pages.advice(request, draft, category)
    return pages.where(request, draft)


def _where(request: HttpRequest, draft: Draft, go: str) -> HttpResponse:
    if go == "back":
        return pages.what(request, draft)
    if go == "lists":
        return pages.where(request, draft)
    if go == "nopoint":
        return pages.where(request, replace(draft, lon="", lat=""))
    where = find_where(county_of(request), draft)
    errors = where.errors or _problems(where.draft, where, "where")
    if errors or where.place is None:
        return pages.where(request, where.draft, errors, disagree=where.disagree)
    if not where.draft.same and not draft.is_accusation:
        likely = _likely(where, clock.now())
        if likely:
            return pages.where(request, where.draft, place=where.place, likely=likely)
    return pages.photos(request, where.draft)


def _likely(where: Where, at: datetime) -> list[service_requests.Likeness]:
    """Open matters nearby that may be the same; never disputes, accusations or those of people kept from view."""
    assert where.place is not None
    with scope.everything():  # matters not published are among them; only a title without numbers is shown
        return _likely_among(where, at)


def _likely_among(where: Where, at: datetime) -> list[service_requests.Likeness]:
    assert where.place is not None
    among = Case.objects.filter(kind="service_request", is_identity_kept=False, accused_path="")
    return service_requests.similar_cases(
        among=among.exclude(category__startswith="dispute."),
        place=where.place,
        category=where.draft.category,
        words=where.draft.text,
        at=at,
        lon=where.lon,
        lat=where.lat,
    )


def _photos(request: HttpRequest, draft: Draft, go: str) -> HttpResponse:
    if go.startswith("remove:"):
        kept = tuple(photo for photo in draft.photos if photo != go.removeprefix("remove:"))
        return pages.photos(request, replace(draft, photos=kept))
    photos, wrong = take(request, draft.photos)
    draft = replace(draft, photos=tuple(photos))
    if wrong:
        return pages.photos(request, draft, {"photos": " ".join(wrong)})
    if go == "back":
        return pages.where(request, replace(draft, same=""))
    if go == "add":
        return pages.photos(request, draft)
    return pages.contact(request, draft)


def _contact(request: HttpRequest, draft: Draft, go: str) -> HttpResponse:
    if go == "back":
        return pages.photos(request, draft)
    if go == "mask":
        return pages.contact(request, without_numbers(draft))
    if go == "anew":
        draft = replace(draft, command=new_command())
    return _send(request, draft, clock.now())


def _send(request: HttpRequest, draft: Draft, at: datetime) -> HttpResponse:
    """Takes the report in; whatever is wrong is shown at its own step, with everything else kept."""
    where = find_where(county_of(request), draft)
    if where.place is None:
        return pages.where(request, where.draft, where.errors, disagree=where.disagree)
    scope.admit(draft.command_id)
    submission, same_as = _submission(where.draft, where), same_as_of(draft.same)
    sender = actions.Sender(address_of(request), draft.command, draft.proof)
    try:
        received = actions.receive(
            submission=submission, same_as=same_as, command_id=draft.command_id, sender=sender, at=at
        )
    except BadData as error:
        return _wrong(request, where.draft, error.errors)
    except CommandReused:
        return pages.contact(request, draft, is_reused=True, status=HTTPStatus.CONFLICT)
    is_taken = isinstance(received, service_requests.Receipt)
    page = "portal:receipt" if is_taken else "portal:held"
    response = HttpResponseRedirect(reverse(page), status=HTTPStatus.SEE_OTHER)
    (give_receipt if is_taken else give_held)(response, draft.command_id)
    return response


def _wrong(request: HttpRequest, draft: Draft, errors: dict[str, str]) -> HttpResponse:
    steps = [STEP_OF.get(name, "contact") for name in errors]
    first = min(steps, key=STEPS.index)
    here = {name: said for name, said in errors.items() if STEP_OF.get(name, "contact") == first}
    if "photos" in here:
        draft = replace(draft, photos=tuple(pages.still_there(request, draft)))
    return pages.PAGES[first](request, draft, here)


def _submission(draft: Draft, where: Where | None) -> service_requests.Submission:
    return service_requests.Submission(
        text=draft.text,
        category=draft.category,
        request_type=draft.request_type,
        channel="portal",
        place=where.place if where else None,
        address=draft.address,
        lon=where.lon if where else None,
        lat=where.lat if where else None,
        contact_name=draft.contact_name,
        contact_phone=draft.contact_phone,
        is_identity_kept=bool(draft.keep),
        accused=pages.accused_of(draft),
        photos=list(draft.photos),
        may_publish=bool(draft.publish),
        is_demo=bool(where and where.place and where.place.is_demo),
    )


def _problems(draft: Draft, where: Where | None, step: str) -> dict[str, str]:
    """What the rules of requests say against the fields of one step."""
    try:
        service_requests.check(_submission(draft, where))
    except BadData as error:
        return {name: said for name, said in error.errors.items() if STEP_OF.get(name) == step}
    return {}


ANSWERS: dict[str, Answer] = {"what": _what, "where": _where, "photos": _photos, "contact": _contact}
