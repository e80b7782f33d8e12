"""Whoever holds the database, and even the log's own key, cannot change the past unseen by whom a witness tells of it.

Each tampering is done on a real small log with the triggers off, and undone. `LINLI_TAMPERINGS=3750` does so many.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from django.db import connection, transaction

from linli.cases.actions import rehashing
from linli.cases.models import Case, Event
from linli.kit import jsonbytes
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, witness
from linli.ledger.actions import keys, kinds, tree, verifying
from linli.ledger.models import Checkpoint, Cosignature, Head, Leaf, Tile
from linli.people.access import Actor

COUNT = int(os.environ.get("LINLI_TAMPERINGS", "200"))
SEED = int(os.environ.get("LINLI_SEED", "20260930"))
WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(32))
TEXTS = ("kind", "verb", "state", "actor_kind", "role")
BLOBS = ("salt", "commitment", "prev_hash", "leaf_hash")
OTHERS = "at received_at person_id organisation_id unit_id is_public data facts clocks command_id".split()
pytestmark = pytest.mark.django_db


@dataclass
class Log:
    """The log as it was, and what the witness keeps of it."""

    kept: list[witness.Entry]
    keys: list[tuple[UUID, int]]
    size: int


@pytest.fixture
def log(report: Any, move: Any, dispute: Any, town: Town, cast: Cast, settings: Any, tmp_path: Path) -> Log:
    """A few cases with their events, a witnessed checkpoint every few rows."""
    settings.LOG_KEY = tmp_path / "log.key"
    kept: list[witness.Entry] = []
    for n in range(4):
        case = report().case
        move(case, "accept", "dispatcher")
        sign(kept)
        if n % 2:
            move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk), note="请尽快。")
            move(case, "add", Actor.reporter(case.pk), note="电话是 0712-0000-000，晚上在家。")
            sign(kept)
    dispute()
    sign(kept)
    without_triggers()
    found = Leaf.objects.order_by("position").values_list("case_id", "number")
    return Log(kept, list(found), ledger.head())


def sign(kept: list[witness.Entry]) -> None:
    ledger.sequence()
    ledger.make_checkpoint(at=NOW)
    newest = ledger.latest()
    assert newest is not None
    note = notes.Note.parse(newest.note)
    line = notes.cosign(note.text, WITNESS, int(NOW.timestamp()))
    ledger.take_cosignatures(written=newest.note + line.line, at=NOW, known=[WITNESS.key])
    kept.append(witness.Entry(NOW.isoformat(), note.with_more([line])))


def without_triggers() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE cases_event DISABLE TRIGGER USER")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        else:
            cursor.execute("DROP TRIGGER cases_event_no_update")
            cursor.execute("DROP TRIGGER cases_event_no_delete")


# What somebody with the whole server can do ------------------------------------------------------

Tampering = Callable[[Log, random.Random], str]


def event_of(log: Log, chance: random.Random) -> Event:
    case_id, number = chance.choice(log.keys)
    return Event.objects.get(case_id=case_id, number=number)


def store(event: Event, **values: Any) -> None:
    Event.objects.filter(case_id=event.case_id, number=event.number).update(**values)


def altered(event: Event, column: str, chance: random.Random) -> Any:
    """Another value of the column, as near to the true one as can be."""
    value = getattr(event, column)
    if column in TEXTS:
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    if column in BLOBS:
        raw = bytearray(value)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        return bytes(raw)
    if column in ("at", "received_at"):
        return value + chance.choice([-1, 1]) * timedelta(microseconds=10 ** chance.randrange(12))
    if column == "is_public":
        return not value
    if column in ("person_id", "organisation_id", "unit_id", "command_id"):
        return uuid7() if value is None or chance.random() < 0.5 else None
    if column == "clocks":
        return [*value, {"op": "pause"}]
    return {**value, "note": f"改过的话 {chance.random()}"}


def edit(log: Log, chance: random.Random) -> str:
    event, column = event_of(log, chance), chance.choice([*TEXTS, *BLOBS, *OTHERS])
    store(event, **{column: altered(event, column, chance)})
    return column


def edit_leaf(log: Log, chance: random.Random) -> str:
    case_id, number = chance.choice(log.keys)
    leaf = Leaf.objects.get(case_id=case_id, number=number)
    raw = bytearray(leaf.hash)
    raw[chance.randrange(32)] ^= 1 << chance.randrange(8)
    Leaf.objects.filter(pk=leaf.pk).update(hash=bytes(raw))
    return "hash"


def delete_middle(log: Log, chance: random.Random) -> str:
    case_id, number = chance.choice([key for key in log.keys if key[1] < last_of(key[0])])
    Event.objects.filter(case_id=case_id, number=number).delete()
    if chance.random() < 0.5:
        Leaf.objects.filter(case_id=case_id, number=number).delete()
        return "with its leaf"
    return "alone"


def last_of(case_id: UUID) -> int:
    return Event.objects.filter(case_id=case_id).order_by("-number").values_list("number", flat=True)[0]


def delete_last(log: Log, chance: random.Random) -> str:
    """The newest row of all, its traces swept away and the log signed anew."""
    case_id, number = log.keys[-1]
    Event.objects.filter(case_id=case_id, number=number).delete()
    Leaf.objects.filter(case_id=case_id, number=number).delete()
    rechain(case_id)
    resign()
    return ""


def truncate(log: Log, chance: random.Random) -> str:
    """Back to an earlier state, as if from last week's backup, and signed anew."""
    left = chance.randrange(1, log.size)
    for case_id, number in log.keys[left:]:
        Event.objects.filter(case_id=case_id, number=number).delete()
        Leaf.objects.filter(case_id=case_id, number=number).delete()
    for case_id in {case_id for case_id, _number in log.keys}:
        rechain(case_id)
    resign()
    return str(left)


