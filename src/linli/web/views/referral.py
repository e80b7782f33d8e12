"""Refers a request to people's mediation, and shows on both cases where the other one stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from linli.cases import actions
from linli.cases.actions import BadData, CaseNotFound, CommandError
from linli.cases.actions.referrals import refer
from linli.cases.models import Case, Referral
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.kit.sealing import Unread
from linli.people.access import Actor, post_of, requires
from linli.web.forms.referral import ReferralForm

from . import casefile

CARRIED = "category brief requester phone respondent respondent_phone is_willing".split()


@dataclass(frozen=True)
class Other:
    """The case at the other end of a referral; its number is '' where this post may not see it."""

    case: Case
    is_source: bool
    number: str


def others(case: Case, post: Actor) -> list[Other]:
    """Where a case was referred to or came from, in one statement."""
    visible = Case.objects.visible_to(post)
    found = (
        Referral.objects.filter(Q(case=case) | Q(to=case))
        .select_related("case", "to")
        .annotate(
            sees_case=Exists(visible.filter(pk=OuterRef("case_id"))),
            sees_to=Exists(visible.filter(pk=OuterRef("to_id"))),
        )
        .order_by("at")
    )
    listed = []
    for each in found:
        is_source = each.to_id == case.pk
        other, sees = (each.case, each.sees_case) if is_source else (each.to, each.sees_to)
        listed.append(Other(other, is_source, other.number if sees else ""))
    return listed


@requires("case.refer")
@require_http_methods(["GET", "POST"])
def referral(request: HttpRequest, number: str) -> HttpResponse:
    """The form; sent off, both cases are changed or neither, and nothing typed is lost."""
    file = casefile.load(number, post_of(request), clock.now())
    moves = actions.moves_for(file.case, file.post, file.tasks, file.clocks, file.at)
    if "refer" not in file.procedure.moves or file.glass is not None:
        raise Http404
    may = any(move.verb == "refer" for move in moves)
    if request.method == "GET":
        if not may:
            raise Http404
        return _page(request, file, ReferralForm(initial=_known(file)))
    form = ReferralForm(request.POST)
    if form.is_valid():
        problem = _refer(request, file, form)
        if not problem:
            return redirect("web:case", number)
        return _page(request, file, form, problem, 422 if form.errors else 409)
    return _page(request, file, form, status=422)


def _refer(request: HttpRequest, file: casefile.CaseFile, form: ReferralForm) -> str:
    """What is wrong, or nothing once it is done."""
    said = form.cleaned_data
    try:
        _event, opened = refer(
            case=file.case.pk,
            kind=form.procedure,
            by=file.post,
            at=file.at,
            command_id=said["command_id"],
            data={"kind": "mediation", "reason": said["reason"]},
            carried={name: said[name] for name in CARRIED},
        )
    except CaseNotFound:
        raise Http404 from None
    except BadData as error:
        for name, message in error.errors.items():
            form.add_error(name if name in form.fields else None, message)
        return str(error)
    except CommandError as error:
        return str(error)
    messages.success(request, _("已转人民调解：%(number)s") % {"number": opened.number})
    return ""


def _known(file: casefile.CaseFile) -> dict[str, object]:
    known: dict[str, object] = {"command_id": uuid7()}
    if file.request is not None:
        known["brief"] = file.request.text
        if not casefile.contact_refusal(file):
            told = {"requester": file.request.contact_name, "phone": file.request.contact_phone}
            known |= {name: words for name, words in told.items() if not isinstance(words, Unread)}
    return known


def _page(
    request: HttpRequest, file: casefile.CaseFile, form: ReferralForm, problem: str = "", status: int = 200
) -> HttpResponse:
    casefile.note(file, "referral")
    context = {"case": file.case, "form": form, "problem": problem}
    return render(request, "web/referral.html", context, status=status)
