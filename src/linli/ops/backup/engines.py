"""What each database can do: copy itself as of one moment, be made anew beside the live one, change places with it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
from django.db.backends.sqlite3 import _functions as functions  # type: ignore[attr-defined]
from django.utils.translation import gettext as _
from psycopg import sql

from linli.ops.backup.bundle import BackupError
from linli.ops.bench.cluster import program

IN_USE = "55006"
PATHS = "SELECT path FROM documents_attachment"
MIGRATIONS = "SELECT app || '.' || name FROM django_migrations ORDER BY 1"
Ask = Callable[[str], list[Any]]


@dataclass(frozen=True)
class Facts:
    """What a database says of itself at one moment: rows by table, migrations, photos it knows."""

    tables: dict[str, int]
    migrations: list[str]
    photos: list[str]


class Engine(Protocol):
    name: str

    def dump(self, target: Path) -> Facts: ...
    def prepare(self, dump: Path, stamp: str) -> str: ...
    def facts(self, fresh: str) -> Facts: ...
    def address(self, fresh: str) -> str: ...
    def swap(self, fresh: str, stamp: str) -> str: ...
    def discard(self, fresh: str) -> None: ...


def engine_of(database: Mapping[str, Any]) -> Engine:
    """The engine behind an entry of Django's DATABASES."""
    if database["ENGINE"].endswith("sqlite3"):
        return SQLite(Path(database["NAME"]))
    return PostgreSQL(database)


def _facts(ask: Ask, tables: str) -> Facts:
    names = sorted(row[0] for row in ask(tables))
    counts = {name: int(ask(f'SELECT count(*) FROM "{name}"')[0][0]) for name in names}  # noqa: S608
    migrations = [row[0] for row in ask(MIGRATIONS)] if "django_migrations" in counts else []
    photos = [row[0] for row in ask(PATHS)] if "documents_attachment" in counts else []
    return Facts(counts, migrations, photos)


