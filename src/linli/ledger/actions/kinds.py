"""What may stand in the log: events of cases, openings of their content, and whatever else an app registers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from linli.kit import jsonbytes
from linli.ledger import merkle
from linli.ledger.models import Leaf

_sources: dict[str, Rows] = {}


class Row(NamedTuple):
    """What stands in the database now, hashed again; `fault` says what is wrong with the row by itself."""

    subject: UUID
    number: int
    hash: bytes
    fault: str = ""


Rows = Callable[[UUID, UUID], Iterator[Row]]


def leaf_for(*, kind: str, subject: UUID, record: Mapping[str, Any], at: datetime, number: int = 1) -> Leaf:
    """The leaf of a row, to be saved in the transaction that writes the row; its place is given later.

    `subject` and `number` name the row among its kind: the id of a row of its own, or a case and a number in it.
    `record` is all that the row says, as plain values. Somebody who sees the hash may try records on it, so what
    must not be guessed is either committed to (`merkle.payload_commitment`) or stands beside a random id.
    """
    hashed = merkle.leaf_hash(jsonbytes.canonical({**record, "leaf": kind}))
    return Leaf(case_id=subject, number=number, kind=kind, hash=hashed, at=at)


def register(kind: str, rows: Rows) -> None:
    """Says how rows of a kind are read and hashed again: those with subjects from one id to another, both included.

    `rows` gives them in the order of (subject, number). An app registers its kind when it starts.
    """
    _sources[kind] = rows


def sources() -> dict[str, Rows]:
    """Every kind that can be hashed again, by name."""
    return dict(_sources)
