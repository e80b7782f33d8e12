"""The keys, outside the database: a file of its own, or what a command prints (a key service, a smart card).

Beside them lies the public half of the current one, so that what comes in can be sealed while the keys are away.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from linli.kit.sealing.files import lay, put

ALGORITHMS = {"aes-256-gcm": 1, "sm4-gcm": 2}
SECRET_BYTES = 32
HIGHEST = 0xFFFF
COMMAND_SECONDS = 5
RECHECK_SECONDS = 1.0
SILENT_SECONDS = 15.0


class KeyringError(Exception):
    """The keys are not to be had, or are not written as they must be."""


@dataclass(frozen=True)
class Key:
    """One key: its number, what it is used with, and 32 secret bytes that are never used directly."""

    id: int
    algorithm: str
    secret: bytes = field(repr=False)
    known: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def derived(self, purpose: str, length: int) -> bytes:
        """A key for one purpose alone (HKDF-SHA256); it lives as long as this object and no longer."""
        found = self.known.get(purpose)
        if found is None:
            info = f"linli.{purpose}".encode()
            found = self.known[purpose] = HKDF(SHA256(), length, salt=None, info=info).derive(self.secret)
        return found

    def intake(self) -> X25519PrivateKey:
        """The private half of the key that seals while this one is away."""
        return X25519PrivateKey.from_private_bytes(self.derived("intake", 32))


@dataclass(frozen=True)
class Keyring:
    """Keys by number. New values are sealed with the current one, since that second; the others still open."""

    keys: dict[int, Key]
    current_id: int
    since: int = 0

    @property
    def current(self) -> Key:
        return self.keys[self.current_id]

    @classmethod
    def new(cls, algorithm: str = "aes-256-gcm") -> Keyring:
        return cls({}, 0).with_new_key(algorithm)

    def with_new_key(self, algorithm: str) -> Keyring:
        """The same ring with one more key, which becomes the current one."""
        number = max(self.keys, default=0) + 1
        if algorithm not in ALGORITHMS or number > HIGHEST:
            raise KeyringError(algorithm)
        key = Key(number, algorithm, secrets.token_bytes(SECRET_BYTES))
        return Keyring({**self.keys, number: key}, number, int(time.time()))

    def without(self, number: int) -> Keyring:
        """The same ring without a key; the current one stays."""
        if number == self.current_id or number not in self.keys:
            raise KeyringError(str(number))
        left = {key: value for key, value in self.keys.items() if key != number}
        return Keyring(left, self.current_id, self.since)

    def written(self) -> str:
        keys = {
            str(key.id): {"algorithm": key.algorithm, "secret": base64.b64encode(key.secret).decode()}
            for key in self.keys.values()
        }
        return json.dumps({"current": self.current_id, "since": self.since, "keys": keys}, indent=1) + "\n"

    @classmethod
    def read(cls, text: str) -> Keyring:
        """Raises KeyringError, which never repeats what was read."""
        try:
            raw: dict[str, Any] = json.loads(text)
            keys = {
                int(number): Key(
                    int(number), str(entry["algorithm"]), base64.b64decode(entry["secret"], validate=True)
                )
                for number, entry in raw["keys"].items()
            }
            ring = cls(keys, int(raw["current"]), int(raw.get("since", 0)))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise KeyringError("the keyring is not written as it must be") from None
        sound = all(
            key.algorithm in ALGORITHMS and len(key.secret) == SECRET_BYTES and 0 < key.id <= HIGHEST
            for key in keys.values()
        )
        if not sound or ring.current_id not in keys:
            raise KeyringError("the keyring is not written as it must be")
        return ring


class _Kept:
    """The ring as last read, and what it was read from; or that it could not be read, and until when that holds."""

    ring: Keyring | None = None
    seen: tuple[object, ...] = ()
    checked = 0.0
    failed: KeyringError | None = None
    lock = threading.Lock()


def keyring() -> Keyring:
    """The ring in force: read once, and again when its file has changed. Raises KeyringError."""
    ring, now = _Kept.ring, time.monotonic()
    if ring is not None and now - _Kept.checked < RECHECK_SECONDS and _Kept.seen[:1] == (_source(),):
        return ring
    with _Kept.lock:
        if _Kept.failed is not None and now - _Kept.checked < SILENT_SECONDS and settings.KEYRING_COMMAND:
            raise _Kept.failed  # a key service that is away is not asked by every request
        return _looked_up()


def ring_with(number: int) -> Keyring:
    """The ring in force, read once more where it lacks a key that another process may just have added."""
    ring = keyring()
    if number in ring.keys or settings.KEYRING_COMMAND:
        return ring
    with _Kept.lock:
        return _looked_up()


def _looked_up() -> Keyring:
    seen = _state()
    ring = _Kept.ring
    if ring is None or seen != _Kept.seen:
        _Kept.ring, _Kept.seen, _Kept.failed = None, (), None
        try:
            ring = _read()
        except KeyringError as error:
            _Kept.failed, _Kept.checked = error, time.monotonic()
            raise
        _Kept.ring, _Kept.seen = ring, seen if seen[-1] else _state()
        _publish(ring.current)
    _Kept.checked = time.monotonic()
    return ring


def intake_key() -> tuple[int, bytes]:
    """Number and public half of the key that seals while the keyring is away. Raises KeyringError."""
    try:
        raw = json.loads(settings.INTAKE_KEY.read_text())
        number, public = int(raw["key"]), base64.b64decode(raw["public"], validate=True)
    except (OSError, KeyError, TypeError, ValueError):
        raise KeyringError("there is no intake key") from None
    if len(public) != SECRET_BYTES or not 0 < number <= HIGHEST:
        raise KeyringError("the intake key is not written as it must be")
    return number, public


def _publish(key: Key) -> None:
    """Keeps the public half beside the database. Where it cannot, intake stops while the keys are away."""
    public = key.intake().public_key().public_bytes_raw()
    with suppress(KeyringError):
        if intake_key() == (key.id, public):
            return
    with suppress(OSError):
        put(
            settings.INTAKE_KEY,
            json.dumps({"key": key.id, "public": base64.b64encode(public).decode()}) + "\n",
        )


def write(ring: Keyring) -> None:
    """Writes the ring in place of the file, whole or not at all. Raises KeyringError where a command keeps it."""
    if settings.KEYRING_COMMAND:
        raise KeyringError("the keys are kept by a command; add one there")
    try:
        put(settings.KEYRING, ring.written())
    except OSError as error:
        raise KeyringError(f"{settings.KEYRING}: {error.strerror}") from None
    forget()


def forget() -> None:
    """The ring is read anew when it is next asked for."""
    _Kept.ring, _Kept.seen, _Kept.failed = None, (), None


def _source() -> str:
    return settings.KEYRING_COMMAND or str(settings.KEYRING)


def _state() -> tuple[object, ...]:
    if settings.KEYRING_COMMAND:
        return (_source(), True)
    try:
        known = settings.KEYRING.stat()
    except OSError:
        return (_source(), None)
    return (_source(), known.st_mtime_ns, known.st_size, known.st_ino)


def _read() -> Keyring:
    if settings.KEYRING_COMMAND:
        return Keyring.read(_printed(settings.KEYRING_COMMAND))
    path: Path = settings.KEYRING
    try:
        return Keyring.read(path.read_text())
    except FileNotFoundError:
        if settings.INTAKE_KEY.exists():  # there were keys once: a new ring would open nothing
            raise KeyringError(f"{path} is gone") from None
        return _made(path)
    except OSError as error:
        raise KeyringError(f"{path}: {error.strerror}") from None


def _made(path: Path) -> Keyring:
    """A first ring, where there is none; of several processes that try, one makes it."""
    ring = Keyring.new()
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        lay(part, ring.written())
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise KeyringError(f"{path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return Keyring.read(path.read_text())


def _printed(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise KeyringError(f"the keyring command failed: {type(error).__name__}") from None
    return done.stdout
