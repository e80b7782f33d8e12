"""What a report form carries from step to step, and how its fields are read."""

from .draft import (
    LABELS,
    STEP_OF,
    STEPS,
    Draft,
    command_id_of,
    new_command,
    same_as_of,
    same_token,
    without_numbers,
)
from .where import Where, find_where, lists_for

__all__ = [
    "LABELS",
    "STEPS",
    "STEP_OF",
    "Draft",
    "Where",
    "command_id_of",
    "find_where",
    "lists_for",
    "new_command",
    "same_as_of",
    "same_token",
    "without_numbers",
]
