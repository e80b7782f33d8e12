"""The papers of a party: the exact text, who signed it, and a field to sign in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.cases.actions import BadData, CaseNotFound, CommandError
from linli.documents.render import papers as render_papers
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions import dossier
from linli.mediation.models import Paper
from linli.people.access import public
from linli.portal.forms.dispute import strokes_of
from linli.portal.views.client import not_kept
from linli.portal.views.disputes.acts import CODE
from linli.portal.views.disputes.mine import Filed, Mine
from linli.portal.views.disputes.progress import back, command_of, gone, mine_of

OF_OTHERS = ("phone", "address", "age", "ethnicity", "occupation", "sex")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def paper(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """GET shows a paper of one's own or a joint one; POST signs exactly the text that was shown."""
    mine = mine_of(request)
    if mine is None:
        if request.method == "POST":
            return gone(request)
        return not_kept(HttpResponseRedirect(reverse("portal:track")))
    found = _in_force(mine, paper_id)
    if request.method == "POST":
        return _sign(request, mine, found, paper_id)
    if found.paper.id != paper_id:
        address = reverse("portal:dispute-paper", args=[found.paper.id])
        return not_kept(HttpResponseRedirect(address))
    return _page(request, mine, found)


def _in_force(mine: Mine, paper_id: UUID) -> Filed:
    """The paper, or the version of it in force now; 404 for whatever this party may not read."""
    found = mine.paper(paper_id)
    if found is not None:
        return found
    old = Paper.objects.filter(case_id=mine.case.pk, id=paper_id).values_list("lineage", flat=True).first()
    for each in mine.papers:
        if old is not None and each.paper.lineage == old:
            return each
    raise Http404


def _sign(request: HttpRequest, mine: Mine, found: Filed, paper_id: UUID) -> HttpResponse:
    drawing = request.POST.get("strokes", "")
    try:
        strokes = strokes_of(drawing)
    except ValueError:
        empty = _("还没有写名字。请在框里写；不能在屏幕上写，就到调解员那里在纸上签。")
        return _page(request, mine, found, error=empty, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if found.paper.id != paper_id or request.POST.get("sha256") != found.paper.sha256:
        return _page(request, mine, found, drawing=drawing, is_stale=True, status=HTTPStatus.CONFLICT)
    try:
        mediations.sign(
            case=mine.case.pk,
            paper=found.paper.id,
            sha256=found.paper.sha256,
            signer="party",
            party=mine.number,
            how=CODE,
            strokes=strokes,
            by=mine.actor,
            at=clock.now(),
            command_id=command_of(request),
        )
    except CaseNotFound:
        raise Http404 from None
    except mediations.StaleText:
        again = mine_of(request)
        newer = _in_force(again, paper_id) if again else found
        return _page(
            request, again or mine, newer, drawing=drawing, is_stale=True, status=HTTPStatus.CONFLICT
        )
    except BadData as error:
        refused = " ".join(error.errors.values())
    except CommandError as error:
        refused = str(error)
    else:
        return back("signed")
    return _page(request, mine, found, drawing=drawing, error=refused, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(
    request: HttpRequest,
    mine: Mine,
    found: Filed,
    *,
    drawing: str = "",
    error: str = "",
    is_stale: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context: dict[str, Any] = {
        "mine": mine,
        "case": mine.case,
        "filed": found,
        "drawing": drawing,
        "error": error,
        "is_stale": is_stale,
        "command_id": str(uuid7()),
    }
    return not_kept(render(request, "portal/disputes/paper.html", context, status=status))


@public
@require_safe
def pdf(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """The official form as a PDF, without what is nobody else's business about the others."""
    mine = mine_of(request)
    found = mine.paper(paper_id) if mine else None
    if mine is None or found is None:
        raise Http404
    with translation.override(dossier.SOURCE_LANGUAGE):
        printed = dossier.printed(found.paper)
        _leave_out(printed.data, mine)
        data = render_papers.pdf(dossier.FORMS, [printed], title=found.label, dated=found.paper.at)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="paper.pdf"'
    return not_kept(response)


def _leave_out(data: dict[str, Any], mine: Mine) -> None:
    """Empties what a form would say of the other parties besides their names."""
    named = data.get("parties", [])
    others = [each for each, party in zip(named, mine.parties, strict=False) if party.number != mine.number]
    others = others if len(named) == len(mine.parties) else []
    respondents = data.get("respondent")
    others += respondents if isinstance(respondents, list) else []
    for party in others:
        party.update(dict.fromkeys(OF_OTHERS, ""))
