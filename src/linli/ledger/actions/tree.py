"""The tree over all leaves, kept in tiles: growing it and proving from it read a few rows of a log of any length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from linli.ledger import merkle
from linli.ledger.merkle import HASH_BYTES
from linli.ledger.models import Tile

WIDTH = 256
HEIGHT = 8  # levels of the tree within a tile


class Tree:
    """The stored tree, its tiles read as they are asked for. Knows any complete part of it by its hash."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._changed: set[tuple[int, int]] = set()

    def root(self, size: int) -> bytes:
        """The hash over the first `size` leaves."""
        return self.range_root(0, size) if size else merkle.root([])

    def range_root(self, low: int, high: int) -> bytes:
        """The hash over leaves[low:high], a range the tree itself is made of."""
        size = high - low
        if size & (size - 1) == 0 and low % size == 0:
            return self._node(size.bit_length() - 1, low // size)
        middle = low + merkle.split(size)
        return merkle.node_hash(self.range_root(low, middle), self.range_root(middle, high))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return merkle.inclusion_path(index, size, self.range_root)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        return merkle.consistency_path(old_size, new_size, self.range_root)

    def append(self, size: int, leaves: Sequence[bytes]) -> None:
        """Adds leaf hashes to a tree that has `size`; `save` stores what that changed."""
        level, start, new = 0, size, list(leaves)
        while new:
            full = self._extend(level, start, new)
            level, start, new = level + 1, start // WIDTH, full

    def save(self) -> None:
        changed = [Tile(level=at[0], number=at[1], hashes=self._tiles[at]) for at in sorted(self._changed)]
        Tile.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["level", "number"], update_fields=["hashes"]
        )
        self._changed.clear()

    def _extend(self, level: int, start: int, new: Sequence[bytes]) -> list[bytes]:
        """Adds hashes at a level; returns the hashes of the tiles that are now full."""
        full, at = [], 0
        while at < len(new):
            number, filled = divmod(start + at, WIDTH)
            kept = self._tile(level, number)[: filled * HASH_BYTES] if filled else b""
            if len(kept) != filled * HASH_BYTES:
                raise LookupError(f"tile {level}/{number} of the log is not whole")
            taken = new[at : at + WIDTH - filled]
            self._tiles[level, number] = kept + b"".join(taken)
            self._changed.add((level, number))
            at += len(taken)
            if filled + len(taken) == WIDTH:
                full.append(merkle.root(_hashes(self._tiles[level, number])))
        return full

    def _node(self, height: int, index: int) -> bytes:
        """The hash over the 2^height leaves that begin at index · 2^height."""
        level, above = divmod(height, HEIGHT)
        first = index << above
        number, place = divmod(first, WIDTH)
        hashes = self._tile(level, number)[place * HASH_BYTES : (place + (1 << above)) * HASH_BYTES]
        if len(hashes) != HASH_BYTES << above:
            raise LookupError(f"tile {level}/{number} of the log is not whole")
        return merkle.root(_hashes(hashes))

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._tiles:
            found = Tile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
            self._tiles[level, number] = bytes(found or b"")
        return self._tiles[level, number]


def frontier_roots(hashes: Iterable[bytes], sizes: Sequence[int]) -> dict[int, bytes]:
    """The hash over the first n of these leaves for every n asked for, in one pass that keeps a few hashes."""
    wanted, found = set(sizes), {}
    if 0 in wanted:
        found[0] = merkle.root([])
    stack: list[bytes] = []
    for size, leaf in enumerate(hashes, start=1):
        stack.append(leaf)
        climbing = size
        while not climbing & 1:
            right = stack.pop()
            stack[-1] = merkle.node_hash(stack[-1], right)
            climbing >>= 1
        if size in wanted:
            found[size] = _folded(stack)
    return found


def _folded(stack: Sequence[bytes]) -> bytes:
    top = stack[-1]
    for left in reversed(stack[:-1]):
        top = merkle.node_hash(left, top)
    return top


def _hashes(joined: bytes) -> list[bytes]:
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def leaf_hashes(after: int, until: int) -> list[bytes]:
    """The hashes of the leaves at these positions, in order; LookupError where one is missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hash FROM ledger_leaf WHERE position > %s AND position <= %s ORDER BY position",
            [after, until],
        )
        found = [bytes(row[0]) for row in cursor.fetchall()]
    if len(found) != until - after:
        raise LookupError(f"{until - after - len(found)} leaves are missing after position {after}")
    return found
