"""Reading the log again: what is found is named with its kind, its row and its place, and nothing is read twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, witness
from linli.ledger.actions import kinds, tree, verifying
from linli.ledger.actions.verifying import FIRST, LAST, Fault
from linli.ledger.models import Checkpoint, Leaf, Tile
from linli.ledger.tests.test_edges import _AtOnce

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)
Row = kinds.Row
pytestmark = pytest.mark.django_db


class Rows:
    """What stands beside the log: rows of two kinds, in the order of their ids."""

    def __init__(self) -> None:
        self.of: dict[str, list[Row]] = {"event": [], "read": []}

    def sources(self) -> dict[str, Callable[[UUID, UUID], Iterator[Row]]]:
        def reader(kind: str) -> Callable[[UUID, UUID], Iterator[Row]]:
            def read(low: UUID, high: UUID) -> Iterator[Row]:
                mine = [row for row in self.of[kind] if low <= row.subject <= high]
                return iter(sorted(mine, key=lambda row: (row.subject, row.number)))

            return read

        return {kind: reader(kind) for kind in self.of}

    def add(self, count: int, kind: str = "event", each: int = 1) -> None:
        """So many subjects with some rows each, logged and signed."""
        made = [Row(uuid7(), 1, b"") for _n in range(count)]
        rows = [
            Row(one.subject, number, merkle.leaf_hash(one.subject.bytes + bytes([number])))
            for one in made
            for number in range(1, each + 1)
        ]
        Leaf.objects.bulk_create(
            Leaf(case_id=row.subject, number=row.number, kind=kind, hash=row.hash, at=AT) for row in rows
        )
        self.of[kind] += rows
        while ledger.sequence():
            pass
        while ledger.make_checkpoint(at=AT):
            pass

    def position(self, row: Row) -> int:
        return Leaf.objects.get(case_id=row.subject, number=row.number).position or 0


@pytest.fixture
def rows(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rows:
    settings.LOG_KEY = tmp_path / "log.key"
    made = Rows()
    monkeypatch.setattr(kinds, "sources", made.sources)
    return made


def faults(**given: Any) -> list[Fault]:
    return verifying.verify(**given).faults


def entries(reason: str = "") -> list[witness.Entry]:
    """What a witness has kept of the checkpoints stored here."""
    kept = [
        witness.Entry(AT.isoformat(), notes.Note.parse(one.note))
        for one in Checkpoint.objects.order_by("size")
    ]
    return [*kept[:-1], witness.Entry(kept[-1].at, kept[-1].note, reason)]


def test_what_stands_as_it_was_written_is_counted(rows: Rows) -> None:
    rows.add(3, each=2)
    rows.add(2, "read")
    found = verifying.verify()
    assert (found.rows, found.size, found.signed, found.waiting, found.faults) == (8, 8, 8, 0, [])
    assert (found.witnessed, found.is_from_witness, found.accepted) == (0, False, "")
    kept = verifying.verify(kept=entries("恢复了备份"))
    assert (kept.witnessed, kept.is_from_witness, kept.accepted, kept.faults) == (8, True, "恢复了备份", [])


def test_a_fault_of_a_row_says_which_and_where(rows: Rows) -> None:
    rows.add(5)
    rows.add(2, "read")
    changed, gone, twice = rows.of["event"][:3]
    rows.of["event"][0] = Row(changed.subject, 1, merkle.leaf_hash(b"other"))
    del rows.of["event"][1]
    rows.of["event"].append(twice)
    told = rows.of["read"][1]
    rows.of["read"][1] = Row(told.subject, 1, told.hash, "link")
    late = Row(uuid7(), 4, merkle.leaf_hash(b"late"))
    rows.of["read"].append(late)
    found = [fault for fault in faults() if fault.kind]
    assert sorted(found, key=str) == sorted(
        [
            Fault("changed", "event", changed.subject, 1, rows.position(changed)),
            Fault("gone", "event", gone.subject, 1, rows.position(gone)),
            Fault("changed", "event", twice.subject, 1, rows.position(twice)),
            Fault("link", "read", told.subject, 1),
            Fault("unlogged", "read", late.subject, 4),
        ],
        key=str,
    )
    assert verifying.verify().rows == 8, "all that stand, the one told twice twice"


def test_a_row_whose_words_do_not_open_still_stands(rows: Rows) -> None:
    rows.add(2)
    shut = rows.of["event"][0]
    rows.of["event"][0] = Row(shut.subject, 1, b"", "leaf")
    found = verifying.verify()
    place = rows.position(shut)
    assert found.rows == 2
    assert [fault for fault in found.faults if fault.kind] == [
        Fault("leaf", "event", shut.subject, 1),
        Fault("changed", "event", shut.subject, 1, place),
    ]
    assert Fault("tile", position=place, until=place) in found.faults


def test_a_row_that_only_tells_of_a_fault_leaves_its_leaf_without_one(rows: Rows) -> None:
    rows.add(1)
    rows.add(1, "read")
    told = rows.of["read"][0]
    rows.of["read"][0] = Row(told.subject, 1, b"", "gap")
    assert faults() == [
        Fault("gap", "read", told.subject, 1),
        Fault("gone", "read", told.subject, 1, rows.position(told)),
    ]


def test_a_change_made_to_fit_its_leaf_is_found_in_the_tree_and_by_the_signature(rows: Rows) -> None:
    rows.add(2)
    rows.add(3)
    row = rows.of["event"][3]
    other = merkle.leaf_hash(b"other")
    rows.of["event"][3] = Row(row.subject, 1, other)
    Leaf.objects.filter(case_id=row.subject).update(hash=other)
    place = rows.position(row)
    assert faults(kept=entries()) == [
        Fault("tile", position=place, until=place),
        Fault("checkpoint", position=3, until=5),
        Fault("witness", position=3, until=5),
    ]


def test_of_the_tree_every_place_that_differs_is_named(rows: Rows) -> None:
    rows.add(tree.WIDTH + 3)
    second = Tile.objects.get(level=0, number=1)
    stored = bytearray(second.hashes)
    stored[0], stored[65] = stored[0] ^ 1, stored[65] ^ 1
    Tile.objects.filter(pk=second.pk).update(hashes=bytes(stored))
    start = tree.WIDTH
    assert [one for one in faults() if one.what == "tile"] == [
        Fault("tile", position=start + 1, until=start + 1),
        Fault("tile", position=start + 3, until=start + 3),
    ]
    Tile.objects.filter(pk=second.pk).update(hashes=bytes(second.hashes) + bytes(2 * 32))
    assert [one for one in faults() if one.what == "tile"] == [
        Fault("tile", position=start + 4, until=start + 5)
    ]


def test_several_readers_share_the_ids_without_gap_or_overlap(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.add(30, each=2)
    rows.add(3, "read")
    for count in (1, 2, 7, 59):
        ranges = list(verifying._ranges("event", count))
        assert (ranges[0][0], ranges[-1][1]) == (FIRST, LAST)
        assert all(
            later[0].int == earlier[1].int + 1 for earlier, later in zip(ranges, ranges[1:], strict=False)
        )
        assert 1 <= len(ranges) <= count
    assert len(list(verifying._ranges("event", 6))) == 6
    assert list(verifying._ranges("event", 60)) == [(FIRST, LAST)], "too few to share"
    monkeypatch.setattr(verifying, "WORTH_IT", 63)
    asked: list[tuple[Any, ...]] = []

    class Pool(_AtOnce):
        def __init__(self, jobs: int, mp_context: Any) -> None:
            asked.append((jobs, mp_context.get_start_method()))

        @staticmethod
        def map(read: Any, *ranges: Any) -> Iterator[Any]:  # type: ignore[override]
            asked.extend(zip(ranges[0], ranges[1], strict=True))
            return map(read, *ranges)

    monkeypatch.setattr(verifying, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(connections, "close_all", lambda: None)
    shared = verifying.verify(jobs=3)
    assert (shared.rows, shared.faults) == (63, [])
    assert asked[0] == (3, "fork")
    kinds_asked = [kind for kind, _low in asked[1:]]
    assert (kinds_asked.count("event"), kinds_asked.count("read")) == (12, 1), (
        "four ranges a job, where worth it"
    )


def test_only_a_long_log_is_shared_and_only_where_processes_can_be_forked(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.add(4)
    monkeypatch.setattr(verifying, "ProcessPoolExecutor", None)
    assert verifying.verify(jobs=2).faults == []
    monkeypatch.setattr(verifying, "WORTH_IT", 1)
    monkeypatch.setattr("sys.platform", "win32")
    assert verifying.verify(jobs=2).faults == []


def test_what_no_witness_of_this_log_signed_is_named_by_its_stretch() -> None:
    a, b, c = (bytes([n]) * 32 for n in range(3))
    seen = {2: a, 5: b, 9: c}
    whole = {2: a, 5: b, 9: c}
    assert list(verifying._foreign(seen, whole, 9)) == []
    assert list(verifying._foreign({}, whole, 9)) == []
    assert list(verifying._foreign(seen, whole, 8)) == [Fault("cut", position=9, until=9)]
    assert list(verifying._foreign(seen, whole | {5: c, 9: a}, 9)) == [Fault("witness", position=3, until=5)]
    assert list(verifying._foreign(seen, whole | {2: c}, 4)) == [
        Fault("witness", position=1, until=2),
        Fault("cut", position=5, until=9),
    ]


def test_a_checkpoint_somebody_else_signed_is_forged(rows: Rows) -> None:
    rows.add(2)
    rows.add(1)
    first, last = Checkpoint.objects.order_by("size")
    stranger = notes.Secret.make("log.example", notes.LOG)
    forged = notes.sign(notes.Note.parse(first.note).text, stranger)
    Checkpoint.objects.filter(pk=first.pk).update(note=str(forged))
    assert faults() == [Fault("signature", position=2, until=2)]
    Checkpoint.objects.filter(pk=first.pk).update(note=last.note)
    assert faults() == [Fault("signature", position=2, until=2)], "of another size"
    Checkpoint.objects.filter(pk=first.pk).update(note=first.note, root=bytes(32))
    assert faults() == [Fault("signature", position=2, until=2), Fault("checkpoint", position=1, until=2)]


def test_two_leaves_at_one_place_and_a_place_without_one() -> None:
    found = verifying.Found(size=4)
    parts = [
        verifying.Part(positions=[1, 5], hashes=[b"a", b"e"]),
        verifying.Part(positions=[4, 4], hashes=[b"c", b"d"]),
    ]
    assert verifying._placed(parts, found) == [b"a", bytes(32), bytes(32), b"d"]
    assert found.faults == [Fault("moved", position=4, until=4), Fault("hole", position=2, until=3)]


# The watch a witness keeps -----------------------------------------------------------------------

WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(range(1, 33)))


def witnessed(at: datetime) -> None:
    newest = ledger.latest()
    assert newest is not None
    line = notes.cosign(notes.Note.parse(newest.note).text, WITNESS, int(at.timestamp())).line
    ledger.take_cosignatures(written=newest.note + line, at=at, known=[WITNESS.key])


def test_the_watch_says_how_far_the_witness_came_and_since_when_more_waits(rows: Rows, settings: Any) -> None:
    quarter = timedelta(hours=settings.WITNESS_HOURS) / 4
    nobody = ledger.watch(AT)
    assert (nobody.is_expected, nobody.seen_at, nobody.size, nobody.since) == (False, None, 0, None)
    rows.add(2)
    witnessed(AT + timedelta(minutes=1))
    seen = ledger.watch(AT + timedelta(minutes=2))
    assert (seen.is_expected, seen.seen_at, seen.size) == (True, AT + timedelta(minutes=1), 2)
    assert seen.since == AT + timedelta(minutes=1)
    assert seen.stops_at == AT + timedelta(minutes=1, hours=settings.WITNESS_HOURS)
    Leaf.objects.create(case_id=uuid7(), number=1, hash=bytes(32), at=AT - timedelta(days=9))
    witnessed(AT + 2 * quarter)
    assert ledger.watch(AT + quarter).since == AT + 2 * quarter, "a quarter of the time is left to the worker"
    assert ledger.watch(AT + quarter + timedelta(seconds=1)).since == AT, "not older than the last checkpoint"
    ledger.sequence()
    assert ledger.watch(AT + quarter + timedelta(seconds=1)).since == AT, "placed, and under no checkpoint"
    ledger.make_checkpoint(at=AT + quarter)
    later = ledger.watch(AT + 2 * quarter)
    assert (later.since, later.size) == (AT + quarter, 2), "a checkpoint that nobody has signed"


@pytest.mark.parametrize(
    ("minutes", "is_missed", "is_stopped"),
    [(60, False, False), (61, True, False), (240, True, False), (241, True, True)],
)
def test_a_watch_is_missed_after_a_quarter_and_stops_after_the_whole(
    settings: Any, minutes: int, is_missed: bool, is_stopped: bool
) -> None:
    settings.WITNESS_HOURS = 4
    kept = ledger.Watch(True, AT, 1, AT)
    at = AT + timedelta(minutes=minutes)
    assert (kept.is_missed(at), kept.is_stopped(at)) == (is_missed, is_stopped)
    never = ledger.Watch(True, None, 0, None)
    assert (never.is_missed(AT), never.is_stopped(AT), never.stops_at) == (True, True, None)
    unasked = ledger.Watch(False, None, 0, None)
    assert not unasked.is_missed(at)
    assert not unasked.is_stopped(at)


def test_a_watch_is_looked_at_again_after_five_seconds_or_when_the_clock_goes_back(rows: Rows) -> None:
    rows.add(1)
    witnessed(AT)
    ledger.forget()
    first = ledger.remembered(AT)
    rows.add(1)
    witnessed(AT + timedelta(seconds=1))
    assert ledger.remembered(AT + timedelta(seconds=4)) is first
    assert ledger.remembered(AT + timedelta(seconds=5)).size == 2
    again = ledger.remembered(AT + timedelta(seconds=6))
    assert ledger.remembered(AT + timedelta(seconds=4)) is not again
