"""Threads that make the same transition at the same moment: one wins, one event, one delivery. And two sweepers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from conftest import NOW
from django.db import connection, connections

from linli.cases import actions as cases
from linli.cases.actions.errors import CommandError
from linli.cases.models import Case, Clock, Delivery, Event
from linli.cases.tests.crowd import submit
from linli.kit.ids import uuid7
from linli.people.access import Actor
from torture import checks, world
from torture.cluster import Cluster

THREADS = 4
PROGRESS = 25
door: Any = import_module("linli.cases.actions.advance")


def run(*, cluster: Cluster, folder: Path, seconds: float, races: int, plant: str = "") -> dict[str, Any]:
    world.prepare()
    if plant == "races_without_lock":
        _plant()
    begin = time.monotonic()
    track = Track(world.cast().posts, str(world.unit("east_works").pk))
    while time.monotonic() - begin < seconds and track.count < races:
        track.lap(races)
    track.crew.close()
    wrong = _wrong_events(track)
    swept = sweeps()
    found = checks.halves()
    return {
        "seconds": round(time.monotonic() - begin),
        "races": track.count,
        "threads": THREADS,
        "outcomes": dict(track.outcomes),
        "sweeps": swept.pop("sweeps"),
        "objections": {
            "not one winner": track.wrong,
            "events": wrong,
            **swept,
            **checks.objections(found),
        },  # fmt: skip
        "examples": checks.examples(found),
    }


class Track:
    """Cases that are led from step to step, each step raced for by all threads."""

    def __init__(self, posts: dict[str, Actor], unit: str) -> None:
        self.posts, self.unit, self.crew = posts, unit, Crew()
        self.count = self.wrong = 0
        self.outcomes: Counter[str] = Counter()
        self.expected: dict[UUID, int] = {}

    def lap(self, races: int) -> None:
        case = submit(uuid7(), world.unit("grid")).case.pk
        steps: list[tuple[str, str, dict[str, Any]]] = [
            ("accept", "dispatcher", {}),
            ("dispatch", "dispatcher", {"unit": self.unit}),
            ("acknowledge", "handler", {}),
            *[("progress", "handler", {"note": f"第 {n} 次到现场。"}) for n in range(PROGRESS)],
        ]
        for version, step in enumerate(steps, start=1):
            if self.count >= races:
                break
            self._race(case, version if step[0] == "progress" else None, *step)
            self.expected[case] = version + 1

    def _race(self, case: UUID, version: int | None, verb: str, who: str, data: dict[str, Any]) -> None:
        given = {
            "case": case,
            "verb": verb,
            "by": self.posts[who],
            "at": NOW,
            "data": data,
            "version": version,
        }
        said = self.crew.at_once(lambda: _outcome(given))
        self.outcomes.update(said)
        self.count += 1
        self.wrong += said.count("won") != 1


def _outcome(given: dict[str, Any]) -> str:
    try:
        cases.advance(**given, command_id=uuid7())
    except CommandError as error:
        return type(error).__name__
    except Exception as error:
        return f"broken: {type(error).__name__}"
    return "won"


class Crew:
    """Threads that keep their connections and start each job at the same moment."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(THREADS)
        self.barrier = threading.Barrier(THREADS)
        self.at_once(connection.ensure_connection)

    def at_once(self, job: Callable[[], Any]) -> list[Any]:
        def held() -> Any:
            self.barrier.wait()
            return job()

        return [one.result() for one in [self.pool.submit(held) for _one in range(THREADS)]]

    def close(self) -> None:
        self.at_once(connections.close_all)
        self.pool.shutdown()


def _wrong_events(track: Track) -> int:
    """Cases with another number of events than races won, and steps that are owed to somebody twice."""
    counted = Counter(Event.objects.filter(case__in=track.expected).values_list("case_id", flat=True))
    wrong = sum(counted[case] != count for case, count in track.expected.items())
    owed = Counter(Delivery.objects.values_list("case_id", "event_number", "reaction"))
    return wrong + sum(times > 1 for times in owed.values())


def sweeps() -> dict[str, int]:
    """Two sweepers over everything that is due, then clocks set back by ten minutes and a day."""
    late = NOW + timedelta(days=40)
    reported = Clock.objects.filter(fires_at__lte=late).count()
    for at in (late, late, late - timedelta(minutes=10), late - timedelta(days=1), late + timedelta(days=1)):
        _both(at)
    missed = Counter(Event.objects.filter(verb="clock_missed").values_list("case_id", "facts__number"))
    still = Clock.objects.filter(fires_at__lte=late).count()
    return {"sweeps": reported, "missed twice": sum(n > 1 for n in missed.values()), "left unswept": still}


def _both(at: datetime) -> None:
    def sweep() -> None:
        try:
            while cases.fire_due_clocks(at=at, limit=50):
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sweep) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _plant() -> None:
    """The state is read before the row is locked."""
    sound = door.lock

    def lock(case_id: UUID, actor: Actor) -> Case:
        seen = Case.objects.get(pk=case_id).state
        time.sleep(0.02)
        found: Case = sound(case_id, actor)
        found.state = seen
        return found

    door.lock = lock
