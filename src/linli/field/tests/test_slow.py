"""A long queue over a bad line: 20 kB a second, three of ten exchanges cut off; everything arrives, once.

The line is a proxy on the loopback that runs in real time, the server the real one. `LINLI_SLOW_COMMANDS` says how many
commands (40; docs/field.md has the figure of 10,000).
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import Cast, Town

from linli.cases.models import Event
from linli.field import wire
from linli.field.models import Sent
from linli.kit import clock
from linli.kit.ids import uuid7

from .device import FINAL, Device
from .line import Line, line_to, over

COMMANDS = int(os.environ.get("LINLI_SLOW_COMMANDS", "40"))
BATCH = 10
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0  # as in frontend/field/outbox.ts
HURRY = 1.0 if COMMANDS > 100 else 0.05  # a few are not worth waiting for as long
PROGRESS = 500


@pytest.mark.django_db(transaction=True)
def test_a_long_queue_arrives_over_a_bad_line(
    town: Town, cast: Cast, report: Any, live_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.FIELD_KEY = tmp_path / "field.key"
    at, begun = clock.now(), time.monotonic()
    cases = [report(at=at).case.pk for _ in range(max(2, COMMANDS // 200))]
    device = Device.enrol(cast["grid_worker"], at)
    for number in range(COMMANDS):
        words = f"第{number}次去看，没有变化。"
        device.move(cases[number % len(cases)], "note", note=words, reader="internal")
    with line_to(live_server.url.removeprefix("http://")) as line:
        send_all(device, line)
    assert Sent.objects.filter(state="received").count() == COMMANDS
    assert Event.objects.filter(case_id__in=cases, verb="note").count() == COMMANDS
    assert line.lost > 0
    print(
        f"{COMMANDS} commands in {(time.monotonic() - begun) / 60:.1f} minutes: {line.requests} requests, "
        f"{line.lost} cut off, {line.bytes / 1e6:.2f} MB"
    )


def send_all(device: Device, line: Line) -> None:
    """As the phone does it: ten at a time, and again after a while until each is answered."""
    failures, dice = 0, random.Random(7)
    while device.outbox:
        commands = [device.as_json(key) for key in list(device.outbox)[:BATCH]]
        body = json.dumps({"commands": commands}).encode()
        answer = over(line, "/field/batches", body, {"Authorization": device.authorization})
        if answer is None:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**failures) * (0.5 + dice.random() / 2)
            failures += 1
            time.sleep(wait * HURRY)
            continue
        failures = 0
        for result in json.loads(answer)["results"]:
            assert result["state"] in FINAL
            device.outbox.pop(UUID(result["id"]))
        if len(device.outbox) % PROGRESS == 0:
            print(f"{len(device.outbox)} left", flush=True)


def test_an_id_of_another_form_is_no_command() -> None:
    with pytest.raises(wire.Malformed):
        wire.read(uuid7().__class__(int=5), {"kind": "report"})
