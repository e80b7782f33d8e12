"""Verbs of the log over all cases."""

from linli.ledger.actions.checkpoints import (
    Refused,
    consistency,
    first_covering,
    inclusion,
    is_signed_here,
    latest,
    latest_witnessed,
    make_checkpoint,
    note_of,
    take_cosignatures,
)
from linli.ledger.actions.kinds import Row, leaf_for, register, sources
from linli.ledger.actions.sequencing import AT_A_TIME, EVENT, after, at, head, sequence, waiting
from linli.ledger.actions.watching import Unwitnessed, Watch, forget, remembered, require_witness, watch

__all__ = [
    "AT_A_TIME",
    "EVENT",
    "Refused",
    "Row",
    "Unwitnessed",
    "Watch",
    "after",
    "at",
    "consistency",
    "first_covering",
    "forget",
    "head",
    "inclusion",
    "is_signed_here",
    "latest",
    "latest_witnessed",
    "leaf_for",
    "make_checkpoint",
    "note_of",
    "register",
    "remembered",
    "require_witness",
    "sequence",
    "sources",
    "take_cosignatures",
    "waiting",
    "watch",
]
