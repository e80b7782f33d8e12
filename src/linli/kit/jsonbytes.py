"""Canonical JSON bytes: the same content always gives the same bytes, before and after the database.

Keys sorted by code point, no spaces, UTF-8, text exactly as given (no Unicode normalisation), instants in
UTC with microseconds and Z, days as ISO, UUIDs as text. A float that is a whole number is written as that
integer, because jsonb forgets the difference between 1.0, 1e0 and 1.
"""

import json
import math
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

_AS_IT_IS = frozenset([str, int, bool, type(None)])
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


class NotCanonical(ValueError):  # noqa: N818  (named for what is wrong with the value)
    """The value has no canonical form: a naive datetime, NaN, a set, a key that is not text ..."""


def canonical(value: Any) -> bytes:
    """The canonical bytes of a value, for hashing and signing; NotCanonical when it has none."""
    try:
        return _ENCODER.encode(plain(value)).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("text holds a lone surrogate") from error
    except RecursionError as error:
        raise NotCanonical("nested too deep") from error


def plain(value: Any) -> Any:
    """The value as JSON types only (dict, list, str, int, float, bool, None), ready for a JSON column."""
    kind = type(value)
    if kind in _AS_IT_IS:  # the common ones first, here and below: every event is written through here
        return value
    if kind is dict:
        return {
            key if type(key) is str else _key(key): item if type(item) in _AS_IT_IS else plain(item)
            for key, item in value.items()
        }
    if isinstance(value, (str, int, float)):
        return _plain_scalar(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return _plain_moment(value)


def instant(moment: datetime) -> str:
    """An aware datetime in UTC: 2026-09-30T08:42:00.000000Z."""
    if moment.utcoffset() is None:
        raise NotCanonical("a datetime without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _plain_scalar(value: str | int | float) -> str | int | float:
    if isinstance(value, Enum):
        return _plain_scalar(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if not math.isfinite(value):
        raise NotCanonical(f"{value} is not a number JSON knows")
    return int(value) if value.is_integer() else float(value)


def _plain_moment(value: Any) -> str:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise NotCanonical(f"key {key!r} is not text")
    return str(key.value) if isinstance(key, Enum) else key
