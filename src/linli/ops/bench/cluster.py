"""A PostgreSQL to measure on: a private cluster that is gone at the end, or the server DATABASE_URL names."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

# As a small server would be set up; durable, because every commit of a real one is.
TUNING = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "5s",
}


@contextmanager
def server(given: str) -> Iterator[str]:
    """The address of a server on which databases may be made."""
    if given.startswith(("postgres://", "postgresql://")):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="linli-bench-"))
    try:
        yield _start(folder)
    finally:
        _run(folder, "pg_ctl", "-D", "data", "-m", "immediate", "-s", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def program(name: str) -> str:
    """A PostgreSQL program, on PATH or where Debian keeps it."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise CommandError(_("找不到 PostgreSQL 的程序 %(name)s：请先安装 postgresql。") % {"name": name})
    return found


def create(admin: str, name: str, template: str = "template1") -> str:
    """A database of this name, empty or a copy of another; one left over is dropped. Returns its address."""
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(urlsplit(admin)._replace(path=f"/{name}"))


def drop(admin: str, names: list[str]) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        for name in names:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def version(admin: str) -> str:
    with psycopg.connect(admin) as connection:
        return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]


def _start(folder: Path) -> str:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    _run(folder, "initdb", "-D", "data", "-U", "linli", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    settings = {**TUNING, "port": str(port), "unix_socket_directories": str(folder)}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    _run(folder, "pg_ctl", "-D", "data", "-l", "log", "-w", "-s", "-o", options, "start")
    return f"postgres://linli@127.0.0.1:{port}/postgres"


def _run(folder: Path, name: str, *arguments: str, check: bool = True) -> None:
    """PostgreSQL refuses to run as root."""
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_postgres, program(name), *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if check and done.returncode:
        raise CommandError(_("PostgreSQL 没有启动：%(reason)s") % {"reason": done.stderr.strip()[-500:]})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
