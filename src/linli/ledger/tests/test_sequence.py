"""The order of all events: complete up to any position, whoever commits when, however many give places."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
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
    from django.db import IntegrityError

    first, second = leaf(), leaf()
    Leaf.objects.filter(pk=first.pk).update(position=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        Leaf.objects.filter(pk=second.pk).update(position=5)


@pytest.fixture
def together(transactional_db: None) -> Iterator[Callable[..., None]]:
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

    yield run


POSTGRESQL_ONLY = "on SQLite writers take turns, so none can commit late"


def test_a_reader_by_cursor_meets_everything_once_while_writers_commit_in_any_order(
    together: Callable[..., None],
) -> None:
    """Six writers hold their transactions open for odd moments; two sequencers and a reader run all the while."""
    if connection.vendor != "postgresql":
        pytest.skip(POSTGRESQL_ONLY)
    done, written, lock = threading.Event(), set[tuple[UUID, int]](), threading.Lock()
    left = [6]
    met: list[tuple[int, UUID, int]] = []

    def write(seed: int) -> None:
        dice = random.Random(seed)
        for _n in range(25):
            case_id = uuid7()
            with transaction.atomic():
                leaf(case_id, 1, AT + timedelta(seconds=dice.randrange(100)))
                time.sleep(dice.random() / 100)
                leaf(case_id, 2, AT + timedelta(seconds=dice.randrange(100)))
                if is_taken_back := dice.random() < 0.2:
                    transaction.set_rollback(True)
            if not is_taken_back:
                with lock:
                    written.update({(case_id, 1), (case_id, 2)})
        with lock:
            left[0] -= 1
            if not left[0]:
                done.set()

    def place() -> None:
        while not done.is_set() or ledger.waiting():
            ledger.sequence(limit=5)

    def follow() -> None:
        while not done.is_set() or ledger.waiting() or (met[-1][0] if met else 0) < ledger.head():
            for one in ledger.after(met[-1][0] if met else 0, 9):
                met.append((one.position or 0, one.case_id, one.number))

    together(*(lambda seed=seed: write(seed) for seed in range(6)), place, place, follow)
    assert [position for position, _case, _number in met] == list(range(1, len(written) + 1))
    assert {(case_id, number) for _position, case_id, number in met} == written
    order = {(case_id, number): position for position, case_id, number in met}
    assert all(order[case_id, 1] < order[case_id, 2] for case_id, number in written if number == 1)


def test_one_that_commits_late_gets_a_later_place(together: Callable[..., None]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip(POSTGRESQL_ONLY)
    begun, may_commit, first, second = threading.Event(), threading.Event(), uuid7(), uuid7()

    def write_late() -> None:
        with transaction.atomic():
            leaf(first, at=AT)
            begun.set()
            assert may_commit.wait(10)

    def overtake() -> None:
        assert begun.wait(10)
        leaf(second, at=AT + timedelta(seconds=1))
        assert ledger.sequence() == 1  # and it did not wait for the writer
        assert everything() == [(second, 1)]
        may_commit.set()

    together(write_late, overtake)
    assert ledger.sequence() == 1
    assert everything() == [(second, 1), (first, 1)]


def test_two_who_give_places_at_once_give_each_place_once(together: Callable[..., None]) -> None:
    for _n in range(60):
        leaf()
    given: list[int] = []

    def place() -> None:
        while n := ledger.sequence(limit=4):
            given.append(n)

    together(place, place)
    assert sum(given) == 60
    assert len(everything()) == 60


KILLED = """
import os, sys, django
django.setup()
from linli.ledger import actions
real = actions._place
def place(leaves, *, after):
    real(leaves, after=after)
    print("placed", flush=True)
    os._exit(9)
actions._place = place
actions.sequence(limit=10)
"""


def test_one_killed_between_placing_and_committing_leaves_no_gap(transactional_db: None) -> None:
    """A process of its own dies with the places written but not committed."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and "memory" in name:
        pytest.skip("another process cannot reach a database in memory; PostgreSQL runs this")
    for _n in range(12):
        leaf()
    settings = connection.settings_dict
    url = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        login = f"{settings['USER']}:{settings['PASSWORD']}" if settings["PASSWORD"] else settings["USER"]
        url = f"postgres://{login}@{settings['HOST']}:{settings['PORT']}/{name}"
    environment: dict[str, Any] = {
        **os.environ,
        "DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DJANGO_SETTINGS_MODULE": "linli.config.settings",
    }
    dead = subprocess.run(
        [sys.executable, "-c", KILLED], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (dead.returncode, dead.stdout) == (9, "placed\n"), dead.stderr[-2000:]
    assert (ledger.head(), ledger.waiting()) == (0, 12)
    assert ledger.sequence(limit=5) == 5
    assert Head.objects.get().position == 5
    assert ledger.sequence() == 7
    assert len(everything()) == 12
