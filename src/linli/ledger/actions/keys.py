"""The key the log signs with: a file of its own, outside the database; and the keys of its witnesses."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from django.conf import settings

from linli.ledger.notes import LOG, WITNESS, Key, NoteError, Secret


def secret() -> Secret:
    """The log's private key, made once. Whoever has it can sign for the log, so no backup of the database holds it."""
    return read_or_make(Path(settings.LOG_KEY), settings.LOG_NAME, LOG)


def public() -> Key:
    """What everybody may keep to check the log's signatures by."""
    return secret().key


def is_here() -> bool:
    """Whether this machine has the log's key: asked where making one would say that everything else is forged."""
    return Path(settings.LOG_KEY).exists()


def witnesses() -> list[Key]:
    """The witnesses whose signatures are taken."""
    return list(_witnesses(tuple(settings.WITNESSES)))


@cache
def _witnesses(written: tuple[str, ...]) -> tuple[Key, ...]:
    keys = tuple(Key.parse(text) for text in written)
    if any(key.algorithm != WITNESS for key in keys):
        raise NoteError("LINLI_WITNESSES holds a key that is not a witness's")
    return keys


def read_or_make(path: Path, name: str, algorithm: int) -> Secret:
    """The private key in a file that only its owner may read."""
    if not path.exists():
        _write_once(path, str(Secret.make(name, algorithm)) + "\n")
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _changed: int) -> Secret:
    return Secret.parse(path.read_text())


def _write_once(path: Path, text: str) -> None:
    """Two processes that start together come to the same key: the file appears whole, and once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
