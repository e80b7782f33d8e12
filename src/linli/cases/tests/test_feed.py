"""Every event has its place in the feed, and each reader finds there what they may open."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.cases.actions import bulk, feed, integrity
from linli.cases.actions.errors import CommandError
from linli.cases.actions.opening import Opening
from linli.cases.models import Event
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.people.access import SYSTEM

pytestmark = pytest.mark.django_db


def everything(by: Any, limit: int = 3) -> list[feed.Entry]:
    found: list[feed.Entry] = []
    cursor, is_last = 0, False
    while not is_last:
        page = feed.read(after=cursor, by=by, limit=limit)
        found, cursor, is_last = found + page.entries, page.cursor, page.is_last
    return found


def leafless() -> list[Event]:
    """Events whose leaf is missing or commits to something else."""
    leaves = {(leaf.case_id, leaf.number): bytes(leaf.hash) for leaf in Leaf.objects.all()}
    return [e for e in Event.objects.all() if leaves.get((e.case_id, e.number)) != bytes(e.leaf_hash)]


def test_what_is_reported_and_done_stands_in_the_feed_in_order(report: Any, move: Any, dispute: Any) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "note", "dispatcher", note="核实中。", reader="internal")
    dispute()
    assert leafless() == []
    assert ledger.sequence() == Event.objects.count() == 5
    met = everything(SYSTEM)
    assert [entry.position for entry in met] == [1, 2, 3, 4, 5]
    assert [entry.event.number for entry in met if entry.case == case] == [1, 2, 3]
    assert integrity.verify(case.pk) == []


def test_other_kinds_have_a_place_in_the_log_but_none_in_the_feed(report: Any) -> None:
    case = report().case
    reading = ledger.leaf_for(kind="read", subject=uuid7(), record={"case": str(case.pk)}, at=NOW)
    reading.save(force_insert=True)
    assert ledger.sequence() == 2
    assert [entry.case for entry in everything(SYSTEM)] == [case]
    assert feed.at_positions([1, 2], by=SYSTEM) == everything(SYSTEM)


def test_cases_taken_in_by_the_thousand_have_their_leaves(town: Town) -> None:
    opening = Opening(
        kind="service_request",
        title="路灯不亮",
        category="facility.street_lamp",
        channel="import",
        place=town["grid"],
    )
    steps = [bulk.Step("record_dispatch", NOW, unit=town["east_works"]), bulk.Step("record_closing", NOW)]
    histories = [bulk.History(uuid7(), opening, NOW, None, steps) for _n in range(5)]
    bulk.store(bulk.record(histories, at=NOW))
    assert (Leaf.objects.count(), leafless()) == (15, [])
    assert ledger.sequence(limit=4) >= 4
    while ledger.sequence(limit=4):
        pass
    numbers: dict[Any, list[int]] = {}
    for leaf in ledger.after(0):
        numbers.setdefault(leaf.case_id, []).append(leaf.number)
    assert list(numbers.values()) == [[1, 2, 3]] * 5


def test_a_command_refused_leaves_nothing(report: Any, move: Any) -> None:
    case = report().case
    with pytest.raises(CommandError):
        move(case, "accept", "outsider")
    assert Leaf.objects.count() == 1


def test_the_leaf_costs_intake_no_round_trip(report: Any) -> None:
    report()
    with CaptureQueriesContext(connection) as captured:
        report()
    writes = [str(query["sql"]) for query in captured if "ledger_leaf" in str(query["sql"])]
    assert len(writes) == 1
    if connection.vendor == "postgresql":
        assert "cases_event" in writes[0]  # the same statement


def test_each_post_meets_the_cases_it_may_open_and_the_notes_it_may_read(
    report: Any, move: Any, dispute: Any, cast: Cast
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "note", "dispatcher", note="核实中。", reader="internal")
    dispute()
    ledger.sequence()

    def met(name: str, kind: str = "service_request") -> list[int]:
        return [entry.event.number for entry in everything(cast[name]) if entry.case.kind == kind]

    assert (
        met("dispatcher") == met("auditor") == [1, 2, 3]
    )  # auditors may read what units note for themselves
    assert met("grid_worker") == [1, 2]
    assert met("mediator") == []
    assert met("mediator", "mediation") == [1, 2]
    assert met("outsider") == met("outsider", "mediation") == []
    assert everything(cast["administrator"]) == []
    places = {entry.event.number: entry.position for entry in everything(SYSTEM) if entry.case == case}
    only = feed.at_positions([places[1], places[3], 99], by=cast["grid_worker"])
    assert [(entry.position, entry.event.number) for entry in only] == [(places[1], 1)]


def test_a_page_costs_the_same_however_long(
    report: Any, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for _n in range(6):
        report()
    ledger.sequence()
    for limit in (1, 6):
        with django_assert_max_num_queries(3):
            assert len(feed.read(after=0, by=cast["dispatcher"], limit=limit).entries) == limit


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The step of the migration that gives events of before their leaves, three events at a time."""
    step = import_module("linli.cases.migrations.0004_leaves")
    monkeypatch.setattr(step, "BATCH", 3)

    class Editor:
        pass

    editor: Any = Editor()
    editor.connection = connection
    return lambda: step.forwards(None, editor)


def test_events_of_before_get_their_leaves_once(report: Any, move: Any, fill: Callable[[], None]) -> None:
    for n in range(4):
        case = report().case
        move(case, "accept", "dispatcher")
        for _n in range(n * 2):
            move(case, "note", "dispatcher", note="核实中。", reader="internal")
    whole = Event.objects.count()
    ledger.sequence(limit=2)
    placed = {leaf.pk: leaf.position for leaf in ledger.after(0)}
    Leaf.objects.filter(position=None, number__gt=1).delete()
    assert leafless()
    for _n in range(2):
        fill()
        assert (Leaf.objects.count(), leafless()) == (whole, [])
    assert {leaf.pk: leaf.position for leaf in ledger.after(0)} == placed
    assert ledger.sequence() == whole - len(placed)
