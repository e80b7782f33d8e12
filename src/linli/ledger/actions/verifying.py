"""Reads the whole log again: every row, its leaf, its place in the tree, every checkpoint, what a witness has kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, groupby
from multiprocessing import get_context
from uuid import UUID

from django.db import connection, connections

from linli.ledger import notes, witness
from linli.ledger.actions import checkpoints, keys, kinds, sequencing, tree
from linli.ledger.merkle import HASH_BYTES
from linli.ledger.models import Checkpoint, Leaf, Tile

AT_A_TIME = 2000
WORTH_IT = 50_000  # leaves from which more than one process helps
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)
Place = tuple[UUID, int]


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was written. `what` it is; of which row, where one is known; and its positions.

    Of a row: gap, payload, leaf, link, head, version, no_events, no_case (see `cases.actions.integrity`).
    unlogged   a row has no leaf: it was slipped in behind the log's back
    changed    the row is not what its leaf says
    gone       the leaf's row was deleted
    hole       no leaf stands at these positions: they were deleted, too
    moved      a position stands twice or where none was given
    tile       the stored tree has another hash there
    checkpoint the rows are not what the log itself signed
    signature  a stored checkpoint or its witness's signature is forged
    witness    the rows are not what the witness signed, from its last checkpoint that fits to the first that does not
    cut        the witness has seen more rows than there are: the end was cut off, or an old database put back
    """

    what: str
    kind: str = ""
    subject: UUID | None = None
    number: int = 0
    position: int = 0
    until: int = 0


@dataclass
class Found:
    """How far the reading came, and what it met."""

    rows: int = 0
    size: int = 0
    waiting: int = 0
    signed: int = 0
    witnessed: int = 0
    is_from_witness: bool = False
    accepted: str = ""
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Part:
    """What one process read: faults, and every leaf's position with the hash of its row as it stands now."""

    rows: int = 0
    positions: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def verify(*, kept: Sequence[witness.Entry] | None = None, jobs: int = 1) -> Found:
    """Everything, against the signatures stored here or, better, against what a witness has kept elsewhere."""
    found = Found(size=sequencing.head(), waiting=sequencing.waiting(), is_from_witness=kept is not None)
    parts = _read(jobs if found.size >= WORTH_IT else 1)
    for part in parts:
        found.rows += part.rows
        found.faults += part.faults
    parts.append(_unread())
    now = _placed(parts, found)
    found.faults += _tiles(now)
    _signed(now, found, kept)
    return found


# Rows and their leaves ---------------------------------------------------------------------------


def _read(jobs: int) -> list[Part]:
    ranges = [
        (kind, low, high)
        for kind in kinds.sources()
        for low, high in _ranges(kind, jobs * 4 if jobs > 1 else 1)
    ]
    if jobs == 1 or not sys.platform.startswith("linux"):
        return [read(*one) for one in ranges]
    connections.close_all()  # a connection cannot be shared with a child
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        return list(pool.map(read, *zip(*ranges, strict=True)))


def _unread() -> Part:
    """Leaves of kinds nobody here can read, as they stand: an app that wrote them was taken out."""
    leaves = Leaf.objects.exclude(kind__in=kinds.sources()).exclude(position=None)
    found = [(position or 0, bytes(hashed)) for position, hashed in leaves.values_list("position", "hash")]
    return Part(positions=[position for position, _h in found], hashes=[hashed for _p, hashed in found])


