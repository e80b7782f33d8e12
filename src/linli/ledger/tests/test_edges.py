"""What hardly ever happens to the log: two at once, a tile cut short, a key of another kind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from django.db import connections

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, witness
from linli.ledger.actions import checkpoints, keys, kinds, sequencing, tree, verifying
from linli.ledger.models import Checkpoint, Leaf, Tile

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path) -> None:
    settings.LOG_KEY = tmp_path / "log.key"


def waiting(count: int) -> None:
    Leaf.objects.bulk_create(
        [Leaf(case_id=uuid7(), number=1, hash=merkle.leaf_hash(uuid7().bytes), at=AT) for _n in range(count)]
    )


def grow(count: int) -> None:
    waiting(count)
    ledger.sequence()
    ledger.make_checkpoint(at=AT)


def test_whoever_comes_second_to_the_tree_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    grow(3)
    sizes = iter([0, 3])
    monkeypatch.setattr(checkpoints, "latest_size", lambda: next(sizes))
    assert ledger.make_checkpoint(at=AT) == 0
    assert Checkpoint.objects.count() == 1


def test_whoever_comes_second_to_the_places_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(2)
    monkeypatch.setattr(sequencing, "_next", lambda _limit: [])
    assert ledger.sequence() == 0
    assert (sequencing.head(), sequencing.waiting()) == (0, 2)


def test_a_leaf_that_has_its_place_is_given_no_other() -> None:
    waiting(2)
    leaves = list(Leaf.objects.all())
    ledger.sequence()
    with pytest.raises(RuntimeError, match="0 leaves of 2"):
        sequencing._place(leaves, after=2)


def test_a_tile_that_was_cut_short_is_neither_read_nor_added_to() -> None:
    grow(3)
    Tile.objects.update(hashes=b"\x00" * merkle.HASH_BYTES)
    with pytest.raises(LookupError, match="not whole"):
        tree.Tree().root(3)
    with pytest.raises(LookupError, match="not whole"):
        tree.Tree().append(3, [merkle.leaf_hash(b"4")])


def test_an_empty_log_has_the_hash_of_nothing() -> None:
    assert tree.Tree().root(0) == merkle.root([])
    assert tree.frontier_roots([], [0]) == {0: merkle.root([])}
    assert tree.frontier_roots([merkle.leaf_hash(b"1")], []) == {}


@pytest.mark.parametrize(("old", "new"), [(0, 2), (3, 2), (2, 4)])
def test_nothing_is_proved_of_a_log_that_is_not_so_long(old: int, new: int) -> None:
    grow(3)
    with pytest.raises(LookupError):
        ledger.consistency(old, new)
    with pytest.raises(LookupError):
        ledger.inclusion(old, new)


def test_without_a_witness_the_newest_checkpoint_over_a_leaf_is_named() -> None:
    grow(1)
    grow(1)
    found = checkpoints.first_covering(1)
    assert found is not None
    assert found.size == 2
    assert checkpoints.first_covering(3) is None


def test_a_key_of_a_log_is_no_witness(settings: Any) -> None:
    settings.WITNESSES = [str(notes.Secret.make("audit.example", notes.LOG).key)]
    with pytest.raises(notes.NoteError, match="not a witness"):
        keys.witnesses()


def test_of_two_processes_that_make_the_key_at_once_the_first_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.key"
    keys._write_once(path, "first")
    keys._write_once(path, "second")
    assert path.read_text() == "first"
    assert [one.name for one in path.parent.iterdir()] == ["log.key"]


class _AtOnce:
    """Processes without processes: what is shared out comes to the same."""

    def __init__(self, jobs: int, **_given: Any) -> None:
        assert jobs == 3

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        pass

    map = staticmethod(map)


def test_a_log_that_several_read_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    grow(40)
    alone = verifying.verify(jobs=3)
    monkeypatch.setattr(verifying, "WORTH_IT", 1)
    monkeypatch.setattr(verifying, "ProcessPoolExecutor", _AtOnce)
    monkeypatch.setattr(connections, "close_all", lambda: None)
    shared = verifying.verify(jobs=3)
    assert len(alone.faults) == 40, "no case stands behind these leaves"
    assert {fault.position for fault in shared.faults} == {fault.position for fault in alone.faults}


def test_a_log_without_a_leaf_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verifying.verify(kept=[])
    assert (found.size, found.signed, found.witnessed, found.faults) == (0, 0, 0, [])


def test_a_leaf_of_a_kind_nobody_knows_keeps_its_place() -> None:
    Leaf.objects.create(case_id=uuid7(), number=1, kind="gone", hash=merkle.leaf_hash(b"1"), at=AT)
    ledger.sequence()
    ledger.make_checkpoint(at=AT)
    assert verifying.verify().faults == []


def test_a_stored_checkpoint_that_is_no_note_is_forged() -> None:
    grow(1)
    Checkpoint.objects.update(note="not a note")
    assert "signature" in {fault.what for fault in verifying.verify().faults}


def test_a_witness_cries_out_at_what_is_no_checkpoint_of_the_log_it_watches() -> None:
    secret = notes.Secret.make("log.example", notes.LOG)
    for text in ("no checkpoint\n", notes.Checkpoint("log.elsewhere", 1, bytes(32)).text):
        with pytest.raises(witness.Alarm, match="origin"):
            witness.judge(None, notes.sign(text, secret), [], secret.key)


def test_a_witness_begins_a_line_anew_that_the_power_cut_short(tmp_path: Path) -> None:
    secret = notes.Secret.make("log.example", notes.LOG)
    shown = notes.sign(notes.Checkpoint("log.example", 1, bytes(32)).text, secret)
    store = witness.Store(tmp_path / "store")
    assert store.newest() is None
    store.keep(shown, at=AT)
    with (store.folder / witness.KEPT).open("a") as file:
        file.write('{"at": "2026')
    store.keep(shown, at=AT, reason="restored")
    kept = witness.entries(store.folder / witness.KEPT)
    assert [entry.reason for entry in kept] == ["", "restored"]
    assert witness.since_acceptance(kept) == kept[1:]


@pytest.mark.parametrize("text", ["", "old 1\n", "new 1\n\nx", "old x\n\nx\n"])
def test_what_is_no_offer_to_a_witness_is_refused(text: str) -> None:
    with pytest.raises(notes.NoteError):
        witness.Offer.parse(text)


def test_a_private_key_that_was_altered_is_none() -> None:
    written = str(notes.Secret.make("log.example", notes.LOG))
    for text in ("", written.replace("log.example", "log.elsewhere"), written.removeprefix(notes.PRIVATE)):
        with pytest.raises(notes.NoteError):
            notes.Secret.parse(text)
    with pytest.raises(notes.NoteError, match="cannot name"):
        notes.Secret.make("two words", notes.LOG)


def test_a_signature_of_the_wrong_length_is_no_witness() -> None:
    secret = notes.Secret.make("audit.example", notes.WITNESS)
    short = notes.Signature(secret.name, secret.key.id, bytes(8))
    assert notes.Note("text\n", (short,)).witnessed_by(secret.key) is None
    assert not notes.Key("x", notes.LOG, b"short").verifies(bytes(64), b"")


def test_what_got_its_place_while_the_log_was_read_waits_for_the_next_time() -> None:
    found = verifying.Found(size=2, waiting=0)
    parts = [verifying.Part(positions=[1, 1, 3], hashes=[b"a", b"b", b"c"])]
    assert verifying._placed(parts, found)[0] == b"b"
    assert [(fault.what, fault.position) for fault in found.faults] == [("moved", 1), ("hole", 2)]


def test_a_row_that_is_gone_is_missed_before_its_leaf_has_a_place() -> None:
    waiting(1)
    assert [(fault.what, fault.position) for fault in verifying.verify().faults] == [("gone", 0)]


@pytest.mark.django_db(transaction=True)
def test_a_reading_outside_any_transaction_is_of_one_moment_and_leaves_none_open() -> None:
    with verifying.snapshot():
        assert not Leaf.objects.exists()
    grow(1)
    assert len(verifying.verify().faults) == 1


def test_a_row_that_only_tells_of_a_fault_does_not_stand_for_its_leaf(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting(1)
    leaf = Leaf.objects.get()
    told = kinds.Row(leaf.case_id, leaf.number, b"", "gap")
    monkeypatch.setattr(kinds, "sources", lambda: {"event": lambda _low, _high: iter([told])})
    assert [fault.what for fault in verifying.verify().faults] == ["gap", "gone"]
