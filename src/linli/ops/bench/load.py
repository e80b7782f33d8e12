"""Clients that do nothing but send prepared requests and wait: plain sockets, kept open, one thread each."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

HEAD_END = b"\r\n\r\n"


@dataclass
class Result:
    """What came back: seconds of each request, in order, and how many were not answered as expected."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of requests was answered."""
        if not self.times:
            return 0.0
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Client:
    """One browser: a connection that stays open."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer."""
        self.socket.sendall(request)
        data = b""
        while HEAD_END not in data:
            data += self._more()
        head, body = data.split(HEAD_END, 1)
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            while not body.endswith(b"0" + HEAD_END):
                body += self._more()
        elif b"content-length:" in lowered:
            length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += self._more()
        return int(head[9:12]), head, body

    def _more(self) -> bytes:
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server hung up")
        return data


def get(path: str, cookies: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n".encode()


def post(path: str, body: str, cookies: str) -> bytes:
    data = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def run(
    port: int, clients: int, seconds: float, requests: Callable[[int], Iterator[bytes]], expected: int
) -> Result:
    """Every client sends its requests one after the other for so many seconds."""
    result = Result()
    lock = threading.Lock()
    begin = time.perf_counter()

    def work(number: int) -> None:
        client, times, failures = Client(port), [], 0
        for request in requests(number):
            sent = time.perf_counter()
            if sent - begin >= seconds:
                break
            status, _head, _body = client.send(request)
            times.append(time.perf_counter() - sent)
            failures += status != expected
        with lock:
            result.times += times
            result.failures += failures

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - begin
    return result


def again(port: int, request: bytes, times: int, expected: int) -> Result:
    """One client sends the same so many times, after three to warm up. Raises CommandError for another answer."""

    def requests(number: int, most: int = times) -> Iterator[bytes]:
        return islice(repeat(request), most)

    run(port, 1, 60, lambda number: requests(number, 3), expected)
    result = run(port, 1, 600, requests, expected)
    if result.failures:
        raise CommandError(_("有 %(n)d 次没有收下，测量无效。") % {"n": result.failures})
    return result
