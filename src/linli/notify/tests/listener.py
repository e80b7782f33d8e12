"""A small server that answers as it is told: well, slowly, without end, or by sending one elsewhere.

What is slow here lasts half a minute, so that a test can tell it from a slow machine.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]


def says(answer: bytes) -> Behaviour:
    return lambda line: line.sendall(answer)


def status(code: int, more: str = "") -> Behaviour:
    return says(f"HTTP/1.1 {code} X\r\n{more}Content-Length: 2\r\n\r\nok".encode())


def dribbles(line: socket.socket) -> None:
    """A head that never ends, one byte at a time."""
    line.sendall(b"HTTP/1.1 200 OK\r\nX-")
    for _n in range(600):
        line.sendall(b"a")
        time.sleep(0.05)


def never_ends(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _n in range(600):
        line.sendall(b"still here ")
        time.sleep(0.05)


def five_megabytes(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
    for _n in range(50):
        line.sendall(bytes(100_000))


def endless_head(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    for n in range(90):
        line.sendall(f"X-{n}: {'y' * 2000}\r\n".encode())


def silent(line: socket.socket) -> None:
    time.sleep(30)


@dataclass
class Listener:
    """Listens on a free port of 127.0.0.1; keeps what it was sent."""

    behaviour: Behaviour = field(default_factory=lambda: status(204))
    context: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _peer = self.server.accept()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            if self.context is not None:
                line = self.context.wrap_socket(line, server_side=True)
            line.settimeout(5)
            given = _read(line)
            self.requests.append(given)
            self.arrived.release()
            path = given.split(b" ", 2)[1].decode()
            self.behaviours.get(path, self.behaviour)(line)


def _read(line: socket.socket) -> bytes:
    given = b""
    while b"\r\n\r\n" not in given:
        given += line.recv(65536)
    head, _sep, body = given.partition(b"\r\n\r\n")
    length = next(
        (int(row[15:]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        more = line.recv(65536)
        body, given = body + more, given + more
    return given
