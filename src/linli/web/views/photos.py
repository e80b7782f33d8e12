"""Photos of a case, for those who may see the case, and forms that take new ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_safe

from linli.documents import actions as documents
from linli.documents import views as documents_views
from linli.documents.forms import receive_in_memory
from linli.documents.models import Attachment
from linli.documents.render import PhotoRefused
from linli.kit import clock
from linli.people.access import post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group

from . import casefile

View = Callable[..., HttpResponse]
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


def takes_photos(view: View) -> View:
    """Lets a form carry photos without their originals ever touching the disk.

    The upload handler must be set before the CSRF check reads the body, so the check comes after it.
    """

    @wraps(view)
    @csrf_exempt
    def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            receive_in_memory(request)
        return csrf_protect(view)(request, *args, **kwargs)

    return outer


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def stage(request: HttpRequest) -> tuple[list[str], str]:
    """Stages the files sent with a form. Ids of those sent now and before, and what is wrong with one."""
    given = request.POST.getlist("photos")
    ids = [text for text in given if _is_id(text)]
    problem = "" if len(ids) == len(given) else _("照片没有传上来，请重新选一次。")
    for file in request.FILES.getlist("photo"):
        if not isinstance(file, UploadedFile) or not file.size:
            continue
        try:
            upload = documents.stage(data=file.read(), name=file.name or "", at=clock.now())
            ids.append(str(upload.pk))
        except PhotoRefused as error:
            problem = error.message
    return ids, problem
