"""Photos of a case that has a key of its own lie sealed on the disk, and are opened as they are shown.

    mark (4 bytes) · whose key (1) · sealed bytes

A photo nobody has tied to a case yet, and one of a case without a key, lies as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from linli.documents.actions import storing
from linli.documents.models import Attachment, StoredPhoto
from linli.kit.sealing import (
    KeyringError,
    Place,
    open_sealed,
    ring_with,
    seal,
    seal_for_server,
    standing_key,
    vault,
)

MARK = b"LLS\x01"
OF_CASE, OF_SERVER = b"c", b"s"
START = len(MARK) + 1

Size = Literal["full", "thumbnail"]
SIZES: tuple[Size, ...] = ("thumbnail", "full")

logger = logging.getLogger(__name__)


def read(photo: StoredPhoto, size: Size = "full") -> bytes:
    """The bytes of a photo. Raises OSError where they are gone, Unreadable, KeyringError."""
    content = _path(photo, size).read_bytes()
    if not content.startswith(MARK) or not isinstance(photo, Attachment):
        return content
    sealed = content[START:]
    is_of_case = content[START - 1 : START] == OF_CASE
    ring = vault.key_of(photo.case_id) if is_of_case else ring_with(standing_key(sealed))
    return open_sealed(sealed, _place(photo, size), ring)


def seal_files(photos: Iterable[Attachment]) -> int:
    """Seals what lies open, or only for the server; returns how many files. What cannot be sealed now is left."""
    done = 0
    for photo in photos:
        for size in SIZES:
            try:
                done += _seal(photo, size)
            except OSError:
                logger.exception("A photo could not be sealed")
    return done


def seal_left() -> int:
    """Seals every photo of cases with keys that is not yet, for instance those filed before there were keys."""
    found = 0
    for case in vault.cases():
        if not vault.is_shredded(case):
            found += seal_files(Attachment.objects.of_case(case))
    return found


def _seal(photo: Attachment, size: Size) -> bool:
    path = _path(photo, size)
    with path.open("rb") as file:
        start = file.read(START)
    if start == MARK + OF_CASE:
        return False
    content = read(photo, size)
    place = _place(photo, size)
    try:
        sealed = OF_CASE + seal(content, place, vault.key_of(photo.case_id))
    except KeyringError:
        sealed = OF_SERVER + seal_for_server(content, place)
    storing.write(path, MARK + sealed)
    return True


def _path(photo: StoredPhoto, size: Size) -> Path:
    return photo.thumbnail_file if size == "thumbnail" else photo.file


def _place(photo: Attachment, size: Size) -> Place:
    return Place("documents_attachment", f"{photo.case_id}/{photo.id}", size)
