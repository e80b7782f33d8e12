"""The form of a command, and how the forms of older apps become the present one.

A phone writes down under which version it sealed a command. It cannot open it again, so it is the server that brings
what was written by an older app to the present form, step by step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from linli.kit.ids import is_uuid7

Step = Callable[[dict[str, Any]], dict[str, Any]]
KINDS = ("report", "move", "visit", "screening", "decision")
MOST_PHOTOS = 6
LARGEST = 64 * 1024


class Malformed(ValueError):
    """It opened, but it is not a command."""


def _one_photo_to_many(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 carried one photo."""
    photo = old.pop("photo", None)
    return {**old, "photos": [photo] if photo else []}


def _milliseconds_to_iso(old: dict[str, Any]) -> dict[str, Any]:
    """Version 2 wrote the moment as milliseconds since 1970."""
    made = old.pop("made", None)
    try:
        said = datetime.fromtimestamp(made / 1000, UTC).isoformat() if isinstance(made, int | float) else ""
    except (ValueError, OverflowError, OSError):
        said = ""
    return {**old, "made_at": said}


def _after_one_to_many(old: dict[str, Any]) -> dict[str, Any]:
    """Version 3 named one command that had to come before."""
    after = old.pop("after", None)
    return {**old, "after": [after] if isinstance(after, str) else after or []}


UPCASTERS: dict[int, Step] = {1: _one_photo_to_many, 2: _milliseconds_to_iso, 3: _after_one_to_many}
CURRENT = 4


@dataclass(frozen=True)
class Command:
    """What somebody did on a phone. `seen` is the version of the case they looked at; `after`, what must come first."""

    id: UUID
    kind: str
    made_at: str
    case: UUID | None = None
    verb: str = ""
    seen: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    photos: tuple[UUID, ...] = ()
    after: tuple[UUID, ...] = ()


def upcast(content: dict[str, Any], version: int) -> dict[str, Any]:
    """The content of an older version in the present form."""
    for step in range(version, CURRENT):
        content = UPCASTERS[step](dict(content))
    return content


def parsed(content: bytes) -> dict[str, Any]:
    """The object in what was unsealed; Malformed when it is none."""
    if len(content) > LARGEST:
        raise Malformed
    try:
        found = json.loads(content, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()  # no half of a surrogate pair
    except (ValueError, RecursionError):
        raise Malformed from None
    if not isinstance(found, dict) or b"\\u0000" in content:
        raise Malformed
    return found


def read(command_id: UUID, content: Mapping[str, Any]) -> Command:
    """The command in the present form; Malformed when something is of the wrong kind."""
    kind, data, seen = content.get("kind"), content.get("data", {}), content.get("seen")
    if kind not in KINDS or not isinstance(data, dict) or not is_uuid7(command_id):
        raise Malformed
    if seen is not None and (not isinstance(seen, int) or isinstance(seen, bool) or not 0 <= seen < 2**31):
        raise Malformed
    photos, after = _ids(content.get("photos", [])), _ids(content.get("after", []))
    if len(photos) > MOST_PHOTOS:
        raise Malformed
    case = content.get("case")
    return Command(
        id=command_id,
        kind=str(kind),
        made_at=str(content.get("made_at", ""))[:40],
        case=_id(case) if case else None,
        verb=str(content.get("verb", ""))[:32],
        seen=seen,
        data=data,
        photos=photos,
        after=after,
    )


def _ids(given: Any) -> tuple[UUID, ...]:
    if not isinstance(given, list) or len(given) > 20:
        raise Malformed
    return tuple(dict.fromkeys(_id(each) for each in given))


def _id(given: Any) -> UUID:
    try:
        return UUID(given)
    except (ValueError, TypeError, AttributeError):
        raise Malformed from None


def _refuse(_text: str) -> Any:
    raise ValueError
