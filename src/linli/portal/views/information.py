"""What is held on the person concerned, under their code: who looked at it, and what they may ask about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.cases.models import Case
from linli.mediation.actions import reading
from linli.mediation.models import Party
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.tickets import PARTY, TRACK, case_id_of, party_of
from linli.privacy.actions import seen
from linli.privacy.models import Read

BACK = {TRACK: "portal:track", PARTY: "portal:dispute"}


@dataclass(frozen=True)
class Concerned:
    """Whose code this browser gave: the reporter of a case, or one of its parties."""

    case: Case
    party: int | None
    ticket: str

    @property
    def reads(self) -> QuerySet[Read]:
        if self.party is None:
            return Read.objects.filter(case_id=self.case.pk)
        return reading.seen_by_parties(self.case.pk)

    @property
    def back(self) -> str:
        return reverse(BACK[self.ticket])


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
@require_safe
def information(request: HttpRequest, ticket: str) -> HttpResponse:
    """Every opening, newest first, a page at a time."""
    who = concerned(request, ticket)
    if who is None:
        return not_kept(HttpResponseRedirect(reverse("portal:track")))
    return not_kept(render(request, "portal/information.html", context_of(request, who)))


def context_of(request: HttpRequest, who: Concerned) -> dict[str, Any]:
    return {
        "who": who,
        "case": who.case,
        "back": who.back,
        "broken": list(seen.broken(who.case)),
        "page": seen.page(who.reads, request.GET.get("after", "")),
    }
