"""The order of all events: complete up to any position, whoever commits when, however many give places."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger.models import Head, Leaf

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)


def leaf(case_id: UUID | None = None, number: int = 1, at: datetime = AT) -> Leaf:
    return Leaf.objects.create(case_id=case_id or uuid7(), number=number, hash=bytes(32), at=at)


def everything() -> list[tuple[UUID, int]]:
    """All leaves in the order a reader meets them who takes seven at a time."""
    found: list[Leaf] = []
    while more := ledger.after(found[-1].position or 0 if found else 0, 7):
        found += more
    assert [one.position for one in found] == list(range(1, len(found) + 1))
    return [(one.case_id, one.number) for one in found]


@pytest.mark.django_db
def test_the_oldest_come_first_and_the_next_go_on() -> None:
    late, early = leaf(at=AT + timedelta(hours=1)), leaf()
    assert ledger.waiting() == 2
    assert ledger.sequence() == 2
    last = leaf(at=AT - timedelta(days=400))  # history brought in later is new to the log
    assert (ledger.sequence(), ledger.sequence()) == (1, 0)
    assert everything() == [(one.case_id, 1) for one in (early, late, last)]
    assert (ledger.head(), ledger.waiting()) == (3, 0)
    assert [one.position for one in ledger.at([1, 3, 9])] == [1, 3]


@pytest.mark.django_db
def test_a_case_keeps_its_own_order_whatever_the_clocks_said() -> None:
    case_id, other = uuid7(), uuid7()
    for number, minutes in [(1, 50), (2, 10), (3, 20), (4, 5)]:
        leaf(case_id, number, AT + timedelta(minutes=minutes))
    leaf(other, 1, AT + timedelta(minutes=7))
    assert ledger.sequence(limit=2) == 5  # the first by the clock is number 4: the three before it come along
    assert [number for of, number in everything() if of == case_id] == [1, 2, 3, 4]


@pytest.mark.django_db
def test_batches_are_as_small_as_asked() -> None:
    for _n in range(10):
        leaf()
    assert [ledger.sequence(limit=4) for _n in range(4)] == [4, 4, 2, 0]
    assert len(everything()) == 10


@pytest.mark.django_db
def test_a_batch_costs_as_many_statements_as_one_leaf() -> None:
    counts = []
    for n in (1, 300):
        for _n in range(n):
            leaf()
        with CaptureQueriesContext(connection) as captured:
            assert ledger.sequence() == n
        counts.append(len([q for q in captured if "SAVEPOINT" not in str(q["sql"])]))
    assert counts[1] <= counts[0] <= 9


@pytest.mark.django_db
def test_a_position_stands_once() -> None:
    first, second = leaf(), leaf()
    Leaf.objects.filter(pk=first.pk).update(position=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        Leaf.objects.filter(pk=second.pk).update(position=5)


@pytest.fixture
def together(transactional_db: None) -> Callable[..., None]:
    """Runs functions in threads of their own, and waits for all; what one raises is raised."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    def run(*works: Callable[[], None]) -> None:
        threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not failures, failures

    return run


POSTGRESQL_ONLY = "on SQLite writers take turns, so none can commit late"


