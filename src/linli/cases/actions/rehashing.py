"""Hashes events again from what stands in their columns, by the hundred thousand: `linli verify` reads them all.

The same bytes as `Event.record` gives, put together by hand because that is several times faster; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from linli.kit import jsonbytes
from linli.ledger import actions as ledger
from linli.ledger import merkle

AT_A_TIME = 2000
COLUMNS = (
    "case_id number kind verb state at received_at actor_kind person_id role organisation_id unit_id is_public"
    " data facts clocks command_id salt commitment prev_hash leaf_hash"
).split()
PLAIN = {"{}": "{}", "[]": "[]"}
HEX = 32


class Stored(NamedTuple):
    """A row of cases_event as the database gives it."""

    case_id: Any
    number: Any
    kind: Any
    verb: Any
    state: Any
    at: Any
    received_at: Any
    actor_kind: Any
    person_id: Any
    role: Any
    organisation_id: Any
    unit_id: Any
    is_public: Any
    data: Any
    facts: Any
    clocks: Any
    command_id: Any
    salt: Any
    commitment: Any
    prev_hash: Any
    leaf_hash: Any


def rows(low: UUID, high: UUID) -> Iterator[ledger.Row]:
    """Every event of the cases in a range of ids, hashed again, with what is wrong with it or its chain.

    Faults of the case as a whole have the number 0 and no hash: see `integrity.Problem` for what each kind means.
    """
    heads = _heads(low, high)
    key: Any = None
    case: UUID | None = None
    state = Chain()
    for row in map(Stored._make, _stored("cases_event", COLUMNS, "case_id", "case_id, number", low, high)):
        if case is None or row.case_id != key:
            yield from _ended(case, state, heads)
            key, case, state = row.case_id, _uuid(row.case_id), Chain()
        yield from _checked(case, row, state)
    yield from _ended(case, state, heads)
    for left in heads:
        yield ledger.Row(left, 0, b"", "no_events")


class Chain:
    """How far the history of one case has been read."""

    def __init__(self) -> None:
        self.count = 0
        self.number: Any = 0
        self.last = merkle.GENESIS


def _checked(case: UUID, row: Stored, chain: Chain) -> Iterator[ledger.Row]:
    chain.count += 1
    number, said = row.number, bytes(row.leaf_hash)
    if number != chain.count:
        yield ledger.Row(case, number, b"", "gap")
    if bytes(row.prev_hash) != chain.last:
        yield ledger.Row(case, number, b"", "link")
    try:
        is_said, again = _says(row), merkle.leaf_hash(record(row))
    except (ValueError, TypeError, AttributeError):  # what cannot be read is not what was written
        is_said, again = False, b""
    if not is_said:
        yield ledger.Row(case, number, b"", "payload")
    yield ledger.Row(case, number, again, "" if again == said else "leaf")
    chain.number, chain.last = number, said


def _ended(case: UUID | None, chain: Chain, heads: dict[UUID, tuple[bytes, int]]) -> Iterator[ledger.Row]:
    if case is None:
        return
    last_hash, version = heads.pop(case, (None, None))
    if last_hash is None:
        yield ledger.Row(case, 0, b"", "no_case")
        return
    if last_hash != chain.last:
        yield ledger.Row(case, 0, b"", "head")
    if version != chain.number:
        yield ledger.Row(case, 0, b"", "version")


def _says(row: Stored) -> bool:
    """Whether what was said is what the event commits to; what was erased says nothing, rightly."""
    salt = bytes(row.salt)
    if not salt:
        return str(_canonical(row.data)) == "{}"
    return merkle.payload_commitment(salt, _canonical(row.data).encode()) == bytes(row.commitment)


def record(row: Stored) -> bytes:
    """The canonical bytes of `Event.record`, its keys in their order."""
    return (
        f'{{"actor_kind":{_text(row.actor_kind)},"at":"{_instant(row.at)}","case":{_id(row.case_id)},'
        f'"clocks":{_repeated(row.clocks)},"command":{_id(row.command_id)},'
        f'"commitment":"{bytes(row.commitment).hex()}","facts":{_canonical(row.facts)},'
        f'"is_public":{_flag(row.is_public)},"kind":{_text(row.kind)},"number":{int(row.number)},'
        f'"organisation":{_id(row.organisation_id)},"person":{_id(row.person_id)},'
        f'"prev":"{bytes(row.prev_hash).hex()}","received_at":"{_instant(row.received_at)}",'
        f'"role":{_text(row.role)},"state":{_text(row.state)},"unit":{_id(row.unit_id)},"verb":{_text(row.verb)}}}'
    ).encode()


def _heads(low: UUID, high: UUID) -> dict[UUID, tuple[bytes, int]]:
    columns = ("id", "last_hash", "version")
    found = _stored("cases_case", columns, "id", "id", low, high)
    return {_uuid(key): (bytes(last_hash), version) for key, last_hash, version in found}


def _stored(
    table: str, columns: tuple[str, ...] | list[str], key: str, order: str, low: UUID, high: UUID
) -> Iterator[Any]:
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    limits = [low.hex, high.hex] if connection.vendor == "sqlite" else [low, high]
    statement = f"SELECT {names} FROM {table} WHERE {key} >= %s AND {key} <= %s ORDER BY {order}"  # noqa: S608
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, limits)
        while some := cursor.fetchmany(AT_A_TIME):
            yield from some


@lru_cache(maxsize=4096)
def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


@lru_cache(maxsize=4096)
def _id(value: Any) -> str:
    """A UUID as JSON text, or null: SQLite keeps the hex digits alone."""
    if value is None:
        return "null"
    if isinstance(value, str) and (len(value) != HEX or value != value.lower()):
        raise ValueError("not an id")
    return f'"{_uuid(value)}"'


def _flag(value: Any) -> str:
    if value not in (0, 1):
        raise ValueError("neither true nor false")
    return "true" if value else "false"


def _instant(value: datetime) -> str:
    """An instant in the one form of `jsonbytes`; SQLite gives it without its zone, which is UTC."""
    if value.tzinfo is None:
        return value.isoformat(timespec="microseconds") + "Z"
    return jsonbytes.instant(value)


def _canonical(stored: Any) -> str:
    """The canonical text of a JSON column."""
    if not isinstance(stored, str):
        return jsonbytes.canonical(stored).decode()
    found = PLAIN.get(stored)
    if found is not None:
        return found
    value, end = _decode(stored)
    if end != len(stored):
        raise ValueError("more than one value")
    return "".join(_encode(value, 0))


@lru_cache(maxsize=4096)
def _repeated(stored: Any) -> str:
    """The same for a column in which few different texts stand."""
    return _canonical(stored)


def _number(written: str) -> int | float:
    """A float as `jsonbytes` writes it: a whole number as that integer."""
    value = float(written)
    return int(value) if value.is_integer() else value


# Made once: json.loads and json.dumps make theirs anew at every call that has options.
_decode = json.JSONDecoder(parse_float=_number).raw_decode
_encode: Callable[[Any, int], tuple[str, ...]] = vars(json.encoder)["c_make_encoder"](
    None, None, json.encoder.encode_basestring, None, ":", ",", True, False, False
)
