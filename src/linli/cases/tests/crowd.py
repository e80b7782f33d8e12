"""Many processes at one database, some of them killed: run apart from pytest, on a database of its own.

`DATABASE_URL=… python -m linli.cases.tests.crowd prepare | race | moves | kill | worker` prints what it found as JSON.
Every process is forked from this one, which holds no connection while it forks.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import django

django.setup()

from conftest import NOW, Cast, build_cast, build_town  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from linli.cases import actions as cases  # noqa: E402
from linli.cases.actions import deliveries, integrity, places  # noqa: E402
from linli.cases.models import Case, CaseNumber, CaseText, Clock, Delivery, Event, Task, TrackingCode  # noqa: E402
from linli.kit.ids import uuid7  # noqa: E402
from linli.notify.models import Message  # noqa: E402
from linli.orgs import actions as orgs  # noqa: E402
from linli.orgs.models import Organisation  # noqa: E402
from linli.people.access import Actor  # noqa: E402
from linli.people.models import Grant, Person  # noqa: E402
from linli.service_requests import actions as service_requests  # noqa: E402
from linli.service_requests.models import Request  # noqa: E402

KILLS = int(os.environ.get("KILLS", "30"))
CLIENTS = 8
STREET_LAMP = "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。"


# Processes ------------------------------------------------------------------------------------


def spawn(job: Callable[[], Any]) -> tuple[int, int]:
    """A process that does the job and writes what came of it; its id and where to read."""
    connections.close_all()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        try:
            said = job()
        except Exception as error:
            said = type(error).__name__
        os.write(writing, json.dumps(said, default=str).encode())
    finally:
        os._exit(0)


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job came to, all started at the same moment."""
    waiting, start = os.pipe()
    children = [_held(job, waiting, start) for job in jobs]
    os.close(waiting)
    time.sleep(0.05)
    os.close(start)
    return [_result(pid, reading) for pid, reading in children]


def _held(job: Callable[[], Any], waiting: int, start: int) -> tuple[int, int]:
    def held() -> Any:
        os.close(start)
        connections["default"].ensure_connection()
        os.read(waiting, 1)
        return job()

    return spawn(held)


def _result(pid: int, reading: int) -> Any:
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said) if said else "killed"


# The town -------------------------------------------------------------------------------------


def prepare() -> None:
    call_command("migrate", verbosity=0)
    fill()


def fill() -> None:
    if not Organisation.objects.exists():
        build_cast(build_town())


def unit(name: str) -> Organisation:
    from conftest import UNITS

    codes = {row[0]: row[2] for row in UNITS}
    return Organisation.objects.get(code=codes[name])


def cast() -> Cast:
    grants = Grant.objects.select_related("person", "organisation")
    return Cast({grant.person.username: Actor.from_grant(grant) for grant in grants})


def submit(command: UUID, place: Organisation, text: str = STREET_LAMP) -> service_requests.Receipt:
    submission = service_requests.Submission(
        text=text, category="facility.street_lamp", request_type="help", channel="portal", place=place
    )
    return service_requests.submit(
        submission=submission, by=Actor.reporter(command), at=NOW, command_id=command
    )


# Races ----------------------------------------------------------------------------------------


def race(rounds: int = 2) -> dict[str, Any]:
    """Several clients do the same thing at the same moment, again and again."""
    fill()
    by, grid, late = cast()["dispatcher"], unit("grid"), NOW + timedelta(days=30)
    found: dict[str, list[Any]] = defaultdict(list)
    for _round in range(rounds):
        found["transition"].append(together(*_accepting(submit(uuid7(), grid).case.pk, by)))
        found["retry"].append(together(*_accepting(submit(uuid7(), grid).case.pk, by, uuid7())))
        found["opening"].append(together(*[partial(_code_of, uuid7(), grid)] * CLIENTS))
        found["sweep"].append(together(*[partial(cases.fire_due_clocks, at=late)] * 2))
        found["deliveries"].append(together(*[partial(cases.run_due, at=late)] * 3))
        found["merges"].append(_race_a_merge(by))
    once = {
        "commands": Event.objects.values_list("case_id", "command_id"),
        "misses": Event.objects.filter(verb="clock_missed").values_list("case_id", "facts__number"),
        "messages": Message.objects.values_list("case_id", "source", "event_number", "person_id"),
    }
    return {**found, "most": {name: _most(keys) for name, keys in once.items()}, **whole()}


