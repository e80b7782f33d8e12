"""Every line of the administration's history is a leaf of the log: none can be changed or taken away unseen."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from conftest import NOW, Cast
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from linli.ledger.actions import sequence, verifying
from linli.ledger.models import Leaf
from linli.people.access import SYSTEM
from linli.people.actions import note_change
from linli.people.actions.history import KIND
from linli.people.models import Change

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(cast: Cast) -> Change:
    target = ("year", 2026, "2026")
    return note_change(
        by=SYSTEM, at=NOW, what="year.confirmed", target=target, after={"days": 33, "share": 1.0}
    )


def faults() -> list[tuple[str, str]]:
    sequence()
    return [(fault.what, fault.kind) for fault in verifying.verify().faults]


def unguarded(statement: str, *given: Any) -> None:
    """As whoever owns the database: past the trigger."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE people_change DISABLE TRIGGER ALL")
        else:
            cursor.execute("DROP TRIGGER people_change_no_update")
        cursor.execute(statement, list(given))


def test_a_line_has_its_leaf_and_verifies(line: Change) -> None:
    assert Leaf.objects.filter(case_id=line.pk, kind=KIND).count() == 1
    assert faults() == []


def test_a_changed_line_is_found(line: Change) -> None:
    unguarded("UPDATE people_change SET what = 'year.imported'")
    assert ("changed", KIND) in faults()


def test_a_line_that_was_taken_away_is_found(line: Change) -> None:
    unguarded("DELETE FROM people_change")
    assert ("gone", KIND) in faults()


def test_a_line_slipped_in_behind_the_logs_back_is_found(line: Change) -> None:
    Change.objects.create(at=NOW, what="account.opened", target_kind="person", target_id="1", target_name="")
    assert ("unlogged", KIND) in faults()


def test_lines_written_before_there_were_leaves_get_theirs(line: Change) -> None:
    Leaf.objects.filter(kind=KIND).delete()
    migration = import_module("linli.people.migrations.0005_changes_in_the_log")
    for _time in range(2):
        migration.forwards(apps, connection.schema_editor())
    assert faults() == []


def test_whoever_put_a_database_back_by_other_means_writes_it_down(db: None) -> None:
    call_command("restore", "snapshot-of-tuesday", "--note", "--made", "2026-09-29T22:00:00+08:00")
    said = Change.objects.get(what="restore")
    assert (said.target_id, said.after["made_at"]) == ("snapshot-of-tuesday", "2026-09-29T22:00:00+08:00")
    assert Leaf.objects.filter(case_id=said.pk, kind=KIND).exists()
