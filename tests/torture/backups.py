"""Backups taken while everybody works: each holds what was acknowledged before; torn ones are refused."""

from __future__ import annotations

import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from linli.kit import clock
from linli.ops import backup
from linli.ops.backup.engines import engine_of
from torture import checks, world
from torture.cluster import Cluster
from torture.writers import Told, Writer

CUT = 24 * 1024  # past the empty blocks a tar ends with


def run(*, cluster: Cluster, folder: Path, rounds: int, plant: str = "") -> dict[str, Any]:
    """So many backups under load; then the last is put in the place of the live data."""
    world.prepare()
    stop, kept = folder / "stop", folder / "kept"
    kept.mkdir()
    children = [
        world.fork("writer", partial(_write, folder / f"told-{n}", stop), folder / "log") for n in range(2)
    ]
    engine, photos = engine_of(settings.DATABASES["default"]), folder / "attachments"
    photos.mkdir()
    missing = refused = torn = 0
    for number in range(rounds):
        time.sleep(2)
        before = checks.Acknowledged.read(folder)
        path = backup.take(
            engine=engine, photos=photos, target=kept / f"{number}.backup", at=clock.now()
        ).path
        given: dict[str, Any] = {"engine": engine, "photos": photos, "at": clock.now()}
        missing += _missing(engine, path, before, folder)
        for altered in (_cut(path), _flipped(path)):
            torn += 1
            try:
                backup.restore(source=altered, is_dry=True, **given)
            except backup.BackupError:
                refused += 1
        backup.restore(source=path, is_dry=True, **given)
    stop.touch()
    for child in children:
        child.wait()
    return {
        "backups": rounds, "altered": torn, "refused": refused, "acknowledged": len(before.told),
        **_swapped(cluster, engine, path, photos, before),
        "objections": {"missing in a backup": missing, "altered taken": torn - refused,
                       **checks.objections(checks.halves())},
    }  # fmt: skip


def _write(path: Path, stop: Path) -> None:
    Writer(Told(path), stop).run()


def _missing(engine: Any, path: Path, before: checks.Acknowledged, folder: Path) -> int:
    """Writes acknowledged before the backup began that it does not hold."""
    into = folder / f"out-{path.stem}"
    from linli.ops.backup.bundle import DATABASE, unpack

    unpack(path, into)
    fresh = engine.prepare(into / DATABASE, f"t{path.stem}")
    try:
        with engine._connect(fresh) as line:
            rows = line.execute("SELECT case_id, command_id FROM cases_event WHERE command_id IS NOT NULL")
            known = {(str(case), str(command)) for case, command in rows.fetchall()}
    finally:
        engine.discard(fresh)
    return sum((said["case"], said["command"]) not in known for said in before.told)


def _swapped(
    cluster: Cluster, engine: Any, path: Path, photos: Path, before: checks.Acknowledged
) -> dict[str, Any]:
    connections.close_all()
    begin = time.monotonic()
    restored = backup.restore(engine=engine, photos=photos, source=path, at=clock.now())
    with psycopg.connect(cluster.url("torture")) as line:
        rows = line.execute("SELECT case_id, command_id FROM cases_event WHERE command_id IS NOT NULL")
        known = {(str(case), str(command)) for case, command in rows.fetchall()}
    lost = sum((said["case"], said["command"]) not in known for said in before.told)
    return {
        "restored rows": restored.rows,
        "restore seconds": round(time.monotonic() - begin, 1),
        "lost": lost,
    }


def _cut(path: Path) -> Path:
    other = path.with_suffix(".cut")
    other.write_bytes(path.read_bytes()[:-CUT])
    return other


def _flipped(path: Path) -> Path:
    other = path.with_suffix(".flipped")
    raw = bytearray(path.read_bytes())
    raw[random.Random(len(raw)).randrange(len(raw) // 4, len(raw) // 2)] ^= 4
    other.write_bytes(raw)
    return other