def _most(keys: Iterable[Any]) -> int:
    """How often the commonest stands there."""
    return max(Counter(keys).values(), default=0)


def _accepting(case: UUID, by: Actor, command: UUID | None = None) -> list[Callable[[], int]]:
    """Clients that accept a case they all saw as it was opened, or one and the same command sent by all."""

    def accept() -> int:
        own, seen = command or uuid7(), None if command else 1
        return cases.advance(case=case, verb="accept", by=by, at=NOW, command_id=own, version=seen).number

    return [accept] * CLIENTS


def _code_of(command: UUID, place: Organisation) -> str:
    return submit(command, place).code


def moves(rounds: int = 2) -> dict[str, Any]:
    """A village changes its township while residents report there: copies of its path stay true."""
    fill()
    return {"moves": [_race_a_move() for _round in range(rounds)], **whole()}


def _race_a_move() -> list[str]:
    village, homes = unit("village"), [unit("east"), unit("west")]
    to = next(home for home in homes if home.pk != village.parent_id)
    grid = unit("grid2")

    def move() -> str:
        orgs.move(organisation=village, to=to, by=None, at=NOW)
        return "moved"

    said = together(move, *[lambda: submit(uuid7(), grid).case.place_path] * 4)
    return sorted({str(each) for each in said if "/" not in str(each)})


def _race_a_merge(by: Actor) -> list[Any]:
    """Two cases are merged into one another at the same moment: one way at most."""
    first, second = (submit(uuid7(), unit("grid")).case for _one in range(2))

    def merge(member: Case, head: Case) -> str:
        given = {"head": head.number}
        cases.advance(case=member.pk, verb="merge", by=by, at=NOW, command_id=uuid7(), data=given)
        return "merged"

    return together(lambda: merge(first, second), lambda: merge(second, first))


# Kills ----------------------------------------------------------------------------------------


def kill() -> dict[str, Any]:
    """A writer killed again and again at any moment; what it was told is done must be there, whole."""
    fill()
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    acked = Path(os.environ["ACKED"])
    acked.touch()
    spent = time.monotonic()
    for turn in range(KILLS):
        known = acked.stat().st_size
        pid, reading = spawn(partial(_write_on, acked, random.Random(seed + turn)))
        _wait_for_more(acked, known)
        time.sleep(chance.uniform(0, 0.5))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
    lines = [line.split() for line in acked.read_text().splitlines()]
    lost = [
        line
        for line in lines
        if not Event.objects.filter(case_id=UUID(line[0]), command_id=UUID(line[1])).exists()
    ]
    return {"seed": seed, "acked": len(lines), "lost": lost, "seconds": time.monotonic() - spent, **whole()}


def _wait_for_more(acked: Path, known: int) -> None:
    """A slow machine would kill its writers before they write."""
    until = time.monotonic() + 60
    while acked.stat().st_size == known:
        assert time.monotonic() < until, "nobody writes"
        time.sleep(0.005)


STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "reported": ("accept", "dispatcher", {}),
    "accepted": ("dispatch", "dispatcher", {"unit": ...}),
    "dispatched": ("acknowledge", "handler", {}),
    "acknowledged": ("progress", "handler", {"note": "控制箱进水，已订空气开关。"}),
    "in_progress": ("return", "handler", {"ground": "duty", "reason": "按职责清单，路灯由县住建局管护。"}),
    "returned": ("reassign", "dispatcher", {"unit": ..., "reason": "按清单改派。"}),
}


def _write_on(acked: Path, chance: random.Random) -> None:
    posts, grid, works = cast(), unit("grid"), str(unit("east_works").pk)
    log = os.open(acked, os.O_WRONLY | os.O_APPEND)
    while True:
        command = uuid7()
        if os.environ.get("FAULT") == "acks_early":
            os.write(log, f"{command} {command}\n".encode())
        known = list(Case.objects.filter(state__in=STEPS).order_by("-id").values_list("pk", "state")[:20])
        if not known or chance.random() < 0.4:
            case = submit(command, grid).case.pk
        else:
            case, state = chance.choice(known)
            verb, who, given = STEPS[state]
            data = {name: works if value is ... else value for name, value in given.items()}
            cases.advance(case=case, verb=verb, by=posts[who], at=NOW, command_id=command, data=data)
        if os.environ.get("FAULT") != "acks_early":
            os.write(log, f"{case} {command}\n".encode())
        if chance.random() < 0.2:
            cases.run_due(at=NOW, limit=5)


