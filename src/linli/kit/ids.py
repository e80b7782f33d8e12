"""Identifiers made by whoever asks, so that no sequence is taken under lock."""

import uuid
from datetime import datetime
from hashlib import blake2b

import uuid_utils


def uuid7() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7)."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def uuid7_at(at: datetime, randomness: int) -> uuid.UUID:
    """The UUIDv7 of that millisecond with these 74 bits: the same arguments give the same identifier."""
    milliseconds = int(at.timestamp() * 1000)
    high, low = randomness >> 62 & 0xFFF, randomness & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def derived(command: uuid.UUID, purpose: str) -> uuid.UUID:
    """The UUIDv7 of something that follows from a command: the same command and purpose give the same one."""
    digest = blake2b(command.bytes + purpose.encode(), digest_size=16).digest()
    milliseconds = command.int >> 80
    high, low = int.from_bytes(digest[:2]) & 0xFFF, int.from_bytes(digest[2:10]) & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def is_uuid7(value: uuid.UUID) -> bool:
    return value.version == 7
