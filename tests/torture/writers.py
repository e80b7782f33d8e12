"""Programs on the server itself while things are killed: one calls the door for change, one takes in old cases."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connections

from linli.cases import actions as cases
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.people.access import Actor
from linli.service_requests import imports
from torture import world

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "src/linli/service_requests/tests/boston311_300.csv.gz"
GIVES_UP = 900.0  # seconds without an answer
SOON = 0.08
STEPS = 40  # that a writer makes in one case
BREATH = 0.05  # seconds between two of them: everything written is checked afterwards, which takes longer
ROWS = 100  # of a file that is taken in
EVENTS = 3  # that a row of it comes to: opened, handed on, closed
Said = TypeVar("Said")


@dataclass
class Told:
    """What one client was told, one line each, written only after the answer was there."""

    path: Path
    early: bool = False  # planted: notes a write as done before it was answered

    def __post_init__(self) -> None:
        self.handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, **said: Any) -> None:
        os.write(self.handle, (json.dumps(said) + "\n").encode())


@dataclass
class Writer:
    """Calls the door for change and notes what came back."""

    told: Told
    stop: Path
    counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        posts, unit = until_done(self.counts, lambda: (world.cast().posts, str(world.unit("east_works").pk)))
        case, number = uuid7(), 0
        while not self.stop.exists():
            command = uuid7() if number else case
            if self.told.early:
                self.told.note(what="write", case=str(case), command=str(command))
            if number:
                verb, who, data = step(number, unit)
                until_done(self.counts, partial(advance, case, verb, posts[who], data, command))
            else:
                until_done(self.counts, partial(open_case, case))
            self.counts["done"] += 1
            if not self.told.early:
                self.told.note(what="write", case=str(case), command=str(command))
            case, number = (case, number + 1) if number < STEPS else (uuid7(), 0)
            time.sleep(BREATH)
        self.told.note(counts=dict(self.counts))


def step(number: int, unit: str) -> tuple[str, str, dict[str, Any]]:
    """The n-th step of a case (from 1): verb, whose, what is said."""
    first = [
        ("accept", "dispatcher", {}),
        ("dispatch", "dispatcher", {"unit": unit}),
        ("acknowledge", "handler", {}),
    ]
    return first[number - 1] if number <= 3 else ("progress", "handler", {"note": f"第 {number} 次进展。"})


def open_case(command: UUID) -> None:
    """A new request; the command is its id."""
    from linli.cases.tests.crowd import submit

    submit(command, world.unit("grid"))


def advance(case: UUID, verb: str, by: Actor, data: dict[str, Any], command: UUID) -> None:
    cases.advance(case=case, verb=verb, by=by, at=clock.now(), command_id=command, data=data)


@dataclass
class Importer:
    """Takes in files of old cases, a short file a batch; interrupted, it takes the same file in again."""

    told: Told
    stop: Path
    pause: float  # seconds between two files
    counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        with gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as file:
            closed = [row for row in csv.DictReader(file) if row["CLOSED_DT"]]
        mapping = imports.read_mapping("boston311")
        path = self.told.path.with_name(f"rows-{self.told.path.name}.csv")
        while not self.stop.exists():
            rows = [row | {"CASE_ENQUIRY_ID": uuid7().hex} for row in random.choices(closed, k=ROWS)]
            _written(path, rows)
            outcome = until_done(
                self.counts,
                lambda: imports.take_in(
                    source=imports.Source(path, mapping), mapping=mapping, at=clock.now()
                ),
            )
            if outcome.new + outcome.known != ROWS:
                raise RuntimeError(f"rows refused: {outcome.rejects[:2]}")
            self.counts["done"] += 1
            self.told.note(what="import", sources=[row["CASE_ENQUIRY_ID"] for row in rows], events=EVENTS)
            time.sleep(self.pause)
        self.told.note(counts=dict(self.counts))


def _written(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def until_done(counts: Counter[str], job: Callable[[], Said]) -> Said:
    """Does it again, under the same id, until it is done; raises what it raised after a quarter of an hour."""
    until, tries = time.monotonic() + GIVES_UP, 0
    while True:
        tries += 1
        try:
            said = job()
        except (DatabaseError, InterfaceError, OSError):
            counts["unanswered"] += 1
            with suppress(Exception):
                connections.close_all()
            if time.monotonic() > until:
                raise
            time.sleep(SOON)
        else:
            counts["retried"] += tries > 1
            return said
