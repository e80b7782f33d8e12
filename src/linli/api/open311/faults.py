"""What can be wrong with a request to this interface. The standard knows 404, 403 and, for all else, 400."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from linli.kit import text

SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, in the reader's language."""

    code: int
    description: str


class Refused(Exception):
    """An answer that is an array of faults. Its status is that of the first; 404 comes before 403 before 400."""

    def __init__(
        self, *faults: Fault, wait: timedelta | None = None, allowed: Sequence[str] = (), status: int = 0
    ) -> None:
        super().__init__("; ".join(fault.description for fault in faults))
        self.faults = sorted(faults, key=lambda fault: -fault.code)
        self.status = status or self.faults[0].code
        self.wait = wait
        self.allowed = allowed


def told(value: str) -> str:
    """What somebody sent, fit to be said back to them."""
    return text.shortened(" ".join(text.clean(value[: SHOWN * 4]).split()), SHOWN)
