"""An export belongs to one person under one post; it dies with the post, survives its worker, and expires."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast
from django.db import OperationalError
from django.utils.translation import override
from pytest_django import Settings

from linli.cases.models import Case
from linli.documents.actions import exporting, listings, storing
from linli.documents.actions.listings import Asked, Listing, walk
from linli.documents.models import Export, ExportState, Trouble
from linli.documents.render.tables import Column, Rows
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM, Actor
from linli.people.actions import close_account, grant, revoke
from linli.people.models import Change, Grant

SECOND = timedelta(seconds=1)
Ask = Callable[..., Export]


class Tap:
    """A list whose rows a test lets out batch by batch, and which remembers for whom they were asked."""

    def __init__(self) -> None:
        self.batches: list[Rows | Exception] = [[("一",)], [("二",)], [("三",)]]
        self.asked: list[Asked] = []

    def rows(self, asked: Asked) -> Iterator[Rows]:
        self.asked.append(asked)
        for batch in list(self.batches):
            if isinstance(batch, Exception):
                raise batch
            yield batch


@pytest.fixture
def exported(settings: Settings, tmp_path: Path) -> Path:
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def tap(exported: Path) -> Iterator[Tap]:
    tap = Tap()
    listing = Listing(
        "tap", "水龙头", "case.view", "web:cases", [Column("n", "数")], tap.rows, expected=lambda asked: 3
    )
    listings.add(listing)
    yield tap
    del listings.known()["tap"]


@pytest.fixture
def ask(cast: Cast, tap: Tap) -> Ask:
    def make(who: str = "dispatcher", **changes: Any) -> Export:
        given: dict[str, Any] = {
            "listing": "tap",
            "query": "q=张三&place=&kind=service_request",
            "form": "csv",
            "language": "zh-hans",
        }
        return exporting.ask(**{**given, "by": cast[who], "at": NOW, **changes})

    return make


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


def turns(exporter: exporting.Exporter, number: int = 20, at: datetime = NOW) -> None:
    for _n in range(number):
        exporter.turn(at=at)


def test_a_list_becomes_a_file_batch_by_batch(ask: Ask, cast: Cast, exported: Path, tap: Tap) -> None:
    export, exporter = ask(), exporting.Exporter()
    exporter.turn(at=NOW)
    export.refresh_from_db()
    assert (export.state, export.rows_done, export.rows_expected, export.share) == ("running", 1, 3, 33)
    assert files(exported) == [f"{export.pk}.{export.run}.part"]
    turns(exporter)
    export.refresh_from_db()
    assert (export.state, export.rows_done, export.tries) == ("done", 3, 1)
    assert export.expires_at == NOW + timedelta(hours=24)
    assert files(exported) == [f"{export.pk}.csv"]
    assert export.file.read_text(encoding="utf-8-sig").split() == ['"数"', '"一"', '"二"', '"三"']
    assert export.size == export.file.stat().st_size
    assert [asked.post for asked in tap.asked] == [cast["dispatcher"]]
    assert exporter.turn(at=NOW) == 0


def test_who_took_what_is_written_down_without_the_words_they_searched_for(ask: Ask, cast: Cast) -> None:
    export = ask()
    turns(exporting.Exporter())
    export.refresh_from_db()
    exporting.note_fetching(export=export, by=cast["dispatcher"], at=NOW + SECOND)
    made, fetched = Change.objects.filter(target_kind="export").order_by("at")
    assert (made.what, fetched.what) == ("export.made", "export.fetched")
    assert (made.by_id, made.target_name) == (cast["dispatcher"].person_id, "水龙头")
    assert made.after == {"listing": "tap", "format": "csv", "rows": 3, "filters": ["kind", "q"]}
    assert "张三" not in str(made.after)


def test_refuses_what_it_does_not_know_and_a_post_without_the_right(ask: Ask) -> None:
    for changes in ({"listing": "nothing"}, {"form": "exe"}, {"query": "q" * 1001}):
        with pytest.raises(exporting.ExportRefused):
            ask(**changes)
    assert not Export.objects.exists()
    with pytest.raises(exporting.NoSuchListing):
        ask("administrator")


def test_one_person_cannot_fill_the_queue(ask: Ask) -> None:
    for _n in range(exporting.MOST_UNFINISHED):
        ask()
    with pytest.raises(exporting.TooManyExports) as refused:
        ask()
    with override("zh-hans"):
        assert "5 个导出" in refused.value.message
    ask("handler")


def end_post(cast: Cast) -> None:
    held = Grant.objects.get(person=cast.people["dispatcher"])
    revoke(post=held, by=cast["administrator"], at=NOW + SECOND)


def end_account(cast: Cast) -> None:
    close_account(person=cast.people["dispatcher"], by=cast["administrator"], at=NOW + SECOND)


@pytest.mark.parametrize("end", [end_post, end_account])
def test_it_stops_within_a_batch_when_the_post_or_the_account_ends(
    ask: Ask, cast: Cast, exported: Path, end: Callable[[Cast], None]
) -> None:
    export, exporter = ask(), exporting.Exporter()
    exporter.turn(at=NOW)
    end(cast)
    exporter.turn(at=NOW + SECOND)
    export.refresh_from_db()
    assert (export.state, export.trouble, export.rows_done) == ("failed", Trouble.RIGHTS, 0)
    assert files(exported) == []
    assert not Change.objects.filter(target_kind="export").exists()


@pytest.mark.parametrize("end", [end_post, end_account])
def test_a_waiting_one_never_begins_and_a_finished_one_is_gone(
    ask: Ask, cast: Cast, exported: Path, tap: Tap, end: Callable[[Cast], None]
) -> None:
    finished = ask()
    turns(exporting.Exporter())
    waiting = ask()
    end(cast)
    turns(exporting.Exporter(), at=NOW + SECOND)
    waiting.refresh_from_db()
    assert (waiting.state, len(tap.asked)) == ("failed", 1)
    exporting.sweep(at=NOW + SECOND)
    assert not Export.objects.filter(pk=finished.pk).exists()


def test_a_post_that_has_changed_begins_anew_under_its_new_rights(
    ask: Ask, cast: Cast, tap: Tap, exported: Path
) -> None:
    """Somebody gets a second post, so more is hidden from them: nothing read before may stay in the file."""
    export, exporter = ask(), exporting.Exporter()
    exporter.turn(at=NOW)
    given: dict[str, Any] = {
        "person": cast.people["dispatcher"],
        "role": "handler",
        "organisation": cast["west_handler"].organisation,
    }
    grant(**given, by=SYSTEM, at=NOW, valid_from=NOW, valid_until=None)
    turns(exporter)
    export.refresh_from_db()
    assert (export.state, export.tries, len(tap.asked)) == ("done", 2, 2)
    assert export.file.read_text(encoding="utf-8-sig").count("一") == 1
    first, second = (asked.post.ancestor_paths for asked in tap.asked)
    assert set(first) < set(second)


def test_cancelled_while_it_runs_it_leaves_nothing(ask: Ask, cast: Cast, exported: Path) -> None:
    export, exporter = ask(), exporting.Exporter()
    exporter.turn(at=NOW)
    assert not exporting.cancel(export_id=export.pk, by=cast["handler"], at=NOW)
    assert exporting.cancel(export_id=export.pk, by=cast["dispatcher"], at=NOW)
    exporter.turn(at=NOW)
    export.refresh_from_db()
    assert (export.state, files(exported), exporter.running) == ("cancelled", [], [])


def test_cancelled_at_the_last_moment_its_file_is_not_kept(
    ask: Ask, cast: Cast, exported: Path, tap: Tap
) -> None:
    export, exporter = ask(), exporting.Exporter()

    def rows(asked: Asked) -> Iterator[Rows]:
        yield [("一",)]
        exporting.cancel(export_id=export.pk, by=cast["dispatcher"], at=NOW)

    tap.rows = rows  # type: ignore[method-assign]
    object.__setattr__(listings.known()["tap"], "rows", rows)
    turns(exporter)
    export.refresh_from_db()
    assert (export.state, files(exported)) == ("cancelled", [])
    assert not Change.objects.filter(what="export.made").exists()


def test_after_a_killed_worker_the_next_one_begins_anew(ask: Ask, exported: Path) -> None:
    export, killed = ask(), exporting.Exporter()
    killed.turn(at=NOW)
    left = files(exported)
    other = exporting.Exporter()
    turns(other, at=NOW + exporting.LEASE - SECOND)
    assert files(exported) == left, "the lease still holds"
    turns(other, at=NOW + exporting.LEASE + SECOND)
    export.refresh_from_db()
    assert (export.state, export.rows_done, export.tries) == ("done", 3, 2)
    assert files(exported) == [f"{export.pk}.csv"]
    content = export.file.read_bytes()
    turns(killed, at=NOW + exporting.LEASE + SECOND)  # it was asleep, not dead: it has lost, and knows it
    export.refresh_from_db()
    assert (export.state, files(exported), export.file.read_bytes()) == (
        "done",
        [f"{export.pk}.csv"],
        content,
    )
    assert killed.running == []


def test_a_worker_told_to_stop_hands_back_what_it_has(ask: Ask, exported: Path) -> None:
    export, exporter = ask(), exporting.Exporter()
    exporter.turn(at=NOW)
    exporter.close()
    export.refresh_from_db()
    assert (export.state, export.tries, files(exported)) == ("waiting", 0, [])
    turns(exporting.Exporter())
    export.refresh_from_db()
    assert export.state == "done"


def test_of_two_workers_one_gets_it(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both read the row before either writes."""
    ask()
    seen = list(Export.objects.all())
    first = exporting.claim(at=NOW)
    assert first is not None
    same = Export.objects.filter(pk=seen[0].pk, state=seen[0].state, run=seen[0].run)
    assert not same.update(state=ExportState.RUNNING, run=uuid7())
    assert exporting.claim(at=NOW) is None


