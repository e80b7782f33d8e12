"""The web server as `linli serve` runs it, and cookies for those who visit it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError
from django.http import HttpResponse
from django.test import Client as Visitor
from django.utils.translation import gettext as _

from linli.ops.bench.cluster import free_port
from linli.ops.bench.load import Client, get
from linli.people.models import Person
from linli.portal.views.tickets import give_track

STARTS_WITHIN = 180.0


@dataclass
class Web:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def memory(self) -> dict[str, float]:
        """Megabytes: of the process that answers (the largest), and of all together, shared pages counted once."""
        rss, pss = [], 0.0
        for pid in [self.process.pid, *_children(self.process.pid)]:
            rollup = Path(f"/proc/{pid}/smaps_rollup")
            values = dict(line.split(":") for line in rollup.read_text().splitlines()[1:] if ":" in line)
            rss.append(int(values["Rss"].split()[0]) / 1024)
            pss += int(values["Pss"].split()[0]) / 1024
        return {"web_mb": round(max(rss), 1), "all_mb": round(pss, 1)}


@contextmanager
def serving() -> Iterator[Web]:
    """`linli serve` on the database of this process."""
    port = free_port()
    command = [sys.executable, "-m", "linli.ops", "serve", "--port", str(port)]
    environment = {**os.environ, "LINLI_SECRET_KEY": settings.SECRET_KEY}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(process, port)
        yield Web(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            Client(port).send(get("/"))
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise CommandError(_("网页服务没有启动。"))


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def visitor(person: Person) -> Visitor:
    """Somebody signed in."""
    client = Visitor()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def follower(case_id: UUID) -> Visitor:
    """Somebody who has typed the tracking code of a case."""
    client, response = Visitor(), HttpResponse()
    give_track(response, case_id)
    for name, morsel in response.cookies.items():
        client.cookies[name] = morsel.value
    return client


def cookies_of(client: Visitor) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
