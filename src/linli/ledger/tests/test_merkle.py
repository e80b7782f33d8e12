import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.ledger import merkle

# Inputs and roots published with the reference implementation of RFC 6962.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PROOF_OF_FIRST_IN_EIGHT = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]

trees = st.integers(1, 200).map(lambda n: [merkle.leaf_hash(str(i).encode()) for i in range(n)])


def test_an_empty_tree_is_the_hash_of_nothing() -> None:
    assert merkle.root([]) == hashlib.sha256().digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_inclusion_proof_is_that_of_the_reference() -> None:
    assert [node.hex() for node in merkle.inclusion_proof(LEAVES, 0)] == PROOF_OF_FIRST_IN_EIGHT


def test_the_consistency_proof_follows_the_example_of_the_rfc() -> None:
    """RFC 6962 §2.1.3: seven leaves, older trees of three, four and six."""
    leaves = LEAVES[:7]
    a, b, c, d, e, f, j = leaves
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k, full = merkle.node_hash(g, h), merkle.node_hash(i, j)
    assert merkle.consistency_proof(leaves, 3) == [c, d, g, full]
    assert merkle.consistency_proof(leaves, 4) == [full]
    assert merkle.consistency_proof(leaves, 6) == [i, j, k]
    assert merkle.inclusion_proof(leaves, 6) == [i, k]


def test_every_leaf_of_small_trees_is_provable() -> None:
    for size in range(1, 34):
        leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
        top = merkle.root(leaves)
        for index in range(size):
            proof = merkle.inclusion_proof(leaves, index)
            assert merkle.verify_inclusion(
                leaf=leaves[index], index=index, size=size, proof=proof, root=top
            ), (index, size)


def test_every_growth_of_small_trees_is_provable() -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(33)]
    for new in range(1, 34):
        for old in range(1, new + 1):
            assert merkle.verify_consistency(
                old_size=old,
                new_size=new,
                old_root=merkle.root(leaves[:old]),
                new_root=merkle.root(leaves[:new]),
                proof=merkle.consistency_proof(leaves[:new], old),
            ), (old, new)


@given(leaves=trees, data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_proof_holds_for_its_own_leaf_only(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(leaves, index)
    top = merkle.root(leaves)
    assert merkle.verify_inclusion(leaf=leaves[index], index=index, size=size, proof=proof, root=top)
    is_same = other == index
    assert (
        merkle.verify_inclusion(leaf=leaves[other], index=index, size=size, proof=proof, root=top) is is_same
    )
    assert (
        merkle.verify_inclusion(leaf=leaves[index], index=other, size=size, proof=proof, root=top) is is_same
    )


@given(leaves=trees, data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_history_is_not_consistent(leaves: list[bytes], data: st.DataObject) -> None:
    new = len(leaves)
    old = data.draw(st.integers(1, new))
    old_root, new_root = merkle.root(leaves[:old]), merkle.root(leaves)
    proof = merkle.consistency_proof(leaves, old)
    assert merkle.verify_consistency(
        old_size=old, new_size=new, old_root=old_root, new_root=new_root, proof=proof
    )
    changed = list(leaves)
    changed[data.draw(st.integers(0, old - 1))] = merkle.leaf_hash(b"rewritten")
    assert not merkle.verify_consistency(
        old_size=old,
        new_size=new,
        old_root=old_root,
        new_root=merkle.root(changed),
        proof=merkle.consistency_proof(changed, old),
    )


@given(
    leaves=trees,
    proof=st.lists(st.binary(min_size=32, max_size=32), max_size=10),
    index=st.integers(-2, 300),
    size=st.integers(-2, 300),
)
@settings(max_examples=200, deadline=None)
def test_hostile_proofs_are_refused_without_an_exception(
    leaves: list[bytes], proof: list[bytes], index: int, size: int
) -> None:
    other = merkle.leaf_hash(b"not in the tree")
    top = merkle.root(leaves)
    assert not merkle.verify_inclusion(leaf=other, index=index, size=size, proof=proof, root=top)
    assert not merkle.verify_consistency(
        old_size=index, new_size=size, old_root=other, new_root=top, proof=proof
    )


def test_a_proof_cut_short_or_lengthened_is_refused() -> None:
    top, proof = merkle.root(LEAVES), merkle.inclusion_proof(LEAVES, 5)
    for wrong in (proof[:-1], proof[1:], [*proof, proof[0]], []):
        assert not merkle.verify_inclusion(leaf=LEAVES[5], index=5, size=8, proof=wrong, root=top)
    grown = merkle.consistency_proof(LEAVES, 3)
    for wrong in (grown[:-1], grown[1:], [*grown, grown[0]], []):
        assert not merkle.verify_consistency(
            old_size=3, new_size=8, old_root=merkle.root(LEAVES[:3]), new_root=top, proof=wrong
        )


def test_leaves_cannot_pass_for_nodes() -> None:
    left, right = LEAVES[:2]
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


def test_an_index_or_size_out_of_range_is_an_error() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_proof(LEAVES, 8)
    for size in (0, 9):
        with pytest.raises(ValueError, match="older tree"):
            merkle.consistency_proof(LEAVES, size)


def test_a_chain_depends_on_order_and_on_every_link() -> None:
    links = [merkle.GENESIS]
    for leaf in LEAVES:
        links.append(merkle.chain(links[-1], leaf))
    assert len(set(links)) == 9
    swapped = merkle.chain(merkle.chain(merkle.GENESIS, LEAVES[1]), LEAVES[0])
    assert swapped != links[2]
    for (prev, this), leaf in zip(pairwise(links), LEAVES, strict=True):
        assert this == hashlib.sha256(b"\x02" + prev + leaf).digest()
    with pytest.raises(ValueError, match="32 bytes"):
        merkle.chain(b"", LEAVES[0])


def test_a_commitment_needs_both_salt_and_payload() -> None:
    payload = "电话 13800000000".encode()
    commitment = merkle.payload_commitment(bytes(16), payload)
    assert commitment == hashlib.sha256(bytes(16) + payload).digest()
    assert commitment != merkle.payload_commitment(b"\x01" * 16, payload)
    with pytest.raises(ValueError, match="16 bytes"):
        merkle.payload_commitment(bytes(15), b"\x00" + payload)