def test_what_kills_every_worker_is_given_up(ask: Ask) -> None:
    export, at = ask(), NOW
    for _n in range(exporting.TRIES):
        assert exporting.claim(at=at) is not None
        at += exporting.LEASE + SECOND
    assert exporting.claim(at=at) is None
    export.refresh_from_db()
    assert (export.state, export.trouble) == ("failed", Trouble.BROKEN)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (RuntimeError("planted"), Trouble.BROKEN),
        (OSError(errno.ENOSPC, "planted"), Trouble.NO_ROOM),
        (OSError(errno.EIO, "planted"), Trouble.BROKEN),
    ],
)
def test_what_fails_says_so_and_leaves_nothing(
    ask: Ask, tap: Tap, exported: Path, error: Exception, trouble: Trouble
) -> None:
    tap.batches.insert(1, error)
    export, other, exporter = ask(), ask("handler"), exporting.Exporter()
    turns(exporter)
    export.refresh_from_db()
    other.refresh_from_db()
    assert (export.state, export.trouble, files(exported)) == ("failed", trouble, [])
    assert exporter.running == []


def test_a_lost_database_is_not_the_end_of_it(ask: Ask, tap: Tap, exported: Path) -> None:
    tap.batches.insert(1, OperationalError("planted"))
    export, exporter = ask(), exporting.Exporter()
    exporter.turn(at=NOW)
    with pytest.raises(OperationalError):
        exporter.turn(at=NOW)
    assert (exporter.running, files(exported)) == ([], [])
    del tap.batches[1]
    turns(exporter, at=NOW + exporting.LEASE + SECOND)
    export.refresh_from_db()
    assert export.state == "done"


