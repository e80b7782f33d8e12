"""A receipt is checked from its text alone: what is left out says nothing, what does not fit is no receipt."""

from __future__ import annotations

from typing import Any

import pytest

from linli.kit import jsonbytes
from linli.ledger import merkle, notes, receipts

LOG = notes.Secret("log.example", notes.LOG, bytes(range(32)))
SALT, SAID = bytes(range(16)), '{"text":"三盏路灯不亮。"}'
COMMITMENT = merkle.payload_commitment(SALT, SAID.encode()).hex()
RECORD = jsonbytes.canonical({"commitment": COMMITMENT}).decode()
LEAF = merkle.leaf_hash(RECORD.encode())


def receipt(**changes: Any) -> dict[str, Any]:
    facts = {"log": LOG.name, "commitment": COMMITMENT, "leaf": LEAF.hex()}
    checkpoint = notes.Checkpoint(LOG.name, 1, merkle.root([LEAF]))
    return {
        "type": receipts.TYPE,
        "statement": str(receipts.state(facts, LOG)),
        "said": SAID,
        "salt": notes.encoded(SALT),
        "record": RECORD,
        "proof": {"checkpoint": str(notes.sign(checkpoint.text, LOG)), "position": 1, "hashes": []},
        **changes,
    }


def checked(**changes: Any) -> receipts.Verdict:
    return receipts.check(receipt(**changes), key=LOG.key)


def test_a_whole_one_is_good() -> None:
    found = checked()
    assert (found.is_good, found.size, found.said["text"]) == (True, 1, "三盏路灯不亮。")
    assert [found.of(name) for name in ("signature", "said", "record", "proof", "witness", "weather")] == [
        True, True, True, True, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("left_out", "steps"), [("said", ("said",)), ("record", ("record",)), ("proof", ("proof", "checkpoint"))]
)
def test_what_is_left_out_says_nothing(left_out: str, steps: tuple[str, ...]) -> None:
    found = checked(**{left_out: None})
    assert found.is_good
    assert {found.of(step) for step in steps} == {None}


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"salt": notes.encoded(SALT[:8])}, "said"),
        ({"record": RECORD.replace(COMMITMENT, "0" * 64)}, "record"),
        ({"record": RECORD + " "}, "record"),
    ],
)
def test_what_does_not_open_is_seen(changes: dict[str, str], broken: str) -> None:
    found = checked(**changes)
    assert not found.is_good
    assert found.of(broken) is False


def test_words_that_are_no_object_are_shown_as_none() -> None:
    assert checked(said="[]", salt=notes.encoded(SALT)).said == {}


def test_somebody_elses_log_is_not_this_one() -> None:
    other = notes.Secret("log.elsewhere", notes.LOG, LOG.seed)
    assert checked(statement=str(receipts.state({"log": LOG.name, "commitment": "", "leaf": LEAF.hex()}, other))).of(
        "signature"
    ) is False  # fmt: skip


def test_a_checkpoint_somebody_kept_must_be_the_same() -> None:
    shown = receipt()
    kept = notes.Note.parse(shown["proof"]["checkpoint"])
    later = notes.sign(notes.Checkpoint(LOG.name, 2, merkle.root([LEAF, LEAF])).text, LOG)
    assert receipts.check(shown, key=LOG.key, checkpoint=kept).of("checkpoint") is True
    assert receipts.check(shown, key=LOG.key, checkpoint=later).of("checkpoint") is False


@pytest.mark.parametrize(
    "changes",
    [
        {"statement": 7},
        {"statement": str(notes.sign("linli-receipt/v0\n{}\n", LOG))},
        {"statement": str(notes.sign(f"{receipts.TYPE}\n[]\n", LOG))},
        {"said": 7},
        {"said": "{"},
        {"salt": "not base64"},
        {"record": "{}"},
        {"proof": {"checkpoint": "", "position": 1, "hashes": []}},
        {"proof": {**receipt()["proof"], "hashes": [notes.encoded(b"short")]}},
    ],
)
def test_what_does_not_fit_is_no_receipt(changes: dict[str, Any]) -> None:
    with pytest.raises(receipts.ReceiptError):
        checked(**changes)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"type": "other"}', " " * (receipts.LARGEST + 1), "[" * 100_000]
)
def test_what_is_no_file_of_one_is_refused(text: str) -> None:
    with pytest.raises(receipts.ReceiptError):
        receipts.read(text)
