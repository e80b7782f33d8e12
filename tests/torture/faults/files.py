"""Faults in how photos are stored, and in backups."""

from __future__ import annotations

import hmac
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from django.db import connection

from linli.documents import actions as documents
from linli.documents import render
from linli.documents.actions import photos, sealing, storing
from linli.documents.models import Upload
from linli.documents.tests import pictures
from linli.ops import backup
from linli.ops.backup import bundle, restoring
from linli.ops.backup.engines import SQLite
from torture.faults import World, fault, refused


def _stage(world: World, data: bytes = b"", name: str = "lamp.jpg") -> Upload:
    world["settings"].ATTACHMENTS = world.tmp_path / "attachments"
    return documents.stage(data=data or pictures.plain(), name=name, at=NOW)


def a_photo_is_whole_or_not_there(world: World) -> None:
    """Whichever call of the system fails while it is written: no half of it under its name."""
    path = world.tmp_path / "ab" / "photo.jpg"
    content = os.urandom(50_000)
    for broken in ("fsync", "write", "rename"):
        with pytest.MonkeyPatch.context() as inner:
            _break(inner, broken)
            with suppress(OSError):
                storing.write(path, content)
        assert not path.exists() or path.read_bytes() == content, broken
        path.unlink(missing_ok=True)
    storing.write(path, content)
    assert path.read_bytes() == content


def _torn(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data[:100])
    raise OSError(28, "No space left on device")


def _break(patch: pytest.MonkeyPatch, what: str) -> None:
    def fail(*given: Any, **named: Any) -> None:
        raise OSError(5, "Input/output error")

    if what == "fsync":
        patch.setattr(os, "fsync", fail)
    elif what == "rename":
        patch.setattr(Path, "rename", fail)
    else:
        sound = os.fdopen

        def fdopen(*given: Any, **named: Any) -> Any:
            return _Short(sound(*given, **named))

        patch.setattr(os, "fdopen", fdopen)
        patch.setattr(Path, "write_bytes", _torn)


