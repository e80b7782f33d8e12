"""The log of a county over years: how long it takes to sign it, to prove from it, and to read all of it again."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import copy
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import models, transaction

from linli.cases.actions import rows, writing
from linli.cases.models import Case, Event
from linli.kit import clock, jsonbytes
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, witness
from linli.ledger.actions import verifying
from linli.ledger.models import Checkpoint, Leaf
from linli.ops.bench import county

BASE, EVENTS, QUICK = 5_000, 1_000_000, 6_000
AT_A_TIME = 1_000  # cases copied in one commit
AT_ONCE = 5_000
PROOFS = 200


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Fills the database of this process with events, then times the log over them."""
    county.fill(clock.now(), QUICK // 6 if is_quick else BASE)
    grow(QUICK if is_quick else EVENTS)
    order = timed(lambda: all_of(lambda: ledger.sequence(limit=AT_ONCE)))
    sign = timed(lambda: all_of(lambda: ledger.make_checkpoint(at=clock.now())))
    size, cores = ledger.head(), len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        kept = witnessed(witness.Store(Path(folder)))
    found: list[verifying.Found] = []
    alone = timed(lambda: found.append(verifying.verify(kept=kept, jobs=1)))
    together = timed(lambda: found.append(verifying.verify(kept=kept, jobs=cores)))
    return {
        "events": Event.objects.count(),
        "order_s": round(order, 1),
        "sign_s": round(sign, 1),
        "proof_ms": round(proofs(size) * 1000, 2),
        "alone_s": round(alone, 1),
        "together_s": round(together, 1),
        "jobs": cores,
        "faults": sum(len(one.faults) for one in found),
        "rows": found[-1].rows,
    }


def grow(count: int) -> None:
    """Copies of cases that went through the kernel, each with its chain of true hashes, up to so many events."""
    told: dict[UUID, list[Event]] = {}
    for event in Event.objects.order_by("case_id", "number"):
        told.setdefault(event.case_id, []).append(event)
    originals = list(Case.objects.all())
    missing = count - sum(map(len, told.values()))
    for some in batched(cycle(originals)):
        made: dict[type[models.Model], list[models.Model]] = {Case: [], Event: [], Leaf: []}
        for original in some:
            if missing <= 0:
                break
            missing -= len(told[original.pk])
            _copy(original, told[original.pk], made)
        with transaction.atomic():
            rows.insert_many(made)
        if missing <= 0:
            return


def batched(cases: Iterator[Case]) -> Iterator[list[Case]]:
    while True:
        yield list(islice(cases, AT_A_TIME))


def _copy(original: Case, told: list[Event], made: dict[type[models.Model], list[models.Model]]) -> None:
    case, previous = copy(original), merkle.GENESIS
    case.pk = uuid7()
    for each in told:
        event = copy(each)
        event.case_id, event.prev_hash = case.pk, previous
        event.leaf_hash = previous = merkle.leaf_hash(jsonbytes.canonical(event.record()))
        made[Event].append(event)
        made[Leaf].append(writing.leaf_of(event))
    case.last_hash = previous
    made[Case].append(case)


def timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def all_of(work: Callable[[], int]) -> None:
    while work():
        pass


def witnessed(store: witness.Store) -> list[witness.Entry]:
    """What a witness keeps of every checkpoint."""
    secret = notes.Secret.make("witness", notes.WITNESS)
    for one in Checkpoint.objects.order_by("size"):
        note = notes.Note.parse(one.note)
        signed = note.with_more([notes.cosign(note.text, secret, int(one.made_at.timestamp()))])
        store.keep(signed, at=one.made_at)
    return witness.entries(store.folder / witness.KEPT)


def proofs(size: int) -> float:
    """Seconds for one proof of inclusion, made from the stored tiles and checked."""
    newest = Checkpoint.objects.order_by("-size")[0]
    places = [1 + n * 7919 % size for n in range(PROOFS)]
    begin = time.perf_counter()
    for place in places:
        proof = ledger.inclusion(place, size)
        leaf = bytes(Leaf.objects.get(position=place).hash)
        root = bytes(newest.root)
        if not merkle.verify_inclusion(leaf=leaf, index=place - 1, size=size, proof=proof, root=root):
            raise AssertionError(place)
    return (time.perf_counter() - begin) / PROOFS
