"""Whatever somebody takes for a receipt: a verdict, or the named error."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from linli.kit.tests.strict import DEEP, THROWN, VALUES, altered
from linli.ledger import merkle, notes, receipts

SECRET = notes.Secret.make("linli.example", notes.LOG)
SALT = bytes(16)
SAID = '{"text": "路灯坏了"}'


def right() -> dict[str, Any]:
    """A receipt whose every step is good."""
    commitment = merkle.payload_commitment(SALT, SAID.encode()).hex()
    record = json.dumps({"commitment": commitment})
    leaf = merkle.leaf_hash(record.encode())
    statement = receipts.state({"log": "linli.example", "commitment": commitment, "leaf": leaf.hex()}, SECRET)
    checkpoint = notes.sign(notes.Checkpoint("linli.example", 1, leaf).text, SECRET)
    return {
        "type": receipts.TYPE,
        "statement": str(statement),
        "said": SAID,
        "salt": notes.encoded(SALT),
        "record": record,
        "proof": {"checkpoint": str(checkpoint), "position": 1, "hashes": []},
    }


RIGHT = right()


def verdict(text: str) -> receipts.Verdict | None:
    with suppress(receipts.ReceiptError):
        return receipts.check(receipts.read(text), key=SECRET.key)
    return None


def test_the_right_one_is_good() -> None:
    found = verdict(json.dumps(RIGHT))
    assert found is not None
    assert found.of("signature")
    assert found.of("proof")


@THROWN
@given(st.one_of(st.text(max_size=80), VALUES.map(json.dumps)))
@example(DEEP[0].decode())
def test_any_text_is_a_receipt_or_refused(text: str) -> None:
    verdict(text)


@THROWN
@given(altered(RIGHT))
@example({**RIGHT, "proof": {**RIGHT["proof"], "checkpoint": 7}})
@example({**RIGHT, "proof": {**RIGHT["proof"], "position": float("inf")}})
@example({**RIGHT, "proof": {**RIGHT["proof"], "hashes": 7}})
@example({**RIGHT, "record": "[]"})
@example({**RIGHT, "said": DEEP[0].decode()[:60_000]})
def test_an_altered_receipt_is_refused_or_found_wrong(receipt: Any) -> None:
    found = verdict(json.dumps(receipt))
    assert found is None or receipt == RIGHT or isinstance(found.is_good, bool)
