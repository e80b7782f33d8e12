"""Photos in forms: the files as they arrive, and those the same browser sent before."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import wraps
from io import BytesIO
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from linli.documents import actions
from linli.documents.actions import MAX_PHOTOS, TooManyPhotos, UploadsGone
from linli.documents.models import Upload
from linli.documents.render import MAX_BYTES, PhotoRefused
from linli.kit import clock, codes
from linli.kit.lists import labelled

View = Callable[..., HttpResponse]
COOKIE = "linli_photos"
SECRET_BYTES = 24


class PhotoUploadHandler(FileUploadHandler):
    """Keeps a file in memory up to one byte over the limit and drops the rest, however much is sent.

    Strangers' originals, with where and when they were taken, never touch the disk. Files past one more than may
    be attached are dropped unread, so that no request fills the memory.
    """

    files = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.files += 1
        if self.files > MAX_PHOTOS + 1:
            raise SkipFile
        super().new_file(*args, **kwargs)
        self.kept = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        room = MAX_BYTES + 1 - self.kept.tell()
        if room > 0:
            self.kept.write(raw_data[:room])
        return None

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        size = self.kept.tell()
        self.kept.seek(0)
        return InMemoryUploadedFile(
            self.kept, self.field_name, self.file_name, self.content_type, size, self.charset
        )


def receive_in_memory(request: HttpRequest) -> None:
    """Use PhotoUploadHandler for this request. To be called before anything reads request.POST."""
    request.upload_handlers = [PhotoUploadHandler(request)]


def takes_photos(view: View) -> View:
    """Lets a form carry photos, which only this browser sees again until they belong to a case.

    The upload handler must be set before the CSRF check reads the body, so the check comes after it.
    """

    @wraps(view)
    @csrf_exempt
    def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            receive_in_memory(request)
        given = request.COOKIES.get(_name(), "")
        secret = given or secrets.token_urlsafe(SECRET_BYTES)
        request.COOKIES[_name()] = secret
        response = csrf_protect(view)(request, *args, **kwargs)
        if not given:
            response.set_cookie(
                _name(), secret, path="/", secure=settings.SECURE, httponly=True, samesite="Lax"
            )
        return response

    return outer


def holder_of(request: HttpRequest) -> bytes:
    """Who sends photos from this browser (32 bytes); empty for one that has never been shown such a form."""
    secret = request.COOKIES.get(_name(), "")
    return codes.keyed("photos", secret.encode()) if secret else b""


def take(request: HttpRequest, given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Takes in the files `photo` of the request, those that are photos even where another is refused.

    `given` are the ids of those sent before. Returns the ids of all, and what is wrong, in words.
    """
    ids, refused = own(request, given)
    for file in request.FILES.getlist("photo"):
        if not isinstance(file, UploadedFile) or not file.size:
            continue
        if len(ids) >= MAX_PHOTOS:
            refused.append(str(TooManyPhotos()))
            break
        name = file.name or ""
        try:
            upload = actions.stage(data=file.read(), name=name, at=clock.now(), holder=holder_of(request))
        except PhotoRefused as error:
            shown = actions.display_name(name)
            refused.append(labelled(shown, error.message) if shown else error.message)
        else:
            ids.append(str(upload.pk))
    return ids, refused


def own(request: HttpRequest, given: Sequence[str]) -> tuple[list[str], list[str]]:
    """The given ids without those of photos other browsers sent, which look like any that is gone; and words for these.

    An id behind which nothing waits is let through: sent again, a command finds its photos attached already.
    """
    ids = {text: key for text in dict.fromkeys(given) if (key := _uuid(text))}
    others = Upload.objects.filter(pk__in=ids.values()).exclude(holder=holder_of(request)) if ids else ()
    strange = {upload.pk for upload in others}
    kept = [text for text, key in ids.items() if key not in strange]
    places = [place for place, text in enumerate(given, start=1) if text not in kept]
    return kept, [str(UploadsGone(places))] if places else []


def staged(request: HttpRequest, given: Sequence[str]) -> list[Upload]:
    """The photos behind ids that this browser sent and that still wait, to show them again beside a form."""
    ids = [key for text in given[:MAX_PHOTOS] if (key := _uuid(text))]
    holder = holder_of(request)
    found = Upload.objects.filter(holder=holder).in_bulk(ids) if ids and holder else {}
    return [found[key] for key in dict.fromkeys(ids) if key in found]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _name() -> str:
    return f"__Host-{COOKIE}" if settings.SECURE else COOKIE
