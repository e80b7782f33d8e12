"""SIGKILL for web processes, the worker, writers and PostgreSQL, while residents report and officials work."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from torture import checks, crew, world
from torture.cluster import Cluster
from torture.report import SO_FAR
from torture.world import Child
from torture.writers import Importer, Told, Writer

WEB, CLIENTS, WRITERS = 3, 2, 2
LOOKS_AGAIN = 15.0  # seconds between two counts of what was acknowledged


@dataclass
class Goal:
    """When it is enough: so many kills, of the database, and acknowledged writes."""

    kills: int
    database: int
    writes: int
    looked: float = 0.0
    seen: int = 0

    def is_reached(self, done: Counter[str], folder: Path) -> bool:
        if sum(done.values()) < self.kills or done["database"] < self.database:
            return False
        if time.monotonic() - self.looked > LOOKS_AGAIN:
            self.looked, self.seen = time.monotonic(), checks.Acknowledged.read(folder).writes
        return self.seen >= self.writes


def run(
    *, cluster: Cluster, folder: Path, seconds: float, kills: int, database_every: float, plant: str = "",
    database: int = 0, writes: int = 0, importing: float = 2.0, laps: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Kills until all goals are reached or the time is up; then compares what was said with what is there.

    `importing`: seconds between two files of old cases; 0: none is taken in. `laps`: so often everything stands still
    and is compared on the way; what was found by then is kept, should the run be stopped.
    """
    world.prepare()
    done, spent, found = Counter[str](), 0.0, {}
    for lap in range(1, laps + 1):
        goal = Goal(kills * lap // laps, database * lap // laps, writes * lap // laps)
        stage = Stage(cluster, folder, plant)
        stage.open(importing=importing)
        begin = time.monotonic()
        _lap(
            stage,
            goal,
            done,
            begin + seconds / laps,
            max(0.02, min(0.6, seconds / max(kills, 1) / 2)),
            database_every,
        )
        spent += time.monotonic() - begin
        found = {"seconds": round(spent), "kills": dict(done), **verdict(stage.close())}
        (folder / SO_FAR).write_text(json.dumps(found, default=str))
    return found


def _lap(
    stage: Stage, goal: Goal, done: Counter[str], until: float, pace: float, database_every: float
) -> None:
    """`pace`: seconds between two kills, on the average; `database_every`: seconds between two of the database."""
    chance, last = random.Random(done.total()), time.monotonic()
    while time.monotonic() < until and not goal.is_reached(done, stage.folder):
        time.sleep(chance.uniform(0.3, 0.9) * pace)
        if time.monotonic() - last >= database_every:
            done["database"] += stage.kill_database()
            last = time.monotonic()
        else:
            done.update(stage.kill_some(chance))


class Stage:
    """Everybody at work."""

    def __init__(self, cluster: Cluster, folder: Path, plant: str = "") -> None:
        self.cluster, self.folder, self.plant = cluster, folder, plant
        self.stop = folder / "stop"
        self.stop.unlink(missing_ok=True)
        self.listener = crew.listen()
        self.web: list[Child] = []
        self.clients: list[Child] = []
        self.writers: list[Child] = []
        self.worker: Child | None = None

    def open(
        self, writers: int = WRITERS, clients: int = CLIENTS, web: int = WEB, importing: float = 0.0
    ) -> None:
        if self.plant == "synchronous_commit_off":
            _acknowledge_early(self.cluster)
        secrets = {who: world.key_of(world.cast()[who]) for who in ("dispatcher", "handler")}
        unit = "990001101-cj"
        crew.warm()
        self.web = [self._web() for _one in range(web)]
        self.worker = self._work()
        self.writers = [self._write(number) for number in range(writers)]
        port = self.listener.getsockname()[1]
        client = partial(_be_client, port, secrets, unit, self.stop)
        self.clients = [self._start(f"client-{number}", client) for number in range(clients)]
        if importing:  # what takes in a file needs longer than anybody
            self.clients.append(self._start("importer", partial(_be_importer, self.stop, importing), 0))

    def _start(self, name: str, job: Any, nice: int = 3) -> Child:
        told = partial(Told, self.folder / f"told-{name}", self.plant == "acknowledged_before_commit")
        return world.fork(name, partial(job, told), self.folder / "log", nice)

    def _write(self, number: int) -> Child:
        return self._start(f"writer-{number}", partial(_be_writer, self.stop))

    def _web(self) -> Child:
        return world.fork("web", partial(crew.serve, self.listener), self.folder / "log")

    def _work(self) -> Child:
        return world.fork("worker", crew.work, self.folder / "log", nice=8)

    def kill_some(self, chance: random.Random) -> Counter[str]:
        """Some web processes at once, the worker, or a writer; others take their places. Says how many were killed."""
        roll = chance.random()
        if roll < 0.15 and self.worker is not None:
            is_killed, self.worker = self.worker.kill(), self._work()
            return Counter(worker=int(is_killed))
        if roll < 0.25 and self.writers:
            number = chance.randrange(len(self.writers))
            is_killed, self.writers[number] = self.writers[number].kill(), self._write(number)
            return Counter(writer=int(is_killed))
        doomed = chance.randint(1, len(self.web))  # those that have lived longest
        killed = sum([child.kill() for child in self.web[:doomed]])
        self.web = [*self.web[doomed:], *[self._web() for _one in range(doomed)]]
        return Counter(web=killed)

    def kill_database(self) -> int:
        killed = self.cluster.kill()
        self.cluster.start()
        return int(killed)

    def close(self) -> checks.Acknowledged:
        """Lets clients have their last answer, then stops everybody."""
        self.stop.touch()
        codes = [child.wait() for child in [*self.clients, *self.writers]]
        for child in [*self.web, *([self.worker] if self.worker else [])]:
            child.kill()
        self.listener.close()
        found = checks.Acknowledged.read(self.folder)
        found.counts["failed"] += sum(code != 0 for code in codes)
        return found


def _acknowledge_early(cluster: Cluster) -> None:
    """Planted. Said of the database itself, because what the server is started with outranks its files."""
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("ALTER DATABASE torture SET synchronous_commit = off")
        connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        connection.execute("SELECT pg_reload_conf()")


def _be_client(port: int, secrets: dict[str, str], unit: str, stop: Path, told: Any) -> None:
    crew.Client(port, told(), random.Random(), secrets, unit, stop).run()


def _be_writer(stop: Path, told: Any) -> None:
    Writer(told(), stop).run()


def _be_importer(stop: Path, pause: float, told: Any) -> None:
    Importer(told(), stop, pause).run()


def verdict(acknowledged: checks.Acknowledged) -> dict[str, Any]:
    """Figures, and what is objected to."""
    left = checks.settle()
    found = {**checks.compare(acknowledged), "untold": checks.untold(acknowledged), **checks.halves()}
    counts = acknowledged.counts
    return {
        "acknowledged": acknowledged.writes,
        "imported": acknowledged.imported,
        **{name: counts[name] for name in ("retried", "unanswered", "apologies", "refused", "failed")},
        "left to deliver": left,
        "objections": checks.objections(found),
        "examples": checks.examples(found),
    }
