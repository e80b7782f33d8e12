"""Procedures as data: states, moves and clocks of each kind of case, read from TOML."""

from .checks import ProcedureError
from .loader import all_procedures, get, latest, parse
from .model import ClockRule, Desk, Move, Need, Procedure, State

__all__ = [
    "ClockRule",
    "Desk",
    "Move",
    "Need",
    "Procedure",
    "ProcedureError",
    "State",
    "all_procedures",
    "get",
    "latest",
    "parse",
]
