"""The history of a case cannot be changed unseen, and what somebody said can be erased without breaking it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from django.db import DatabaseError, connection, transaction

from linli.cases import actions as cases
from linli.cases.actions import integrity
from linli.cases.models import Case, Event
from linli.kit.ids import uuid7
from linli.people.access import Actor

Story = Callable[..., Any]
# A value of each column that differs from whatever stands there.
CHANGES: dict[str, Any] = {
    "kind": "request.forged",
    "verb": "forge",
    "state": "closed",
    "at": NOW + timedelta(days=1),
    "received_at": NOW + timedelta(days=1),
    "actor_kind": "forger",
    "person_id": None,
    "role": "forger",
    "organisation_id": None,
    "unit_id": UUID(int=1),
    "is_public": None,
    "data": {"note": "改过的话。"},
    "facts": {"rule": "forged"},
    "clocks": [{"op": "start", "number": 1, "clock": "total", "limit": "99wd"}],
    "command_id": UUID(int=2),
    "salt": b"0" * 16,
    "commitment": b"0" * 32,
    "prev_hash": b"1" * 32,
    "leaf_hash": b"1" * 32,
}


@pytest.fixture
def told(report: Story, move: Story, town: Town, cast: Cast) -> Case:
    """A case with four events."""
    case: Case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk), note="请尽快。")
    move(case, "add", Actor.reporter(case.pk), note="电话是 0712-0000-000，晚上在家。")
    return Case.objects.get(pk=case.pk)


def without_triggers(*statements: str, params: tuple[Any, ...] = ()) -> None:
    """What somebody with the keys of the database could do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE cases_event DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER cases_event_no_update")
            cursor.execute("DROP TRIGGER cases_event_no_delete")
        for statement in statements:
            cursor.execute(statement, params)


def kinds(case: Case) -> set[tuple[int, str]]:
    return {(problem.number, problem.kind) for problem in integrity.verify(case.pk)}


def test_a_true_history_verifies(told: Case) -> None:
    assert integrity.verify(told.pk) == []
    assert told.version == 4


def test_a_case_nobody_knows_does_not(db: None) -> None:
    assert [problem.kind for problem in integrity.verify(uuid7())] == ["no_case"]


@pytest.mark.parametrize("column", CHANGES)
def test_the_database_refuses_to_change_an_event(told: Case, column: str) -> None:
    event = Event.objects.filter(case=told, number=3)
    value = not event.get().is_public if column == "is_public" else CHANGES[column]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.update(**{column: value})
    assert integrity.verify(told.pk) == []


def test_the_database_refuses_to_delete_an_event(told: Case) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(case=told, number=4).delete()


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_behind_the_databases_back_is_located(told: Case, column: str) -> None:
    event = Event.objects.filter(case=told, number=3)
    value = not event.get().is_public if column == "is_public" else CHANGES[column]
    if column == "unit_id":
        value = None
    without_triggers()
    event.update(**{column: value})
    assert 3 in {number for number, _kind in kinds(told)}


def test_a_missing_event_is_located(told: Case) -> None:
    key = told.pk.hex if connection.vendor == "sqlite" else told.pk
    without_triggers("DELETE FROM cases_event WHERE case_id = %s AND number = 2", params=(key,))
    assert (2, "gap") in kinds(told)
    assert (3, "link") in kinds(told)


def test_an_event_cut_off_at_the_end_is_noticed(told: Case) -> None:
    key = told.pk.hex if connection.vendor == "sqlite" else told.pk
    without_triggers("DELETE FROM cases_event WHERE case_id = %s AND number = 4", params=(key,))
    assert kinds(told) == {(0, "head"), (0, "version")}


def test_erasing_what_was_said_leaves_the_history_whole(told: Case) -> None:
    before = Event.objects.get(case=told, number=4)
    assert integrity.erase(case_id=told.pk, number=4)
    after = Event.objects.get(case=told, number=4)
    assert (after.data, bytes(after.salt)) == ({}, b"")
    assert bytes(after.leaf_hash) == bytes(before.leaf_hash)
    assert integrity.verify(told.pk) == []
    assert not integrity.erase(case_id=told.pk, number=4)


def test_an_erased_event_says_nothing_and_answers_to_no_retry(told: Case) -> None:
    event = Event.objects.get(case=told, number=4)
    assert event.command_id is not None
    integrity.erase(case_id=told.pk, number=4)
    with pytest.raises(cases.CommandReused):
        cases.advance(
            case=told.pk,
            verb="add",
            by=Actor.reporter(told.pk),
            at=NOW,
            command_id=event.command_id,
            data={"note": "电话是 0712-0000-000，晚上在家。"},
        )
    assert not Event.objects.get(case=told, number=4).says({})


def test_only_an_erasure_passes_the_trigger_and_nothing_beside_it(told: Case) -> None:
    event = Event.objects.filter(case=told, number=4)
    for beside in ({"facts": {"rule": "forged"}}, {"is_public": True}, {"state": "closed"}):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            event.update(data={}, salt=b"", **beside)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.update(data={})


def test_two_cases_say_the_same_and_commit_to_it_differently(report: Story, town: Town) -> None:
    first, second = report().event, report().event
    assert first.data == second.data
    assert bytes(first.commitment) != bytes(second.commitment)
