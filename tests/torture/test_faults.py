"""Every planted fault is caught, and no guard cries where nothing is wrong.

`FAULT=name pytest tests/torture -k name` shows one guard fail: the fault stands while the guard looks.
"""

from __future__ import annotations

import os

import pytest
from django.db import connection

from torture import pages
from torture.faults import AREAS, Fault, World, every

EVERY = every()
PLANTED = os.environ.get("FAULT", "")


@pytest.fixture
def world(request: pytest.FixtureRequest, db: None) -> World:
    return World(request)


def _skip(fault: Fault) -> None:
    if fault.only and fault.only != connection.vendor:
        pytest.skip(f"planted on {fault.only} only")


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_planted_fault_is_caught(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = EVERY[name]
    _skip(fault)
    world["cast"]
    fault.plant(monkeypatch)
    try:
        fault.guard(world)
    except AssertionError:
        return
    pytest.fail(f"{name} was not caught: {fault.says}")


@pytest.mark.parametrize("name", sorted(EVERY))
def test_no_guard_cries_on_sound_code(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = EVERY[name]
    _skip(fault)
    world["cast"]
    if name == PLANTED:
        fault.plant(monkeypatch)
    fault.guard(world)


def test_there_are_many_and_of_every_area() -> None:
    assert len(EVERY) >= 40
    assert {fault.area for fault in EVERY.values()} == set(AREAS)


def test_the_page_on_trust_lists_them_all() -> None:
    """`make torture-pages` writes it."""
    text = pages.TRUST.read_text(encoding="utf-8")
    assert pages.written(text) == text
