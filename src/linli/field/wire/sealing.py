"""Sealed on the phone so that only the server opens it: the phone cannot read again what it has filed.

ECDH on P-256 with a key made for this one message, HKDF-SHA-256, AES-256-GCM. The id of the command or photo is
authenticated beside the content, so that a sealed thing under another's id does not open.
A sealed thing is 0x01, the public half of its key (65 bytes), the nonce (12), then what AES-GCM gives.
"""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION, POINT, NONCE, TAG = 1, 65, 12, 16
OVERHEAD = 1 + POINT + NONCE + TAG
INFO = b"linli field 1"
CURVE = ec.SECP256R1()


class Damaged(ValueError):
    """It does not open: changed on its way, for another server, or under another's id."""


def public_key() -> bytes:
    """The server's half, which phones seal for: an uncompressed point."""
    return _point(_private_key(settings.FIELD_KEY).public_key())


def unseal(sealed: bytes, bound_to: UUID) -> bytes:
    """The content; Damaged when it does not open."""
    if len(sealed) < OVERHEAD or sealed[0] != VERSION:
        raise Damaged
    point, nonce = sealed[1 : 1 + POINT], sealed[1 + POINT : 1 + POINT + NONCE]
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
        shared = _private_key(settings.FIELD_KEY).exchange(ec.ECDH(), theirs)
        return AESGCM(_derived(shared, point)).decrypt(nonce, sealed[1 + POINT + NONCE :], bound_to.bytes)
    except (ValueError, InvalidTag):
        raise Damaged from None


def seal(content: bytes, bound_to: UUID, for_key: bytes) -> bytes:
    """As the phone does it."""
    once = ec.generate_private_key(CURVE)
    point, nonce = _point(once.public_key()), secrets.token_bytes(NONCE)
    shared = once.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, for_key))
    return (
        bytes([VERSION])
        + point
        + nonce
        + AESGCM(_derived(shared, point)).encrypt(nonce, content, bound_to.bytes)
    )


def _derived(shared: bytes, point: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=point, info=INFO).derive(shared)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_bytes(serialization.Encoding.X962, form)


@lru_cache(maxsize=4)
def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The server's key, made once and kept beside the database."""
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _make(path: Path) -> None:
    """Whole under its name or not at all; of two processes that make one at once, the first one's stays."""
    pem = ec.generate_private_key(CURVE).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
