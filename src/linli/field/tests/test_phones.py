"""Three phones and a network that loses, doubles and reorders: nothing lost, nothing twice, whatever the order.

`LINLI_SYNC_STEPS` says how many steps, 60,000 unless told otherwise, in parts that draw from seeds of their own, so
that processes share them; `LINLI_SYNC_SEED` draws others. `make sync PROFILE=long` takes a million and, as
`LINLI_SYNC_HTTP_STEPS` says, 10,000 more in which every batch goes through a web server.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, build_cast, build_town
from django.test import TestCase
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from linli.cases.actions import desks
from linli.field.actions import Envelope, Result
from linli.kit import clock
from linli.orgs.lookup import memory
from linli.people.access import Actor
from linli.service_requests.actions import routing

from .device import Device, travelling
from .model import PhonesMachine, Start
from .planted import FAULTS

STEPS = int(os.environ.get("LINLI_SYNC_STEPS", "60000"))
HTTP_STEPS = int(os.environ.get("LINLI_SYNC_HTTP_STEPS", "72"))
SEED = int(os.environ.get("LINLI_SYNC_SEED", "0"))
PARTS = 20  # so that the last process to end does not keep the others waiting
EACH = 50  # steps of one example
ROUND = 100  # examples of one seed
RULES = set("report work verify look revoke time office arrive piecemeal hole straggler".split())
CLOSE = {"Connection": "close", "Content-Type": "application/json"}


@dataclass
class WiredDevice(Device):
    """A phone that sends over HTTP, and tells the server's clock what time the machine has."""

    host: str = ""
    clock: dict[str, datetime] = field(default_factory=dict)

    def deliver(self, batch: list[Envelope], at: datetime) -> list[Result]:
        self.clock["now"] = at
        commands = [travelling(envelope) for envelope in batch]
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

    def begin(self) -> Start:
        return self.start()

    def phone(self, by: Actor) -> Device:
        made = Device.enrol(by, self.at)
        return WiredDevice(made.phone, made.token, made.seal_for, host=self.host, clock=self.clock)


@pytest.fixture
def machine(
    db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[PhonesMachine]]:
    """A machine in a town that stands: what the server keeps of places and lists, it keeps as in operation."""
    settings.FIELD_KEY = tmp_path / "field.key"
    with TestCase.captureOnCommitCallbacks(execute=True):
        town = build_town()
        cast = build_cast(town)
        for kept in (memory.units, routing.LISTS, desks.STAFF):
            kept.forget()
    monkeypatch.setattr(memory, "keep_seconds", 1.0)
    gc.collect()
    gc.freeze()  # what was loaded before stays, and need not be looked through again and again
    yield type("Machine", (PhonesMachine,), {"town": town, "cast": cast, "taken": Counter()})
    gc.unfreeze()


def profile(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=EACH,
        deadline=None,
        report_multiple_bugs=False,
        database=None,
        derandomize=False,  # or the seed would count for nothing
        phases=phases or (Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def walk(machine: type[PhonesMachine], steps: int, part: int = 0) -> None:
    """So many steps, or a few more; each round draws from a seed of its own, so that none repeats another."""
    begun, said, rounds, taken = (time.monotonic(), time.process_time()), 0, 0, machine.taken
    while taken.total() < steps:
        seed(((SEED * PARTS) + part) * 1_000_000 + rounds)(machine)
        examples = max(2, min(ROUND, (steps - taken.total()) // EACH))
        run_state_machine_as_test(machine, settings=profile(examples))
        rounds += 1
        if taken.total() - said >= 1_000 or taken.total() >= steps:
            said = taken.total()
            spent = (
                f"{time.monotonic() - begun[0]:.0f} s, {time.process_time() - begun[1]:.1f} of a processor"
            )
            print(f"part {part}: {said} of {steps} steps in {spent}", file=sys.stderr, flush=True)
    print(f"part {part}: {dict(sorted(taken.items()))}", file=sys.stderr, flush=True)


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_and_nothing_is_twice(machine: type[PhonesMachine], part: int) -> None:
    steps = -(-STEPS // PARTS)
    walk(machine, steps, part)
    assert set(machine.taken) == RULES or steps < 2_000  # few examples may leave one out


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_nothing_is_twice_over_http(
    machine: type[PhonesMachine], live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"host": live_server.url.removeprefix("http://"), "clock": {"now": NOW}, "taken": Counter()}
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
        seed(SEED)(machine)
        with pytest.raises(AssertionError):
            run_state_machine_as_test(machine, settings=profile(200, Phase.generate))
    print(f"{name} caught after {machine.taken.total()} steps, {time.monotonic() - begun:.1f} s")
