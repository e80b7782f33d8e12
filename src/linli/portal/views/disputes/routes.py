"""Where no agreement is reached or kept: the other routes of the law, and an application for legal aid."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.cases.actions import BadData, CommandError
from linli.kit import clock
from linli.mediation import actions as mediations
from linli.mediation.models import Paper, PaperKind, Side
from linli.mediation.rules.forms import checked
from linli.people.access import public
from linli.portal.views.client import not_kept
from linli.portal.views.disputes.mine import Mine
from linli.portal.views.disputes.progress import gone, mine_of

FIELDS = ("matter", "facts", "requests", "unable")


@public
@require_safe
def routes(request: HttpRequest) -> HttpResponse:
    """Arbitration, administration and court on one page, for anybody; a party finds its own case there, too."""
    mine = mine_of(request)
    context = {"mine": mine, "case": mine.case if mine else None}
    return not_kept(render(request, "portal/disputes/routes.html", context))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def legal_aid(request: HttpRequest) -> HttpResponse:
    """The official form, filled in with the facts of the case; kept as this party's own paper."""
    mine = mine_of(request)
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    if mine is None:
        return gone(request, **typed)
    before = next((each.paper for each in mine.papers if each.paper.kind == PaperKind.LEGAL_AID), None)
    if request.method != "POST":
        return _page(request, mine, _filled(mine, before))
    content, problems = checked(PaperKind.LEGAL_AID, _content(typed))
    if problems:
        return _page(request, mine, typed, errors=problems)
    try:
        written = mediations.write(
            case=mine.case.pk,
            kind=PaperKind.LEGAL_AID,
            content=content,
            by=mine.actor,
            at=clock.now(),
            lineage=before.lineage if before else None,
            party=mine.number,
        )
    except BadData as error:
        return _page(request, mine, typed, errors=error.errors)
    except CommandError as error:
        return _page(request, mine, typed, message=str(error))
    address = reverse("portal:dispute-paper", args=[written.id])
    return not_kept(HttpResponseRedirect(address, status=HTTPStatus.SEE_OTHER))


def _content(typed: dict[str, str]) -> dict[str, Any]:
    today = timezone.localdate(clock.now()).isoformat()
    lines = [line.strip() for line in typed["requests"].splitlines() if line.strip()]
    return {**typed, "requests": lines, "date": today}


def _filled(mine: Mine, before: Paper | None) -> dict[str, str]:
    """What the form holds at first: what was written before, else the facts of the case."""
    if before is not None:
        given = dict(before.content)
    else:
        asks = mine.matter.requests if mine.party.side == Side.APPLICANT else []
        subject = _("因“%(subject)s”申请法律援助") % {"subject": mine.matter.subject}
        given = {"matter": subject, "facts": mine.matter.brief, "requests": asks}
    lines = given.get("requests") or []
    return {
        **{name: str(given.get(name, "")) for name in FIELDS},
        "requests": "\n".join(lines) if isinstance(lines, list) else str(lines),
    }


def _page(
    request: HttpRequest,
    mine: Mine,
    typed: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    message: str = "",
) -> HttpResponse:
    context = {"mine": mine, "case": mine.case, "typed": typed, "errors": errors or {}, "message": message}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors or message else HTTPStatus.OK
    return not_kept(render(request, "portal/disputes/legal_aid.html", context, status=status))
