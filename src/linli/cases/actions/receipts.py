"""The receipt of what opened a case: signed at once, with its proof as soon as there is a checkpoint."""

from __future__ import annotations

from typing import Any

from linli.cases.models import Case, Event
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Limit, due
from linli.kit import jsonbytes
from linli.ledger import actions as ledger
from linli.ledger import notes, receipts
from linli.ledger.actions import keys
from linli.ledger.models import Leaf
from linli.ledger.notes import Note

ACCEPTING = "accepting"


def statement_of(case: Case, event: Event) -> Note:
    """What was received when, and by which promise it is answered, signed. Nobody is named in it, nor any code."""
    secret = keys.secret()
    facts = {
        "log": secret.name,
        "case": case.number,
        "kind": case.kind,
        "received_at": event.received_at,
        "promises": _promises(case, event),
        "commitment": bytes(event.commitment).hex(),
        "leaf": bytes(event.leaf_hash).hex(),
    }
    return receipts.state(facts, secret)


def receipt_of(case: Case) -> dict[str, Any]:
    """The whole receipt, for whoever handed it in.

    The record behind the leaf is opened only where no member of staff stands in it. What was erased stays away.
    """
    event = Event.objects.get(case_id=case.pk, number=1)
    found: dict[str, Any] = {"type": receipts.TYPE, "statement": str(statement_of(case, event))}
    if bytes(event.salt):
        found["said"] = jsonbytes.canonical(event.data).decode()
        found["salt"] = notes.encoded(bytes(event.salt))
    if event.person_id is None:
        found["record"] = jsonbytes.canonical(event.record()).decode()
    found["key"] = str(keys.public())
    found["proof"] = _proof(event)
    return found


def _promises(case: Case, event: Event) -> list[dict[str, Any]]:
    """The limits that began with the receipt and concern the reporter."""
    wanted = {ACCEPTING, case.procedure.promise.name}
    started = [op for op in event.clocks if op["op"] == "start" and op["clock"] in wanted]
    promises = [_promise(op, event) for op in started]
    return sorted(promises, key=lambda each: (each["due_at"] is None, each["due_at"]))


def _promise(op: dict[str, Any], event: Event) -> dict[str, Any]:
    due_at = op.get("due")
    if not due_at and op["limit"]:
        due_at = due(event.received_at, Limit.parse(op["limit"]), current()).due_at
    return {"clock": op["clock"], "limit": op["limit"], "due_at": jsonbytes.plain(due_at or None)}


def _proof(event: Event) -> dict[str, Any] | None:
    """The way to a witnessed checkpoint, else to the log's own; None while there is none."""
    leaf = Leaf.objects.filter(case_id=event.case_id, number=event.number, kind=ledger.EVENT).first()
    checkpoint = ledger.first_covering(leaf.position) if leaf and leaf.position else None
    if leaf is None or leaf.position is None or checkpoint is None:
        return None
    hashes = ledger.inclusion(leaf.position, checkpoint.size)
    return {
        "position": leaf.position,
        "hashes": [notes.encoded(each) for each in hashes],
        "checkpoint": ledger.note_of(checkpoint),
    }
