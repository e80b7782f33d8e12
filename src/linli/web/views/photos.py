"""Photos of a case, for those who may see the case."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from linli.documents import views as documents_views
from linli.documents.models import Attachment
from linli.kit import clock
from linli.people.access import post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group

from . import casefile

OWN_GATE = "mediation"  # kinds whose papers only those see who may open their content


@requires("case.view")
@require_safe
def photo(request: HttpRequest, number: str, photo_id: UUID) -> HttpResponse:
    return documents_views.serve(_attachment(request, number, photo_id), "full")


@requires("case.view")
@require_safe
def thumbnail(request: HttpRequest, number: str, photo_id: UUID) -> HttpResponse:
    return documents_views.serve(_attachment(request, number, photo_id), "thumbnail")


def _attachment(request: HttpRequest, number: str, photo_id: UUID) -> Attachment:
    """The photo, its opening noted first."""
    post, at = post_of(request), clock.now()
    case, _said, glass = casefile.reach(number, post, at)
    if case.kind.startswith(OWN_GATE):
        raise Http404
    found = get_object_or_404(Attachment, case_id=case.pk, id=photo_id)
    purpose, by_glass = ("glass", glass.id) if glass else ("", None)
    shown = [Group.PHOTOS]
    reads.note(case=case, by=post, what="photo", groups=shown, at=at, purpose=purpose, glass=by_glass)
    return found
