"""Receipts: what was received, signed by the log's key, with the proof that it stands in the log. Pure.

A receipt is JSON. Its `statement` is a signed note: a line that says what it is, a line of canonical JSON, signatures.
`said` and `salt` open what the statement commits to, `record` opens the leaf, `proof` leads from there to a checkpoint.
Whoever has the log's public key checks all of it without the server (`check`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linli.kit import jsonbytes
from linli.ledger import merkle, notes
from linli.ledger.notes import Checkpoint, Key, Note, Secret

TYPE = "linli-receipt/v1"
LARGEST = 1_000_000


class ReceiptError(ValueError):
    """Not a receipt."""


@dataclass(frozen=True)
class Step:
    """One thing that was checked; `is_good` is None where the receipt has nothing to check."""

    name: str
    is_good: bool | None


@dataclass(frozen=True)
class Verdict:
    """What the receipt says, and how each check came out."""

    statement: dict[str, Any]
    said: dict[str, Any]
    steps: tuple[Step, ...]
    size: int = 0

    @property
    def is_good(self) -> bool:
        return not any(step.is_good is False for step in self.steps)

    def of(self, name: str) -> bool | None:
        return next((step.is_good for step in self.steps if step.name == name), None)


def state(facts: Mapping[str, Any], secret: Secret) -> Note:
    """The signed statement: the same facts always give the same one."""
    return notes.sign(f"{TYPE}\n{jsonbytes.canonical(facts).decode()}\n", secret)


def read(text: str) -> dict[str, Any]:
    """A receipt from its file; ReceiptError for anything else."""
    if len(text) > LARGEST:
        raise ReceiptError("too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReceiptError("not JSON") from error
    if not isinstance(found, dict) or found.get("type") != TYPE:
        raise ReceiptError("not a receipt")
    return found


def check(
    receipt: Mapping[str, Any], *, key: Key, witnesses: Sequence[Key] = (), checkpoint: Note | None = None
) -> Verdict:
    """Every step with nothing but the log's public key; `checkpoint` is one that somebody else has kept."""
    try:
        note = Note.parse(_text(receipt, "statement"))
        statement = _stated(note)
        said = json.loads(receipt["said"]) if receipt.get("said") else {}
        proof, size = _proved(receipt, statement, key, checkpoint, witnesses)
        steps = (
            Step("signature", note.signed_by(key) and statement.get("log") == key.name),
            Step("said", _opens_words(receipt, statement)),
            Step("record", _opens_leaf(receipt, statement)),
            *proof,
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ReceiptError(str(error)) from error
    return Verdict(statement, said if isinstance(said, dict) else {}, steps, size)


def _stated(note: Note) -> dict[str, Any]:
    kind, _newline, rest = note.text.partition("\n")
    found = json.loads(rest)
    if kind != TYPE or not isinstance(found, dict):
        raise ReceiptError("not a receipt")
    return found


def _opens_words(receipt: Mapping[str, Any], statement: Mapping[str, Any]) -> bool | None:
    """Whether what is said to have been received is what the statement commits to."""
    if not receipt.get("said"):
        return None
    salt = notes.decoded(_text(receipt, "salt"))
    if len(salt) != merkle.SALT_BYTES:
        return False
    commitment = merkle.payload_commitment(salt, _text(receipt, "said").encode())
    return bool(commitment.hex() == statement["commitment"])


def _opens_leaf(receipt: Mapping[str, Any], statement: Mapping[str, Any]) -> bool | None:
    """Whether the record behind the leaf is the one the statement names, with the same commitment."""
    if not receipt.get("record"):
        return None
    written = _text(receipt, "record")
    record = json.loads(written)
    is_same = record["commitment"] == statement["commitment"]
    return bool(is_same and merkle.leaf_hash(written.encode()).hex() == statement["leaf"])


def _proved(
    receipt: Mapping[str, Any],
    statement: Mapping[str, Any],
    key: Key,
    kept: Note | None,
    witnesses: Sequence[Key],
) -> tuple[tuple[Step, ...], int]:
    """The way from the leaf to a checkpoint, and who vouches for that."""
    proof = receipt.get("proof")
    if not proof:
        return tuple(Step(name, None) for name in ("proof", "checkpoint", "witness")), 0
    shown = Note.parse(proof["checkpoint"])
    named = Checkpoint.parse(shown.text)
    is_in = merkle.verify_inclusion(
        leaf=bytes.fromhex(statement["leaf"]),
        index=int(proof["position"]) - 1,
        size=named.size,
        proof=[_hash(each) for each in proof["hashes"]],
        root=named.root,
    )
    is_own = shown.signed_by(key) and named.origin == key.name
    is_same = None if kept is None else kept.text == shown.text and kept.signed_by(key)
    vouching = shown if kept is None else kept.with_more(shown.signatures if is_same else ())
    return (
        Step("proof", is_in and is_own),
        Step("checkpoint", is_same),
        Step("witness", _is_witnessed(vouching, witnesses)),
    ), named.size


def _is_witnessed(note: Note, witnesses: Sequence[Key]) -> bool | None:
    """True where a known witness signed; None where none did or none is known."""
    return True if any(note.witnessed_by(key) for key in witnesses) else None


def _hash(text: str) -> bytes:
    value = notes.decoded(text)
    if len(value) != merkle.HASH_BYTES:
        raise ReceiptError("a hash has 32 bytes")
    return value


def _text(receipt: Mapping[str, Any], name: str) -> str:
    value = receipt[name]
    if not isinstance(value, str):
        raise ReceiptError(f"{name} is not text")
    return value
