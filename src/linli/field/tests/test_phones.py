"""Three phones and a network that loses, doubles and reorders: nothing lost, nothing twice, whatever the order.

`LINLI_SYNC_STEPS` says how many steps; `make sync` runs 60,000, `make sync PROFILE=long` a million.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import Cast, Town
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .model import FAULTS, PhonesMachine

STEPS = int(os.environ.get("LINLI_SYNC_STEPS", "120"))
EACH = 24  # steps of one example
pytestmark = pytest.mark.django_db


@pytest.fixture
def machine(town: Town, cast: Cast, settings: Any, tmp_path: Path) -> type[PhonesMachine]:
    settings.FIELD_KEY = tmp_path / "field.key"
    return type("Machine", (PhonesMachine,), {"town": town, "cast": cast, "steps": 0, "before": set()})


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


def test_nothing_is_lost_and_nothing_is_twice(machine: type[PhonesMachine]) -> None:
    begun = time.monotonic()
    while machine.steps < STEPS:
        run_state_machine_as_test(
            machine, settings=profile(max(2, min(200, (STEPS - machine.steps) // EACH)))
        )
    print(f"{machine.steps} steps in {time.monotonic() - begun:.0f} s")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_fault_is_caught(machine: type[PhonesMachine], name: str) -> None:
    """Each within some examples: a guard that has never failed proves nothing."""
    begun = time.monotonic()
    with ExitStack() as stack:
        FAULTS[name](stack)
        with pytest.raises(AssertionError):
            run_state_machine_as_test(machine, settings=profile(200, Phase.generate))
    print(f"{name} caught after {machine.steps} steps, {time.monotonic() - begun:.1f} s")
