"""Three phones and a network that loses, doubles and reorders: nothing lost, nothing twice, whatever the order.

`LINLI_SYNC_STEPS` says how many steps; `make sync` runs 60,000, `make sync PROFILE=long` a million and, as
`LINLI_SYNC_HTTP_STEPS` says, 10,000 more in which every batch goes through a web server.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from linli.field.actions import Envelope, Result
from linli.kit import clock
from linli.people.access import Actor

from .device import Device
from .model import FAULTS, PhonesMachine

STEPS = int(os.environ.get("LINLI_SYNC_STEPS", "120"))
HTTP_STEPS = int(os.environ.get("LINLI_SYNC_HTTP_STEPS", "48"))
EACH = 24  # steps of one example
CLOSE = {"Connection": "close", "Content-Type": "application/json"}


@dataclass
class WiredDevice(Device):
    """A phone that sends over HTTP, and tells the server's clock what time the machine has."""

    host: str = ""
    clock: dict[str, datetime] = field(default_factory=dict)

    def deliver(self, batch: list[Envelope], at: datetime) -> list[Result]:
        self.clock["now"] = at
        commands = [self.as_json(envelope.id) for envelope in batch]
        asking = http.client.HTTPConnection(self.host, timeout=60)
        headers = {**CLOSE, "Authorization": self.authorization}
        asking.request("POST", "/field/batches", json.dumps({"commands": commands}), headers)
        answer = asking.getresponse()
        assert answer.status == 200, answer.read()
        results = json.loads(answer.read())["results"]
        asking.close()
        return [Result(UUID(each.pop("id")), each.pop("state"), each) for each in results]


class WiredMachine(PhonesMachine):
    """The same over HTTP: what is written stays, as the server has to see it."""

    host: str
    clock: dict[str, datetime]

    def begin(self) -> None:
        return None

    def phone(self, by: Actor) -> Device:
        made = Device.enrol(by, self.at)
        return WiredDevice(made.phone, made.token, made.seal_for, host=self.host, clock=self.clock)


@pytest.fixture
def machine(town: Town, cast: Cast, settings: Any, tmp_path: Path) -> type[PhonesMachine]:
    settings.FIELD_KEY = tmp_path / "field.key"
    return type("Machine", (PhonesMachine,), {"town": town, "cast": cast, "steps": 0})


def profile(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=EACH,
        deadline=None,
        report_multiple_bugs=False,
        database=None,
        derandomize="LINLI_SYNC_STEPS" not in os.environ,
        phases=phases or (Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def walk(machine: type[PhonesMachine], steps: int) -> None:
    """So many steps, or a few more, in examples of their own."""
    begun, said = time.monotonic(), 0
    while machine.steps < steps:
        run_state_machine_as_test(
            machine, settings=profile(max(2, min(200, (steps - machine.steps) // EACH)))
        )
        if machine.steps - said >= 1_000:
            said = machine.steps
            print(f"{said} steps, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{machine.steps} steps in {time.monotonic() - begun:.0f} s")


@pytest.mark.django_db
def test_nothing_is_lost_and_nothing_is_twice(machine: type[PhonesMachine]) -> None:
    walk(machine, STEPS)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_nothing_is_twice_over_http(
    machine: type[PhonesMachine], live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"host": live_server.url.removeprefix("http://"), "clock": {"now": NOW}, "steps": 0}
    wired = type("Wired", (WiredMachine,), {"town": machine.town, "cast": machine.cast, **own})
    monkeypatch.setattr(clock, "now", lambda: own["clock"]["now"])
    walk(wired, HTTP_STEPS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_fault_is_caught(machine: type[PhonesMachine], name: str) -> None:
    """Each within some examples: a guard that has never failed proves nothing."""
    begun = time.monotonic()
    with ExitStack() as stack:
        FAULTS[name](stack)
        with pytest.raises(AssertionError):
            run_state_machine_as_test(machine, settings=profile(200, Phase.generate))
    print(f"{name} caught after {machine.steps} steps, {time.monotonic() - begun:.1f} s")
