"""The signed receipt of what was just registered, to print for whoever came or called. It holds no code."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from linli.cases.models import Case
from linli.kit import clock, codes
from linli.people.access import post_of, requires
from linli.portal.views.receipts import given
from linli.privacy.actions import reads
from linli.privacy.models import Group

HANDED_OUT = "receipt_files"


def offer(request: HttpRequest, case_id: UUID) -> None:
    """Lets whoever registered a case save its receipt as long as they are signed in."""
    kept = [each for each in request.session.get(HANDED_OUT, []) if each != str(case_id)]
    request.session[HANDED_OUT] = [*kept[-9:], str(case_id)]


@requires("case.report")
@require_safe
def receipt_file(request: HttpRequest, number: str, form: str) -> HttpResponse:
    """Of a request, to the clerk who took it down. It has the reporter's own words, so that is noted first."""
    case = _registered(request, number)
    reads.note(case=case, by=post_of(request), what="receipt", groups=[Group.WORDS], at=clock.now())
    return given(request, case, form)


@requires("mediation.register")
@require_safe
def dispute_file(request: HttpRequest, number: str, form: str) -> HttpResponse:
    """Of an application, to the member of staff who registered it. None of its words stand in it."""
    return given(request, _registered(request, number), form)


def _registered(request: HttpRequest, number: str) -> Case:
    """What was registered in this session; anything else does not exist."""
    numbered = Case.objects.numbered(codes.normalise_number(number))
    case = get_object_or_404(numbered.select_related("place"))
    if str(case.pk) not in request.session.get(HANDED_OUT, []):
        raise Http404
    return case