def whole() -> dict[str, Any]:
    """What is half-written, if anything: every list should be empty."""
    all_cases = {case.pk: case for case in Case.objects.select_related("place", "holder")}
    events = list(Event.objects.all())
    owed = {
        (event.case_id, event.number, name)
        for event in events
        for name, reaction in deliveries.reactions().items()
        if reaction.wants(event, all_cases[event.case_id].procedure.move_of(event.kind))
    }
    queued = set(Delivery.objects.values_list("case_id", "event_number", "reaction"))
    last = {event.case_id: event for event in sorted(events, key=lambda event: event.number)}
    parts: dict[str, set[Any]] = {
        "number": set(CaseNumber.objects.values_list("case_id", flat=True)),
        "words": set(CaseText.objects.values_list("case_id", flat=True)),
        "request": set(Request.objects.values_list("case_id", flat=True)),
        "code": set(TrackingCode.objects.values_list("case_id", flat=True)),
        "clock": set(Clock.objects.filter(name="total").values_list("case_id", flat=True)),
    }
    desks = set(Task.objects.filter(is_stage=True).values_list("case_id", flat=True))
    return {
        "cases": len(all_cases),
        "problems": [str(problem) for case_id in all_cases for problem in integrity.verify(case_id)],
        "missing": [f"{pk} {name}" for name, having in parts.items() for pk in set(all_cases) ^ having],
        "undelivered": [str(each) for each in owed ^ queued],
        "states": [str(pk) for pk, case in all_cases.items() if last[pk].state != case.state],
        "desks": [
            str(pk)
            for pk, case in all_cases.items()
            if (case.is_open and case.state != "merged") != (pk in desks)
        ],
        "paths": [
            str(pk)
            for pk, case in all_cases.items()
            if case.place_path != (case.place.path if case.place else "")
            or case.holder_path != (case.holder.path if case.holder else "")
        ],
    }


# Planted faults: a harness that never failed proves nothing -------------------------------------


def plant(fault: str) -> None:
    """Breaks something on purpose. `acks_early` is planted in the writer itself."""
    if fault == "stale_place":
        places.as_it_stands = _as_it_was


def _as_it_was(unit: Organisation) -> Organisation:
    """The place as the form had read it, handed on once somebody has moved it since."""
    for _again in range(400):
        if not Organisation.objects.filter(path=unit.path).exists():
            break
        time.sleep(0.05)
    return unit


# The worker -----------------------------------------------------------------------------------


def worker() -> dict[str, Any]:
    """A worker killed after the work of a delivery and before it is noted as done."""
    fill()
    command = uuid7()
    case = submit(command, unit("grid")).case.pk
    cases.advance(case=case, verb="accept", by=cast()["dispatcher"], at=NOW, command_id=uuid7())
    told = deliveries.reactions()["notify.tell"]

    def die(event: Event, at: Any) -> None:
        told.run(event, at)
        os.kill(os.getpid(), signal.SIGKILL)

    def doomed() -> int:
        deliveries.reactions()["notify.tell"] = deliveries.Reaction("notify.tell", told.wants, die)
        return cases.run_due(at=NOW)

    first = together(doomed)
    between = Message.objects.count()
    soon = together(lambda: cases.run_due(at=NOW + timedelta(seconds=30)))
    later = together(*[lambda: cases.run_due(at=NOW + timedelta(minutes=2))] * 2)
    return {
        "first": first,
        "between": between,
        "soon": soon,
        "later": later,
        "messages": Counter(
            str(key) for key in Message.objects.values_list("source", "event_number", "person_id")
        ),
        "left": Delivery.objects.filter(done_at=None).count(),
        "people": Person.objects.count(),
    }


if __name__ == "__main__":
    jobs: dict[str, Callable[[], Any]] = {
        "prepare": prepare,
        "race": race,
        "moves": moves,
        "kill": kill,
        "worker": worker,
    }
    plant(os.environ.get("FAULT", ""))
    print(json.dumps(jobs[sys.argv[1]](), default=str))
