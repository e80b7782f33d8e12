"""Who works while things are killed: web processes, a worker, and clients that remember every answer."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.db import DatabaseError, InterfaceError, connections
from django.test import RequestFactory

from linli.config.wsgi import application
from linli.ops.working import Rounds
from linli.portal.forms import new_command
from torture.writers import GIVES_UP, SOON, Told

ATTEMPT = 5.0  # seconds a client waits for one answer
API = "/api/v1"
TEXT = "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。"  # zh: what somebody reports
# From each state: the noun to post, whose key, and what is said; `...` stands for the unit.
STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "reported": ("acceptances", "dispatcher", {}),
    "accepted": ("dispatches", "dispatcher", {"unit": ...}),
    "dispatched": ("acknowledgements", "handler", {}),
    "acknowledged": ("progress", "handler", {"note": "控制箱进水，已订空气开关。"}),
    "in_progress": ("returns", "handler", {"ground": "duty", "reason": "按职责清单，路灯由县住建局管护。"}),
    "returned": ("reassignments", "dispatcher", {"unit": ..., "reason": "按清单改派。"}),
}


# Servers --------------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Addresses are nobody's business."""


class _Server(WSGIServer):
    def handle_error(self, *_arguments: Any) -> None:
        """A client that hung up."""


def listen() -> socket.socket:
    """A socket that outlives the processes that take connections from it."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", 0))
    found.listen(128)
    return found


def warm() -> None:
    """Loads, in the process all others are forked from, what the first requests would load."""
    for path in ("/report/", "/api/v1/cases", "/nowhere"):
        application(RequestFactory().get(path, headers={"Host": "localhost"}).environ, _unheard)
    connections.close_all()


def _unheard(_status: str, _headers: Any, _error: Any = None) -> Any:
    """Nobody listens to these answers."""


def serve(listener: socket.socket) -> None:
    """The whole application, one request after the other, until somebody kills this process."""
    server = _Server(("127.0.0.1", 0), _Quiet, bind_and_activate=False)
    server.socket = listener
    server.server_name, server.server_port = "localhost", listener.getsockname()[1]
    server.setup_environ()
    server.set_app(application)
    while True:
        server._handle_request_noblock()  # type: ignore[attr-defined]


def work() -> None:
    """The worker's rounds, until somebody kills this process."""
    rounds = Rounds()
    while True:
        with suppress(DatabaseError, InterfaceError):
            if not rounds.run():
                time.sleep(SOON)


# Clients --------------------------------------------------------------------------------------


@dataclass
class Client:
    """Somebody who reports or works over HTTP, and asks again, word for word, until there is an answer."""

    port: int
    told: Told
    chance: random.Random
    secrets: dict[str, str]
    unit: str
    stop: Path
    counts: Counter[str] = field(default_factory=Counter)
    known: dict[str, str] = field(default_factory=dict)  # number of a case: its state
    turn: int = 0

    def run(self) -> None:
        while not self.stop.exists():
            if self.chance.random() < 0.2:
                self.report()
            elif not self.known or self.chance.random() < 0.2:
                self.open()
            else:
                self.move()
        self.told.note(counts=dict(self.counts))

    def report(self) -> None:
        """The last step of the public form."""
        command = new_command()
        fields = {
            "csrfmiddlewaretoken": "k" * 32,
            "step": "contact",
            "go": "send",
            "command": command,
            "request_type": "help",
            "category": "facility.street_lamp",
            "text": f"{TEXT}（{self.chance.randrange(10**6)}）",
            "lon": "114.020000",
            "lat": "31.020000",
            "contact_name": "王先生",  # zh: what somebody types
            "contact_phone": "0712-0000-123",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"linli_csrf={'k' * 32}"}
        status, _said = self.until_answered("POST", "/report/", urlencode(fields).encode(), headers)
        self.tell(status == 303, "report", case=command.split(":")[0])

    def open(self) -> None:
        given: dict[str, Any] = {"text": TEXT, "category": "facility.street_lamp", "place": "990001101201001"}
        status, said = self.write("/requests", "dispatcher", {**given, "request_type": "help"})
        self.tell(status == 201, "open", number=said.get("number"), event=1)
        if status == 201:
            self.known[said["number"]] = "reported"

    def move(self) -> None:
        number = self.chance.choice(list(self.known))
        noun, who, given = STEPS[self.known[number]]
        data = {name: self.unit if value is ... else value for name, value in given.items()}
        status, said = self.write(f"/cases/{number}/{noun}", who, data)
        self.tell(status < 300, noun, number=number, event=said.get("event"))
        state = said.get("state", "")
        if state in STEPS and self.chance.random() > 0.05:
            self.known[number] = state
        else:
            del self.known[number]

    def tell(self, is_done: bool, what: str, **said: Any) -> None:
        self.counts["done" if is_done else "refused"] += 1
        if is_done and not self.told.early:
            self.told.note(what=what, **said)

    def write(self, path: str, who: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.turn += 1
        headers = {
            "Authorization": f"Bearer {self.secrets[who]}",
            "Idempotency-Key": f"{os.getpid()}-{self.turn}",
            "Content-Type": "application/json",
        }
        status, said = self.until_answered("POST", API + path, json.dumps(given).encode(), headers)
        return status, json.loads(said or b"{}")

    def until_answered(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Sends it until somebody answers; an answer of 5xx, or none, says nothing about what was done."""
        until = time.monotonic() + GIVES_UP
        tries = 0
        while True:
            tries += 1
            try:
                status, said = self._send(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                self.counts["unanswered"] += 1
                status = 0
            if status and status < 500 and status != 429:
                self.counts["retried"] += tries > 1
                return status, said
            self.counts["apologies"] += status >= 500
            if time.monotonic() > until:
                raise RuntimeError(f"no answer to {path}")
            time.sleep(SOON)

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ATTEMPT)
        try:
            line.request(method, path, body, {"Host": "localhost", **headers})
            answer = line.getresponse()
            if (
                answer.length is None
            ):  # killed within its headers, which then look complete and without a body
                raise http.client.IncompleteRead(b"")
            return answer.status, answer.read()
        finally:
            line.close()
