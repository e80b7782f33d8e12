"""Whatever is refused says why, in its own words: operators read them, and alarms are named after them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, receipts, witness
from linli.ledger.actions import checkpoints
from linli.ledger.models import Checkpoint, Cosignature, Leaf
from linli.ledger.tests.test_receipts import LEAF, LOG, receipt

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)
WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(range(1, 33)))
OTHER = notes.Secret("second.example", notes.WITNESS, bytes(range(2, 34)))
SIGNED = notes.sign(notes.Checkpoint(LOG.name, 5, bytes(32)).text, LOG)
KEY, SECRET = str(LOG.key), str(LOG)


def signed(size: int, root: bytes = bytes(32), origin: str = LOG.name) -> notes.Note:
    return notes.sign(notes.Checkpoint(origin, size, root).text, LOG)


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (
            notes.Key.parse,
            KEY.replace("log.example", "log.elsewhere"),
            "the key is not the one its own id names",
        ),
        (notes.Key.parse, "log.example+00+" + notes.encoded(bytes([9]) + bytes(32)), "not an Ed25519 key"),
        (notes.Key.parse, "log.example+00+" + notes.encoded(bytes([1]) + bytes(31)), "not an Ed25519 key"),
        (notes.Key.parse, "log.example", "not an Ed25519 key"),
        (notes.Key.parse, KEY.replace("log.example", "two words"), "'two words' cannot name a key"),
        (notes.Secret.parse, KEY, "not a private key"),
        (
            notes.Secret.parse,
            SECRET.replace("log.example", "log.elsewhere"),
            "the private key is not the one its own id names",
        ),
        (notes.Checkpoint.parse, "log\n1\n", "not a checkpoint"),
        (notes.Checkpoint.parse, f"log\n1\n{notes.encoded(bytes(32))}\nmore", "not a checkpoint"),
        (notes.Checkpoint.parse, f"\n1\n{notes.encoded(bytes(32))}\n", "not a checkpoint"),
        (
            notes.Checkpoint.parse,
            f"log\n1\n{notes.encoded(bytes(31))}\n",
            "the hash of a checkpoint has 32 bytes",
        ),
        (notes.Note.parse, "text\n", "not a signed note"),
        (notes.Note.parse, str(SIGNED)[:-1], "not a signed note"),
        (notes.Note.parse, "text\n\nno signature\n", "not a signature line"),
        (notes.Note.parse, f"text\n\n{notes.DASH}name\n", "not a signature line"),
        (notes.Note.parse, f"text\n\n{notes.DASH}name AAAAAA==\n", "a signature is longer than its key's id"),
        (notes.number, "01", "not a count of leaves"),
        (notes.decoded, "A", "not base64"),
        (notes.decoded, "AB==", "not plain base64"),
        (notes.decoded, "AA\n==", "not base64"),
        (witness.Offer.parse, f"new 1\n\n{SIGNED}", "not an offer to a witness"),
        (witness.Offer.parse, f"old 1\n{SIGNED.text}", "not an offer to a witness"),
        (witness._entry, "{", "not a line of a witness's store"),
        (witness._entry, "[]", "not a line of a witness's store"),
        (witness._entry, '{"note": ""}', "not a line of a witness's store"),
    ],
)
def test_a_text_that_is_not_what_it_should_be(read: Any, text: str, said: str) -> None:
    with pytest.raises(notes.NoteError) as refused:
        read(text)
    assert str(refused.value) == said


@pytest.mark.parametrize("text", ["0", "7", str(notes.LARGEST_LOG)])
def test_a_count_has_one_form(text: str) -> None:
    assert str(notes.number(text)) == text
    for wrong in (f"0{text}", f"+{text}", f" {text}", "9" * 19, "９"):
        with pytest.raises(notes.NoteError):
            notes.number(wrong)


def test_a_name_of_a_key_has_at_most_120_characters_that_can_be_seen() -> None:
    assert notes.checked_name("a" * 120) == "a" * 120
    for wrong in ("", "a" * 121, "a+b", "a b", "a\x00b"):
        with pytest.raises(notes.NoteError):
            notes.checked_name(wrong)


def test_a_note_may_be_100_000_characters_long() -> None:
    room = notes.LARGEST_NOTE - len(str(notes.sign("", LOG)))
    longest = notes.sign("a" * (room - 1) + "\n", LOG)
    assert len(str(longest)) == notes.LARGEST_NOTE
    assert notes.Note.parse(str(longest)) == longest
    with pytest.raises(notes.NoteError):
        notes.Note.parse(str(notes.sign("a" * room + "\n", LOG)))


def test_more_signatures_are_added_once() -> None:
    line = notes.cosign(SIGNED.text, WITNESS, 1_790_000_000)
    later = notes.cosign(SIGNED.text, WITNESS, 1_790_000_009)
    both = SIGNED.with_more([line]).with_more([line, later])
    assert both.signatures == (*SIGNED.signatures, line, later)
    assert both.witnessed_by(WITNESS.key) == 1_790_000_009
    assert both.witnessed_by(OTHER.key) is None
    assert not both.signed_by(WITNESS.key)


# What a witness cries out at ---------------------------------------------------------------------


def test_an_alarm_is_named_and_holds_both_checkpoints(tmp_path: Path) -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(4)]
    kept, shorter = signed(3, merkle.root(leaves[:3])), signed(2, merkle.root(leaves[:2]))
    grown = signed(4, merkle.root(leaves))
    proof = merkle.consistency_proof(leaves, 3)
    assert witness.judge(kept, grown, proof, LOG.key).size == 4
    assert witness.judge(None, grown, [], LOG.key).size == 4
    stranger = notes.Secret(LOG.name, notes.LOG, bytes(32))
    for name, shown, shown_proof in (
        ("signature", notes.sign(grown.text, stranger), proof),
        ("origin", signed(4, origin="log.elsewhere"), proof),
        ("origin", notes.sign("no checkpoint\n", LOG), proof),
        ("back", shorter, []),
        ("fork", signed(4), proof),
        ("fork", grown, proof[1:]),
    ):
        with pytest.raises(witness.Alarm) as cried:
            witness.judge(kept, shown, shown_proof, LOG.key)
        alarm = cried.value
        assert (alarm.kind, alarm.kept, alarm.shown, str(alarm)) == (name, kept, shown, name)
        written = witness.Store(tmp_path / "store").keep_evidence(alarm, at=AT)
        assert written.name == f"alarm-20260930T080000Z-{name}.txt"
        said = f"{name} 2026-09-30T08:00:00+00:00\n== kept\n{kept}\n== shown\n{shown}"
        assert written.read_text(encoding="utf-8") == said


def test_what_a_witness_keeps_reads_back(tmp_path: Path) -> None:
    store = witness.Store(tmp_path / "some" / "folder")
    assert (store.log, store.newest()) == (None, None)
    store.pin(LOG.key)
    store.keep(signed(1), at=AT)
    store.keep(signed(2), at=AT, reason="恢复了备份")
    assert witness.Store(store.folder).log == LOG.key
    assert store.newest() == signed(2)
    kept = witness.entries(store.folder / witness.KEPT)
    assert [(one.at, one.checkpoint.size, one.reason) for one in kept] == [
        (AT.isoformat(), 1, ""),
        (AT.isoformat(), 2, "恢复了备份"),
    ]
    assert "恢复了备份" in (store.folder / witness.KEPT).read_text(encoding="utf-8")
    store.pin(WITNESS.key)
    assert store.log == WITNESS.key, "not added to the one before"


def test_an_offer_reads_back() -> None:
    offer = witness.Offer(3, (bytes(32), bytes(range(32))), SIGNED)
    assert witness.Offer.parse(str(offer)) == offer
    assert str(witness.Offer(0, (), SIGNED)) == f"old 0\n\n{SIGNED}"


# What is no receipt ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"statement": 7}, "statement is not text"),
        ({"statement": str(notes.sign("linli-receipt/v0\n{}\n", LOG))}, "not a receipt"),
        ({"statement": str(notes.sign(f"{receipts.TYPE}\n[]\n", LOG))}, "not a receipt"),
        ({"record": 7}, "record is not text"),
        ({"salt": 7}, "salt is not text"),
        ({"proof": {**receipt()["proof"], "hashes": [notes.encoded(b"short")]}}, "a hash has 32 bytes"),
    ],
)
def test_a_receipt_that_is_none(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(receipts.ReceiptError) as refused:
        receipts.check(receipt(**changes), key=LOG.key)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a receipt"),
        ('{"type": 1}', "not a receipt"),
        (" " * 1_000_001, "too long"),
    ],
)
def test_a_file_that_is_none(text: str, said: str) -> None:
    with pytest.raises(receipts.ReceiptError) as refused:
        receipts.read(text)
    assert str(refused.value) == said


def test_a_file_of_a_million_characters_is_still_read() -> None:
    text = '{"type": "linli-receipt/v1"}'
    assert receipts.read(text + " " * (1_000_000 - len(text))) == {"type": "linli-receipt/v1"}


def test_a_witness_vouches_by_its_own_signature_alone() -> None:
    given = receipt()
    shown = notes.Note.parse(given["proof"]["checkpoint"])
    witnessed = shown.with_more([notes.cosign(shown.text, WITNESS, 1_790_000_000)])
    given["proof"]["checkpoint"] = str(witnessed)

    def vouched(*known: notes.Key, kept: notes.Note | None = None) -> bool | None:
        return receipts.check(given, key=LOG.key, witnesses=known, checkpoint=kept).of("witness")

    assert vouched(OTHER.key, WITNESS.key) is True
    assert (vouched(), vouched(OTHER.key)) == (None, None)
    assert vouched(WITNESS.key, kept=shown) is True, "the same checkpoint, so its signatures count"
    later = notes.sign(notes.Checkpoint(LOG.name, 2, merkle.root([LEAF, LEAF])).text, LOG)
    assert vouched(WITNESS.key, kept=later) is None
    verdict = receipts.check(given, key=LOG.key, witnesses=[WITNESS.key])
    assert verdict.is_good
    assert (verdict.size, verdict.of("proof"), verdict.of("nothing of the kind")) == (1, True, None)


# What the log itself refuses ---------------------------------------------------------------------


@pytest.fixture
def log(db: None, settings: Any, tmp_path: Path) -> Checkpoint:
    settings.LOG_KEY = tmp_path / "log.key"
    Leaf.objects.bulk_create(
        Leaf(case_id=uuid7(), number=1, hash=merkle.leaf_hash(bytes([n])), at=AT) for n in range(3)
    )
    ledger.sequence()
    ledger.make_checkpoint(at=AT)
    return Checkpoint.objects.get()


def test_a_proof_of_what_is_not_there(log: Checkpoint) -> None:
    assert checkpoints.inclusion(3, 3)
    assert checkpoints.consistency(3, 3) == []
    for position, size in ((0, 3), (4, 3), (4, 4)):
        with pytest.raises(LookupError) as refused:
            checkpoints.inclusion(position, size)
        assert str(refused.value) == f"{position} of {size}"
    for old, new in ((0, 3), (3, 2), (3, 4)):
        with pytest.raises(LookupError) as refused:
            checkpoints.consistency(old, new)
        assert str(refused.value) == f"{old}..{new}"


def test_a_signature_the_log_does_not_take(log: Checkpoint) -> None:
    text, seconds = notes.Note.parse(log.note).text, int(AT.timestamp())
    ahead = seconds + 5 * 60
    elsewhere = text.replace("\n3\n", "\n2\n")
    for written, said in (
        ("", "not a signed note"),
        (log.note, "no signature of a witness that is known here"),
        (str(notes.Note(elsewhere, (notes.cosign(elsewhere, WITNESS, seconds),))), "no such checkpoint here"),
        (log.note + notes.cosign(text, WITNESS, ahead + 1).line, "the clock of the witness is ahead of ours"),
    ):
        with pytest.raises(ledger.Refused) as refused:
            ledger.take_cosignatures(written=written, at=AT, known=[WITNESS.key])
        assert str(refused.value) == said
    assert not Cosignature.objects.exists()
    written = log.note + notes.cosign(text, WITNESS, ahead).line
    assert ledger.take_cosignatures(written=written, at=AT, known=[WITNESS.key, OTHER.key]) == 1


def test_every_witness_has_its_own_line_under_each_checkpoint(log: Checkpoint) -> None:
    seconds = int(AT.timestamp())

    def take(checkpoint: Checkpoint, *secrets: notes.Secret, at: int) -> int:
        text = notes.Note.parse(checkpoint.note).text
        written = checkpoint.note + "".join(notes.cosign(text, each, at).line for each in secrets)
        return ledger.take_cosignatures(written=written, at=AT, known=[WITNESS.key, OTHER.key])

    assert take(log, WITNESS, OTHER, at=seconds) == 2
    Leaf.objects.create(case_id=uuid7(), number=1, hash=merkle.leaf_hash(b"4"), at=AT)
    ledger.sequence()
    ledger.make_checkpoint(at=AT)
    newest = ledger.latest()
    assert newest is not None
    assert take(newest, WITNESS, at=seconds - 60) == 1, "its newer signature is under another checkpoint"
    assert take(newest, WITNESS, at=seconds - 120) == 1
    line = newest.cosignatures.get().line
    assert notes.Note.parse(newest.note + line).witnessed_by(WITNESS.key) == seconds - 60, (
        "the later one stays"
    )
    note = notes.Note.parse(ledger.note_of(log))
    assert [each.name for each in note.signatures] == [
        each.name for each in notes.Note.parse(log.note).signatures
    ] + [
        WITNESS.name,
        OTHER.name,
    ]
