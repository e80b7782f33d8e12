"""What several tests of the phone share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Town
from django.utils import timezone

from linli.cases.models import Case

from .pushing import Service


@pytest.fixture
def case(report: Any, move: Any, town: Town) -> Case:
    """In the hands of the village, just now."""
    made: Case = report().case
    move(made, "accept", "dispatcher")
    move(made, "dispatch", "dispatcher", unit=str(town["village"].pk))
    Case.objects.update(state_since=timezone.now())
    return made


@pytest.fixture
def service(settings: Any, tmp_path: Path) -> Iterator[Any]:
    """A push service and text message gateway on the loopback."""
    kind = type("Here", (Service,), {"got": [], "status": 201, "statuses": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_HTTP = True
    settings.WEBHOOK_PORTS = [server.server_port]
    settings.VAPID_KEY = tmp_path / "vapid.pem"
    settings.OUTGOING = tmp_path / "outgoing"
    kind.folder = settings.OUTGOING  # type: ignore[attr-defined]
    kind.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield kind
    server.shutdown()
    server.server_close()
