"""A long queue over a bad line: 20 kB a second, three of ten requests or answers lost; everything arrives, once.

The line is a model that keeps its own time; the server behind it is the real one. `LINLI_SLOW_COMMANDS` says how many
(60; docs/field.md has the figure of 10,000).
"""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases.models import Event
from linli.field import wire
from linli.field.actions import syncing
from linli.field.models import Sent
from linli.kit.ids import uuid7

from .device import FINAL, Device

COMMANDS = int(os.environ.get("LINLI_SLOW_COMMANDS", "60"))
BYTES_A_SECOND, LOSS, BATCH, ROUND_TRIP = 20_000, 0.3, 10, 0.6
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
pytestmark = pytest.mark.django_db


class Line:
    """What passes it takes its time; some of it is lost on the way there, some of it on the way back."""

    def __init__(self) -> None:
        self.dice, self.seconds, self.bytes, self.requests, self.lost = random.Random(11), 0.0, 0, 0, 0

    def passes(self, size: int) -> bool:
        self.seconds += ROUND_TRIP / 2 + size / BYTES_A_SECOND
        self.bytes += size
        is_lost = self.dice.random() < 1 - (1 - LOSS) ** 0.5  # 30 % of what goes there and back
        self.lost += is_lost
        return not is_lost

    def wait(self, failures: int) -> None:
        self.seconds += min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1)) * (0.5 + self.dice.random() / 2)


def test_a_long_queue_arrives_over_a_bad_line(
    town: Town, cast: Cast, report: Any, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FIELD_KEY = tmp_path / "field.key"
    cases = [report().case.pk for _ in range(max(2, COMMANDS // 200))]
    device = Device.enrol(cast["grid_worker"], NOW)
    for number in range(COMMANDS):
        device.move(
            cases[number % len(cases)], "note", note=f"第{number}次去看，没有变化。", reader="internal"
        )
    line, failures = Line(), 0
    while device.outbox:
        keys = list(device.outbox)[:BATCH]
        batch = [device.outbox[key] for key in keys]
        line.requests += 1
        is_heard = line.passes(sum(len(each.sealed) * 4 // 3 + 90 for each in batch) + 300)
        at = NOW + timedelta(seconds=line.seconds)
        results = syncing.receive(phone=device.phone, envelopes=batch, at=at) if is_heard else []
        if not is_heard or not line.passes(300 * len(results) + 300):
            failures += 1
            line.wait(failures)
            continue
        failures = 0
        for result in results:
            assert result.state in FINAL
            device.outbox.pop(result.id)
    assert Sent.objects.filter(state="received").count() == COMMANDS
    assert Event.objects.filter(case_id__in=cases, verb="note").count() == COMMANDS
    with capsys.disabled():
        if COMMANDS > 1000:
            print(
                f"\n{COMMANDS} commands: {line.seconds / 60:.0f} minutes of the line, {line.requests} requests, "
                f"{line.lost} lost, {line.bytes / 1e6:.1f} MB"
            )


def test_an_id_of_another_form_is_no_command() -> None:
    with pytest.raises(wire.Malformed):
        wire.read(uuid7().__class__(int=5), {"kind": "report"})
