"""Small files that hold keys: for their owner alone, whole or not at all, and there after a power cut."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def put(path: Path, text: str) -> None:
    """Writes a file in place of the one before."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        lay(part, text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _settle(path.parent)


def lay(path: Path, text: str) -> None:
    """A new file with that text on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
