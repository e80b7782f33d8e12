"""Photos nobody has tied to a case yet, and those of a case with a key of its own, lie sealed on the disk.

    mark (4 bytes) · whose key (1) · sealed bytes

They are opened as they are shown. A photo of a case without a key lies as it is, as do the words of such a case.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Literal

from linli.documents.actions import storing
from linli.documents.models import Attachment, StoredPhoto, Upload
from linli.kit.sealing import (
    KeyringError,
    Place,
    Unreadable,
    keyring,
    open_sealed,
    ring_with,
    seal,
    seal_for_server,
    standing_key,
    vault,
)

MARK = b"LLS\x01"
OF_CASE, OF_SERVER, STAGED = b"c", b"s", b"u"
START = len(MARK) + 1

Size = Literal["full", "thumbnail"]
SIZES: tuple[Size, ...] = ("thumbnail", "full")

logger = logging.getLogger(__name__)


def read(photo: StoredPhoto, size: Size = "full") -> bytes:
    """The bytes of a photo. Raises OSError where they are gone, Unreadable, KeyringError."""
    content = _path(photo, size).read_bytes()
    if not content.startswith(MARK):
        return content
    whose, sealed = content[START - 1 : START], content[START:]
    if whose == OF_CASE and isinstance(photo, Attachment):
        return open_sealed(sealed, _place(photo, size, whose), vault.key_of(photo.case_id))
    return open_sealed(sealed, _place(photo, size, whose), ring_with(standing_key(sealed)))


def put(photo: Upload, content: bytes, size: Size) -> None:
    """Puts the bytes of a staged photo on the disk, sealed for the server. Raises OSError, KeyringError."""
    sealed = seal_for_server(content, _place(photo, size, STAGED))
    storing.write(_path(photo, size), MARK + STAGED + sealed)


def settle(photos: Iterable[Attachment]) -> int:
    """Has photos lie as their case has it: under its key, or open. Returns how many files changed.

    What cannot be done now, because the keys are away or the disk refuses it, is left as it is.
    """
    return sum(_tried(partial(_settle, photo, size)) for photo in photos for size in SIZES)


def go_over() -> int:
    """Settles what was left, and seals what is still staged under the current key. Returns how many files changed."""
    kept = {case for case in vault.cases() if not vault.is_shredded(case)}
    found = sum(settle(Attachment.objects.of_case(case)) for case in kept)
    others = Attachment.objects.order_by("case_id", "id").iterator(chunk_size=1000)
    found += settle(photo for photo in others if not vault.has(photo.case_id))
    staged = Upload.objects.order_by("id").iterator(chunk_size=1000)
    return found + sum(_tried(partial(_seal_anew, photo, size)) for photo in staged for size in SIZES)


def _tried(do: Callable[[], bool]) -> bool:
    try:
        return do()
    except (OSError, Unreadable):
        logger.exception("A photo could not be sealed or opened")
    except KeyringError:
        logger.warning("A photo stays as it is until the keys are back")
    return False


def _settle(photo: Attachment, size: Size) -> bool:
    start = _start(photo, size)
    if not vault.has(photo.case_id):
        if start != MARK + STAGED:
            return False
        storing.write(_path(photo, size), read(photo, size))
        return True
    if start == MARK + OF_CASE:
        return False
    content = read(photo, size)
    try:
        sealed = OF_CASE + seal(content, _place(photo, size, OF_CASE), vault.key_of(photo.case_id))
    except KeyringError:
        sealed = OF_SERVER + seal_for_server(content, _place(photo, size, OF_SERVER))
    storing.write(_path(photo, size), MARK + sealed)
    return True


def _seal_anew(photo: Upload, size: Size) -> bool:
    content = _path(photo, size).read_bytes()
    if content.startswith(MARK) and standing_key(content[START:]) == keyring().current.id:
        return False
    put(photo, read(photo, size), size)
    return True


def _start(photo: StoredPhoto, size: Size) -> bytes:
    with _path(photo, size).open("rb") as file:
        return file.read(START)


def _path(photo: StoredPhoto, size: Size) -> Path:
    return photo.thumbnail_file if size == "thumbnail" else photo.file


def _place(photo: StoredPhoto, size: Size, whose: bytes) -> Place:
    if whose != STAGED and isinstance(photo, Attachment):
        return Place("documents_attachment", f"{photo.case_id}/{photo.id}", size)
    return Place("documents_upload", photo.path, size)
