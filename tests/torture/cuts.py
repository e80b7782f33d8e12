"""The connection to PostgreSQL is cut at COMMIT: before it, in it, or before its answer. A retry is done once."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.db import DatabaseError, InterfaceError, connections

from linli.cases.actions import CommandError
from linli.kit.ids import uuid7
from torture import checks, world
from torture.cluster import Cluster
from torture.wire import Wire
from torture.writers import advance, open_case, step

# How the wire is cut, and how often the step may stand afterwards.
WAYS = {"before": {0}, "half": {0}, "unheard": {1}, "at once": {0, 1}}
STEPS = 30  # of one case
SETTLES = 60.0  # seconds in which a server has noticed that its client is gone
STANDS = "SELECT count(*) FROM cases_event WHERE case_id = %s AND command_id = %s"
EVERY = (
    "SELECT count(*) FROM cases_event WHERE case_id = %s AND actor_kind <> 'system'"  # of people and programs
)


def run(*, cluster: Cluster, folder: Path, seconds: float, cuts: int, plant: str = "") -> dict[str, Any]:
    """So many cuts, each followed by the same command again, over a whole wire."""
    world.prepare()
    posts, unit = world.cast().posts, str(world.unit("east_works").pk)
    found, wrong = Counter[str](), Counter[str]()
    begin, case, number = time.monotonic(), uuid7(), 0
    with Wire(cluster.port) as wire, psycopg.connect(cluster.url("torture"), autocommit=True) as aside:
        turn_to(str(wire.port))
        while found.total() < cuts and time.monotonic() - begin < seconds:
            way = list(WAYS)[found.total() % len(WAYS)]
            job: Any = open_case
            if number:
                verb, who, data = step(number, unit)
                job = partial(advance, case, verb, posts[who], data)
            look = Look(aside, case, number)
            faults = _cut(wire, way, look, job, uuid7() if number else case, plant)
            wrong.update(faults)
            found[way] += 1
            case, number = (case, number + 1) if number < STEPS and not faults else (uuid7(), 0)
        turn_to(str(cluster.port))
    objections = {name: wrong[name] for name in ("not cut", "half done", "not done once")}
    halves = checks.halves()
    return {
        "seconds": round(time.monotonic() - begin),
        "cuts": dict(found),
        "objections": {**objections, **checks.objections(halves)},
        "examples": checks.examples(halves),
    }


def turn_to(port: str) -> None:
    """From here on this process finds its database at another port."""
    connections.close_all()
    connections["default"].settings_dict["PORT"] = port


def _cut(wire: Wire, way: str, look: Look, job: Any, command: UUID, plant: str) -> list[str]:
    """One cut and one retry; what was wrong with either."""
    wrong = []
    wire.way = way
    try:
        job(command)
        wrong.append("not cut")
    except (DatabaseError, InterfaceError):
        connections.close_all()
    wire.way = ""
    if not look.comes_to(command, WAYS[way]):
        wrong.append("half done")
    try:
        job(uuid7() if plant == "retried_under_another_name" else command)
    except CommandError:  # the step stands already, and is no repetition of it
        return [*wrong, "not done once"]
    if not look.comes_to(command, {1}) or look.steps() != look.number + 1:
        wrong.append("not done once")
    return wrong


class Look:
    """What stands, seen over a connection of its own."""

    def __init__(self, aside: Any, case: UUID, number: int) -> None:
        self.aside, self.case, self.number = aside, case, number

    def comes_to(self, command: UUID, wanted: set[int]) -> bool:
        """Whether the command stands as often as it may, and does not change any more."""
        until = time.monotonic() + SETTLES
        while time.monotonic() < until:
            if self.aside.execute(STANDS, (self.case, command)).fetchone()[0] in wanted:
                return True
            time.sleep(0.01)
        return False

    def steps(self) -> int:
        return int(self.aside.execute(EVERY, (self.case,)).fetchone()[0])
