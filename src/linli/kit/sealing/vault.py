"""Keys of single cases, one file a case, in a folder beside the database and in no backup of it.

A case has a key for what its readers share, and a key of its own for each part that fewer may read. Every key is sealed
with the keyring, and the list of its readers is sealed in with it: a reader whom somebody wrote into the database, or
into the list itself, is not on it. A file emptied of its keys makes the case's content unreadable for good, also in
every older copy of the database.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from linli.kit.sealing.cipher import Place, Unreadable, open_sealed, seal_for_server, standing_key
from linli.kit.sealing.files import put
from linli.kit.sealing.keys import ALGORITHMS, SECRET_BYTES, Key, Keyring, KeyringError, keyring, ring_with

ENDING = ".key"
PURPOSE = "linli.vault"
SHARED = ""  # the part that all readers of a case share

_at_hand: ContextVar[dict[tuple[UUID, str], Keyring] | None] = ContextVar("case_keys_at_hand", default=None)


class Shredded(Unreadable):
    """The keys of the case were destroyed, and with them its content."""


@dataclass(frozen=True)
class _Entry:
    """One key of a case as it lies in the file."""

    sealed: bytes
    algorithm: str
    readers: tuple[str, ...]

    def place(self, case: UUID, part: str) -> Place:
        return Place(PURPOSE, f"{case}/{part}", "\n".join((self.algorithm, *self.readers)))


@contextmanager
def at_hand() -> Iterator[None]:
    """Keeps opened case keys for the length of one request, and forgets them after; inside another it adds nothing."""
    if _at_hand.get() is not None:
        yield
        return
    token = _at_hand.set({})
    try:
        yield
    finally:
        _at_hand.reset(token)


def make(case: UUID, readers: Iterable[str] = (), part: str = SHARED) -> None:
    """A key for a case, or for a part of it; where there is one it stays. Works while the keyring is away."""
    with _held(case) as entries:
        if part in entries:
            return
        ring = Keyring.new(_algorithm())
        entry = _Entry(b"", ring.current.algorithm, tuple(sorted(set(readers))))
        entries[part] = _wrapped(entry, ring.current.secret, case, part)
    _remember(case, part, ring)


def key_of(case: UUID, part: str = SHARED) -> Keyring:
    """The opened key. Raises Unreadable where there is none or it is not as it was written, KeyringError."""
    known = _at_hand.get()
    found = known.get((case, part)) if known is not None else None
    if found is None:
        found = _opened(case, part, _entry(case, part))
        _remember(case, part, found)
    return found


def has(case: UUID) -> bool:
    """Whether the case has keys, or had them once."""
    return _path(case).exists()


def admits(case: UUID, reader: str, part: str = SHARED) -> bool:
    """Whether a reader is on the sealed list of those who may read.

    While the keys are away the list is taken at its word: nothing opens for anybody then.
    """
    try:
        entry = _entry(case, part)
        if reader not in entry.readers:
            return False
        _remember(case, part, _opened(case, part, entry))
    except Unreadable:
        return False
    except KeyringError:
        return True
    return True


def admit(case: UUID, readers: Iterable[str], part: str = SHARED) -> None:
    """Puts readers on the list. Raises Unreadable, KeyringError."""
    _relist(case, part, lambda known: known | set(readers))


def dismiss(case: UUID, readers: Iterable[str], part: str = SHARED) -> None:
    """Takes readers off the list. Raises Unreadable, KeyringError."""
    _relist(case, part, lambda known: known - set(readers))


def shred(case: UUID) -> None:
    """Destroys every key of a case, for good; the emptied file keeps a copy of the folder from bringing them back."""
    path = _path(case)
    with _locked():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            with path.open("r+b") as file:
                file.write(b"\0" * path.stat().st_size)
                file.flush()
                os.fsync(file.fileno())
        put(path, json.dumps({"shredded": True}))
    known = _at_hand.get()
    for name in [name for name in known or {} if name[0] == case]:
        (known or {}).pop(name)


def rewrap(case: UUID) -> int:
    """Seals the keys of a case anew with the current key of the keyring; returns how many were not yet."""
    current = keyring().current
    changed = 0
    with _held(case, missing_ok=True) as entries:
        for part, entry in list(entries.items()):
            if (entry.sealed[0], standing_key(entry.sealed)) != (ALGORITHMS[current.algorithm], current.id):
                secret = _secret(case, part, entry)
                entries[part] = _wrapped(entry, secret, case, part)
                changed += 1
    return changed


def cases() -> Iterator[UUID]:
    """Every case that has a file."""
    for path in sorted(Path(settings.CASE_KEYS).glob(f"[0-9a-f][0-9a-f]/*{ENDING}")):
        yield UUID(path.name.removesuffix(ENDING))


def standing(case: UUID) -> list[int]:
    """The numbers of the keys its keys are sealed with; empty where they were destroyed."""
    return [standing_key(entry.sealed) for entry in _read(_path(case)).values()]


def is_away(case: UUID) -> bool:
    """Whether the keys of a case cannot be had now, though they were not destroyed."""
    try:
        key_of(case)
    except KeyringError:
        return True
    except Unreadable:
        pass
    return False


def is_shredded(case: UUID) -> bool:
    path = _path(case)
    return path.exists() and not _read(path)


def _algorithm() -> str:
    try:
        return keyring().current.algorithm
    except KeyringError:
        return "aes-256-gcm"


def _remember(case: UUID, part: str, ring: Keyring) -> None:
    known = _at_hand.get()
    if known is not None:
        known[case, part] = ring


def _wrapped(entry: _Entry, secret: bytes, case: UUID, part: str) -> _Entry:
    return replace(entry, sealed=seal_for_server(secret, entry.place(case, part)))


def _secret(case: UUID, part: str, entry: _Entry) -> bytes:
    return open_sealed(entry.sealed, entry.place(case, part), ring_with(standing_key(entry.sealed)))


def _opened(case: UUID, part: str, entry: _Entry) -> Keyring:
    secret = _secret(case, part, entry)
    if entry.algorithm not in ALGORITHMS or len(secret) != SECRET_BYTES:
        raise Unreadable("no such key")
    return Keyring({1: Key(1, entry.algorithm, secret)}, 1)


def _relist(case: UUID, part: str, change: Any) -> None:
    with _held(case, missing_ok=True) as entries:
        entry = entries.get(part)
        if entry is None:
            raise Unreadable("no such key")
        readers = tuple(sorted(change(set(entry.readers))))
        if readers != entry.readers:
            secret = _secret(case, part, entry)
            entries[part] = _wrapped(replace(entry, readers=readers), secret, case, part)


def _entry(case: UUID, part: str) -> _Entry:
    path = _path(case)
    entries = _read(path)
    if part not in entries:
        raise Shredded("destroyed") if path.exists() and not entries else Unreadable("no such key")
    return entries[part]


def _path(case: UUID) -> Path:
    """Spread by the random end of the id, because its beginning is the time."""
    name = str(case)
    return Path(settings.CASE_KEYS) / name[-2:] / (name + ENDING)


def _read(path: Path) -> dict[str, _Entry]:
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        return {part: _entry_of(entry) for part, entry in raw.get("keys", {}).items()}
    except FileNotFoundError:
        return {}
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        raise Unreadable("the keys of the case are not written as they must be") from None


def _entry_of(raw: Mapping[str, Any]) -> _Entry:
    sealed = base64.b64decode(raw["sealed"], validate=True)
    return _Entry(sealed, str(raw["algorithm"]), tuple(str(reader) for reader in raw["readers"]))


@contextmanager
def _held(case: UUID, *, missing_ok: bool = False) -> Iterator[dict[str, _Entry]]:
    """The keys of a case, to be changed by nobody else meanwhile, written back whole if they did change."""
    path = _path(case)
    with _locked():
        entries = _read(path)
        if not entries and path.exists() and not missing_ok:
            raise Shredded("destroyed")
        before = dict(entries)
        yield entries
        if entries != before:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            put(path, _written(entries))


def _written(entries: Mapping[str, _Entry]) -> str:
    keys = {
        part: {
            "sealed": base64.b64encode(entry.sealed).decode(),
            "algorithm": entry.algorithm,
            "readers": list(entry.readers),
        }
        for part, entry in entries.items()
    }
    return json.dumps({"keys": keys}, indent=1) + "\n"


@contextmanager
def _locked() -> Iterator[None]:
    folder = Path(settings.CASE_KEYS)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
