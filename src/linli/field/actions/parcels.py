"""Sealed photos in pieces: any piece may be sent again, and the whole is taken only under its hash."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import CommandError
from linli.documents.actions import storing
from linli.documents.render import MAX_BYTES
from linli.field import wire
from linli.field.models import Held, Parcel, Phone, State

LARGEST_PIECE = 512 * 1024
LARGEST = MAX_BYTES + 1024
MOST_UNDER_WAY = 400  # of one phone: more than a week of photos
KEPT = timedelta(days=30)


class WrongPlace(CommandError):
    """The piece does not follow what is there. `got` is where to go on."""

    def __init__(self, got: int) -> None:
        self.got = got
        super().__init__(_("从第 %(n)d 个字节接着传。") % {"n": got})


class Unfit(CommandError):
    """Not a parcel that can be taken in."""

    def __init__(self) -> None:
        super().__init__(_("这张照片传不上来：太大，或者和先前说的不一样。"))


def put(
    *, parcel_id: UUID, phone: Phone, size: int, sha256: str, offset: int, piece: bytes, at: datetime
) -> Parcel:
    """Adds a piece. Bytes are on the disk before the row counts them; what lies beyond the count is written over."""
    if not 0 < size <= LARGEST or len(sha256) != 64 or len(piece) > LARGEST_PIECE:
        raise Unfit
    with transaction.atomic():
        parcel = _locked(parcel_id, phone, size, sha256, at)
        if parcel.done_at is not None:
            return parcel
        if offset != parcel.got:
            raise WrongPlace(parcel.got)
        if offset + len(piece) > size:
            raise Unfit
        _write(parcel, offset, piece)
        parcel.got = offset + len(piece)
        if parcel.got == size:
            _finish(parcel, at)
        parcel.save(update_fields=["got", "done_at"])
    return parcel


def _locked(parcel_id: UUID, phone: Phone, size: int, sha256: str, at: datetime) -> Parcel:
    parcel = Parcel.objects.select_for_update(of=("self",)).filter(pk=parcel_id).first()
    if parcel is None:
        if phone.parcels.filter(done_at=None).count() >= MOST_UNDER_WAY:
            raise Unfit
        made, _is_new = Parcel.objects.get_or_create(
            pk=parcel_id, defaults={"device": phone, "size": size, "sha256": sha256, "begun_at": at}
        )
        parcel = Parcel.objects.select_for_update(of=("self",)).get(pk=made.pk)
    if (parcel.device_id, parcel.size, parcel.sha256) != (phone.pk, size, sha256):
        raise Unfit
    return parcel


def _write(parcel: Parcel, offset: int, piece: bytes) -> None:
    storing.require_room(settings.PARCELS)
    with os.fdopen(os.open(parcel.file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        file.seek(offset)
        file.write(piece)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _finish(parcel: Parcel, at: datetime) -> None:
    """Whole under its hash, or begun again."""
    if hashlib.sha256(parcel.file.read_bytes()).hexdigest() == parcel.sha256:
        parcel.done_at = at
    else:
        parcel.got = 0


def content(parcel: Parcel) -> bytes:
    """The photo as the phone sealed it; wire.Damaged when it does not open."""
    return wire.unseal(parcel.file.read_bytes(), parcel.pk)


def sweep(*, at: datetime) -> int:
    """Removes what is older than a month, but for what waits for a person."""
    held = _waiting()
    old = [row for row in Parcel.objects.filter(begun_at__lt=at - KEPT) if str(row.pk) not in held]
    for parcel in old:
        parcel.delete()
        transaction.on_commit(lambda path=parcel.file: storing.unlink(path))  # type: ignore[misc]
    return len(old)


def _waiting() -> set[str]:
    """The photos of what a person has still to decide about."""
    rows = Held.objects.waiting().filter(sent__state=State.HELD).select_related("sent")
    return {str(photo) for row in rows for photo in dict(row.sent.content or {}).get("photos", ())}
