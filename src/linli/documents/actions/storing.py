"""Bytes on the disk: whole or not at all, in folders that are there after a power cut, and room left over."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

FREE_BYTES = 500 * 1024 * 1024  # left for the database, however much is stored
PART = ".part"


def require_room(folder: Path) -> None:
    """OSError when more files would take the room that the database needs."""
    make_folder(folder)
    if shutil.disk_usage(folder).free < FREE_BYTES:
        raise OSError(errno.ENOSPC, "too little room is left for files")


def write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the power fails: temporary file, fsync, rename, fsync of the folder."""
    make_folder(path.parent)
    part = path.with_name(path.name + PART)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        unlink(part)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def finish(part: Path, path: Path) -> None:
    """Gives a file that was written piece by piece its name, once all of it is on the disk."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.rename(path)
    sync_folder(path.parent)


def unlink(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
