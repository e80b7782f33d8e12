"""Identifiers made by whoever asks, so that no sequence is taken under lock."""

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7)."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def is_uuid7(value: uuid.UUID) -> bool:
    return value.version == 7