@dataclass
class Crowd:
    """Writers that hold their transactions open for odd moments, and who gives places and reads all the while."""

    writing: int = 6
    written: set[tuple[UUID, int]] = field(default_factory=set)
    met: list[tuple[int, UUID, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, seed: int) -> None:
        dice = random.Random(seed)
        for _n in range(25):
            case_id, is_taken_back = uuid7(), dice.random() < 0.2
            with transaction.atomic():
                leaf(case_id, 1, AT + timedelta(seconds=dice.randrange(100)))
                time.sleep(dice.random() / 100)
                leaf(case_id, 2, AT + timedelta(seconds=dice.randrange(100)))
                transaction.set_rollback(is_taken_back)
            if not is_taken_back:
                self.written |= {(case_id, 1), (case_id, 2)}
        with self.lock:
            self.writing -= 1

    def place(self) -> None:
        while ledger.sequence(limit=5) or self.writing:
            pass

    def follow(self) -> None:
        while True:
            was_over = not self.writing and not ledger.waiting()
            while more := ledger.after(self.met[-1][0] if self.met else 0, 9):
                self.met += [(one.position or 0, one.case_id, one.number) for one in more]
            if was_over:
                return


def test_a_reader_by_cursor_meets_everything_once_while_writers_commit_in_any_order(
    together: Callable[..., None],
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip(POSTGRESQL_ONLY)
    crowd = Crowd()
    writers = [partial(crowd.write, seed) for seed in range(crowd.writing)]
    together(*writers, crowd.place, crowd.place, crowd.follow)
    assert [position for position, _case, _number in crowd.met] == list(range(1, len(crowd.written) + 1))
    assert {(case_id, number) for _position, case_id, number in crowd.met} == crowd.written
    order = {(case_id, number): position for position, case_id, number in crowd.met}
    assert all(order[case_id, 1] < order[case_id, 2] for case_id, _number in crowd.written)


def test_one_that_commits_late_gets_a_later_place(together: Callable[..., None]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip(POSTGRESQL_ONLY)
    begun, may_commit, first, second = threading.Event(), threading.Event(), uuid7(), uuid7()

    def write_late() -> None:
        with transaction.atomic():
            leaf(first, at=AT)
            begun.set()
            assert may_commit.wait(60)

    def overtake() -> None:
        assert begun.wait(60)
        leaf(second, at=AT + timedelta(seconds=1))
        assert ledger.sequence() == 1  # and it did not wait for the writer
        assert everything() == [(second, 1)]
        may_commit.set()

    together(write_late, overtake)
    assert ledger.sequence() == 1
    assert everything() == [(second, 1), (first, 1)]


def test_two_who_give_places_at_once_give_each_place_once(together: Callable[..., None]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("threads cannot share a database in memory; the test on a file does it")
    for _n in range(60):
        leaf()
    given: list[int] = []

    def place() -> None:
        while n := ledger.sequence(limit=4):
            given.append(n)

    together(place, place)
    assert sum(given) == 60
    assert len(everything()) == 60


PROLOGUE = """
import os, sys, threading, django
django.setup()
from django.core.management import call_command
from django.db import connections
from linli.ledger import actions
from linli.ledger.actions import sequencing
from linli.ledger.tests.test_sequence import leaf
"""
DIE_PLACING = """
real = sequencing._place
def place(leaves, *, after):
    real(leaves, after=after)
    print("placed", flush=True)
    os._exit(9)
sequencing._place = place
actions.sequence(limit=10)
"""
PREPARE = """
call_command("migrate", "ledger", verbosity=0)
for _n in range(60):
    leaf()
"""
TWO_AT_ONCE = """
def work():
    while actions.sequence(limit=4):
        pass
    connections.close_all()
assert (actions.head(), actions.waiting()) == (0, 60)
threads = [threading.Thread(target=work) for _n in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print([one.position for one in actions.after(0)] == list(range(1, 61)), actions.head())
"""


def apart(program: str, database: str) -> subprocess.CompletedProcess[str]:
    """A program of its own on a database that others can reach."""
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DJANGO_SETTINGS_MODULE": "linli.config.settings",
    }
    command = [sys.executable, "-c", PROLOGUE + program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def test_one_killed_between_placing_and_committing_leaves_no_gap(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("no other process can reach a database in memory; the test on a file does it")
    for _n in range(12):
        leaf()
    at = connection.settings_dict
    login = f"{at['USER']}:{at['PASSWORD']}" if at["PASSWORD"] else at["USER"]
    dead = apart(DIE_PLACING, f"postgres://{login}@{at['HOST']}:{at['PORT']}/{at['NAME']}")
    assert (dead.returncode, dead.stdout) == (9, "placed\n"), dead.stderr[-2000:]
    assert (ledger.head(), ledger.waiting()) == (0, 12)
    assert ledger.sequence(limit=5) == 5
    assert Head.objects.get().position == 5
    assert ledger.sequence() == 7
    assert len(everything()) == 12


def test_on_a_sqlite_file_neither_death_nor_company_spoils_the_order(tmp_path: Path) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL runs the same in the tests above")
    database = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    dead = apart(PREPARE + DIE_PLACING, database)
    assert (dead.returncode, dead.stdout) == (9, "placed\n"), dead.stderr[-2000:]
    done = apart(TWO_AT_ONCE, database)
    assert done.stdout == "True 60\n", done.stderr[-2000:]
