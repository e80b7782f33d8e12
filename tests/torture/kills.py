"""SIGKILL for web processes, the worker and PostgreSQL, while residents report and officials work."""

from __future__ import annotations

import random
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from torture import checks, crew, world
from torture.cluster import Cluster
from torture.world import Child

WEB, CLIENTS, WRITERS = 3, 3, 1


def run(
    *, cluster: Cluster, folder: Path, seconds: float, kills: int, database_every: float, plant: str = ""
) -> dict[str, Any]:
    """Kills until there were so many or the time is up; then compares what was said with what is there."""
    world.prepare()
    stage = Stage(cluster, folder, plant)
    stage.open()
    done = Counter[str]()
    chance = random.Random(20261129)
    begin, last = time.monotonic(), time.monotonic()
    pace = max(0.02, min(0.6, seconds / max(kills, 1)))
    while time.monotonic() - begin < seconds and sum(done.values()) < kills:
        time.sleep(chance.uniform(0.3, 1.0) * pace)
        if time.monotonic() - last >= database_every:
            done["database"] += stage.kill_database()
            last = time.monotonic()
        else:
            done[stage.kill_one(chance)] += 1
    spent = time.monotonic() - begin
    acknowledged = stage.close()
    del done["none"]
    return {"seconds": round(spent), "kills": dict(done), **verdict(acknowledged)}


class Stage:
    """Everybody at work."""

    def __init__(self, cluster: Cluster, folder: Path, plant: str = "") -> None:
        self.cluster, self.folder, self.plant = cluster, folder, plant
        self.stop = folder / "stop"
        self.listener = crew.listen()
        self.web: list[Child] = []
        self.clients: list[Child] = []
        self.worker: Child | None = None
        self.turn = 0

    def open(self, writers: int = WRITERS, clients: int = CLIENTS, web: int = WEB) -> None:
        if self.plant == "synchronous_commit_off":
            with psycopg.connect(self.cluster.url(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET synchronous_commit = off")
                connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
                connection.execute("SELECT pg_reload_conf()")
        secrets = {who: world.key_of(world.cast()[who]) for who in ("dispatcher", "handler")}
        unit = "990001101-cj"
        self.web = [self._web() for _one in range(web)]
        self.worker = self._work()
        port = self.listener.getsockname()[1]
        early = self.plant == "acknowledged_before_commit"
        for number in range(clients + writers):
            told = partial(crew.Told, self.folder / f"told-{number}", early)
            job = partial(_be_client, told, port, secrets, unit, self.stop) if number < clients else None
            job = job or partial(_be_writer, told, self.stop)
            self.clients.append(world.fork(f"client {number}", job, self.folder / "log"))

    def _web(self) -> Child:
        return world.fork("web", partial(crew.serve, self.listener), self.folder / "log")

    def _work(self) -> Child:
        return world.fork("worker", crew.work, self.folder / "log")

    def kill_one(self, chance: random.Random) -> str:
        """One web process, or the worker; another takes its place at once. Says which was killed."""
        if chance.random() < 0.2 and self.worker is not None:
            killed, self.worker = self.worker.kill(), self._work()
            return "worker" if killed else "none"
        self.turn += 1
        place = self.turn % len(self.web)  # the one that has lived longest
        killed, self.web[place] = self.web[place].kill(), self._web()
        return "web" if killed else "none"

    def kill_database(self) -> int:
        killed = self.cluster.kill()
        self.cluster.start()
        return int(killed)

    def close(self) -> checks.Acknowledged:
        """Lets clients have their last answer, then stops everybody."""
        self.stop.touch()
        codes = [client.wait() for client in self.clients]
        for child in [*self.web, *([self.worker] if self.worker else [])]:
            child.kill()
        self.listener.close()
        found = checks.Acknowledged.read(self.folder)
        found.counts["failed"] += sum(code != 0 for code in codes)
        return found


def _be_client(told: Any, port: int, secrets: dict[str, str], unit: str, stop: Path) -> None:
    crew.Client(port, told(), random.Random(), secrets, unit, stop).run()


def _be_writer(told: Any, stop: Path) -> None:
    crew.Writer(told(), random.Random(), stop).run()


def verdict(acknowledged: checks.Acknowledged) -> dict[str, Any]:
    """Figures, and what is objected to."""
    left = checks.settle()
    found = {**checks.compare(acknowledged), "untold": checks.untold(acknowledged), **checks.halves()}
    counts = acknowledged.counts
    return {
        "acknowledged": len(acknowledged.told),
        **{name: counts[name] for name in ("retried", "unanswered", "apologies", "refused", "failed")},
        "left to deliver": left,
        "objections": checks.objections(found),
        "examples": checks.examples(found),
    }
