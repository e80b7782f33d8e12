"""The tree grows by batches of any size, is signed, proves what it holds, and takes witnesses' signatures."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes
from linli.ledger.actions import keys, tree
from linli.ledger.models import Checkpoint, Cosignature, Leaf, Tile

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path) -> None:
    settings.LOG_KEY = tmp_path / "log.key"


@pytest.fixture
def witness(settings: Any) -> notes.Secret:
    secret = notes.Secret.make("audit.example", notes.WITNESS)
    settings.WITNESSES = [str(secret.key)]
    return secret


def grow(count: int) -> list[bytes]:
    """So many more leaves, placed; returns the hashes of all in order."""
    hashes = [merkle.leaf_hash(uuid7().bytes) for _n in range(count)]
    Leaf.objects.bulk_create([Leaf(case_id=uuid7(), number=1, hash=one, at=AT) for one in hashes])
    while ledger.sequence():
        pass
    return [bytes(one) for one in Leaf.objects.order_by("position").values_list("hash", flat=True)]


def test_the_stored_tree_is_the_tree_over_the_leaves() -> None:
    chance, every = random.Random(7), []
    for count in (1, 1, 5, 249, 1, 300, 513):
        every = grow(count)
        while ledger.make_checkpoint(at=AT, limit=chance.randrange(1, 400)):
            pass
    size = len(every)
    stored = tree.Tree()
    for one in Checkpoint.objects.all():
        assert bytes(one.root) == merkle.root(every[: one.size])
    for index in [0, 1, 255, 256, 257, 511, 512, size - 1, *(chance.randrange(size) for _n in range(20))]:
        assert stored.inclusion(index, size) == merkle.inclusion_proof(every, index)
    for old in [1, 2, 255, 256, 257, 512, size, *(chance.randrange(1, size) for _n in range(20))]:
        assert stored.consistency(old, size) == merkle.consistency_proof(every, old)
    sizes = [0, 1, 2, 3, 255, 256, 700, size]
    assert tree.frontier_roots(every, sizes) == {n: merkle.root(every[:n]) for n in sizes}


def test_the_tree_can_outgrow_two_levels_of_tiles() -> None:
    hashes = [merkle.leaf_hash(n.to_bytes(4, "big")) for n in range(256 * 256 + 300)]
    made = tree.Tree()
    made.append(0, hashes[:65_000])
    made.append(65_000, hashes[65_000:])
    made.save()
    assert Tile.objects.filter(level=2).count() == 1
    with CaptureQueriesContext(connection) as captured:
        assert tree.Tree().root(len(hashes)) == merkle.root(hashes)
        proof = tree.Tree().inclusion(40_000, len(hashes))
    assert merkle.verify_inclusion(
        leaf=hashes[40_000], index=40_000, size=len(hashes), proof=proof, root=merkle.root(hashes)
    )
    assert len(captured) <= 8


def test_a_checkpoint_is_signed_by_the_key_in_the_file(settings: Any) -> None:
    grow(3)
    assert ledger.make_checkpoint(at=AT) == 3
    assert ledger.make_checkpoint(at=AT) == 0
    newest = ledger.latest()
    assert newest is not None
    note = notes.Note.parse(ledger.note_of(newest))
    assert note.signed_by(keys.public())
    assert notes.Checkpoint.parse(note.text) == notes.Checkpoint(settings.LOG_NAME, 3, bytes(newest.root))
    assert settings.LOG_KEY.stat().st_mode & 0o777 == 0o600


def test_a_leaf_that_went_missing_stops_the_log_loudly() -> None:
    grow(4)
    Leaf.objects.filter(position=2).delete()
    with pytest.raises(LookupError, match="1 leaves are missing"):
        ledger.make_checkpoint(at=AT)


def test_a_signature_of_a_known_witness_is_kept_and_renewed(witness: notes.Secret) -> None:
    grow(3)
    ledger.make_checkpoint(at=AT)
    newest = ledger.latest()
    assert newest is not None
    for minutes in (0, 5, 2):
        moment = int((AT + timedelta(minutes=minutes)).timestamp())
        line = notes.cosign(notes.Note.parse(newest.note).text, witness, moment).line
        written = newest.note + line
        assert (
            ledger.take_cosignatures(written=written, at=AT + timedelta(minutes=5), known=[witness.key]) == 1
        )
    assert Cosignature.objects.get().witnessed_at == AT + timedelta(minutes=5)
    assert notes.Note.parse(ledger.note_of(newest)).witnessed_by(witness.key)
    assert ledger.latest_witnessed() == newest


def test_no_other_signature_is(witness: notes.Secret) -> None:
    grow(3)
    ledger.make_checkpoint(at=AT)
    newest = ledger.latest()
    assert newest is not None
    text, seconds = notes.Note.parse(newest.note).text, int(AT.timestamp())
    stranger = notes.Secret.make("audit.example", notes.WITNESS)
    elsewhere = text.replace("\n3\n", "\n2\n")
    for written in (
        "",
        newest.note,
        newest.note + notes.cosign(text, stranger, seconds).line,
        newest.note + notes.cosign(text, witness, seconds + 3600).line,
        str(notes.Note(elsewhere, (notes.cosign(elsewhere, witness, seconds),))),
    ):
        with pytest.raises(ledger.Refused):
            ledger.take_cosignatures(written=written, at=AT, known=[witness.key])
    assert not Cosignature.objects.exists()


def witnessed(secret: notes.Secret, at: datetime) -> None:
    newest = ledger.latest()
    assert newest is not None
    text = notes.Note.parse(newest.note).text
    line = notes.cosign(text, secret, int(at.timestamp())).line
    ledger.take_cosignatures(written=newest.note + line, at=at, known=[secret.key])


def test_without_a_witness_nothing_stops(settings: Any) -> None:
    grow(1)
    ledger.make_checkpoint(at=AT)
    ledger.require_witness(AT + timedelta(days=9))
    ledger.forget()
    settings.WITNESS_REQUIRED = True
    with pytest.raises(ledger.Unwitnessed):
        ledger.require_witness(AT)


def test_four_hours_without_the_witness_stop_and_its_return_ends_it(witness: notes.Secret) -> None:
    grow(1)
    ledger.make_checkpoint(at=AT)
    witnessed(witness, AT)
    hour = timedelta(hours=1)
    states = [
        (w.is_missed(AT + n * hour), w.is_stopped(AT + n * hour))
        for n in (1, 2, 4, 5)
        for w in [ledger.watch(AT + n * hour)]
    ]
    assert states == [(False, False), (True, False), (True, False), (True, True)]
    witnessed(witness, AT + 5 * hour)
    ledger.require_witness(AT + 5 * hour)


def test_a_witness_that_signs_the_same_old_log_is_none(witness: notes.Secret) -> None:
    hour = timedelta(hours=1)
    grow(1)
    ledger.make_checkpoint(at=AT)
    witnessed(witness, AT)
    grow(1)  # and nobody makes a checkpoint of it: the worker was stopped so that nobody sees
    witnessed(witness, AT + 5 * hour)
    assert ledger.watch(AT + 5 * hour).is_stopped(AT + 5 * hour)
    ledger.make_checkpoint(at=AT + 5 * hour)
    assert not ledger.watch(AT + 5 * hour).is_stopped(AT + 5 * hour)
    assert ledger.watch(AT + 10 * hour).is_stopped(AT + 10 * hour)
