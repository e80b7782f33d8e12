"""What must be true afterwards, however it was killed. Every list of objections should be empty."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from linli.cases import actions as cases
from linli.cases.actions import deliveries, integrity
from linli.cases.models import Case, CaseNumber, CaseText, Clock, Delivery, Event, Task, TrackingCode
from linli.kit import clock
from linli.ledger.models import Leaf
from linli.ops.working import Rounds
from linli.service_requests.models import Request

DERIVED_AGAIN = 5_000  # clocks derived again from their events, at most
SHOWN = 5
SOURCE = "source_id"  # what the first event of an imported case names


@dataclass
class Acknowledged:
    """Everything clients were told is done."""

    told: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def writes(self) -> int:
        """Steps of cases that somebody was told are done; a row that was taken in has several."""
        return len(self.told) + self.imported - sum("sources" in said for said in self.told)

    @property
    def imported(self) -> int:
        return sum(len(said["sources"]) * said["events"] for said in self.told if "sources" in said)

    @classmethod
    def read(cls, folder: Path) -> Acknowledged:
        found = cls()
        for path in sorted(folder.glob("told-*")):
            for line in path.read_text().split("\n")[:-1]:  # one being written is not told yet
                said = json.loads(line)
                if "counts" in said:
                    found.counts.update(said["counts"])
                else:
                    found.told.append(said)
        return found


def compare(acknowledged: Acknowledged) -> dict[str, list[str]]:
    """What was acknowledged and is not there, and what was done more than once."""
    numbers = dict(Case.objects.values_list("number", "pk"))
    events = {(case, number) for case, number in Event.objects.values_list("case_id", "number")}
    commands = set(Event.objects.exclude(command_id=None).values_list("case_id", "command_id"))
    lost, named = _rows_lost(acknowledged), Counter[tuple[UUID, int]]()
    for said in acknowledged.told:
        if "sources" in said:
            continue
        if "command" in said:
            is_there = (UUID(said["case"]), UUID(said["command"])) in commands
        else:
            key = numbers.get(said["number"]) if "number" in said else UUID(said["case"])
            number = said.get("event") or 1
            is_there = key is not None and (key, number) in events
            if key is not None:
                named[key, number] += 1
        if not is_there:
            lost.append(json.dumps(said))
    twice = [f"{key} {number}" for (key, number), times in named.items() if times > 1]
    return {"lost": lost, "twice": twice + _done_again()}


def _rows_lost(acknowledged: Acknowledged) -> list[str]:
    """Rows somebody was told are taken in that are no case, or one with other steps than the row says."""
    first = Event.objects.filter(number=1, facts__has_key=SOURCE).values_list("case_id", "facts")
    cases_of = {facts[SOURCE]: case for case, facts in first}
    steps = Counter(Event.objects.filter(case__in=_taken_in()).values_list("case_id", flat=True))
    told = [(row, said["events"]) for said in acknowledged.told for row in said.get("sources", ())]
    return [row for row, events in told if row not in cases_of or steps[cases_of[row]] != events]


def _taken_in() -> Any:
    """The cases that came from a file: they have no code to follow, and nobody was told of them."""
    return Event.objects.filter(number=1, facts__has_key=SOURCE).values("case_id")


def _done_again() -> list[str]:
    """Steps of people and programs beyond one a command."""
    given = Event.objects.exclude(command_id=None).values_list("case_id", "command_id")
    return [str(key) for key, times in Counter(given).items() if times > 1]


def untold(acknowledged: Acknowledged) -> list[str]:
    """Steps in cases of our clients that nobody was told of: a retry that was done a second time under another name."""
    mine: dict[UUID, set[int]] = defaultdict(set)
    numbers = dict(Case.objects.values_list("number", "pk"))
    for said in acknowledged.told:
        if "number" in said and said["number"] in numbers:
            mine[numbers[said["number"]]].add(said["event"])
    own = Event.objects.exclude(actor_kind="system").values_list("case_id", "number")
    return [f"{case} {number}" for case, number in own if case in mine and number not in mine[case]]


def halves() -> dict[str, list[str]]:
    """What is half-written, by kind."""
    found: dict[str, list[str]] = {"chain": [str(one) for one in integrity.verify_all(integrity.Checked())]}
    every = {case.pk: case for case in Case.objects.all()}
    old = set(_taken_in().values_list("case_id", flat=True))
    owed, last, started = set(), {}, set()
    events = set()
    for event in Event.objects.order_by("case_id", "number").iterator(chunk_size=2000):
        move = every[event.case_id].procedure.move_of(event.kind)
        for name, reaction in deliveries.reactions().items():
            if event.case_id not in old and reaction.wants(event, move):
                owed.add((event.case_id, event.number, name))
        last[event.case_id] = event.state
        events.add((event.case_id, event.number, bytes(event.leaf_hash)))
        started |= {(event.case_id, op["number"]) for op in event.clocks if op["op"] == "start"}
    queued = set(Delivery.objects.values_list("case_id", "event_number", "reaction"))
    leaves = {
        (one[0], one[1], bytes(one[2]))
        for one in Leaf.objects.filter(kind="event").values_list("case_id", "number", "hash")
    }
    clocks = set(Clock.objects.values_list("case_id", "number"))
    found["deliveries"] = [str(each) for each in owed ^ queued]
    found["log"] = [f"{case} {number}" for case, number, _hash in events ^ leaves]
    found["clocks"] = [str(each) for each in started ^ clocks]
    found["states"] = [str(pk) for pk, case in every.items() if last.get(pk) != case.state]
    found["rows"] = _rows(every, old)
    found["dues"] = _dues()
    return found


def _rows(every: dict[UUID, Case], old: set[UUID]) -> list[str]:
    parts: dict[str, set[Any]] = {
        "number": set(CaseNumber.objects.values_list("case_id", flat=True)),
        "words": set(CaseText.objects.values_list("case_id", flat=True)),
        "request": set(Request.objects.values_list("case_id", flat=True)),
        "code": set(TrackingCode.objects.values_list("case_id", flat=True)) | old,
    }
    missing = [f"{pk} {name}" for name, having in parts.items() for pk in set(every) ^ having]
    desks = set(Task.objects.filter(is_stage=True).values_list("case_id", flat=True))
    return missing + [f"{pk} desk" for pk, case in every.items() if case.is_open and pk not in desks]


def _dues() -> list[str]:
    """Clocks due at another moment than their events say."""
    wrong = []
    for clock_ in Clock.objects.filter(stopped_at=None).order_by("case_id", "number")[:DERIVED_AGAIN]:
        events = list(Event.objects.filter(case_id=clock_.case_id).order_by("number"))
        if cases.derive(clock_.case_id, clock_, events).due_at != clock_.due_at:
            wrong.append(f"{clock_.case_id} {clock_.number}")
    return wrong


def settle(seconds_each: int = 600) -> int:
    """Lets one healthy worker do all that is owed; returns what is left."""
    rounds = Rounds()
    for _turn in range(seconds_each * 4):
        rounds.run()
        now = clock.now()
        if not Delivery.objects.filter(due_at__lte=now).exists():
            break
    return Delivery.objects.filter(due_at__lte=clock.now()).count()


def objections(found: dict[str, list[str]]) -> dict[str, int]:
    return {name: len(some) for name, some in found.items()}


def examples(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: some[:SHOWN] for name, some in found.items() if some}
