"""Photos in forms: the file as it arrives, and the ids of what was staged before."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from linli.documents.actions import MAX_PHOTOS, TooManyPhotos, UploadsGone
from linli.documents.models import Upload
from linli.documents.render import MAX_BYTES


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


class UploadsField(forms.Field):
    """Hidden inputs with the ids of staged photos; cleans to a list of UUIDs that are still there."""

    widget = forms.MultipleHiddenInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)

    def clean(self, value: Sequence[str] | None) -> list[UUID]:
        """At most six ids, none of them gone; ValidationError says which."""
        texts = list(dict.fromkeys(value or []))
        if len(texts) > MAX_PHOTOS:
            raise forms.ValidationError(str(TooManyPhotos()), code=TooManyPhotos.code)
        ids = [_uuid(text) for text in texts]
        there = set(Upload.objects.filter(id__in=[key for key in ids if key]).values_list("id", flat=True))
        gone = [place for place, key in enumerate(ids, start=1) if key not in there]
        if gone:
            raise forms.ValidationError(str(UploadsGone(gone)), code=UploadsGone.code)
        return [key for key in ids if key]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def staged(values: Sequence[str]) -> list[Upload]:
    """The uploads behind submitted ids that are still there, to show them again beside a form with errors."""
    ids = [key for text in values[:MAX_PHOTOS] if (key := _uuid(text))]
    found = Upload.objects.in_bulk(ids)
    return [found[key] for key in dict.fromkeys(ids) if key in found]
