"""Verbs of the log over all cases."""

from linli.ledger.actions.kinds import Row, leaf_for, register, sources
from linli.ledger.actions.sequencing import AT_A_TIME, EVENT, after, at, head, sequence, waiting

__all__ = [
    "AT_A_TIME",
    "EVENT",
    "Row",
    "after",
    "at",
    "head",
    "leaf_for",
    "register",
    "sequence",
    "sources",
    "waiting",
]
