"""The verbs of the kernel. Everything that changes a case enters through `advance` or `open_case`."""

from .advance import advance, lock, moves_for
from .deliveries import Reaction, run_due
from .errors import (
    BadData,
    CaseNotFound,
    CommandError,
    CommandReused,
    NotAllowed,
    OutOfOrder,
    StaleCase,
)
from .opening import Opening, open_case
from .relations import works_for
from .sweep import fire_due_clocks, staff_desks
from .timekeeping import derive

__all__ = [
    "BadData",
    "CaseNotFound",
    "CommandError",
    "CommandReused",
    "NotAllowed",
    "Opening",
    "OutOfOrder",
    "Reaction",
    "StaleCase",
    "advance",
    "derive",
    "fire_due_clocks",
    "lock",
    "moves_for",
    "open_case",
    "run_due",
    "staff_desks",
    "works_for",
]
