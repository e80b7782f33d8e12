"""Takes a backup while everybody goes on working."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from linli.ops.backup.bundle import DATABASE, FILES, BackupError, Manifest, Writer
from linli.ops.backup.engines import Engine

KEPT = (".jpg",)


@dataclass(frozen=True)
class Taken:
    """Where a backup is and what it holds: rows, files, bytes; `missing` photos the database knows were not there."""

    path: Path
    rows: int
    files: int
    size: int
    missing: list[str]


def take(
    *,
    engine: Engine,
    photos: Path,
    target: Path,
    at: datetime,
    tell: Callable[[str], None] = lambda step: None,
) -> Taken:
    """One file with everything, complete or not there at all. Raises BackupError.

    The database first, then the photos: a photo is written before the row that names it and never changed, so every
    photo the copy of the database knows is there afterwards.
    """
    path = target / f"linli-{at:%Y%m%d-%H%M%S}.backup" if target.is_dir() else target
    if path.exists():
        raise BackupError(_("%(path)s 已经有了，没有覆盖。") % {"path": path})
    part = path.with_name(path.name + ".part")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".linli-backup-") as scratch:
            manifest = _write(engine, photos, part, Path(scratch), at, tell)
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        said = {"path": path, "reason": error.strerror or error}
        raise BackupError(_("写不了 %(path)s：%(reason)s。没有留下半份备份。") % said) from error
    finally:
        part.unlink(missing_ok=True)
    return Taken(
        path=path,
        rows=sum(manifest.tables.values()),
        files=len(manifest.files) - 1,
        size=path.stat().st_size,
        missing=manifest.missing,
    )


def _write(
    engine: Engine, photos: Path, part: Path, scratch: Path, at: datetime, tell: Callable[[str], None]
) -> Manifest:
    tell(_("正在复制数据库"))
    dump = scratch / DATABASE
    facts = engine.dump(dump)
    manifest = Manifest(engine.name, at.isoformat(), facts.migrations, facts.tables)
    with part.open("xb") as file:
        writer = Writer(file, manifest)
        writer.add(DATABASE, dump)
        dump.unlink()
        tell(_("正在复制照片"))
        for name, path in _photos(photos):
            try:
                writer.add(f"{FILES}/{name}", path)
            except FileNotFoundError:
                continue  # an upload nobody used, swept away meanwhile
        known = {name.removeprefix(f"{FILES}/") for name in manifest.files}
        manifest.missing = sorted(set(facts.photos) - known)
        writer.close()
    return manifest


def _photos(folder: Path) -> Iterator[tuple[str, Path]]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            if path.suffix in KEPT and not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
