"""The log of a county over years: how long it takes to sign it, to prove from it, and to read all of it again."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from linli.cases.models import Event
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, witness
from linli.ledger.actions import verifying
from linli.ledger.models import Checkpoint, Leaf
from linli.ops.bench import county

CASES, QUICK = 330_000, 2_000  # about three events each
AT_ONCE = 5_000
PROOFS = 200


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Fills the database of this process with events through the kernel, then times the log over them."""
    county.fill(clock.now(), QUICK if is_quick else CASES)
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
