"""Signed checkpoints as text: C2SP signed-note, tlog-checkpoint and tlog-cosignature, with Ed25519.

A checkpoint is three lines: the name of the log, how many leaves it has, the hash over them. A note is a text, an
empty line, and a line a signature. What is malformed raises NoteError and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from linli.ledger.merkle import HASH_BYTES

LOG, WITNESS = 0x01, 0x04  # Ed25519; Ed25519 over a text with the moment (cosignature/v1)
DASH = "— "
PRIVATE = "PRIVATE+KEY+"
KEY_BYTES, SIGNATURE_BYTES, ID_BYTES, TIME_BYTES = 32, 64, 4, 8
LARGEST_NOTE = 100_000
LARGEST_LOG = 2**63 - 1


class NoteError(ValueError):
    """Not a note, a checkpoint or a key."""


@dataclass(frozen=True)
class Key:
    """A public key with its name, written `name+id+key`: what others keep to check signatures by."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(named).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.algorithm]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Key:
        name, algorithm, public, said = _parsed(text.strip())
        key = cls(name, algorithm, public)
        if key.id.hex() != said:
            raise NoteError("the key is not the one its own id names")
        return key

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Secret:
    """A private key with its name, written `PRIVATE+KEY+name+id+seed`."""

    name: str
    algorithm: int
    seed: bytes

    @classmethod
    def make(cls, name: str, algorithm: int) -> Secret:
        return cls(checked_name(name), algorithm, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def key(self) -> Key:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return Key(self.name, self.algorithm, public)

    def __str__(self) -> str:
        return f"{PRIVATE}{self.name}+{self.key.id.hex()}+{encoded(bytes([self.algorithm]) + self.seed)}"

    def __repr__(self) -> str:
        return f"<secret of {self.name}>"

    @classmethod
    def parse(cls, text: str) -> Secret:
        if not text.startswith(PRIVATE):
            raise NoteError("not a private key")
        name, algorithm, seed, said = _parsed(text.removeprefix(PRIVATE).strip())
        secret = cls(name, algorithm, seed)
        if secret.key.id.hex() != said:
            raise NoteError("the private key is not the one its own id names")
        return secret

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True)
class Checkpoint:
    """So many leaves, under this hash, in the log of that name."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not lines[0]:
            raise NoteError("not a checkpoint")
        root = decoded(lines[2])
        if len(root) != HASH_BYTES:
            raise NoteError("the hash of a checkpoint has 32 bytes")
        return cls(lines[0], number(lines[1]), root)


@dataclass(frozen=True)
class Signature:
    """One line of a note: who signed, by which key, and what; of a witness, the moment stands before it."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        return f"{DASH}{self.name} {encoded(self.key_id + self.value)}\n"


@dataclass(frozen=True)
class Note:
    """A text and who signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(each.line for each in self.signatures)

    @classmethod
    def parse(cls, written: str) -> Note:
        text, middle, rest = written.rpartition("\n\n")
        if not middle or not rest.endswith("\n") or len(written) > LARGEST_NOTE:
            raise NoteError("not a signed note")
        return cls(text + "\n", tuple(_signature(line) for line in rest[:-1].split("\n")))

    def signed_by(self, key: Key) -> bool:
        """Whether the log whose key this is signed the text."""
        found = self._of(key)
        return any(key.verifies(each.value, self.text.encode()) for each in found)

    def witnessed_by(self, key: Key) -> int | None:
        """When the witness whose key this is last signed the text, in seconds since 1970; None: never."""
        times = []
        for each in self._of(key):
            if len(each.value) != TIME_BYTES + SIGNATURE_BYTES:
                continue
            at = int.from_bytes(each.value[:TIME_BYTES], "big")
            if key.verifies(each.value[TIME_BYTES:], _witnessed(self.text, at)):
                times.append(at)
        return max(times, default=None)

    def with_more(self, more: Iterable[Signature]) -> Note:
        return Note(self.text, (*self.signatures, *(each for each in more if each not in self.signatures)))

    def _of(self, key: Key) -> list[Signature]:
        return [each for each in self.signatures if each.name == key.name and each.key_id == key.id]


def sign(text: str, secret: Secret) -> Note:
    """The text, signed by the log."""
    return Note(text, (Signature(secret.name, secret.key.id, secret.sign(text.encode())),))


def cosign(text: str, secret: Secret, at: int) -> Signature:
    """What a witness adds: that it has seen this, at that second since 1970, and nothing that contradicts it."""
    value = at.to_bytes(TIME_BYTES, "big") + secret.sign(_witnessed(text, at))
    return Signature(secret.name, secret.key.id, value)


def checked_name(name: str) -> str:
    """A name of a key: no spaces, no plus, something rather than nothing."""
    if not name or len(name) > 120 or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise NoteError(f"{name!r} cannot name a key")
    return name


def number(text: str) -> int:
    """A count of leaves as its one decimal form."""
    is_plain = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_LOG))
    if not is_plain or (text != "0" and text.startswith("0")) or int(text) > LARGEST_LOG:
        raise NoteError("not a count of leaves")
    return int(text)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """The bytes of the one way to write them in base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if not hmac.compare_digest(encoded(data), text):
        raise NoteError("not plain base64")
    return data


def _witnessed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _parsed(text: str) -> tuple[str, int, bytes, str]:
    """Name, algorithm, key and the id it is said to have."""
    name, _plus, rest = text.partition("+")
    said, _plus, coded = rest.partition("+")
    data = decoded(coded) if coded else b""
    if len(data) != 1 + KEY_BYTES or data[0] not in (LOG, WITNESS):
        raise NoteError("not an Ed25519 key")
    return checked_name(name), data[0], data[1:], said


def _signature(line: str) -> Signature:
    name, space, coded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise NoteError("not a signature line")
    data = decoded(coded)
    if len(data) <= ID_BYTES:
        raise NoteError("a signature is longer than its key's id")
    return Signature(checked_name(name), data[:ID_BYTES], data[ID_BYTES:])
