"""A PostgreSQL of our own that may be killed: durable as a real one is, gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from linli.ops.bench.cluster import free_port, program

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "64MB",
    "max_connections": "80",
    "max_wal_size": "256MB",  # little to replay after each kill
    "checkpoint_timeout": "30s",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "restart_after_crash": "on",
    "recovery_init_sync_method": "syncfs",  # a crash is survived in a blink, not after a walk over every file
}
STARTS_WITHIN = 300.0
OK = "SELECT 1"


@dataclass
class Cluster:
    """Where it is; `data` may lie on a disk of its own."""

    folder: Path
    port: int
    prepared: str = "template1"  # the database that others are copied from

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, name: str = "postgres") -> str:
        return f"postgres://linli@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template1") -> str:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    @property
    def postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def start(self, under: Sequence[str] = ()) -> None:
        """The server itself, without pg_ctl's waits: what is measured is how often it may die, not how it is asked.

        `under`: the beginning of a command that runs the rest of it, such as strace.
        """
        given: dict[str, Any] = {**SETTINGS, "port": self.port, "unix_socket_directories": ""}
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            subprocess.Popen(
                [*under, program("postgres"), "-D", str(self.data), *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                user="postgres" if os.geteuid() == 0 else None,
                group="postgres" if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
                start_new_session=True,
            )
        if not self.answers():
            raise RuntimeError("PostgreSQL did not start")

    def stop(self, mode: str = "fast") -> None:
        _run(self.folder, "pg_ctl", "-D", "data", "-m", mode, "-s", "stop", check=False)

    def kill(self) -> bool:
        """SIGKILL to the postmaster and to every process of it, as if the machine's power were cut for them."""
        try:
            first = self.postmaster
            children = [int(pid) for pid in _children(first)]
            os.kill(first, signal.SIGKILL)
        except (OSError, ValueError):
            return False
        for pid in children:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in (first, *children):
            _gone(pid)
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # its number may be somebody else's by now
        return True

    def ready(self) -> None:
        """Up again, whatever the part before has left behind."""
        if not self.answers(5):
            self.kill()
            self.start()

    def answers(self, within: float = STARTS_WITHIN) -> bool:
        """Whether it takes connections, or does so before long."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            try:
                with psycopg.connect(self.url(), connect_timeout=2) as connection:
                    connection.execute(OK)
            except psycopg.Error:
                time.sleep(0.02)
            else:
                return True
        return False


@contextmanager
def running(on: Path | None = None, **changed: str) -> Iterator[Cluster]:
    """A fresh cluster; its data, and not what it logs, in the folder `on` where one is given."""
    folder = Path(tempfile.mkdtemp(prefix="linli-torture-"))
    found = Cluster(folder, free_port())
    try:
        if on is not None:
            (on / "data").mkdir(mode=0o700)
            found.data.symlink_to(on / "data")
        if os.geteuid() == 0:
            for path in (folder, *([on / "data"] if on else [])):
                shutil.chown(path, "postgres", "postgres")
        given = ("-U", "linli", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        _run(folder, "initdb", "-D", "data", *given)
        for name, value in changed.items():
            with (found.data / "postgresql.auto.conf").open("a") as file:
                file.write(f"{name} = '{value}'\n")
        found.start()
        yield found
    finally:
        found.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _gone(pid: int) -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.005)


def _run(folder: Path, name: str, *arguments: str, check: bool = True) -> None:
    """PostgreSQL refuses to run as root."""
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_postgres, program(name), *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()[-500:]}")
