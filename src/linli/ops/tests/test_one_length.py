"""Where a request ends is never in doubt: the running server, asked over bare sockets, answers each of these once."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

HIDDEN = b"GET /field/worker.js HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST /field/app.webmanifest HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server of its own; what it is asked for needs no database."""
    folder: Path = tmp_path_factory.mktemp("server")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        chosen = int(found.getsockname()[1])
    environment = {**os.environ, "LINLI_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/x.sqlite3"}
    command = [sys.executable, "-m", "linli.ops", "serve", "--port", str(chosen), "--workers", "1"]
    process = subprocess.Popen(command, env=environment)  # noqa: S603
    try:
        until = time.monotonic() + 300
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", chosen), timeout=2):
                break
            time.sleep(0.05)
        yield chosen
    finally:
        process.terminate()
        process.wait(timeout=300)


def answers(port: int, sent: bytes) -> list[int]:
    """The statuses of every answer, until the server says no more."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(sent)
        line.settimeout(10)
        with suppress(TimeoutError, ConnectionError):
            while part := line.recv(65536):
                said += part
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def test_two_requests_on_one_line_have_two_answers(port: int) -> None:
    """Else the tests below would prove nothing."""
    asked = b"GET /field/app.webmanifest HTTP/1.1\r\nHost: x\r\n"
    assert answers(port, asked + b"\r\n" + asked + b"Connection: close\r\n\r\n") == [200, 200]


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabcde\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: identity\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef" + HIDDEN,
        HEAD + b"Content-Length: 5, 5\r\n\r\nabcde" + HIDDEN,
        HEAD + b"Content-Length: +5\r\n\r\nabcde" + HIDDEN,
        HEAD + b"Content-Length: -1\r\n\r\n" + HIDDEN,
        HEAD + b"X-Mine: a\r\n b\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
        HEAD + b"X-Mine: a\x00b\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
        HEAD + b"X-Mine: a\rContent-Length: 50\r\n\r\n" + HIDDEN,
        HEAD + b"X-Mine: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    ],
)
def test_a_request_of_two_lengths_or_none_is_refused_and_nothing_behind_it_answered(
    port: int, sent: bytes
) -> None:
    statuses = answers(port, sent)
    assert len(statuses) <= 1
    assert all(400 <= status < 500 for status in statuses)
