"""Faults in the record: chain, log, commitments, and the triggers that keep them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from linli.cases.actions import integrity
from linli.cases.models import Case, Event
from linli.kit import jsonbytes
from linli.ledger import actions as ledger
from linli.ledger import merkle
from linli.ledger.actions import sequencing as sequencing
from linli.ledger.models import Leaf
from torture.faults import World, fault, refused


def _with_the_keys(*statements: str) -> None:
    """What somebody with the keys of the database could do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE cases_event DISABLE TRIGGER USER")
        else:
            for name in ("cases_event_no_update", "cases_event_no_delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            cursor.execute(statement)


def _told(world: World) -> Case:
    case = world.dispatched()
    world.move(case, "acknowledge", "handler")
    return Case.objects.get(pk=case.pk)


def a_true_history_verifies(world: World) -> None:
    assert integrity.verify(_told(world).pk) == []


@fault(
    "record",
    "an event does not name the one before it",
    "the chain of every case verifies",
    a_true_history_verifies,
)
def leaf_not_chained(patch: pytest.MonkeyPatch) -> None:
    from linli.cases.actions.turn import Turn

    sound = Turn.append_event

    def append_event(self: Any) -> Event:
        self.case.last_hash = merkle.GENESIS
        return sound(self)

    patch.setattr(Turn, "append_event", append_event)


def the_last_event_cut_off_is_missed(world: World) -> None:
    case = _told(world)
    _with_the_keys(f"DELETE FROM cases_event WHERE number = {case.version}")
    assert integrity.verify(case.pk), "a history without its end was taken for whole"


@fault("record", "the last event is covered by nothing", "an event cut off the end is missed",
       the_last_event_cut_off_is_missed)  # fmt: skip
def last_row_not_covered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(integrity, "_case", lambda case, last: iter(()))


def changed_words_are_seen(world: World) -> None:
    case = _told(world)
    _with_the_keys('UPDATE cases_event SET data = \'{"text": "everything is fine"}\' WHERE number = 1')
    assert integrity.verify(case.pk), "changed words were taken for the old ones"


@fault(
    "record",
    "what was said is not compared with its commitment",
    "changed words are seen",
    changed_words_are_seen,
)
def payload_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Event, "says", lambda self, data: True)


def a_changed_column_is_seen(world: World) -> None:
    case = _told(world)
    _with_the_keys("UPDATE cases_event SET role = 'forger' WHERE number = 2")
    assert integrity.verify(case.pk), "a changed column was not seen"


@fault("record", "a column is left out of the leaf hash", "every column is covered", a_changed_column_is_seen)
def column_not_covered(patch: pytest.MonkeyPatch) -> None:
    sound = Event.record
    patch.setattr(Event, "record", lambda self: {k: v for k, v in sound(self).items() if k != "role"})


def equal_words_commit_differently(world: World) -> None:
    first, second = (Event.objects.get(case=world.report(), number=1) for _n in range(2))
    assert first.data == second.data
    assert bytes(first.commitment) != bytes(second.commitment)
    guess = hashlib.sha256(jsonbytes.canonical(first.data)).digest()
    assert guess not in (bytes(first.commitment), bytes(first.leaf_hash))


@fault("record", "a commitment is the plain hash of the words", "equal words commit differently",
       equal_words_commit_differently)  # fmt: skip
def commitment_without_salt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merkle, "payload_commitment", lambda salt, payload: hashlib.sha256(payload).digest())


def salts_are_never_alike(world: World) -> None:
    salts = [bytes(Event.objects.get(case=world.report(), number=1).salt) for _n in range(3)]
    assert len(set(salts)) == 3
    assert all(len(salt) == merkle.SALT_BYTES for salt in salts)