def swap(log: Log, chance: random.Random) -> str:
    """Two rows change places in the log; with or without the tree being made anew."""
    first, second = chance.sample(range(1, log.size + 1), 2)
    one, other = Leaf.objects.get(position=first), Leaf.objects.get(position=second)
    for pk, position in ((one.pk, None), (other.pk, first), (one.pk, second)):
        Leaf.objects.filter(pk=pk).update(position=position)
    if chance.random() < 0.5:
        resign()
        return "and signed"
    return ""


def swap_words(log: Log, chance: random.Random) -> str:
    """What was said in two events changes places, salts and commitments included."""
    one, other = (Event.objects.get(case_id=a, number=n) for a, n in chance.sample(log.keys, 2))
    said = ("data", "salt", "commitment")
    theirs = {name: getattr(other, name) for name in said}
    store(other, **{name: getattr(one, name) for name in said})
    store(one, **theirs)
    return ""


def backdate(log: Log, chance: random.Random) -> str:
    """A row that never was, slipped in among the old ones with everything after it made to fit."""
    case_id, after = chance.choice(log.keys[:-1])
    place = Leaf.objects.get(case_id=case_id, number=after).position or 0
    for event in Event.objects.filter(case_id=case_id, number__gt=after).order_by("-number"):
        store(event, number=event.number + 1)
        Leaf.objects.filter(case_id=case_id, number=event.number).update(number=event.number + 1)
    forged = Event.objects.get(case_id=case_id, number=after)
    forged.number, forged.command_id, forged.kind = after + 1, uuid7(), "request.forged"
    Event.objects.bulk_create([forged])
    Leaf.objects.create(case_id=case_id, number=after + 1, hash=bytes(32), at=forged.received_at)
    shifted = Leaf.objects.filter(position__gt=place).order_by("-position")
    for leaf in list(shifted):
        Leaf.objects.filter(pk=leaf.pk).update(position=(leaf.position or 0) + 1)
    Leaf.objects.filter(case_id=case_id, number=after + 1).update(position=place + 1)
    Head.objects.filter(name="events").update(position=log.size + 1)
    rechain(case_id)
    resign()
    return ""


def rebuild(log: Log, chance: random.Random) -> str:
    """An edit with the chain, the leaves, the tree and the log's own signatures all made to fit."""
    event, column = event_of(log, chance), chance.choice([*TEXTS, *OTHERS])
    value = altered(event, column, chance)
    store(event, **{column: value})
    if column == "data":
        store(event, commitment=merkle.payload_commitment(bytes(event.salt), jsonbytes.canonical(value)))
    rechain(event.case_id)
    resign()
    return column


