"""Puts a backup in the place of the live data: unpacked, made anew beside it, verified, and only then exchanged."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from linli.ops.backup.bundle import DATABASE, FILES, BackupError, Manifest, unpack
from linli.ops.backup.engines import Engine


@dataclass(frozen=True)
class Restored:
    """What was put back; `old` is where the data went that was live before, empty where there was none."""

    manifest: Manifest
    rows: int
    files: int
    old: str


def restore(
    *,
    engine: Engine,
    photos: Path,
    source: Path,
    at: datetime,
    tell: Callable[[str], None] = lambda step: None,
    is_dry: bool = False,
) -> Restored:
    """Restores a backup, or with `is_dry` only proves that it could be. BackupError means: nothing live changed."""
    stamp = f"{at:%Y%m%d%H%M%S}"
    photos.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=photos.parent, prefix=".linli-restore-") as folder:
            return _restore(engine, photos, source, Path(folder), stamp, tell, is_dry)
    except OSError as error:
        raise BackupError(
            _("没有恢复：%(reason)s。现有数据没有动。") % {"reason": error.strerror or error}
        ) from error


def _restore(
    engine: Engine,
    photos: Path,
    source: Path,
    folder: Path,
    stamp: str,
    tell: Callable[[str], None],
    is_dry: bool,
) -> Restored:
    tell(_("正在检查备份文件"))
    manifest = unpack(source, folder)
    _check(manifest, engine)
    tell(_("正在旁边建一个新数据库"))
    fresh = engine.prepare(folder / DATABASE, stamp)
    old, is_swapped = "", False
    try:
        if engine.facts(fresh).tables != manifest.tables:
            raise BackupError(_("恢复出来的行数和清单不一致。请换一份备份；现有数据没有动。"))
        tell(_("正在更新表结构"))
        _linli(engine.address(fresh), "migrate", "--verbosity", "0")
        tell(_("正在逐条核对每件事的记录"))
        _linli(engine.address(fresh), "verify")
        if not is_dry:
            tell(_("正在换上"))
            _linli(engine.address(fresh), "restore", str(source), "--note", "--made", manifest.made_at)
            files = _put_in_place(folder / FILES, photos)
            old, is_swapped = engine.swap(fresh, stamp), True
        else:
            files = len(manifest.files) - 1
    finally:
        if not is_swapped:
            engine.discard(fresh)
    return Restored(manifest, sum(manifest.tables.values()), files, old)


def _check(manifest: Manifest, engine: Engine) -> None:
    if manifest.engine != engine.name:
        said = {"theirs": manifest.engine, "ours": engine.name}
        raise BackupError(_("备份来自 %(theirs)s，这里是 %(ours)s，不能恢复。") % said)
    known = {
        f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    }
    newer = sorted(set(manifest.migrations) - known)
    if newer:
        raise BackupError(_("备份来自更新的版本（%(name)s），请先升级。") % {"name": newer[0]})


def _linli(address: str, *arguments: str) -> None:
    """One of our commands on the new database, in a process of its own."""
    environment = os.environ | {"DATABASE_URL": address}
    command = [sys.executable, "-m", "linli.ops", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or [arguments[0]]
        raise BackupError(
            _("恢复出来的数据没有通过核对：%(reason)s。现有数据没有动。") % {"reason": said[-1]}
        )


def _put_in_place(unpacked: Path, photos: Path) -> int:
    """Photos carry the id of their row and never change: putting one twice, or before its row, harms nothing."""
    count = 0
    for root, _folders, names in os.walk(unpacked):
        for name in names:
            path = Path(root) / name
            target = photos / path.relative_to(unpacked)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            count += 1
    return count
