"""The one way out to addresses somebody typed in.

The host is resolved once, every answer is checked, and the connection goes to the very address that was checked: a
name that answers otherwise a moment later reaches nothing. No redirect is followed, no proxy and no environment is
asked, nothing is kept open. All steps share one time limit, so a target that answers a byte at a time ends, too.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from linli.notify.senders.addresses import Refused, Target, check, parse

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MOST_BYTES = 64 * 1024
TRIED = 3  # addresses of one name
REDIRECTS = range(300, 400)


class Failed(Exception):
    """No answer that counts. `why` is one word: dns, connect, tls, timeout, broken or redirect."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What came back: at most 64 kB of it, and whether that was all."""

    status: int
    body: bytes
    is_whole: bool


class Deadline:
    """How much of the time is left."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    def left(self, most: float = TOTAL_SECONDS) -> float:
        """Seconds still to go. Raises Failed when there are none."""
        left = min(self.ends - time.monotonic(), most)
        if left <= 0:
            raise Failed("timeout")
        return left


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    seconds: float = TOTAL_SECONDS,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """One request, one answer. Raises Refused before anything is sent, Failed after."""
    target, deadline = parse(url), Deadline(seconds)
    addresses = [str(check(found)) for found in resolve(target.host, target.port, deadline)]
    try:
        with (
            _connected(addresses, target, deadline) as plain,
            _secured(plain, target, deadline, context) as line,
        ):
            line.settimeout(deadline.left())
            line.sendall(_request(method, target, headers, body))
            return _answer(line, method, deadline)
    except TimeoutError as error:
        raise Failed("timeout") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Failed("tls" if isinstance(error, ssl.SSLError) else "broken") from error


def resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a name. The system's resolver knows no time limit, so it is asked in a thread of its own."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look_up() -> None:
        found: list[str] = []
        with suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            found = list(dict.fromkeys(str(info[4][0]) for info in infos))
        answers.put(found)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = answers.get(timeout=deadline.left(CONNECT_SECONDS))
    except queue.Empty as error:
        raise Failed("dns") from error
    if not found:
        raise Failed("dns")
    return found


def _connected(addresses: list[str], target: Target, deadline: Deadline) -> socket.socket:
    """A connection to the first of these addresses that takes it; all of them within five seconds."""
    until = Deadline(deadline.left(CONNECT_SECONDS))
    for address in addresses[:TRIED]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(until.left())
            line.connect((address, target.port))
        except TimeoutError as error:
            line.close()
            raise Failed("timeout") from error
        except OSError:
            line.close()
        else:
            return line
    raise Failed("connect")


def _secured(
    line: socket.socket, target: Target, deadline: Deadline, context: ssl.SSLContext | None
) -> socket.socket:
    """The line itself, or with TLS on it: the certificate must be for the name that was asked for."""
    if not target.is_secure:
        return line
    line.settimeout(deadline.left())
    try:
        return (context or _trust()).wrap_socket(line, server_hostname=target.host)
    except TimeoutError as error:
        raise Failed("timeout") from error
    except (OSError, ValueError) as error:
        raise Failed("tls") from error


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _request(method: str, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = {
        "Host": target.authority,
        "User-Agent": "Linli",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    if body:
        lines["Content-Length"] = str(len(body))
    if any(not value.isprintable() for value in lines.values()):
        raise Refused("url")
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


class _Line(io.RawIOBase):
    """What is read from a socket, as long as time and the limit of bytes last."""

    def __init__(self, line: socket.socket, deadline: Deadline) -> None:
        self.line = line
        self.deadline = deadline
        self.rest = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.rest <= 0:
            raise Failed("broken")
        self.line.settimeout(self.deadline.left())
        with memoryview(buffer) as view:
            n = self.line.recv_into(view[: self.rest])
        self.rest -= n
        return n

    def makefile(self, *_mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _answer(line: socket.socket, method: str, deadline: Deadline) -> Answer:
    """The status counts as soon as it is here; a body that does not end in time or is too long is cut off."""
    response = http.client.HTTPResponse(_Line(line, deadline), method=method)  # type: ignore[arg-type]
    response.begin()
    if response.status in REDIRECTS:
        raise Failed("redirect", response.status)
    body, is_whole = b"", False
    with suppress(Failed, OSError, http.client.HTTPException, ValueError):
        while piece := response.read1(8192):
            body += piece
        is_whole = True
    return Answer(response.status, body, is_whole)
