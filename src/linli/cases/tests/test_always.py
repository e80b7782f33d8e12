"""Whatever anybody does, in whatever order: what must hold of every case, all the time.

Seeded random walks: `WALKS=200 pytest …` walks more, a failure names its seed and prints the way it went.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, START, Cast, Town
from django.db import OperationalError, connection
from django.db.models import Model

from linli.cases import actions as cases
from linli.cases.actions import deliveries, integrity
from linli.cases.actions.advance import report as report_clock
from linli.cases.models import Case, CaseNumber, Clock, Delivery, Event, Partner, Task, TrackingCode
from linli.cases.procedures import Need
from linli.kit.ids import uuid7
from linli.notify.models import Message
from linli.orgs import actions as orgs
from linli.orgs.models import Organisation, is_within
from linli.people.access import Actor
from linli.people.models import Grant
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Request

WALKS = int(os.environ.get("WALKS", "6"))
STEPS = 40
TABLES: tuple[type[Model], ...] = (
    *(Case, CaseNumber, Clock, Delivery, Event),
    *(Message, Partner, Request, Task, TrackingCode),
)
SELDOM = frozenset("note add escalate correct ask_progress urge merge decline supervise call_in".split())
WORDS = "已经到现场看过，情况属实，等配件到货就修。"
Dump = list[list[tuple[Any, ...]]]


def dump() -> Dump:
    """Every row of every table a command may touch."""
    return [sorted(table._default_manager.values_list(), key=str) for table in TABLES]


@dataclass
class Walk:
    """Cases in a town, and one random step after another."""

    town: Town
    cast: Cast
    chance: random.Random
    at: datetime = NOW
    opened: list[UUID] = field(default_factory=list)
    missed: dict[tuple[UUID, int], datetime | None] = field(default_factory=dict)
    told: set[tuple[UUID, UUID]] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    done: int = 0
    refused: int = 0

    def report(self) -> None:
        command = uuid7()
        accused = self.chance.choice([None, None, "east", "east_works", "county_housing"])
        submission = service_requests.Submission(
            text="村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。",
            category="opinion.misconduct" if accused else "facility.street_lamp",
            request_type="accusation" if accused else "help",
            channel="portal",
            place=Organisation.objects.get(
                pk=self.town[self.chance.choice(["grid", "grid2", "west_grid"])].pk
            ),
            accused=Organisation.objects.get(pk=self.town[accused].pk) if accused else None,
        )

        def submit() -> service_requests.Receipt:
            return service_requests.submit(
                submission=submission, by=Actor.reporter(command), at=self.at, command_id=command
            )

        first = submit()
        before = dump()
        again = submit()
        assert (again.is_new, again.code, again.event.number) == (False, first.code, 1)
        assert dump() == before
        self.opened.append(command)
        self.log.append(f"report {len(self.opened)} accusing {accused}")

    def actors(self, case: Case) -> list[Actor]:
        grants = Grant.objects.active(self.at).select_related("organisation", "person").order_by("id")
        return [Actor.from_grant(grant) for grant in grants] + [Actor.reporter(case.pk)] * 3

    def step(self) -> None:
        """One step of anybody, or what happens by itself."""
        self.at += timedelta(minutes=self.chance.choice([1, 10, 60, 240, 1500, 6000]))
        kind = self.chance.random()
        if kind < 0.08:
            self.by_itself()
        elif kind < 0.11 and len(self.opened) < 4:
            self.report()
        else:
            self.move()

    def by_itself(self) -> None:
        what = self.chance.choice(["sweep", "desks", "deliveries", "tree"])
        self.log.append(what)
        if what == "sweep":
            cases.fire_due_clocks(at=self.at)
            assert cases.fire_due_clocks(at=self.at) == 0
        elif what == "desks":
            cases.staff_desks(at=self.at)
        elif what == "deliveries":
            cases.run_due(at=self.at)
        else:
            village = Organisation.objects.get(pk=self.town["village"].pk)
            home = next(name for name in ("east", "west") if self.town[name].pk != village.parent_id)
            to = Organisation.objects.get(pk=self.town[home].pk)
            orgs.move(organisation=village, to=to, by=None, at=self.at)
            cases.staff_desks(at=self.at)

    def move(self) -> None:
        case = Case.objects.get(pk=self.chance.choice(self.opened))
        actors = self.actors(case)
        able: dict[str, list[Actor]] = {}
        for by in actors:
            for move in self.moves(case, by):
                able.setdefault(move.verb, []).append(by)
        verbs = sorted(able) or ["add"]
        verb = self.chance.choices(verbs, [1 if verb in SELDOM else 8 for verb in verbs])[0]
        by = self.chance.choice(able.get(verb, actors))
        if self.chance.random() < 0.2:  # somebody who may not, or something that does not fit
            by, verb = self.chance.choice(actors), self.chance.choice(sorted(case.procedure.moves))
        command: dict[str, Any] = {
            "case": case.pk,
            "verb": verb,
            "by": by,
            "at": self.at,
            "command_id": uuid7(),
            "data": {need.name: self.value(need) for need in case.procedure.moves[verb].needs},
        }
        self.give(command)

    def moves(self, case: Case, by: Actor) -> list[Any]:
        if not Case.objects.visible_to(by).filter(pk=case.pk).exists():
            return []
        tasks = list(Task.objects.filter(case=case).select_related("organisation"))
        return cases.moves_for(case, by, tasks, list(Clock.objects.filter(case=case)), self.at)

    def give(self, command: dict[str, Any]) -> None:
        """Carried out, it has one effect however often it is sent; refused, it has none."""
        before = dump()
        by, which = command["by"], self.opened.index(command["case"]) + 1
        said = f"{command['verb']} by {by.role} {by.path} on {which}"
        try:
            event = cases.advance(**command)
        except cases.CommandError as error:
            self.refused += 1
            self.log.append(f"{said}: {type(error).__name__}")
            assert dump() == before
            return
        self.done += 1
        self.log.append(f"{said}: {event.number}")
        after = dump()
        assert cases.advance(**command).number == event.number
        with pytest.raises(cases.CommandError):
            cases.advance(**{**command, "verb": "note", "data": {"note": "另一句话，不是原来那一句。"}})
        assert dump() == after

    def value(self, need: Need) -> Any:
        if self.chance.random() < 0.05:
            return self.chance.choice([None, "", "x", 7, ["x"], "no-such"])
        units = [
            self.town[name]
            for name in ("east_works", "county_housing", "west_works", "village", "grid", "east")
        ]
        places = [self.town[name] for name in ("grid", "grid2", "village", "west_grid")]
        made: dict[str, Callable[[], Any]] = {
            "text": lambda: WORDS,
            "line": lambda: "健身器材松动",
            "unit": lambda: (
                str(self.chance.choice(units).pk) if need.required or self.chance.random() < 0.3 else ""
            ),
            "place": lambda: str(self.chance.choice(places).pk),
            "limit": lambda: str(self.chance.randint(1, 10)),
            "choice": lambda: self.chance.choice(need.choices)[0],
            "photos": lambda: [str(uuid7())],
            "category": lambda: "facility.street_lamp",
            "case": lambda: Case.objects.get(pk=self.chance.choice(self.opened)).number,
        }
        return made[need.kind]()

    # What must hold ---------------------------------------------------------------------------

    def check(self) -> None:
        found = list(Case.objects.select_related("place", "holder"))
        assert {case.pk for case in found} == set(self.opened)
        for case in found:
            events = list(Event.objects.filter(case=case).order_by("number"))
            clocks = list(Clock.objects.filter(case=case).order_by("number"))
            tasks = list(Task.objects.filter(case=case).select_related("organisation"))
            self.check_history(case, events)
            self.check_clocks(case, clocks, events)
            self.check_desks(case, tasks, clocks)
            self.check_verifier(events)
            self.check_accused(case, tasks)

    def check_history(self, case: Case, events: list[Event]) -> None:
        assert integrity.verify(case.pk) == []
        assert case.state in case.procedure.states
        assert (events[-1].state, case.is_open) == (case.state, case.stage.is_open)
        assert (case.closed_at is None) == case.is_open
        assert case.place is not None
        assert case.place_path == case.place.path
        assert case.holder_path == (case.holder.path if case.holder else "")
        owed = {
            (event.number, name)
            for event in events
            for name, reaction in deliveries.reactions().items()
            if reaction.wants(event, case.procedure.move_of(event.kind))
        }
        assert set(Delivery.objects.filter(case=case).values_list("event_number", "reaction")) == owed

    def check_clocks(self, case: Case, clocks: list[Clock], events: list[Event]) -> None:
        promises = [clock for clock in clocks if clock.name == case.procedure.promise.name]
        going = [clock for clock in clocks if clock.stopped_at is None]
        assert len([clock for clock in promises if clock.stopped_at is None]) == (1 if case.is_open else 0)
        assert len({clock.name for clock in going}) == len(going)
        assert not going or case.is_open
        assert case.is_paused == case.stage.is_paused
        assert case.due_at == promises[-1].due_at
        assert case.is_late == any(clock.missed_at is not None for clock in promises)
        for clock in clocks:
            assert cases.derive(case.pk, clock, events).due_at == clock.due_at
            assert clock.due_at is None or clock.due_at > clock.started_at >= case.received_at
            assert clock.paused_at is None or clock.missed_at is not None or clock.due_at is None
            assert clock.fires_at is None or clock.stopped_at is None
            if clock.missed_at is not None:  # once late, late: nobody talks it away
                assert clock.due_at == self.missed.setdefault((case.pk, clock.number), clock.due_at)
        for key, due_at in self.missed.items():
            if key[0] == case.pk:
                assert any(c.number == key[1] and (c.missed_at, c.due_at) == (due_at, due_at) for c in clocks)
        reported = [event.facts["number"] for event in events if event.verb == "clock_missed"]
        assert sorted(reported) == [clock.number for clock in clocks if clock.missed_at is not None]
        for clock in going:
            if clock.name == "unit":
                assert clock.organisation_id == case.holder_id

    def check_desks(self, case: Case, tasks: list[Task], clocks: list[Clock]) -> None:
        stage = [task for task in tasks if task.is_stage]
        desk = case.stage.desk
        assert [(task.role, task.why) for task in stage] == ([(desk.role, desk.why)] if desk else [])
        assert case.is_open or not tasks
        seen = [(task.organisation_id, task.role, task.why) for task in tasks if not task.is_stage]
        assert len(set(seen)) == len(seen)
        for task in tasks:
            if not task.is_stage:
                assert task.why in case.procedure.answered_in(case.state)
            if task.why == "supervised" or task.why in ("to_work", "to_acknowledge", "to_rework"):
                assert task.organisation_id == case.holder_id
            if task.why in ("to_decide_extension", "to_decide_deferral", "to_arrange_check", "to_verify"):
                assert not is_within(task.organisation.path, case.holder_path)
        supervised = any(clock.name == "supervision" and clock.stopped_at is None for clock in clocks)
        asked = any(task.why == "supervised" for task in tasks)
        assert asked == (supervised and case.holder_id is not None)
        assert case.is_open or not Partner.objects.filter(case=case, ended_at=None).exists()

    def check_verifier(self, events: list[Event]) -> None:
        worker: Event | None = None
        for event in events:
            if event.verb in ("feedback", "self_handle"):
                worker = event
            elif event.verb in ("verify", "fail_check") and worker is not None:
                assert event.person_id != worker.person_id
                assert event.organisation_id != worker.organisation_id

    def check_accused(self, case: Case, tasks: list[Task]) -> None:
        if not case.accused_path:
            return
        grants = list(Grant.objects.select_related("organisation", "person"))
        barred = [grant for grant in grants if is_within(grant.organisation.path, case.accused_path)]
        for grant in barred:
            assert not Case.objects.visible_to(Actor.from_grant(grant)).filter(pk=case.pk).exists()
        assert not [task for task in tasks if is_within(task.organisation.path, case.accused_path)]
        told = set(Message.objects.filter(case=case).values_list("id", "person_id"))
        barred_people = {grant.person_id for grant in barred}
        assert not [person for _id, person in told - self.told if person in barred_people]
        self.told |= told  # who was told before the tree changed knew already
        assert not is_within(case.holder_path, case.accused_path)


@pytest.mark.parametrize("seed", range(WALKS))
def test_whatever_anybody_does(seed: int, town: Town, cast: Cast) -> None:
    person = cast.people["petitions_handler"]
    Grant.objects.create(person=person, role="handler", organisation=town["east"], valid_from=START)
    walk = Walk(town, cast, random.Random(seed))
    walk.report()
    walk.report()
    try:
        walk.check()
        for _step in range(STEPS):
            walk.step()
            walk.check()
    except BaseException:
        print(f"seed {seed} at {walk.at}", *walk.log, sep="\n  ")
        raise
    assert walk.done > STEPS / 4


# Failing anywhere -----------------------------------------------------------------------------


@dataclass
class FailAt:
    """Lets `nth` statements pass, then fails once, as a full disk or a lost connection would."""

    nth: int
    seen: int = 0

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            self.seen += 1
            if self.seen == self.nth:
                raise OperationalError("the disk is full")
        return execute(sql, *rest)


def fail_everywhere(command: Callable[[], Any]) -> int:
    """Fails the command at its first statement, then at its second ... until it gets through; returns how many."""
    before = dump()
    for nth in range(1, 200):
        try:
            with connection.execute_wrapper(FailAt(nth)):
                command()
        except OperationalError:
            assert dump() == before, f"half-written when statement {nth} fails"
        else:
            assert dump() != before
            return nth - 1
    raise AssertionError("never got through")


def test_fails_at_any_statement_and_leaves_nothing_behind(
    report: Callable[..., Any], move: Callable[..., Event], town: Town, cast: Cast
) -> None:
    works, housing = str(town["east_works"].pk), str(town["county_housing"].pk)
    head = report().case
    opening = uuid7()
    counts = {"open": fail_everywhere(lambda: report(command_id=opening))}
    member = Case.objects.get(pk=opening)
    way: list[tuple[str, str, dict[str, Any]]] = [
        ("accept", "dispatcher", {}),
        ("dispatch", "dispatcher", {"unit": works}),
        ("acknowledge", "handler", {}),
        ("call_in", "handler", {"unit": housing, "reason": WORDS}),
        ("supervise", "supervisor", {"order": WORDS}),
        ("reassign", "dispatcher", {"unit": housing, "reason": WORDS}),
        ("correct", "dispatcher", {"title": "路灯不亮", "place": str(town["grid2"].pk), "reason": WORDS}),
        ("merge", "dispatcher", {"head": head.number}),
    ]
    for verb, who, given in way:
        counts[verb] = fail_everywhere(partial(move, member, verb, who, **given))
    late = NOW + timedelta(days=30)
    clock = Clock.objects.filter(case=head, fires_at__lte=late).order_by("number")[0]
    counts["sweep"] = fail_everywhere(partial(report_clock, clock, late))
    assert all(count > 3 for count in counts.values()), counts