class _Short:
    """A file on a disk that is full after a hundred bytes."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> _Short:
        return self

    def __exit__(self, *given: Any) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[:100])
        raise OSError(28, "No space left on device")


@fault(
    "files",
    "a photo is written in place",
    "whole or not there, whatever call fails",
    a_photo_is_whole_or_not_there,
)
def in_place_writer(patch: pytest.MonkeyPatch) -> None:
    def write(path: Path, content: bytes) -> None:
        storing.make_folder(path.parent)
        path.write_bytes(content)

    patch.setattr(storing, "write", write)


def what_is_written_is_on_the_disk(world: World) -> None:
    synced: list[str] = []
    with pytest.MonkeyPatch.context() as inner:
        sound = os.fsync

        def fsync(descriptor: int) -> None:
            synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            sound(descriptor)

        inner.setattr(os, "fsync", fsync)
        storing.write(world.tmp_path / "ab" / "photo.jpg", b"photo")
    assert any(name.endswith(storing.PART) for name in synced), "the bytes"
    assert synced[-1] == str(world.tmp_path / "ab"), "the name, last"


@fault(
    "files",
    "the folder is not synced after the rename",
    "bytes first, then the name",
    what_is_written_is_on_the_disk,
)
def folder_not_synced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(storing, "sync_folder", lambda folder: None)


def no_row_without_bytes(world: World) -> None:
    with pytest.MonkeyPatch.context() as inner:

        def full(path: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        inner.setattr(storing, "write", full)
        refused(photos.PhotoNotStored, lambda: _stage(world))
    assert not Upload.objects.exists(), "a row that names a photo nobody has"


@fault("files", "the row is saved before the bytes", "a photo without bytes has no row", no_row_without_bytes)
def row_before_bytes(patch: pytest.MonkeyPatch) -> None:
    sound = storing.require_room

    def require_room(folder: Path) -> None:
        sound(folder)
        Upload(name="early", created_at=NOW, width=1, height=1, size=1, sha256="", path="x").save()

    patch.setattr(storing, "require_room", require_room)


def room_is_left_for_the_database(world: World) -> None:
    with pytest.MonkeyPatch.context() as inner:
        usage = shutil.disk_usage("/")
        inner.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        refused(photos.PhotoNotStored, lambda: _stage(world))


@fault("files", "photos may fill the disk of the database", "a full disk refuses photos first",
       room_is_left_for_the_database)  # fmt: skip
def disk_filled_with_photos(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(storing, "require_room", storing.make_folder)


def only_pixels_are_kept(world: World) -> None:
    upload = _stage(world, pictures.talkative_jpeg())
    for size in sealing.SIZES:
        stored = sealing.read(upload, size)
        assert pictures.SECRET.encode() not in stored
        assert b"Exif" not in stored


@fault(
    "files",
    "a photo is stored as it was sent",
    "no place, no camera, no comment is kept",
    only_pixels_are_kept,
)
def exif_kept(patch: pytest.MonkeyPatch) -> None:
    sound = render.photo
    patch.setattr(render, "photo", lambda data: sound(data)._replace(jpeg=data))


def no_name_leads_out_of_the_folder(world: World) -> None:
    upload = _stage(world, name="../../../etc/cron.d/lamp.jpg")
    root = (world.tmp_path / "attachments").resolve()
    assert upload.file.resolve().is_relative_to(root)
    assert "lamp" not in str(upload.file)
    assert "/" not in upload.name
    assert ".." not in upload.name


@fault("files", "a file is stored under the name it came with", "paths are made from ids alone",
       no_name_leads_out_of_the_folder)  # fmt: skip
def name_becomes_path(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(photos, "_path_of", lambda upload_id: f"{str(upload_id)[-4:-2]}/ab/lamp.jpg")


def one_photo_one_owner(world: World) -> None:
    from linli.documents.models import Purpose

    upload = _stage(world)
    first, second = world.report(), world.report()
    given: dict[str, Any] = {
        "event_number": 1,
        "purpose": Purpose.REPORT,
        "is_public": True,
        "at": NOW,
        "by_label": "反映人",
    }
    documents.attach(upload_ids=[upload.pk], case_id=first.pk, **given)
    refused(photos.UploadsGone, lambda: documents.attach(upload_ids=[upload.pk], case_id=second.pk, **given))


@fault(
    "files", "a staged photo can be attached twice", "deleting the upload is the claim", one_photo_one_owner
)
def photo_claimed_twice(patch: pytest.MonkeyPatch) -> None:
    sound = type(Upload.objects.all()).delete

    def delete(self: Any) -> Any:
        return (self.count(), {}) if self.model is Upload else sound(self)

    patch.setattr(type(Upload.objects.all()), "delete", delete)


# Backups ----------------------------------------------------------------------------------------


def _county(world: World) -> tuple[SQLite, Path]:
    world.dispatched()
    live, folder = world.tmp_path / "linli.sqlite3", world.tmp_path / "photos"
    connection.ensure_connection()
    live.write_bytes(connection.connection.serialize())
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "one.jpg").write_bytes(b"\xff\xd8 a photo")
    return SQLite(live), folder


def _taken(world: World) -> tuple[SQLite, Path, Path]:
    engine, folder = _county(world)
    path = backup.take(engine=engine, photos=folder, target=world.tmp_path / "a.backup", at=NOW).path
    return engine, folder, path


def a_flipped_bit_is_refused(world: World) -> None:
    _engine, _folder, path = _taken(world)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 1
    path.write_bytes(raw)
    refused(bundle.BackupError, lambda: bundle.unpack(path, world.tmp_path / "out"))


@fault("files", "a backup is unpacked without comparing it with its list", "one flipped bit is refused",
       a_flipped_bit_is_refused, only="sqlite")  # fmt: skip
def altered_backup_accepted(patch: pytest.MonkeyPatch) -> None:
    sound = bundle.Manifest.opened
    hashes: dict[str, tuple[int, str]] = {}
    write = bundle._written

    def written(source: Any, target: Path) -> tuple[int, str]:
        found = write(source, target)
        hashes["files/ab/one.jpg" if target.suffix == ".jpg" else "database"] = found
        return found

    def opened(raw: bytes) -> bundle.Manifest:
        manifest = sound(raw)
        manifest.files = dict(hashes)
        return manifest

    patch.setattr(bundle, "_written", written)
    patch.setattr(bundle.Manifest, "opened", opened)


def only_our_seal_counts(world: World) -> None:
    manifest = bundle.Manifest("sqlite", NOW.isoformat(), [], {"cases_case": 1})
    forged = manifest.sealed().replace(b":1}", b":2}", 1)
    assert forged != manifest.sealed()
    refused(bundle.BackupError, lambda: bundle.Manifest.opened(forged))


@fault("files", "the seal of a backup is not compared", "an altered list is refused", only_our_seal_counts)
def seal_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hmac, "compare_digest", lambda one, other: True)


def a_changed_history_is_not_restored(world: World) -> None:
    """Well sealed, because it was taken so: only the check of every case's chain can tell."""
    engine, folder = _county(world)
    with closing(sqlite3.connect(engine.live)) as writing:
        writing.execute("UPDATE cases_case SET last_hash = x'00' WHERE rowid = 1")
        writing.commit()
    path = backup.take(engine=engine, photos=folder, target=world.tmp_path / "a.backup", at=NOW).path
    before = engine.live.read_bytes()
    given: dict[str, Any] = {"engine": engine, "photos": folder, "source": path, "at": NOW}
    refused(backup.BackupError, lambda: backup.restore(**given))
    assert engine.live.read_bytes() == before, "a refused backup changed the live data"


@fault("files", "a backup is put in place without being verified", "what does not verify is not exchanged",
       a_changed_history_is_not_restored, only="sqlite")  # fmt: skip
def unverified_restore(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(restoring, "_linli", lambda address, *arguments: None)


def a_torn_backup_is_not_there(world: World) -> None:
    engine, folder = _county(world)
    target = world.tmp_path / "a.backup"

    def broken(self: Any) -> None:
        self.tar.fileobj.closed = True  # so that nothing is flushed later
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as inner:
        inner.setattr(bundle.Writer, "close", broken)
        given: dict[str, Any] = {"engine": engine, "photos": folder, "target": target, "at": NOW}
        refused(backup.BackupError, lambda: backup.take(**given))
    assert not list(world.tmp_path.glob("*.backup*")), "half a backup was left behind"


@fault("files", "a backup is written under its name at once", "whole or not there", a_torn_backup_is_not_there,
       only="sqlite")  # fmt: skip
def torn_backup_left(patch: pytest.MonkeyPatch) -> None:
    sound = Path.unlink

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".part" and self.exists():
            self.rename(self.with_suffix(""))
        else:
            sound(self, missing_ok=missing_ok)

    patch.setattr(Path, "unlink", unlink)
