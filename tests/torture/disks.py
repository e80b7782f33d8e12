"""Disks that are full: of the database, of photos, of logs. Each is a small tmpfs of its own."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from linli.documents import actions as documents
from linli.documents.actions import photos, sealing, storing
from linli.documents.models import Upload
from linli.documents.tests import pictures
from linli.kit import clock
from linli.kit.sealing import Unreadable
from torture import checks, world
from torture.cluster import Cluster
from torture.cuts import turn_to
from torture.kills import verdict
from torture.writers import Told, Writer

MOUNT = "no tmpfs can be mounted here (not root)"
ENOUGH = 20  # refusals by a database without room
BLOCKS = (1 << 20, 1 << 12)  # bytes: most of a disk is filled by large ones, the rest by small ones


def run(*, cluster: Cluster, folder: Path, seconds: float, plant: str = "") -> dict[str, Any]:
    if os.geteuid() != 0:
        return {"skipped": MOUNT}
    folder.chmod(0o711)  # PostgreSQL is somebody else
    world.prepare()
    return {
        "database": database(folder, seconds),
        "photos": full_photos(folder),
        "logs": full_logs(folder),
    }


@contextmanager
def disk(path: Path, size: str) -> Iterator[Path]:
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)


def fill(path: Path) -> Path:
    """Takes all room there is; returns what takes it."""
    ballast = path / "ballast"
    for size in BLOCKS:
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while file.write(bytes(size)) == size:
                pass
    return ballast


def database(folder: Path, seconds: float) -> dict[str, Any]:
    """A cluster on a disk that fills up while programs write; then there is room again, and everything is compared."""
    from torture import cluster as clusters

    with disk(folder / "disk", "400m") as path, clusters.running(path) as other:
        before = connections["default"].settings_dict["PORT"]
        turn_to(other.create("torture").rpartition("/")[0].rpartition(":")[2])
        world.prepare()
        told = folder / "full"
        told.mkdir()
        stop = folder / "stop-full"
        jobs = [partial(_write, told / f"told-{n}", stop) for n in range(2)]
        children = [world.fork("writer", job, folder / "log") for job in jobs]
        _until(seconds * 4, lambda: checks.Acknowledged.read(told).writes >= 10)
        ballast = fill(path)
        _until(seconds * 4, lambda: _refusals(other) >= ENOUGH)
        read = _reads(other)
        _want_another_segment(other)
        time.sleep(seconds / 2)
        full = _refusals(other)
        ballast.unlink()
        if not other.answers(5):
            other.kill()
            other.start()
        time.sleep(2)
        stop.touch()
        for child in children:
            child.wait()
        found = verdict(checks.Acknowledged.read(told))
        turn_to(before)
        return {"refusals": full, "reads served": read, **found}


def _write(path: Path, stop: Path) -> None:
    Writer(Told(path), stop).run()


def _until(seconds: float, is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_so():
        time.sleep(0.2)


def _refusals(cluster: Cluster) -> int:
    return (cluster.folder / "log").read_text(errors="replace").count("No space left on device")


def _want_another_segment(cluster: Cluster) -> None:
    """Of the write-ahead log, for which there is no room either: the server itself goes down."""
    with suppress(psycopg.Error), psycopg.connect(cluster.url(), autocommit=True, connect_timeout=5) as line:
        line.execute("SELECT pg_switch_wal()")
        line.execute("CHECKPOINT")


def _reads(cluster: Cluster) -> bool:
    try:
        with psycopg.connect(cluster.url("torture"), connect_timeout=5) as line:
            return line.execute("SELECT count(*) FROM cases_case").fetchone() is not None
    except psycopg.Error:
        return False


def full_photos(folder: Path) -> dict[str, Any]:
    """Photos until the disk is full: each is whole and has a row, or neither."""
    kept = refused = 0
    with disk(folder / "photos", "3m") as path, _attachments(path / "attachments"):
        for number in range(200):
            data = pictures.encoded(pictures.quarters((400 + number, 300)).effect_spread(90))
            try:
                documents.stage(data=data, name="lamp.jpg", at=clock.now())
            except photos.PhotoNotStored:
                refused += 1
                if refused > 20:
                    break
            else:
                kept += 1
        wrong = [str(upload.pk) for upload in Upload.objects.all() if not _is_whole(upload)]
        names = {upload.file.name for upload in Upload.objects.all()}
        halves = [p.name for p in (path / "attachments").rglob("*.jpg") if p.stat().st_size == 0]
        halves += [p.name for p in (path / "attachments").rglob(f"*{storing.PART}")]
    return {"kept": kept, "refused": refused, "objections": {"torn": len(wrong), "halves": len(halves)},
            "rows": len(names)}  # fmt: skip


@contextmanager
def _attachments(path: Path) -> Iterator[None]:
    before, room = settings.ATTACHMENTS, storing.FREE_BYTES
    settings.ATTACHMENTS, storing.FREE_BYTES = path, 0
    try:
        yield
    finally:
        settings.ATTACHMENTS, storing.FREE_BYTES = before, room


def _is_whole(upload: Upload) -> bool:
    with suppress(OSError, Unreadable):
        return hashlib.sha256(sealing.read(upload)).hexdigest() == upload.sha256
    return False


def full_logs(folder: Path) -> dict[str, Any]:
    """A server whose log cannot be written goes on serving."""
    with disk(folder / "logs", "64k") as path:
        fill(path)
        answered = folder / "answered"
        child = world.fork("logger", partial(_serve_with_full_log, answered), path / "log")
        child.wait()
        told = int(answered.read_text()) if answered.exists() else 0
    return {"requests": 50, "answered": told, "objections": {"unanswered": 50 - told}}


def _serve_with_full_log(answered: Path) -> None:
    from django.test import Client

    logging.getLogger().setLevel(logging.WARNING)
    client, done = Client(), 0
    for _request in range(50):
        logging.getLogger("linli").warning("a line that finds no room %s", "x" * 500)
        done += client.get("/healthz").status_code in (200, 404)
    answered.write_text(str(done))