class SQLite:
    name = "sqlite"
    TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"

    def __init__(self, live: Path) -> None:
        self.live = live

    def dump(self, target: Path) -> Facts:
        """SQLite's own online copy, in one step: writers go on meanwhile, the copy is of one moment."""
        if not self.live.is_file():
            raise BackupError(_("还没有数据库：%(path)s。") % {"path": self.live})
        with (
            closing(sqlite3.connect(self.live, timeout=30)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        return self.facts(str(target))

    def prepare(self, dump: Path, stamp: str) -> str:
        fresh = self.live.with_name(f"{self.live.name}.restoring-{stamp}")
        dump.replace(fresh)
        return str(fresh)

    def facts(self, fresh: str) -> Facts:
        try:
            with closing(opened(fresh)) as connection:
                if (state := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                    raise BackupError(_("数据库文件坏了：%(reason)s") % {"reason": state})
                return _facts(lambda query: connection.execute(query).fetchall(), self.TABLES)
        except sqlite3.DatabaseError as error:
            raise BackupError(_("数据库文件坏了：%(reason)s") % {"reason": error}) from error

    def address(self, fresh: str) -> str:
        return f"sqlite:///{fresh}"

    def swap(self, fresh: str, stamp: str) -> str:
        """Renames both files while nobody else has the live one open; returns where the old one went."""
        new, old = Path(fresh), self.live.with_name(f"{self.live.name}.before-{stamp}")
        _settle(new)
        if not self.live.exists():
            new.replace(self.live)
            return ""
        with closing(sqlite3.connect(self.live, timeout=2, isolation_level=None)) as held:
            try:
                held.execute("PRAGMA locking_mode = EXCLUSIVE")
                held.execute("BEGIN EXCLUSIVE")
                held.execute("COMMIT")
                held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                raise _busy() from error
            self.live.replace(old)
            new.replace(self.live)
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self.live}{ending}").unlink()
        return str(old)

    def discard(self, fresh: str) -> None:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                Path(fresh + ending).unlink()


def opened(path: str | Path) -> sqlite3.Connection:
    """A connection that knows the functions our constraints use, so that the file's own check can be run."""
    connection = sqlite3.connect(path, timeout=30)
    functions.register(connection)
    return connection


def _settle(path: Path) -> None:
    """Brings what stands in the write-ahead log into the file, so that one file is all there is."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    with path.open("rb") as file:
        os.fsync(file.fileno())


class PostgreSQL:
    name = "postgresql"
    TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

    def __init__(self, database: Mapping[str, Any]) -> None:
        self.live = str(database["NAME"])
        self.given: dict[str, Any] = {
            "host": database.get("HOST") or None,
            "port": database.get("PORT") or None,
            "user": database.get("USER") or None,
            "password": database.get("PASSWORD") or None,
        }

    def _connect(self, name: str, **more: Any) -> psycopg.Connection[Any]:
        try:
            return psycopg.connect(dbname=name, **self.given, **more)
        except psycopg.OperationalError as error:
            raise BackupError(_("连不上数据库：%(reason)s") % {"reason": str(error).strip()}) from error

    def dump(self, target: Path) -> Facts:
        """pg_dump and our own counts look at one and the same exported snapshot."""
        with self._connect(self.live) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert snapshot is not None
            facts = _facts(lambda query: connection.execute(query).fetchall(), self.TABLES)
            given = ("--format=custom", f"--snapshot={snapshot[0]}", f"--file={target}", self.live)
            self._run("pg_dump", *given)
        return facts

    def prepare(self, dump: Path, stamp: str) -> str:
        fresh = f"{self.live[:30]}_restoring_{stamp}"
        with self._connect("postgres", autocommit=True) as connection:
            given = "SELECT datcollate, datctype FROM pg_database WHERE datname = %s OR datname = 'postgres'"
            row = connection.execute(given + " ORDER BY datname = 'postgres'", [self.live]).fetchone()
            assert row is not None
            make = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE {} LC_CTYPE {}"
            connection.execute(sql.SQL(make).format(sql.Identifier(fresh), *map(sql.Literal, row)))
        try:
            self._run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={fresh}", str(dump))
        except BackupError:
            self.discard(fresh)
            raise
        return fresh

    def facts(self, fresh: str) -> Facts:
        with self._connect(fresh) as connection:
            return _facts(lambda query: connection.execute(query).fetchall(), self.TABLES)

    def address(self, fresh: str) -> str:
        who = ":".join(
            quote(str(self.given[part]), safe="") for part in ("user", "password") if self.given[part]
        )
        where = quote(str(self.given["host"] or ""), safe="") + (
            f":{self.given['port']}" if self.given["port"] else ""
        )
        return f"postgres://{who}{'@' if who else ''}{where}/{fresh}"

    def swap(self, fresh: str, stamp: str) -> str:
        """Both renames in one transaction; PostgreSQL refuses while anybody is connected to the live one."""
        old = f"{self.live[:30]}_before_{stamp}"
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self._connect("postgres") as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.live]).fetchone()
            try:
                if there:
                    connection.execute(rename.format(sql.Identifier(self.live), sql.Identifier(old)))
                connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(self.live)))
            except psycopg.Error as error:
                raise (_busy() if error.sqlstate == IN_USE else BackupError(str(error).strip())) from error
        return old if there else ""

    def discard(self, fresh: str) -> None:
        with self._connect("postgres", autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(fresh))
            )

    def _run(self, name: str, *arguments: str) -> None:
        named = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
        environment = os.environ | {named[key]: str(value) for key, value in self.given.items() if value}
        done = subprocess.run([program(name), *arguments], env=environment, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [name])[-1]
            raise BackupError(_("%(program)s 没有做成：%(reason)s") % {"program": name, "reason": reason})


def _busy() -> BackupError:
    return BackupError(
        _("数据库还有人在用。请先停下网站和后台（linli serve、linli worker），再恢复；现有数据没有动。")
    )
