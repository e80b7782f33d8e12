"""Seals bytes for one row and column, by AES-256-GCM or SM4-GCM.

    algorithm (1 byte) · key id (2) · [one-time public key (32)] · nonce (12) · ciphertext · tag (16)

What stands before the nonce, and the place it belongs to, are authenticated with it: a value moved to another row,
column or table, cut short, or marked as of another key or algorithm does not open. Algorithm 3 stands for values sealed
while the keys were away, with the public intake key (X25519): whoever sealed one cannot open it again.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linli.kit.sealing.keys import ALGORITHMS, Key, Keyring, KeyringError, intake_key, keyring

HEAD, NONCE, TAG, POINT = 3, 12, 16, 32
BOX = 3
SHORTEST = HEAD + NONCE + TAG


class Unreadable(Exception):
    """Sealed bytes that do not open: their key is gone, or they are not what was written at this place."""


class Place(NamedTuple):
    """Where a value stands; nothing sealed for one place opens at another."""

    table: str
    row: str
    column: str

    def bound(self, head: bytes) -> bytes:
        parts = [part.encode() for part in self]
        return head + b"".join(len(part).to_bytes(4) + part for part in parts)


def seal(content: bytes, place: Place, ring: Keyring) -> bytes:
    """The content sealed for that place with the ring's current key, under a nonce of its own."""
    key = ring.current
    head = head_of(key)
    return head + _locked(_algorithm(key, place.table), content, place.bound(head))


def open_sealed(sealed: bytes, place: Place, ring: Keyring) -> bytes:
    """The content sealed for that place. Raises Unreadable."""
    if len(sealed) < SHORTEST:
        raise Unreadable("too short")
    key = ring.keys.get(standing_key(sealed))
    if key is None:
        raise Unreadable("no such key")
    if sealed[0] == BOX:
        return _unboxed(sealed, place, key)
    head = sealed[:HEAD]
    if head_of(key) != head:
        raise Unreadable("no such key")
    return _unlocked(_algorithm(key, place.table), sealed[HEAD:], place.bound(head))


def seal_for_server(content: bytes, place: Place) -> bytes:
    """Sealed with the keyring's key, or with the public intake key while the keyring is away. Raises KeyringError."""
    try:
        return seal(content, place, keyring())
    except KeyringError:
        return seal_in_box(content, place)


def seal_in_box(content: bytes, place: Place) -> bytes:
    """Sealed so that only the keyring opens it, with nothing but its public half. Raises KeyringError."""
    number, public = intake_key()
    once = X25519PrivateKey.generate()
    point = once.public_key().public_bytes_raw()
    head = bytes([BOX]) + number.to_bytes(2) + point
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    return head + _locked(_agreed(shared, point, public), content, place.bound(head))


def standing_key(sealed: bytes) -> int:
    """The id of the key a value is sealed with."""
    return int.from_bytes(sealed[1:HEAD])


def head_of(key: Key) -> bytes:
    """How everything begins that is sealed with this key."""
    return bytes([ALGORITHMS[key.algorithm]]) + key.id.to_bytes(2)


def _locked(algorithm: CipherAlgorithm, content: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    encryptor = Cipher(algorithm, modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(bound)
    return nonce + encryptor.update(content) + encryptor.finalize() + encryptor.tag


def _unlocked(algorithm: CipherAlgorithm, rest: bytes, bound: bytes) -> bytes:
    decryptor = Cipher(algorithm, modes.GCM(rest[:NONCE], rest[-TAG:])).decryptor()
    decryptor.authenticate_additional_data(bound)
    try:
        return decryptor.update(rest[NONCE:-TAG]) + decryptor.finalize()
    except InvalidTag as error:
        raise Unreadable("not what was written here") from error


def _unboxed(sealed: bytes, place: Place, key: Key) -> bytes:
    whole = HEAD + POINT
    if len(sealed) < whole + NONCE + TAG:
        raise Unreadable("too short")
    head, point = sealed[:whole], sealed[HEAD:whole]
    mine = key.intake()
    try:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError as error:  # a point of small order
        raise Unreadable("not what was written here") from error
    agreed = _agreed(shared, point, mine.public_key().public_bytes_raw())
    return _unlocked(agreed, sealed[whole:], place.bound(head))


def _agreed(shared: bytes, point: bytes, public: bytes) -> CipherAlgorithm:
    return algorithms.AES(HKDF(SHA256(), 32, salt=point + public, info=b"linli.intake box").derive(shared))


def _algorithm(key: Key, purpose: str) -> CipherAlgorithm:
    if key.algorithm == "sm4-gcm":
        return algorithms.SM4(key.derived(purpose, 16))
    return algorithms.AES(key.derived(purpose, 32))