def _ranges(kind: str, count: int) -> Iterator[tuple[UUID, UUID]]:
    """Ranges of ids with about as many leaves each, together all there are."""
    leaves = Leaf.objects.filter(kind=kind).order_by("case_id", "number")
    total = leaves.count() if count > 1 else 0
    edges = [leaves[total * part // count].case_id for part in range(1, count)] if total > count else []
    lows = [FIRST, *dict.fromkeys(edges)]
    for low, following in zip(lows, [*lows[1:], None], strict=True):
        yield low, UUID(int=following.int - 1) if following else LAST


def read(kind: str, low: UUID, high: UUID) -> Part:
    """The rows of one kind in a range of ids beside their leaves, as both stand at one moment."""
    part = Part()
    with snapshot():
        leaves = _leaves(kind, low, high)
        leaf = next(leaves, None)
        for place, rows in groupby(
            kinds.sources()[kind](low, high), key=lambda row: (row.subject, row.number)
        ):
            while leaf is not None and leaf[0] < place:
                _gone(part, kind, leaf)
                leaf = next(leaves, None)
            is_here = leaf is not None and leaf[0] == place
            _compare(part, kind, list(rows), leaf if is_here else None)
            if is_here:
                leaf = next(leaves, None)
        for left in chain([leaf] if leaf else [], leaves):
            _gone(part, kind, left)
    return part


def _compare(part: Part, kind: str, rows: list[kinds.Row], leaf: LeafRow | None) -> None:
    """The row of one place (with what its own app finds wrong) and its leaf."""
    part.faults += [Fault(row.fault, kind, row.subject, row.number) for row in rows if row.fault]
    standing = [row for row in rows if row.hash or row.fault == "leaf"]
    if not standing:
        if leaf is not None:
            _gone(part, kind, leaf)
        return
    part.rows += len(standing)
    first = standing[0]
    if leaf is None:
        part.faults.append(Fault("unlogged", kind, first.subject, first.number))
        return
    _place, written, position = leaf
    if first.hash != written or len(standing) > 1:
        part.faults.append(Fault("changed", kind, first.subject, first.number, position or 0))
    if position is not None:
        part.positions.append(position)
        part.hashes.append(first.hash or bytes(HASH_BYTES))


LeafRow = tuple[Place, bytes, int | None]


def _gone(part: Part, kind: str, leaf: LeafRow) -> None:
    (subject, number), written, position = leaf
    part.faults.append(Fault("gone", kind, subject, number, position or 0))
    if position is not None:
        part.positions.append(position)
        part.hashes.append(written)


def _leaves(kind: str, low: UUID, high: UUID) -> Iterator[LeafRow]:
    is_sqlite = connection.vendor == "sqlite"
    limits = [low.hex, high.hex] if is_sqlite else [low, high]
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT case_id, number, hash, position FROM ledger_leaf"
            " WHERE kind = %s AND case_id >= %s AND case_id <= %s ORDER BY case_id, number",
            [kind, *limits],
        )
        last, subject = None, FIRST
        while some := cursor.fetchmany(AT_A_TIME):
            for key, number, written, position in some:
                if key != last:
                    last, subject = key, UUID(key) if is_sqlite else key
                yield (subject, number), bytes(written), position


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads everything as it stood at one moment, and holds up nobody who writes."""
    if connection.in_atomic_block:
        yield
        return
    begin = "BEGIN" if connection.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


# The tree ----------------------------------------------------------------------------------------


def _placed(parts: Sequence[Part], found: Found) -> list[bytes]:
    """The hashes of the rows in the order of their positions, as far as the log had got when the reading began."""
    now: list[bytes] = [b""] * found.size
    for part in parts:
        for position, hashed in zip(part.positions, part.hashes, strict=True):
            if position > found.size:
                continue
            if now[position - 1]:
                found.faults.append(Fault("moved", position=position, until=position))
            now[position - 1] = hashed
    found.faults += [
        Fault("hole", position=a, until=b) for a, b in runs(p for p, h in enumerate(now, 1) if not h)
    ]
    return [hashed or bytes(HASH_BYTES) for hashed in now]


def runs(positions: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring positions as first and last."""
    first = last = 0
    for position in positions:
        if first and position == last + 1:
            last = position
            continue
        if first:
            yield first, last
        first = last = position
    if first:
        yield first, last


def _tiles(now: Sequence[bytes]) -> Iterator[Fault]:
    """Where the stored leaf hashes of the tree differ from the rows."""
    wrong: list[int] = []
    tiles = Tile.objects.filter(level=0).order_by("number").values_list("number", "hashes")
    for number, hashes in tiles.iterator(chunk_size=100):
        start, stored = number * tree.WIDTH, bytes(hashes)
        if stored == b"".join(now[start : start + len(stored) // HASH_BYTES]):
            continue
        for place in range(len(stored) // HASH_BYTES):
            here = stored[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            if start + place >= len(now) or here != now[start + place]:
                wrong.append(start + place + 1)
    return (Fault("tile", position=a, until=b) for a, b in runs(wrong))


# Signatures --------------------------------------------------------------------------------------


def _signed(now: Sequence[bytes], found: Found, kept: Sequence[witness.Entry] | None) -> None:
    """Every checkpoint stored here, then those of the witness."""
    stored = list(Checkpoint.objects.order_by("size"))
    entries = witness.since_acceptance(kept) if kept is not None else []
    found.accepted = entries[0].reason if entries else ""
    seen = {entry.checkpoint.size: entry.checkpoint.root for entry in entries}
    roots = tree.frontier_roots(now, [*(one.size for one in stored), *seen])
    found.signed = stored[-1].size if stored else 0
    found.faults += _own(stored, roots)
    if kept is None:
        newest = checkpoints.latest_witnessed()
        found.witnessed = newest.size if newest else 0
        return
    found.witnessed = max(seen, default=0)
    found.faults += _foreign(seen, roots, len(now))


def _own(stored: Sequence[Checkpoint], roots: dict[int, bytes]) -> Iterator[Fault]:
    """Checkpoints the log's own key did not sign, and the first stretch of rows that is not what it signed."""
    key, fits = keys.public(), 0
    for one in stored:
        if not _is_authentic(one, key):
            yield Fault("signature", position=one.size, until=one.size)
    for one in stored:
        if roots.get(one.size) != bytes(one.root):
            yield Fault("checkpoint", position=fits + 1, until=one.size)
            return
        fits = one.size


def _is_authentic(one: Checkpoint, key: notes.Key) -> bool:
    try:
        note = notes.Note.parse(one.note)
        said = notes.Checkpoint.parse(note.text)
    except notes.NoteError:
        return False
    return note.signed_by(key) and (said.size, said.root) == (one.size, bytes(one.root))


def _foreign(seen: dict[int, bytes], roots: dict[int, bytes], size: int) -> Iterator[Fault]:
    fits = 0
    for one in sorted(seen):
        if one <= size and roots[one] != seen[one]:
            yield Fault("witness", position=fits + 1, until=one)
            break
        fits = min(one, size)
    if seen and max(seen) > size:
        yield Fault("cut", position=size + 1, until=max(seen))
