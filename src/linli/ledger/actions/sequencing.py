"""Gives leaves their places in one order, and reads them in it.

A transaction may commit after one that began later, so a number drawn while writing would let a reader pass over an
event that is not there yet. Places are therefore given afterwards, to leaves that stand, by one sequencer at a time:
what is read up to a position is complete, for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from linli.ledger.models import Head, Leaf

EVENT = "event"
EVENTS = "events"
AT_A_TIME = 1000


def sequence(*, limit: int = AT_A_TIME) -> int:
    """Gives the next positions to waiting leaves, oldest first and each case's in its own order; returns how many."""
    if not Leaf.objects.filter(position=None).exists():
        return 0  # without this, SQLite would stop every writer for a look
    with transaction.atomic():
        Head.objects.get_or_create(name=EVENTS)
        last = Head.objects.select_for_update().get(name=EVENTS)
        leaves = _next(limit)
        if leaves:
            _place(leaves, after=last.position)
            Head.objects.filter(name=EVENTS).update(position=last.position + len(leaves))
    return len(leaves)


def after(position: int, limit: int = AT_A_TIME) -> list[Leaf]:
    """The leaves that follow a position, in order."""
    return list(Leaf.objects.filter(position__gt=position).order_by("position")[:limit])


def at(positions: Sequence[int]) -> list[Leaf]:
    """The leaves of these positions, in order."""
    return list(Leaf.objects.filter(position__in=positions).order_by("position"))


def head() -> int:
    """The last position given; 0 before the first."""
    return Head.objects.filter(name=EVENTS).values_list("position", flat=True).first() or 0


def waiting() -> int:
    """How many leaves have no place yet."""
    return Leaf.objects.filter(position=None).count()


def _next(limit: int) -> list[Leaf]:
    """The oldest that wait, with what comes before them in their own cases, whatever a clock has said.

    Of one case, a later event is never seen before an earlier one: its writer has read that one.
    """
    waits = Leaf.objects.filter(position=None)
    chosen = list(waits.order_by("at", "case_id", "number")[:limit])
    last = {leaf.case_id: 0 for leaf in chosen}
    for leaf in chosen:
        last[leaf.case_id] = max(last[leaf.case_id], leaf.number)
    known = {leaf.pk for leaf in chosen}
    cases = waits.filter(case_id__in=list(last)).order_by("number", "kind")
    missed = [leaf for leaf in cases if leaf.pk not in known and leaf.number < last[leaf.case_id]]
    return _each_case_in_order([*chosen, *missed])


def _each_case_in_order(leaves: list[Leaf]) -> list[Leaf]:
    """The same turns for the same cases, but within a case by number."""
    queues = {
        case_id: iter(sorted(group, key=lambda leaf: (leaf.number, leaf.kind)))
        for case_id, group in _grouped(leaves).items()
    }
    return [next(queues[leaf.case_id]) for leaf in leaves]


def _grouped(leaves: list[Leaf]) -> dict[object, list[Leaf]]:
    groups: dict[object, list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(leaf.case_id, []).append(leaf)
    return groups


def _place(leaves: Sequence[Leaf], *, after: int) -> None:
    """One statement for the whole batch."""
    key = Leaf._meta.get_field("case_id")
    values = [
        value
        for position, leaf in enumerate(leaves, start=after + 1)
        for value in (key.get_db_prep_value(leaf.case_id, connection), leaf.number, leaf.kind, position)
    ]
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(leaves))
    statement = (
        f"UPDATE ledger_leaf SET position = placed.column4 FROM (VALUES {rows}) AS placed"  # noqa: S608  only marks
        " WHERE ledger_leaf.case_id = placed.column1 AND ledger_leaf.number = placed.column2"
        " AND ledger_leaf.kind = placed.column3 AND ledger_leaf.position IS NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != len(leaves):
            raise RuntimeError(f"{cursor.rowcount} leaves of {len(leaves)} could be placed")
