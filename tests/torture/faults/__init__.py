"""Faults with a name, each planted in the running code, each with the guard that must catch it.

A plant replaces one thing of the sound code; a guard looks from outside and raises AssertionError when something is
wrong. Every guard is also run on the sound code, where it must be silent. Nothing in the package itself can be told to
be faulty: all of this stands beside it, in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Cast, Town

AREAS = {
    "change": "one door for change",
    "clocks": "limits and clocks",
    "access": "who may see",
    "record": "the record",
    "files": "photos and backups",
    "charter": "the charter",
    "looking": "who looked, and what is held on people",
    "edges": "exports, search, the web and the network",
}


@dataclass
class World:
    """What a guard may ask for; everything is made when it is first asked for."""

    request: pytest.FixtureRequest

    def __getitem__(self, name: str) -> Any:
        return self.request.getfixturevalue(name)

    @property
    def town(self) -> Town:
        return self["town"]  # type: ignore[no-any-return]

    @property
    def cast(self) -> Cast:
        return self["cast"]  # type: ignore[no-any-return]

    @property
    def tmp_path(self) -> Path:
        return self["tmp_path"]  # type: ignore[no-any-return]

    def report(self, **changes: Any) -> Any:
        """A case somebody reported."""
        return self["report"](**changes).case

    def move(self, case: Any, verb: str, who: Any, **data: Any) -> Any:
        self["cast"]
        return self["move"](case, verb, who, **data)

    def dispatched(self, **changes: Any) -> Any:
        """A case that waits for the works office to acknowledge it."""
        self["cast"]
        case = self.report(**changes)
        self.move(case, "accept", "dispatcher")
        self.move(case, "dispatch", "dispatcher", unit=str(self.town["east_works"].pk))
        return case


Plant = Callable[[pytest.MonkeyPatch], None]
Guard = Callable[[World], None]


@dataclass(frozen=True)
class Fault:
    """`says` is what is broken, `guarded` what must notice, in one line each."""

    name: str
    area: str
    says: str
    guarded: str
    plant: Plant
    guard: Guard
    only: str = field(default="", kw_only=True)  # the one database it can be planted on


FAULTS: dict[str, Fault] = {}


def fault(area: str, says: str, guarded: str, guard: Guard, only: str = "") -> Callable[[Plant], Plant]:
    """Names a plant after its function and puts it into the table."""

    def add(plant: Plant) -> Plant:
        name = plant.__name__
        assert name not in FAULTS
        assert area in AREAS
        FAULTS[name] = Fault(name, area, says, guarded, plant, guard, only=only)
        return plant

    return add


def refused(error: type[Exception] | tuple[type[Exception], ...], job: Callable[[], Any]) -> None:
    """The job must raise this."""
    try:
        job()
    except error:
        return
    except Exception as other:
        raise AssertionError(f"refused for another reason: {type(other).__name__} {other}") from other
    raise AssertionError("was not refused")


def every() -> dict[str, Fault]:
    """All faults, each module asked once."""
    from torture.faults import change, charter, clocks, edges, files, looking, record, seeing  # noqa: F401

    return FAULTS
