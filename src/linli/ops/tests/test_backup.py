"""A backup holds everything, an altered or torn one is refused, and a refused one leaves the live data untouched."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import tarfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from django.db import connection

from linli.cases.actions import integrity
from linli.cases.models import Case
from linli.ops import backup
from linli.ops.backup import bundle
from linli.ops.backup.engines import PostgreSQL, SQLite, engine_of, opened

pytestmark = pytest.mark.django_db
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own way")
only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own way")
PHOTO = b"\xff\xd8 a photo"


@pytest.fixture
def county(tmp_path: Path, report: Any, move: Any) -> tuple[SQLite, Path]:
    """A live database in a file, with two requests, and a folder with one photo."""
    move(report().case, "accept", "dispatcher")
    report(text="村口的排水沟堵了，下雨就漫水。")
    live, photos = tmp_path / "linli.sqlite3", tmp_path / "attachments"
    connection.ensure_connection()
    live.write_bytes(connection.connection.serialize())
    (photos / "ab").mkdir(parents=True)
    (photos / "ab" / "one.jpg").write_bytes(PHOTO)
    return SQLite(live), photos


def taken(county: tuple[SQLite, Path], name: str = "a.backup") -> Path:
    engine, photos = county
    return backup.take(engine=engine, photos=photos, target=photos.parent / name, at=NOW).path


def fingerprint(engine: SQLite, photos: Path) -> str:
    """Everything live, as one hash."""
    whole = hashlib.sha256(engine.live.read_bytes())
    for path in sorted(photos.rglob("*.jpg")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def cases_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as reading:
        return int(reading.execute("SELECT count(*) FROM cases_case").fetchone()[0])


def restorings(path: Path) -> list[tuple[str, bool]]:
    """What the history of a database says of being put back: from which file, and whether it has a leaf of the log."""
    with closing(sqlite3.connect(path)) as reading:
        return reading.execute(
            "SELECT c.target_id, l.hash IS NOT NULL FROM people_change c LEFT JOIN ledger_leaf l"
            " ON l.case_id = c.id AND l.kind = 'change' WHERE c.what = 'restore'"
        ).fetchall()


def restored(county: tuple[SQLite, Path], path: Path, **more: Any) -> backup.Restored:
    engine, photos = county
    return backup.restore(engine=engine, photos=photos, source=path, at=NOW + timedelta(hours=1), **more)


@only_sqlite
def test_what_was_lost_comes_back_and_what_was_there_is_kept_aside(county: tuple[SQLite, Path]) -> None:
    engine, photos = county
    path = taken(county)
    with closing(opened(engine.live)) as writing:
        writing.execute("PRAGMA foreign_keys = OFF")
        writing.execute("DELETE FROM cases_case WHERE rowid = (SELECT min(rowid) FROM cases_case)")
        writing.commit()
    (photos / "ab" / "one.jpg").unlink()
    outcome = restored(county, path)
    assert cases_in(engine.live) == 2
    assert cases_in(Path(outcome.old)) == 1
    assert restorings(engine.live) == [("a.backup", True)], "the log says that it was put back, and from what"
    assert (photos / "ab" / "one.jpg").read_bytes() == PHOTO
    assert not list(engine.live.parent.glob("*restoring*"))
    assert not list(engine.live.parent.glob(".linli-*"))


@only_sqlite
def test_a_changed_history_inside_a_well_sealed_backup_is_refused(county: tuple[SQLite, Path]) -> None:
    engine, photos = county
    with closing(opened(engine.live)) as writing:
        writing.execute("UPDATE cases_case SET last_hash = x'00' WHERE rowid = 1")
        writing.commit()
    path, before = taken(county), fingerprint(engine, photos)
    with pytest.raises(backup.BackupError, match="没有通过核对"):
        restored(county, path)
    assert fingerprint(engine, photos) == before
    assert not list(engine.live.parent.glob("*restoring*"))


@only_sqlite
def test_nothing_is_exchanged_while_somebody_has_the_database_open(
    county: tuple[SQLite, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _photos = county
    path = taken(county)
    with closing(sqlite3.connect(engine.live)) as working:
        working.execute("PRAGMA journal_mode = WAL")
        working.execute("SELECT count(*) FROM cases_case").fetchone()
        with pytest.raises(backup.BackupError, match="还有人在用"):
            restored(county, path)
    assert cases_in(engine.live) == 2


@only_sqlite
@pytest.mark.parametrize("fault", ["bit", "cut", "headless", "extra", "renamed", "resealed", "empty", "text"])
def test_an_altered_or_torn_backup_is_refused_and_the_live_data_untouched(
    county: tuple[SQLite, Path], fault: str
) -> None:
    engine, photos = county
    path = taken(county)
    spoil(path, fault)
    before = fingerprint(engine, photos)
    with pytest.raises(backup.BackupError):
        restored(county, path)
    assert fingerprint(engine, photos) == before
    assert sorted(entry.name for entry in engine.live.parent.iterdir()) == [
        "a.backup",
        "attachments",
        "linli.sqlite3",
    ]


def spoil(path: Path, fault: str) -> None:
    raw = path.read_bytes()
    if fault == "bit":
        place = raw.index(b"SQLite format 3") + 5000
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
    elif fault == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    elif fault == "empty":
        path.write_bytes(b"")
    elif fault == "text":
        path.write_text("这不是备份")
    else:
        path.write_bytes(rebuilt(raw, fault))


def rebuilt(raw: bytes, fault: str) -> bytes:
    """The tar written anew with one thing wrong in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(raw)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for entry in old:
            source = old.extractfile(entry)
            assert source is not None
            content = source.read()
            if entry.name == bundle.MANIFEST:
                if fault == "headless":
                    continue
                if fault == "extra":
                    add(new, "files/ab/two.jpg", b"planted")
                if fault == "resealed":
                    content = content.replace(b'"version', b'"Version')
            elif fault == "renamed" and entry.name.startswith("files/"):
                entry.name = "files/../../outside.jpg"
            add(new, entry.name, content)
    return out.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


