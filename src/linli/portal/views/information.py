"""What is held on the person concerned, under their code: who looked at it, a copy, and what they ask about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from linli.cases.actions import BadData
from linli.cases.models import Case
from linli.kit import clock
from linli.mediation.actions import reading
from linli.mediation.models import Party
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.tickets import PARTY, TRACK, case_id_of, party_of
from linli.privacy.actions import claims, copies, seen
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Claim, ClaimKind, Consent

BACK = {TRACK: "portal:track", PARTY: "portal:dispute"}
PAGE = {TRACK: "portal:information", PARTY: "portal:dispute-information"}
COPY = {TRACK: "portal:copy", PARTY: "portal:dispute-copy"}
FORMS = ("json", "html")


@dataclass(frozen=True)
class Concerned:
    """Whose code this browser gave: the reporter of a case, or one of its parties."""

    case: Case
    party: int | None
    ticket: str

    @property
    def openings(self) -> Openings:
        return Openings(self.case) if self.party is None else reading.seen_by_parties(self.case)

    @property
    def claims(self) -> list[Claim]:
        own = Claim.objects.filter(case_id=self.case.pk, party=self.party)
        return list(own.select_related("organisation").order_by("-asked_at", "-id"))

    @property
    def back(self) -> str:
        return reverse(BACK[self.ticket])

    @property
    def page(self) -> str:
        return reverse(PAGE[self.ticket])

    @property
    def copy(self) -> str:
        return reverse(COPY[self.ticket])


def concerned(request: HttpRequest, ticket: str) -> Concerned | None:
    """Whoever this browser stands for; None once the ticket has run out."""
    if ticket == PARTY:
        named = party_of(request, PARTY)
        if named is None or not Party.objects.filter(case_id=named[0], number=named[1]).exists():
            return None
        return Concerned(Case.objects.get(pk=named[0]), named[1], PARTY)
    case_id = case_id_of(request, TRACK)
    case = Case.objects.filter(pk=case_id).first() if case_id is not None else None
    return Concerned(case, None, TRACK) if case is not None else None


@public
@require_http_methods(["GET", "HEAD", "POST"])
def information(request: HttpRequest, ticket: str) -> HttpResponse:
    """Every opening, newest first; what was asked and answered. POST asks for something."""
    who = concerned(request, ticket)
    if who is None:
        return not_kept(HttpResponseRedirect(reverse("portal:track"), status=HTTPStatus.SEE_OTHER))
    if request.method != "POST":
        return _page(request, who)
    given = {name: request.POST.get(name, "") for name in ("kind", "words")}
    try:
        claims.ask(case=who.case, party=who.party, **given, at=clock.now())
    except BadData as error:
        return _page(request, who, given, error.errors)
    return not_kept(HttpResponseRedirect(f"{who.page}?done=asked#asked", status=HTTPStatus.SEE_OTHER))


@public
@require_POST
def copy(request: HttpRequest, ticket: str) -> HttpResponse:
    """A copy of all that concerns whoever gave the code: as data, or to read and print."""
    who, form = concerned(request, ticket), request.POST.get("form", "")
    if who is None or form not in FORMS:
        raise Http404
    held = copies.copy(case=who.case, party=who.party, at=clock.now(), openings=who.openings)
    if form == "html":
        context = {"held": held, "case": who.case, "who": who, "parts": copies.parts(held)}
        return not_kept(render(request, "portal/copy.html", context))
    content = json.dumps(held, ensure_ascii=False, indent=2)
    name = f"linli-{who.case.number}.json"
    response = HttpResponse(content, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return not_kept(response)


def _page(
    request: HttpRequest,
    who: Concerned,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "who": who,
        "case": who.case,
        "broken": seen.broken(who.case),
        "page": seen.page(who.openings, request.GET.get("after", "")),
        "claims": who.claims,
        "consents": list(Consent.objects.of(who.case.pk, who.party)),
        "kinds": ClaimKind.choices,
        "given": given or {},
        "errors": errors or {},
        "at": clock.now(),
        "is_done": request.GET.get("done") == "asked",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return not_kept(render(request, "portal/information.html", context, status=status))
