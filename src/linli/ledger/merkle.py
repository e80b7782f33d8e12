"""Merkle trees as in RFC 6962 §2.1 over SHA-256: hashes, proofs of inclusion and consistency, checks.

Leaves are given as leaf hashes, so that a log needs no payloads to prove anything. Every hash is 32 bytes.
Checks return False for anything that does not prove what it claims; they never raise on hostile input.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from functools import partial

LEAF = b"\x00"
NODE = b"\x01"
LINK = b"\x02"
HASH_BYTES = 32
SALT_BYTES = 16
GENESIS = bytes(HASH_BYTES)

RangeRoot = Callable[[int, int], bytes]


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(data: bytes) -> bytes:
    """H(0x00 ‖ data)."""
    return _sha256(LEAF, data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 ‖ left ‖ right)."""
    return _sha256(NODE, left, right)


def chain(prev_hash: bytes, leaf_hash: bytes) -> bytes:
    """The next link of a hash chain: H(0x02 ‖ prev ‖ leaf). The first link follows GENESIS."""
    if len(prev_hash) != HASH_BYTES or len(leaf_hash) != HASH_BYTES:
        raise ValueError("a link joins two hashes of 32 bytes")
    return _sha256(LINK, prev_hash, leaf_hash)


def payload_commitment(salt: bytes, payload: bytes) -> bytes:
    """H(salt ‖ payload), with a random salt of 16 bytes kept beside the payload.

    Erase both and nobody can guess the payload from the commitment, while the log still verifies. The length
    of the salt is fixed, so that no byte can be moved between salt and payload.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("the salt has 16 bytes")
    return _sha256(salt, payload)


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of the tree over these leaf hashes; of the empty tree, the hash of nothing."""
    return _range_root(leaves, 0, len(leaves))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`, from the leaf upwards. IndexError when there is no such leaf."""
    return inclusion_path(index, len(leaves), partial(_range_root, leaves))


def inclusion_path(index: int, size: int, range_root: RangeRoot) -> list[bytes]:
    """The same from whatever knows the hash over any range of leaves: a tree kept in a database, say."""
    if not 0 <= index < size:
        raise IndexError(index)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            path.append(range_root(middle, high))
            high = middle
        else:
            path.append(range_root(low, middle))
            low = middle
    return path[::-1]


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` stands at `index` in the tree of `size` leaves with that root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            node, last = _climb(node, last)
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and hmac.compare_digest(result, root)


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Shows that the first `old_size` leaves are unchanged in the present tree; or ValueError."""
    return consistency_path(old_size, len(leaves), partial(_range_root, leaves))


def consistency_path(old_size: int, new_size: int, range_root: RangeRoot) -> list[bytes]:
    """The same from whatever knows the hash over any range of leaves."""
    if not 0 < old_size <= new_size:
        raise ValueError("the older tree has at least one leaf and no more than the newer one")
    path: list[bytes] = []
    low, high, is_whole = 0, new_size, True
    while old_size != high:
        middle = low + split(high - low)
        if old_size <= middle:
            path.append(range_root(middle, high))
            high = middle
        else:
            path.append(range_root(low, middle))
            low, is_whole = middle, False
    if not is_whole:
        path.append(range_root(low, high))
    return path[::-1]


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the newer tree only appended to the older one (RFC 9162 §2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and hmac.compare_digest(old_root, new_root)
    path = list(proof)
    if old_size & (old_size - 1) == 0:  # a full older tree is itself the first node
        path.insert(0, old_root)
    if not path:
        return False
    node, last = _climb(old_size - 1, new_size - 1, until_even=True)
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            node, last = _climb(node, last)
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and hmac.compare_digest(old, old_root) and hmac.compare_digest(new, new_root)


def split(size: int) -> int:
    """The largest power of two smaller than `size` (which is at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _climb(node: int, last: int, *, until_even: bool = False) -> tuple[int, int]:
    """Skip the levels where the node has no sibling, or at the start of consistency is a right child."""
    if until_even:
        while node & 1:
            node, last = node >> 1, last >> 1
    else:
        while not node & 1 and node:
            node, last = node >> 1, last >> 1
    return node, last


def _range_root(leaves: Sequence[bytes], low: int, high: int) -> bytes:
    """MTH over leaves[low:high], level by level: a node without a sibling moves up as it is."""
    if low == high:
        return _sha256()
    level = list(leaves[low:high])
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) // 2 * 2 :]
    return level[0]