@fault("record", "every salt is the same", "salts are never alike", salts_are_never_alike)
def salt_repeated(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(secrets, "token_bytes", lambda length: b"s" * length)


def leaves_and_nodes_never_meet(world: World) -> None:
    left, right = merkle.leaf_hash(b"left"), merkle.leaf_hash(b"right")
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
    assert merkle.chain(left, right) not in (merkle.node_hash(left, right), merkle.leaf_hash(left + right))


@fault(
    "record",
    "leaves are hashed like nodes",
    "a node cannot be passed off as a leaf",
    leaves_and_nodes_never_meet,
)
def leaf_without_prefix(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merkle, "leaf_hash", lambda data: hashlib.sha256(merkle.NODE + data).digest())


def proofs_prove_one_thing(world: World) -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(7)]
    root, proof = merkle.root(leaves), merkle.inclusion_proof(leaves, 4)
    given: dict[str, Any] = {"size": 7, "root": root}
    assert merkle.verify_inclusion(leaf=leaves[4], index=4, proof=proof, **given)
    assert not merkle.verify_inclusion(leaf=leaves[5], index=4, proof=proof, **given)
    assert not merkle.verify_inclusion(leaf=leaves[4], index=4, proof=proof[:-1], **given)
    old = merkle.root(leaves[:3])
    forked = merkle.root([*leaves[:2], leaves[6], *leaves[3:]])
    shown = merkle.consistency_proof(leaves, 3)
    assert merkle.verify_consistency(old_size=3, new_size=7, old_root=old, new_root=root, proof=shown)
    assert not merkle.verify_consistency(old_size=3, new_size=7, old_root=old, new_root=forked, proof=shown)


@fault(
    "record",
    "any proof of inclusion is believed",
    "a proof proves one leaf under one root",
    proofs_prove_one_thing,
)
def any_proof_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merkle, "verify_inclusion", lambda **given: True)


@fault("record", "a log may be written anew under an old root", "a fork is no growth", proofs_prove_one_thing)
def fork_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merkle, "verify_consistency", lambda **given: True)


def places_follow_the_events(world: World) -> None:
    case = _told(world)
    ledger.sequence()
    placed = Leaf.objects.filter(case_id=case.pk, kind="event").exclude(position=None).order_by("position")
    numbers = list(placed.values_list("number", flat=True))
    assert numbers == list(range(1, case.version + 1)), numbers
    every = list(Leaf.objects.exclude(position=None).order_by("position").values_list("position", flat=True))
    assert every == list(range(1, len(every) + 1)), "a place is missing, or stands twice"


@fault("record", "the log puts later events before earlier ones", "places rise with the events of a case",
       places_follow_the_events)  # fmt: skip
def log_out_of_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sequencing, "_each_case_in_order", lambda leaves: leaves[::-1])


@fault("record", "the log leaves a place empty", "places are given without a gap", places_follow_the_events)
def place_left_empty(patch: pytest.MonkeyPatch) -> None:
    sound = sequencing._place
    patch.setattr(sequencing, "_place", lambda leaves, *, after: sound(leaves, after=after + 1))


def the_database_refuses(world: World) -> None:
    case = _told(world)
    event = Event.objects.filter(case=case, number=2)

    def change() -> None:
        with transaction.atomic():
            event.update(role="forger")

    def remove() -> None:
        with transaction.atomic():
            event.delete()

    refused(DatabaseError, change)
    refused(DatabaseError, remove)


@fault(
    "record",
    "the triggers of the events are gone",
    "the database itself refuses a change",
    the_database_refuses,
)
def triggers_gone(patch: pytest.MonkeyPatch) -> None:
    _with_the_keys()


def what_is_erased_is_gone(world: World) -> None:
    case = world.report(text="我叫王小二，电话 0712-0000-123，家里的灯坏了。")
    integrity.erase(case_id=case.pk, number=1)
    event = Event.objects.get(case=case, number=1)
    assert not event.data, "what was erased can still be read"
    assert not bytes(event.salt), "what was erased can still be guessed"
    assert integrity.verify(case.pk) == []


@fault("record", "erasing leaves the salt, so that words can be guessed", "words and salt go together",
       what_is_erased_is_gone)  # fmt: skip
def erased_but_guessable(patch: pytest.MonkeyPatch) -> None:
    sound = type(Event.objects.all()).update

    def update(self: Any, **changes: Any) -> int:
        if changes.get("salt") == b"":
            return 1
        return sound(self, **changes)

    patch.setattr(type(Event.objects.all()), "update", update)