def test_it_leaves_room_for_the_database(ask: Ask, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = ask()
    monkeypatch.setattr(storing, "FREE_BYTES", 1 << 60)
    turns(exporting.Exporter())
    export.refresh_from_db()
    assert (export.state, export.trouble) == ("failed", Trouble.NO_ROOM)


def test_short_lists_do_not_wait_for_long_ones(ask: Ask, cast: Cast, tap: Tap) -> None:
    tap.batches = [[("一",)]] * 30
    first = ask()
    exporter = exporting.Exporter()
    exporter.turn(at=NOW)
    tap.batches = [[("一",)]]
    second = ask("handler")
    turns(exporter, 3)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("running", "done")
    exporter.close()


# Fetching ----------------------------------------------------------------------------------------


@pytest.fixture
def ready(ask: Ask) -> Export:
    export = ask()
    turns(exporting.Exporter())
    return Export.objects.get(pk=export.pk)


def fetch(export: Export, by: Actor, **later: float) -> Export | None:
    return exporting.fetchable(export_id=export.pk, by=by, at=NOW + timedelta(**later))


def test_its_owner_fetches_it_until_it_expires(ready: Export, cast: Cast) -> None:
    assert fetch(ready, cast["dispatcher"], hours=23, minutes=59) == ready
    assert fetch(ready, cast["dispatcher"], hours=24) is None


def test_nobody_else_fetches_it(ready: Export, cast: Cast) -> None:
    assert [who for who in cast.posts if fetch(ready, cast[who])] == ["dispatcher"]


def test_its_owner_does_not_fetch_it_under_another_post(ready: Export, cast: Cast) -> None:
    person, unit = cast.people["dispatcher"], cast["dispatcher"].organisation
    assert unit is not None
    again = Grant.objects.create(person=person, role="supervisor", organisation=unit, valid_from=NOW)
    assert fetch(ready, Actor.from_grant(again)) is None


def test_nobody_fetches_what_is_not_ready(ask: Ask, cast: Cast) -> None:
    assert fetch(ask(), cast["dispatcher"]) is None
    assert exporting.fetchable(export_id=UUID(int=7), by=cast["dispatcher"], at=NOW) is None


def test_only_the_owner_removes_it(
    ready: Export, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    assert not exporting.remove(export_id=ready.pk, by=cast["outsider"])
    with django_capture_on_commit_callbacks(execute=True):
        assert exporting.remove(export_id=ready.pk, by=cast["dispatcher"])
    assert not ready.file.exists()


def test_expired_files_strays_and_old_failures_are_swept(
    ready: Export, ask: Ask, cast: Cast, exported: Path, django_capture_on_commit_callbacks: Any
) -> None:
    cancelled, running = ask(), ask("handler")
    exporting.cancel(export_id=cancelled.pk, by=cast["dispatcher"], at=NOW)
    exporter = exporting.Exporter()
    exporter.turn(at=NOW)
    running.refresh_from_db()
    kept = [f"{ready.pk}.csv", f"{running.pk}.{running.run}.part"]
    strays = [f"{uuid7()}.csv", f"{ready.pk}.xlsx", f"{running.pk}.{uuid7()}.part", "notes.txt"]
    for name in [*strays, *kept]:
        (exported / name).touch()
        os.utime(exported / name, (NOW.timestamp(), NOW.timestamp()))
    exporting.sweep(at=NOW + timedelta(minutes=59))
    assert files(exported) == sorted([*strays, *kept])
    exporting.sweep(at=NOW + timedelta(minutes=61))
    assert files(exported) == sorted(kept)
    assert Export.objects.count() == 3
    with django_capture_on_commit_callbacks(execute=True):
        exporting.sweep(at=NOW + timedelta(hours=24))
    assert files(exported) == kept[1:]
    assert [row.pk for row in Export.objects.all()] == [running.pk]
    exporter.close()


# Batches -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key", [("-received_at", "-id"), ("received_at", "id"), ("title", "received_at", "id")]
)
@pytest.mark.parametrize("fields", [(), ("number",)])
def test_batches_hold_every_row_once_in_order(key: tuple[str, ...], fields: tuple[str, ...]) -> None:
    Case.objects.bulk_create(
        Case(
            id=uuid7(),
            kind="service_request",
            procedure_version=1,
            number=f"990001-{n}",
            title="甲乙"[n % 2],
            channel="portal",
            state="reported",
            state_since=NOW,
            opened_at=NOW,
            received_at=NOW + timedelta(minutes=n // 3),
        )
        for n in range(23)
    )
    batches = list(walk(Case.objects.all(), key, fields, size=5))
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    found = [row[0] if fields else row.number for batch in batches for row in batch]
    assert found == list(Case.objects.order_by(*key).values_list("number", flat=True))
