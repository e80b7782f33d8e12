"""Taking photos in, tying them to a case, and clearing away what nobody used."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions.errors import BadData
from linli.documents import render
from linli.documents.actions import sealing, storing
from linli.documents.models import ENDING, THUMBNAIL_ENDING, Attachment, Purpose, Upload
from linli.documents.render import PhotoRefused
from linli.kit.ids import uuid7
from linli.kit.lists import listed
from linli.kit.sealing import KeyringError
from linli.kit.text import clean

MAX_PHOTOS = 6
UPLOADS_KEPT = timedelta(hours=24)
ORPHANS_KEPT = timedelta(hours=1)
NAME_LENGTH = 80

logger = logging.getLogger(__name__)


class PhotoNotStored(PhotoRefused):
    """The disk refused it: full, read-only or broken."""

    code = "not_stored"

    @property
    def message(self) -> str:
        return _("照片没有存下来，是我们的问题。您填写的内容都还在，可以先不带照片提交，以后再补。")


class TooManyPhotos(BadData):
    code: ClassVar = "too_many_photos"

    def __init__(self) -> None:
        message = _("一次最多 %(most)s 张照片。请去掉几张后再提交，其余的可以以后补。") % {"most": MAX_PHOTOS}
        super().__init__({"photos": message})


class UploadsGone(BadData):
    """Unknown, swept after a day, or attached already. `places` counts from 1."""

    code: ClassVar = "uploads_gone"

    def __init__(self, places: Sequence[int]) -> None:
        self.places = list(places)
        message = _(
            "第 %(places)s 张照片已经不在这里了（选好后超过一天，或已经提交过）。请重新选择；其他内容都还在。"
        ) % {"places": listed(str(place) for place in self.places)}
        super().__init__({"photos": message})


class Swept(NamedTuple):
    uploads: int
    orphans: int


def stage(*, data: bytes, name: str, at: datetime, holder: bytes = b"") -> Upload:
    """Take in a photo for somebody who is still writing. PhotoRefused when it is not one or cannot be kept.

    `holder` is who may see it until it is attached (32 bytes, as `forms.holder_of` makes them); without one, nobody.

    The bytes are on the disk before the row: a row never lacks its bytes, and bytes without a row are swept.
    """
    photo = render.photo(data)
    upload_id = uuid7()
    path = _path_of(upload_id)
    upload = Upload(
        id=upload_id,
        name=display_name(name),
        created_at=at,
        holder=holder,
        width=photo.width,
        height=photo.height,
        size=len(photo.jpeg),
        sha256=hashlib.sha256(photo.jpeg).hexdigest(),
        path=path,
    )
    try:
        storing.require_room(Path(settings.ATTACHMENTS))
        sealing.put(upload, photo.thumbnail, "thumbnail")
        sealing.put(upload, photo.jpeg, "full")
    except (OSError, KeyringError) as error:
        logger.exception("A photo could not be stored")
        storing.unlink(upload.file, upload.thumbnail_file)
        raise PhotoNotStored from error
    upload.save(force_insert=True)
    return upload


def keep(*, upload_ids: Sequence[UUID], at: datetime) -> None:
    """Staged photos wait until a day after that moment, because what they belong to has to wait."""
    Upload.objects.filter(pk__in=upload_ids, created_at__lt=at).update(created_at=at)


def attach(
    *,
    upload_ids: Sequence[UUID],
    case_id: UUID,
    event_number: int,
    purpose: Purpose,
    is_public: bool,
    at: datetime,
    by_label: str,
) -> list[Attachment]:
    """Tie staged photos to an event, in the caller's transaction: all of them or none.

    Deleting the upload is the claim, so that of two submissions of one photo one gets UploadsGone.
    """
    wanted = list(dict.fromkeys(upload_ids))
    if not wanted:
        return []
    if len(wanted) > MAX_PHOTOS:
        raise TooManyPhotos
    with transaction.atomic(savepoint=False):
        uploads = Upload.objects.in_bulk(wanted)
        gone = [place for place, upload_id in enumerate(wanted, start=1) if upload_id not in uploads]
        if gone:
            raise UploadsGone(gone)
        claimed, _by_model = Upload.objects.filter(id__in=wanted).delete()
        if claimed != len(wanted):  # somebody else claimed one in between
            raise UploadsGone(range(1, len(wanted) + 1))
        made = Attachment.objects.bulk_create(
            Attachment(
                case_id=case_id,
                id=upload.id,
                event_number=event_number,
                purpose=purpose,
                is_public=is_public,
                by_label=by_label[:NAME_LENGTH],
                uploaded_at=upload.created_at,
                attached_at=at,
                width=upload.width,
                height=upload.height,
                size=upload.size,
                sha256=upload.sha256,
                path=upload.path,
            )
            for upload in map(uploads.__getitem__, wanted)
        )
        transaction.on_commit(partial(sealing.settle, made))
        return made


def sweep(*, at: datetime) -> Swept:
    """Remove uploads older than a day, and bytes older than an hour that no row knows."""
    return Swept(uploads=_sweep_uploads(at - UPLOADS_KEPT), orphans=_sweep_orphans(at - ORPHANS_KEPT))


def display_name(name: str) -> str:
    """A stranger's file name as a label: its last part, one line, nothing invisible, not too long."""
    last = clean(name.replace("\\", "/")).rsplit("/", 1)[-1]
    return " ".join(last.split()).strip(". ")[:NAME_LENGTH]


def _path_of(upload_id: UUID) -> str:
    """Spread by the random end of the id, because its beginning is the time."""
    text = str(upload_id)
    return f"{text[-4:-2]}/{text[-2:]}/{text}{ENDING}"


def _sweep_uploads(before: datetime) -> int:
    swept = 0
    for upload in (
        Upload.objects.filter(created_at__lt=before).order_by("created_at").iterator(chunk_size=200)
    ):
        # Only whoever deleted the row may remove the bytes: a photo attached in the meantime keeps them.
        deleted, _by_model = Upload.objects.filter(id=upload.id).delete()
        if deleted:
            transaction.on_commit(partial(storing.unlink, upload.file, upload.thumbnail_file))
            swept += 1
    return swept


def _sweep_orphans(before: datetime) -> int:
    swept = 0
    for folder in _leaf_folders(Path(settings.ATTACHMENTS)):
        old = [path for path in folder.iterdir() if path.stat().st_mtime < before.timestamp()]
        known = _known({key for path in old if (key := _id_of(path))})
        for path in old:
            if path.name.endswith(storing.PART) or _id_of(path) not in known:
                storing.unlink(path)
                swept += 1
    return swept


def _leaf_folders(root: Path) -> Iterator[Path]:
    for first in root.glob("[0-9a-f][0-9a-f]"):
        yield from first.glob("[0-9a-f][0-9a-f]")


def _id_of(path: Path) -> UUID | None:
    name = path.name.removesuffix(storing.PART).removesuffix(THUMBNAIL_ENDING).removesuffix(ENDING)
    try:
        return UUID(name)
    except ValueError:
        return None


def _known(ids: Iterable[UUID]) -> set[UUID]:
    """Uploads first: a photo attached between the two questions is then found by the second."""
    wanted = list(ids)
    if not wanted:
        return set()
    staged = set(Upload.objects.filter(id__in=wanted).values_list("id", flat=True))
    return staged | set(Attachment.objects.filter(id__in=wanted).values_list("id", flat=True))
