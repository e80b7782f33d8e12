"""A bad line on the loopback: a proxy that lets so many bytes a second through and cuts three of ten exchanges off.

It runs in real time. An exchange is lost on its way there, before the server hears of it, or on its way back, after
the server has acted: the phone cannot tell which.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BYTES_A_SECOND, LOSS = 20_000, 0.3
EACH_WAY = 1 - (1 - LOSS) ** 0.5
SEED = 55  # loses the first request and the second answer, so that few commands suffice to see both


class Line(ThreadingHTTPServer):
    """Everything that passes shares one line in both directions."""

    daemon_threads = True

    def __init__(self, server: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.upstream, self.dice, self.turn = server, random.Random(seed), threading.Lock()
        self.bytes = self.requests = self.lost = 0

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def passes(self, size: int) -> bool:
        """Takes the time these bytes take; whether they arrive."""
        with self.turn:
            time.sleep(size / BYTES_A_SECOND)
            self.bytes += size
            is_lost = self.dice.random() < EACH_WAY
            self.lost += is_lost
        return not is_lost


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer, each of which may get lost."""

    server: Line

    def do_POST(self) -> None:
        self.server.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.passes(len(body) + len(bytes(self.headers))):
            return
        onward = http.client.HTTPConnection(self.server.upstream, timeout=120)
        onward.request("POST", self.path, body, dict(self.headers))
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        if not self.server.passes(len(content) + len(str(answer.headers))):
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_parts: Any) -> None: ...


@contextmanager
def line_to(server: str, seed: int = SEED) -> Iterator[Line]:
    line = Line(server, seed)
    threading.Thread(target=line.serve_forever, daemon=True).start()
    try:
        yield line
    finally:
        line.shutdown()
        line.server_close()


def over(line: Line, path: str, body: bytes, headers: dict[str, str]) -> bytes | None:
    """What comes back; nothing where the line was cut."""
    asking = http.client.HTTPConnection(line.url, timeout=120)
    with suppress(OSError, http.client.HTTPException):
        asking.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = asking.getresponse()
        if answer.status == 200:
            return answer.read()
    return None