@only_sqlite
def test_a_backup_of_another_server_is_refused(county: tuple[SQLite, Path], settings: Any) -> None:
    path = taken(county)
    settings.SECRET_KEY = "another"
    with pytest.raises(backup.BackupError, match="封签不对"):
        restored(county, path)


@only_sqlite
def test_a_backup_is_whole_or_not_there(county: tuple[SQLite, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, photos = county

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(backup.BackupError, match="No space left"):
        taken(county)
    assert {entry.name for entry in photos.parent.iterdir()} == {"attachments", "linli.sqlite3"}


@only_sqlite
def test_nothing_is_overwritten_and_what_is_missing_is_named(county: tuple[SQLite, Path]) -> None:
    path = taken(county)
    with pytest.raises(backup.BackupError, match="已经有了"):
        taken(county)
    engine, photos = county
    assert bundle.unpack(path, photos.parent / "look").missing == []


def test_a_whole_check_counts_and_finds_what_was_changed(report: Any, move: Any) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    checked = integrity.Checked()
    assert list(integrity.verify_all(checked)) == []
    assert (checked.cases, checked.events) == (1, 2)
    Case.objects.filter(pk=case.pk).update(last_hash=b"\0" * 32)
    assert [problem.kind for problem in integrity.verify_all(checked)] == ["head"]


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_postgresql_is_copied_at_one_moment_and_comes_back_beside_the_live_one(
    report: Any, tmp_path: Path
) -> None:
    report()
    engine = engine_of(connection.settings_dict)
    assert isinstance(engine, PostgreSQL)
    (tmp_path / "attachments").mkdir()
    path = backup.take(engine=engine, photos=tmp_path / "attachments", target=tmp_path, at=NOW).path
    spare = PostgreSQL(connection.settings_dict | {"NAME": f"{engine.live}_spare"})
    bundle.unpack(path, tmp_path / "look")
    try:
        back = backup.restore(engine=spare, photos=tmp_path / "attachments", source=path, at=NOW)
        assert back.old == ""
        assert spare.facts(spare.live).tables["cases_case"] == 1
        fresh = spare.prepare(tmp_path / "look" / bundle.DATABASE, "again")
        with spare._connect(spare.live), pytest.raises(backup.BackupError, match="还有人在用"):
            spare.swap(fresh, "again")
        assert spare.facts(spare.swap(fresh, "again")).tables["cases_case"] == 1
    finally:
        for name in names_like(spare):
            spare.discard(name)


def names_like(engine: PostgreSQL) -> list[str]:
    with engine._connect("postgres") as asking:
        rows = asking.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{engine.live[:30]}%"]
        )
        return [name for (name,) in rows if name != engine.live.removesuffix("_spare")]
