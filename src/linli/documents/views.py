"""Photos and exported files over HTTP. Who may have one is decided by whoever routes to `serve` and `serve_export`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Literal
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from linli.documents import actions
from linli.documents.actions import exporting, sealing
from linli.documents.forms import receive_in_memory
from linli.documents.models import Export, StoredPhoto, Upload
from linli.documents.render import EmptyPhoto, PhotoRefused, tables
from linli.kit import clock
from linli.people.access import public

Size = Literal["full", "thumbnail"]

STATUSES = {
    "too_many_bytes": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not_a_photo": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_stored": HTTPStatus.SERVICE_UNAVAILABLE,
}
PRIVATE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
HEADERS = {"Content-Disposition": 'inline; filename="photo.jpg"', **PRIVATE}

logger = logging.getLogger(__name__)


@public
@require_POST
@csrf_exempt  # only until the handler is set: the check reads the body, so it must come after
def uploads(request: HttpRequest) -> HttpResponse:
    """Stage the photo in the field `photo`: 201 with a fragment or JSON, else the reason in the same form."""
    receive_in_memory(request)
    return _stage(request)


@csrf_protect
def _stage(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("photo")
    try:
        if not isinstance(file, UploadedFile):
            raise EmptyPhoto
        upload = actions.stage(data=file.read(), name=file.name or "", at=clock.now())
    except PhotoRefused as error:
        return _refused(request, error)
    if _wants_json(request):
        return JsonResponse(
            {
                "id": str(upload.id),
                "name": upload.name,
                "width": upload.width,
                "height": upload.height,
                "thumbnail": reverse("upload-thumbnail", args=[upload.id]),
            },
            status=HTTPStatus.CREATED,
        )
    return render(request, "documents/upload.html", {"upload": upload}, status=HTTPStatus.CREATED)


def _refused(request: HttpRequest, error: PhotoRefused) -> HttpResponse:
    status = STATUSES.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    if _wants_json(request):
        content = {"field": error.field, "code": error.code, "message": error.message}
        return JsonResponse(content, status=status)
    return render(request, "documents/upload_refused.html", {"error": error}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


@public
@require_safe
def upload_thumbnail(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """A staged photo for whoever knows its id, which only the person who sent it was told."""
    return serve(get_object_or_404(Upload, id=upload_id), "thumbnail")


def serve(photo: StoredPhoto, size: Size = "full") -> HttpResponse:
    """The bytes of a photo that the caller has found to be visible to the reader (about a megabyte)."""
    try:
        content = sealing.read(photo, size)
    except OSError:
        logger.exception("The bytes of a photo are missing")
        raise Http404 from None
    return HttpResponse(content, content_type="image/jpeg", headers=HEADERS)


def serve_export(export: Export) -> FileResponse:
    """The file of an export that the caller has found to be the reader's, under the name of its list."""
    assert export.done_at is not None
    try:
        file = export.file.open("rb")
    except OSError:
        raise Http404 from None
    local = timezone.localtime(export.asked_at)
    name = f"{exporting.label_of(export)}-{local:%Y-%m-%d-%H%M}.{export.format}"
    content_type = tables.TYPES[export.format]
    return FileResponse(file, as_attachment=True, filename=name, content_type=content_type, headers=PRIVATE)
