"""Claims on personal information: those this post answers, with their clock; what is locked or held beyond its time."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.cases.actions import BadData, CaseNotFound, CommandError
from linli.cases.models import Case
from linli.kit import clock, codes
from linli.people.access import post_of, requires
from linli.privacy.actions import claims as actions
from linli.privacy.actions import locks, reads
from linli.privacy.models import Claim, Group, Hold, Lock
from linli.web.forms.claims import AnswerForm, HoldForm
from linli.web.views.shell import person_of

SHOWN = 50


@requires(actions.PERMISSION)
@require_safe
@never_cache
def claims(request: HttpRequest) -> HttpResponse:
    """What waits, most urgent first; what was answered lately; locked and held cases of this post."""
    return _list(request, HoldForm())


@requires(actions.PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def claim(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    """One claim and its answer. What was asked is words of a case, so its opening is noted."""
    post, at, problem, status = post_of(request), clock.now(), "", 200
    found = Claim.objects.select_related("case", "organisation").filter(id=claim_id).first()
    if found is None or not actions.may_answer(found, post):
        raise Http404
    form = AnswerForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            given = actions.Answer(said["outcome"], said["reply"], form.corrected)
            try:
                actions.answer(claim_id=claim_id, given=given, by=post, at=at)
                messages.success(request, _("答复了，本人看得到。"))
                return redirect("web:claims")
            except BadData as error:
                for name, message in error.errors.items():
                    form.add_error(name if name in form.fields else None, message)
            except CommandError as error:
                problem, status = str(error), 409
    reads.note(case=found.case, by=post, what="claim", groups=[Group.WORDS], at=at)
    context = {
        "claim": found,
        "form": form,
        "problem": problem,
        "at": at,
        "source": actions.source_of(found.kind),
        "is_held": locks.is_held(found.case_id),
        "can_open": Case.objects.visible_to(post).filter(pk=found.case_id).exists(),
    }
    return render(request, "web/claim.html", context, status=status)


@requires(actions.PERMISSION)
@require_POST
def holds(request: HttpRequest) -> HttpResponse:
    """Keeps a case of this post beyond its time."""
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _list(request, form, 422)
    wanted = codes.normalise_number(form.cleaned_data["number"])
    case = actions.cases_of(post_of(request)).numbered(wanted).first() if wanted else None
    if case is None:
        form.add_error("number", _("您的范围里没有这个编号。"))
        return _list(request, form, 422)
    locks.hold(case_id=case.pk, why=form.cleaned_data["why"], by=post_of(request), at=clock.now())
    messages.success(request, _("到期也不删，直到您放开。"))
    return redirect("web:claims")


@requires(actions.PERMISSION)
@require_POST
def release(request: HttpRequest, number: str) -> HttpResponse:
    """Ends a hold."""
    return _end(request, number, locks.release, _("放开了，到期照删。"))


@requires(actions.PERMISSION)
@require_POST
def unlocking(request: HttpRequest, number: str) -> HttpResponse:
    """Ends a lock."""
    return _end(request, number, locks.unlock, _("解除封存了。"))


def _end(request: HttpRequest, number: str, end: Callable[..., None], done: str) -> HttpResponse:
    case = actions.cases_of(post_of(request)).numbered(codes.normalise_number(number)).first()
    if case is None:
        raise Http404
    try:
        end(case_id=case.pk, by=post_of(request), at=clock.now())
    except CaseNotFound:
        raise Http404 from None
    messages.success(request, done)
    return redirect("web:claims")


def _list(request: HttpRequest, form: HoldForm, status: int = 200) -> HttpResponse:
    post, at = post_of(request), clock.now()
    mine = {"case__in": actions.cases_of(post)}
    answered = Claim.objects.filter(answered_at__isnull=False, person=person_of(post), **mine)
    context = {
        "waiting": actions.waiting_for(post),
        "answered": list(answered.select_related("case").order_by("-answered_at")[:SHOWN]),
        "locked": list(
            Lock.objects.filter(ended_at=None, **mine).select_related("case").order_by("-since")[:SHOWN]
        ),
        "held": list(
            Hold.objects.standing().filter(**mine).select_related("case").order_by("-since")[:SHOWN]
        ),
        "form": form,
        "at": at,
    }
    return render(request, "web/claims.html", context, status=status)
