"""Processes that open pictures for this one: started when first needed, replaced when dead or too slow."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = Path(__file__).with_name("pixels.py")
BENCHES = 2
START_SECONDS = 15.0
JOB_SECONDS = 10.0
WAIT_SECONDS = 20.0
JOBS_PER_PROCESS = 500
MAX_FRAME = 16 * 1024 * 1024
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    # Give the memory of a large picture back at once instead of growing into it (glibc).
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}


class NotStarted(Exception):
    """The process could not be started: our fault, not the picture's."""


class NoneFree(Exception):
    """Every process was busy for WAIT_SECONDS."""


class GaveUp(Exception):
    """The process died over this picture or took longer than JOB_SECONDS."""


class Work(NamedTuple):
    header: dict[str, Any]
    picture: bytes
    thumbnail: bytes


class Bench:
    """One process and the socket to it. Used by one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._jobs = 0

    def work(self, data: bytes) -> Work:
        channel = self._ready()
        deadline = time.monotonic() + JOB_SECONDS
        try:
            channel.settimeout(JOB_SECONDS)
            channel.sendall(len(data).to_bytes(4, "big") + data)
            header = json.loads(_receive(channel, deadline))
            work = Work(header, _receive(channel, deadline), _receive(channel, deadline))
        except (OSError, EOFError, ValueError) as error:
            self.stop()
            raise GaveUp from error
        self._jobs += 1
        if self._jobs >= JOBS_PER_PROCESS:
            self.stop()
        return work

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def stop(self) -> None:
        self.forget()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def forget(self) -> None:
        """Close our end of the socket, which alone ends an idle process."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _ready(self) -> socket.socket:
        if self._process and self._socket and self._process.poll() is None:
            return self._socket
        self.stop()
        ours, theirs = socket.socketpair()
        self._socket, self._jobs = ours, 0
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", str(PROGRAM)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=ENVIRONMENT,
                )
            _receive(ours, time.monotonic() + START_SECONDS)
        except (OSError, EOFError) as error:
            self.stop()
            raise NotStarted from error
        return ours


class Workshop:
    """At most BENCHES processes; the one used last is used first, so the second starts only when needed."""

    def __init__(self, benches: int = BENCHES) -> None:
        self.benches = [Bench() for _ in range(benches)]
        self._free: queue.LifoQueue[Bench] = queue.LifoQueue()
        for bench in self.benches:
            self._free.put(bench)

    def work(self, data: bytes) -> Work:
        try:
            bench = self._free.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise NoneFree from None
        try:
            return bench.work(data)
        finally:
            self._free.put(bench)

    def stop(self) -> None:
        for bench in self.benches:
            with contextlib.suppress(OSError):
                bench.stop()


def _receive(channel: socket.socket, deadline: float) -> bytes:
    size = int.from_bytes(_read(channel, 4, deadline), "big")
    if size > MAX_FRAME:
        raise EOFError
    return _read(channel, size, deadline)


def _read(channel: socket.socket, size: int, deadline: float) -> bytes:
    body = bytearray()
    while len(body) < size:
        channel.settimeout(max(deadline - time.monotonic(), 0.001))
        part = channel.recv(min(size - len(body), 1 << 20))
        if not part:
            raise EOFError
        body += part
    return bytes(body)


_workshop = Workshop()


def work(data: bytes) -> Work:
    """What the program in `pixels.py` answers. NotStarted, NoneFree or GaveUp when it gives no answer."""
    return _workshop.work(data)


def stop() -> None:
    """End the processes; the next picture starts new ones."""
    _workshop.stop()


def _start_afresh() -> None:
    """After a fork the parent's processes are not ours to talk to."""
    global _workshop
    for bench in _workshop.benches:
        bench.forget()
    _workshop = Workshop()


atexit.register(stop)
os.register_at_fork(after_in_child=_start_afresh)
