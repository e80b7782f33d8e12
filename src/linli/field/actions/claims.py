"""When something happened by the phone's own account, beside when the server received it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from linli.field.wire import Command

BELIEVED = timedelta(days=14)


def claimed(command: Command, at: datetime, not_before: datetime | None = None) -> datetime:
    """The claimed moment where it can be so: not after its receipt, not long before, not before the case itself.

    A phone's clock may be ten years off; order and limits come from the receipt alone, so a claim only tells.
    """
    try:
        said = datetime.fromisoformat(command.made_at)
    except ValueError:
        return at
    if said.tzinfo is None or not at - BELIEVED <= said <= at:
        return at
    return max(said, not_before) if not_before is not None else said


def facts(command: Command) -> dict[str, Any]:
    """What the event keeps: that it came from a phone, and what its clock said."""
    return {"field": {"made_at": command.made_at}}