def forge_checkpoint(log: Log, chance: random.Random) -> str:
    """A checkpoint that the log's key never signed."""
    one = chance.choice(list(Checkpoint.objects.all()))
    root = merkle.leaf_hash(str(chance.random()).encode())
    stranger = notes.Secret.make(keys.secret().name, notes.LOG)
    note = notes.sign(notes.Checkpoint(stranger.name, one.size, root).text, stranger)
    Checkpoint.objects.filter(pk=one.pk).update(root=root, note=str(note))
    return ""


def edit_tile(log: Log, chance: random.Random) -> str:
    tile = Tile.objects.get(level=0, number=0)
    raw = bytearray(tile.hashes)
    raw[chance.randrange(len(raw))] ^= 1
    Tile.objects.filter(level=0, number=0).update(hashes=bytes(raw))
    return ""


def rechain(case_id: UUID) -> None:
    previous, count = merkle.GENESIS, 0
    for event in Event.objects.filter(case_id=case_id).order_by("number"):
        event.prev_hash, count = previous, count + 1
        previous = merkle.leaf_hash(jsonbytes.canonical(event.record()))
        store(event, prev_hash=event.prev_hash, leaf_hash=previous)
        Leaf.objects.filter(case_id=case_id, number=event.number).update(hash=previous)
    Case.objects.filter(pk=case_id).update(last_hash=previous, version=count)


def resign() -> None:
    """The tree and every checkpoint over what now stands, signed with the log's own key."""
    size = Leaf.objects.count()
    Head.objects.update(position=size)
    Tile.objects.all().delete()
    Cosignature.objects.all().delete()
    stored, secret = tree.Tree(), keys.secret()
    stored.append(0, tree.leaf_hashes(0, size))
    stored.save()
    sizes = {one for one in Checkpoint.objects.values_list("size", flat=True) if one <= size} | {size}
    Checkpoint.objects.all().delete()
    for one in sizes if size else ():
        signed = notes.Checkpoint(secret.name, one, stored.root(one))
        note = str(notes.sign(signed.text, secret))
        Checkpoint.objects.create(size=one, root=signed.root, note=note, made_at=NOW)


WAYS: tuple[tuple[Tampering, int], ...] = (
    (edit, 26),
    (edit_leaf, 6),
    (delete_middle, 8),
    (delete_last, 2),
    (truncate, 8),
    (swap, 8),
    (swap_words, 6),
    (backdate, 8),
    (rebuild, 24),
    (forge_checkpoint, 2),
    (edit_tile, 2),
)

# Doing them and looking --------------------------------------------------------------------------

Look = Callable[[Log], list[verifying.Fault]]


def look(log: Log) -> list[verifying.Fault]:
    return verifying.verify(kept=log.kept).faults


def tampered(log: Log, count: int, look: Look = look) -> Iterator[tuple[str, list[verifying.Fault]]]:
    """So many tamperings, each way in its share and at least once; what each was and what was found."""
    chance, total = random.Random(SEED), sum(share for _way, share in WAYS)
    for way, share in WAYS:
        for _n in range(max(round(count * share / total), 1)):
            with transaction.atomic():
                what = way(log, chance)
                yield f"{way.__name__} {what}".strip(), look(log)
                transaction.set_rollback(True)


def test_a_log_nobody_touched_verifies(log: Log) -> None:
    found = verifying.verify(kept=log.kept)
    assert (found.faults, found.rows, found.size, found.witnessed) == ([], log.size, log.size, log.size)


def test_every_tampering_is_found(log: Log) -> None:
    done: Counter[str] = Counter()
    missed = []
    for what, faults in tampered(log, COUNT):
        done[what.split()[0]] += 1
        if not faults:
            missed.append(what)
    assert missed == []
    assert sum(done.values()) >= COUNT - len(WAYS)
    assert verifying.verify(kept=log.kept).faults == []
    print(f"{sum(done.values())} tamperings, 0 missed: {dict(done)}")


