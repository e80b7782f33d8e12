"""Photos and exported files over HTTP. Who may have one is decided by whoever routes to `serve` and `serve_export`."""

from __future__ import annotations

import logging
from typing import Literal
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.documents.actions import exporting, sealing
from linli.documents.forms import staged
from linli.documents.models import Export, StoredPhoto
from linli.documents.render import tables
from linli.people.access import public

Size = Literal["full", "thumbnail"]

PRIVATE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
HEADERS = {"Content-Disposition": 'inline; filename="photo.jpg"', **PRIVATE}

logger = logging.getLogger(__name__)


@public
@require_safe
def upload_thumbnail(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """A staged photo, for the browser that sent it; for any other there is none."""
    for upload in staged(request, [str(upload_id)]):
        return serve(upload, "thumbnail")
    raise Http404


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
