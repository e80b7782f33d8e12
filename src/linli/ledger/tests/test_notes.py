"""Signed checkpoints: their exact form, whose signature counts, and that no malformed text does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.ledger import notes
from linli.ledger.notes import LOG, WITNESS, Checkpoint, Key, Note, NoteError, Secret

LOG_SECRET = Secret("linli.990001", LOG, bytes(range(32)))
WITNESS_SECRET = Secret("audit.example", WITNESS, bytes(range(1, 33)))
SIGNED = notes.sign(Checkpoint("linli.990001", 5, bytes(32)).text, LOG_SECRET)


def test_a_key_reads_back_as_it_was_written() -> None:
    for secret in (LOG_SECRET, WITNESS_SECRET, Secret.make("x.example", LOG)):
        assert Secret.parse(str(secret)) == secret
        assert Key.parse(str(secret.key)) == secret.key
        assert str(secret.seed.hex()) not in repr(secret)


def test_the_example_of_the_signed_note_specification_verifies() -> None:
    key = Key.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert Note.parse(text).signed_by(key)
    assert not Note.parse(text.replace("answer", "anchor")).signed_by(key)


def test_a_checkpoint_is_three_lines() -> None:
    assert SIGNED.text == "linli.990001\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    assert Checkpoint.parse(SIGNED.text) == Checkpoint("linli.990001", 5, bytes(32))
    assert Note.parse(str(SIGNED)) == SIGNED


def test_only_the_signature_of_that_key_under_that_text_counts() -> None:
    other = Secret("linli.990001", LOG, bytes(32))
    changed = Note(SIGNED.text.replace("5", "6"), SIGNED.signatures)
    assert SIGNED.signed_by(LOG_SECRET.key)
    assert not SIGNED.signed_by(other.key)
    assert not changed.signed_by(LOG_SECRET.key)
    assert not Note(SIGNED.text, ()).signed_by(LOG_SECRET.key)


def test_a_witness_says_when_it_saw_it() -> None:
    both = SIGNED.with_more([notes.cosign(SIGNED.text, WITNESS_SECRET, 1_790_000_000)])
    assert Note.parse(str(both)).witnessed_by(WITNESS_SECRET.key) == 1_790_000_000
    assert both.signed_by(LOG_SECRET.key)
    assert SIGNED.witnessed_by(WITNESS_SECRET.key) is None
    moved = notes.Signature(
        "audit.example",
        WITNESS_SECRET.key.id,
        (1_790_000_001).to_bytes(8, "big") + both.signatures[1].value[8:],
    )
    assert Note(SIGNED.text, (moved,)).witnessed_by(WITNESS_SECRET.key) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a\n\nb",
        "a\n\n— b",
        "a\n\n— b c\n",
        "a\n\n— b AAAA\n",
        "a\n\n— b  AAAAAAAA\n",
        "a\n\n- b AAAAAAAA\n",
        "a\n\n— b+ AAAAAAAA\n",
        "a" * 200_000 + "\n\n— b AAAAAAAA\n",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x\n1\n",
        "x\n01\nAAAA\n",
        "x\n-1\nAAAA\n",
        "x\n٣\nAAAA\n",
        "\n1\nAAAA\n",
        "x\n1\nAAAA\n",
        "x\n1\nA A=\n",
    ]
    + [f"x\n{2**63}\n{notes.encoded(bytes(32))}\n", f"x\n1\n{notes.encoded(bytes(32))}"],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@given(st.text())
def test_nothing_else_than_a_refusal_comes_of_any_text(text: str) -> None:
    for parse in (Note.parse, Checkpoint.parse, Key.parse, Secret.parse):
        try:
            parse(text)
        except NoteError:
            continue


def test_a_key_that_was_altered_names_another_id() -> None:
    text = str(LOG_SECRET.key)
    with pytest.raises(NoteError):
        Key.parse(text.replace("990001", "990002"))


def test_of_several_ways_to_write_the_same_bytes_one_is_taken() -> None:
    assert notes.decoded("QQ==") == b"A"
    with pytest.raises(NoteError, match="plain"):
        notes.decoded("QR==")