def test_a_plain_change_is_found_at_its_place(log: Log) -> None:
    case_id, number = log.keys[2]
    with transaction.atomic():
        store(Event.objects.get(case_id=case_id, number=number), verb="forged")
        at = {(fault.subject, fault.number) for fault in look(log) if fault.subject}
        transaction.set_rollback(True)
    assert (case_id, number) in at


def test_a_rebuilt_log_is_found_between_two_checkpoints(log: Log) -> None:
    """The whole server lies in step; the witness's checkpoints say between which rows."""
    sizes = [0, *(entry.checkpoint.size for entry in log.kept)]
    for place in (1, log.size // 2, log.size):
        case_id, number = log.keys[place - 1]
        with transaction.atomic():
            store(Event.objects.get(case_id=case_id, number=number), verb="forged")
            rechain(case_id)
            resign()
            faults = look(log)
            transaction.set_rollback(True)
        (fault,) = faults
        assert fault.what == "witness"
        assert fault.position <= place <= fault.until
        assert fault.position - 1 in sizes
        assert fault.until in sizes


def test_erasing_what_was_said_is_no_tampering(log: Log) -> None:
    with transaction.atomic():
        case_id, number = log.keys[0]
        store(Event.objects.get(case_id=case_id, number=number), data={}, salt=b"")
        assert look(log) == []
        transaction.set_rollback(True)


def test_rows_no_witness_has_seen_have_the_chain_alone(log: Log, report: Any) -> None:
    case = report().case
    assert verifying.verify(kept=log.kept).waiting == 1
    Event.objects.filter(case_id=case.pk).update(verb="forged")
    assert {fault.what for fault in look(log)} == {"leaf", "changed"}
    Leaf.objects.filter(case_id=case.pk).delete()
    Event.objects.filter(case_id=case.pk).delete()
    assert {fault.what for fault in look(log)} == {"no_events"}


# A test that never fails proves nothing: verifiers that are wrong in one way each ------------------


def plant(name: str, monkeypatch: pytest.MonkeyPatch) -> Look:
    if name in LOOKS:
        return LOOKS[name]
    PATCHES[name](monkeypatch)
    return look


def trusts_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    real = verifying._foreign
    monkeypatch.setattr(verifying, "_foreign", lambda *given: (f for f in real(*given) if f.what != "cut"))


def believes_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ledger.sources()["event"]

    def believing(low: UUID, high: UUID) -> Iterator[ledger.Row]:
        stored = {
            row[:2]: bytes(row[2]) for row in Event.objects.values_list("case_id", "number", "leaf_hash")
        }
        for row in rows(low, high):
            is_row = row.hash or row.fault == "leaf"
            yield row._replace(hash=stored[row.subject, row.number], fault="") if is_row else row

    monkeypatch.setitem(kinds._sources, "event", believing)


def forgetful(log: Log) -> list[verifying.Fault]:
    """Says nothing about the end."""
    (case_id, number) = log.keys[-1]
    return [
        fault
        for fault in look(log)
        if not (fault.subject == case_id and fault.number in (0, number)) and fault.until < log.size
    ]


LOOKS: dict[str, Look] = {
    "asks no witness": lambda _log: verifying.verify(kept=None).faults,
    "forgets the last row": forgetful,
    "checks the first checkpoint of the witness alone": lambda log: (
        verifying.verify(kept=log.kept[:1]).faults
    ),
}
PATCHES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "does not notice that the end is gone": trusts_the_end,
    "does not read what was said": lambda patch: patch.setattr(rehashing, "_says", lambda _row: True),
    "believes the hash that stands in the row": believes_the_row,
    "takes any signature": lambda patch: patch.setattr(verifying, "_own", lambda *_given: iter(())),
    "does not read the stored tree": lambda patch: patch.setattr(verifying, "_tiles", lambda _now: iter(())),
}


@pytest.mark.parametrize("name", [*LOOKS, *PATCHES])
def test_a_verifier_with_a_fault_misses_something(
    log: Log, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = plant(name, monkeypatch)
    assert any(not faults for _what, faults in tampered(log, 60, faulty))
