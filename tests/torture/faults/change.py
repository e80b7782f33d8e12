"""Faults in the one door for change, and in what a turn writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from conftest import NOW
from django.db import IntegrityError

from linli.cases import actions as cases
from linli.cases.actions import deliveries, integrity, relations, rows, writing
from linli.cases.actions.errors import CaseNotFound, NotAllowed, OutOfOrder, StaleCase
from linli.cases.models import Case, Clock, Delivery, Event, Task
from linli.cases.procedures import predicates
from linli.kit.ids import uuid7
from linli.ledger.models import Leaf
from linli.people.access import Actor
from torture.faults import World, fault, refused

door: Any = import_module("linli.cases.actions.advance")  # the package names its function alike


def one_of_two_turns_wins(world: World) -> None:
    case = world.report()
    by = world.cast["dispatcher"]

    def planned() -> Any:
        seen = Case.objects.get(pk=case.pk)
        given: dict[str, Any] = {"by": by, "at": NOW, "command_id": uuid7(), "data": {}}
        clocks, tasks = list(Clock.objects.filter(case=case)), list(Task.objects.filter(case=case))
        return door.plan(seen, clocks, tasks, "accept", **given)

    first, second = planned(), planned()
    writing._update_case(first)
    refused((StaleCase, IntegrityError), lambda: writing._update_case(second))


@fault("change", "the version is not compared before the case is written", "of two turns, one wins",
       one_of_two_turns_wins)  # fmt: skip
def no_compare_and_swap(patch: pytest.MonkeyPatch) -> None:
    def update(turn: Any) -> None:
        names = [f.attname for f in Case._meta.concrete_fields if f.attname not in writing.IMMUTABLE]
        fields = {name: getattr(turn.case, name) for name in names}
        Case.objects.filter(pk=turn.case.pk).update(**fields)

    patch.setattr(writing, "_update_case", update)


def a_form_of_yesterday_changes_nothing(world: World) -> None:
    case = world.dispatched()
    given: dict[str, Any] = {
        "case": case.pk,
        "verb": "acknowledge",
        "by": world.cast["handler"],
        "at": NOW,
        "version": 1,
    }
    refused(StaleCase, lambda: cases.advance(**given, command_id=uuid7()))


@fault("change", "the version a form was opened on is ignored", "a stale form is refused",
       a_form_of_yesterday_changes_nothing)  # fmt: skip
def stale_form_accepted(patch: pytest.MonkeyPatch) -> None:
    sound = door.lock

    def lock(case_id: Any, actor: Actor) -> Case:
        found: Case = sound(case_id, actor)
        found.version = _Agreeable(found.version)
        return found

    patch.setattr(door, "lock", lock)


class _Agreeable(int):
    """A version that no other differs from."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def a_repeated_command_is_done_once(world: World) -> None:
    case = world.dispatched()
    world.move(case, "acknowledge", "handler")
    by, command = world.cast["handler"], uuid7()
    given: dict[str, Any] = {
        "case": case.pk,
        "verb": "progress",
        "by": by,
        "command_id": command,
        "data": {"note": "已到现场查看。"},
    }
    first = cases.advance(**given, at=NOW)
    again = cases.advance(**given, at=NOW + timedelta(minutes=1))
    assert first.number == again.number
    assert Event.objects.filter(case=case, verb="progress").count() == 1


@fault("change", "a retry is done as if it were another command", "a repeated command is done once",
       a_repeated_command_is_done_once)  # fmt: skip
def no_idempotency(patch: pytest.MonkeyPatch) -> None:
    sound = door.plan

    def plan(*given: Any, **named: Any) -> Any:
        return sound(*given, **{**named, "command_id": uuid7()})

    patch.setattr(door, "plan", plan)


def a_repeated_report_opens_one_case(world: World) -> None:
    world["town"]
    command = uuid7()
    for _again in range(2):
        world["report"](command_id=command)
    assert Case.objects.count() == 1


@fault("change", "each try to report is a case of its own", "a repeated report opens one case",
       a_repeated_report_opens_one_case)  # fmt: skip
def retried_report_opens_two(patch: pytest.MonkeyPatch) -> None:
    from linli.service_requests.actions import submitting

    sound = submitting.submit

    def submit(**given: Any) -> Any:
        command = uuid7()
        return sound(**{**given, "command_id": command, "by": Actor.reporter(command)})

    import linli.service_requests.actions as service_requests

    patch.setattr(service_requests, "submit", submit)


def other_content_under_a_used_id_is_refused(world: World) -> None:
    case = world.dispatched()
    world.move(case, "acknowledge", "handler")
    given: dict[str, Any] = {
        "case": case.pk,
        "verb": "progress",
        "by": world.cast["handler"],
        "at": NOW,
        "command_id": uuid7(),
    }
    cases.advance(**given, data={"note": "已到现场查看。"})
    refused(cases.CommandReused, lambda: cases.advance(**given, data={"note": "完全是另一句话。"}))


@fault("change", "other words under a used command id get the first answer", "reuse with other content is refused",
       other_content_under_a_used_id_is_refused)  # fmt: skip
def reused_command_answered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Event, "says", lambda self, data: True)


def whole(world: World) -> None:
    """Event, state, clocks, desks, deliveries and log: all of a turn, or none of it."""
    case = world.dispatched()
    world.move(case, "acknowledge", "handler")
    now = Case.objects.get(pk=case.pk)
    events = list(Event.objects.filter(case=case).order_by("number"))
    assert integrity.verify(case.pk) == []
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert events[-1].state == now.state
    assert now.version == len(events)
    owed = {
        (event.number, name)
        for event in events
        for name, reaction in deliveries.reactions().items()
        if reaction.wants(event, now.procedure.move_of(event.kind))
    }
    assert owed == set(Delivery.objects.filter(case=case).values_list("event_number", "reaction"))
    leaves = set(Leaf.objects.filter(case_id=case.pk, kind="event").values_list("number", flat=True))
    assert leaves == {event.number for event in events}
    started = {op["number"] for event in events for op in event.clocks if op["op"] == "start"}
    stopped = {op["number"] for event in events for op in event.clocks if op["op"] == "stop"}
    clocks = Clock.objects.filter(case=case)
    assert started == {clock.number for clock in clocks}
    assert stopped == {clock.number for clock in clocks if clock.stopped_at}
    assert Task.objects.filter(case=case, is_stage=True).count() == 1


@fault("change", "an event is written without its deliveries", "event and deliveries together", whole)
def event_without_delivery(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliveries, "of", lambda event, move, at: [])


@fault("change", "one turn makes two events", "numbers without gap, chain verified", whole)
def two_events(patch: pytest.MonkeyPatch) -> None:
    sound = writing.write

    def write(turn: Any, more: Any = ()) -> Event:
        event: Event = sound(turn, more)
        again = Event.objects.get(case_id=event.case_id, number=event.number)
        again.number, again.command_id = event.number + 1, None
        rows.insert([again])
        Case.objects.filter(pk=event.case_id).update(version=again.number)
        turn.case.version = again.number
        return event

    patch.setattr(writing, "write", write)


@fault("change", "the state moves on but a stopped clock is not stored", "clocks as the events say", whole)
def clock_left_running(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writing, "_update_clock", lambda clock: None)


@fault("change", "the desk before keeps its task", "one desk has the case", whole)
def task_left_behind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writing, "_drop_tasks", lambda turn: None)


@fault("change", "an event is written without its leaf in the log", "every event is in the log", whole)
def event_without_leaf(patch: pytest.MonkeyPatch) -> None:
    sound = rows.insert
    patch.setattr(rows, "insert", lambda some: sound(one for one in some if not isinstance(one, Leaf)))


def strangers_move_nothing(world: World) -> None:
    case = world.report()
    by = world.cast["outsider"]
    refused(CaseNotFound, lambda: world.move(case, "accept", by))
    assert Event.objects.filter(case=case).count() == 1


@fault("change", "a case is locked without asking who may see it", "a stranger's move finds no case",
       strangers_move_nothing)  # fmt: skip
def stranger_moves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(door, "lock", lambda case_id, actor: Case.objects.get(pk=case_id))


def only_who_may_moves(world: World) -> None:
    case = world.dispatched()
    given: dict[str, Any] = {"order": "请三日内办结并书面反馈。"}
    refused(NotAllowed, lambda: world.move(case, "supervise", "dispatcher", **given))


@fault("change", "permissions of a move are not asked", "a role without the permission is refused",
       only_who_may_moves)  # fmt: skip
def permission_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "may", lambda self, permission: True)


def nothing_skips_a_step(world: World) -> None:
    case = world.dispatched()
    refused(OutOfOrder, lambda: world.move(case, "accept", "dispatcher"))


@fault("change", "a move is made from any state", "a move out of order is refused", nothing_skips_a_step)
def state_not_asked(patch: pytest.MonkeyPatch) -> None:
    sound = door.plan

    def plan(case: Case, clocks: Any, tasks: Any, verb: str, **named: Any) -> Any:
        move = case.procedure.moves.get(verb)
        if move is not None:
            anywhere = replace(move, origins=frozenset(case.procedure.states))
            moves = {**case.procedure.moves, verb: anywhere}
            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(Case, "procedure", replace(case.procedure, moves=moves))
                return sound(case, clocks, tasks, verb, **named)
        return sound(case, clocks, tasks, verb, **named)

    patch.setattr(door, "plan", plan)


def only_its_unit_acknowledges(world: World) -> None:
    case = world.dispatched()
    world.move(
        case, "call_in", "dispatcher", unit=str(world.town["county_housing"].pk), reason="请协助看线路。"
    )
    refused(NotAllowed, lambda: world.move(case, "acknowledge", "housing_handler"))


@fault("change", "any unit that sees a case does its holder's work", "a called-in unit cannot acknowledge",
       only_its_unit_acknowledges)  # fmt: skip
def relation_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(relations, "holds", lambda *given: True)


def conditions_hold(world: World) -> None:
    case = world.report()
    move = case.procedure.moves["keep_private"]
    assert move.when, "the move has a condition"
    refused(NotAllowed, lambda: world.move(case, "keep_private", Actor.reporter(case.pk)))


@fault("change", "conditions of a move are taken as true", "consent that was never given is not taken back",
       conditions_hold)  # fmt: skip
def condition_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(predicates, "holds", lambda *given: True)


def an_accusation_never_goes_to_the_accused(world: World) -> None:
    accused = world.town["east_works"]
    case = world.report(request_type="accusation", accused=accused, text="村镇建设办收钱不办事，请查一查。")
    assert case.accused_path == accused.path
    task = Task.objects.get(case=case, is_stage=True)
    assert not task.organisation.path.startswith(accused.path)
    by = world.cast["county_dispatcher"]
    world.move(case, "accept", by)
    refused(cases.BadData, lambda: world.move(case, "dispatch", by, unit=str(accused.pk)))


@fault("change", "an accusation may be handed to the unit accused", "no turn hands it there",
       an_accusation_never_goes_to_the_accused)  # fmt: skip
def handed_to_the_accused(patch: pytest.MonkeyPatch) -> None:
    from linli.cases.actions import effects

    patch.setattr(effects, "is_within", lambda path, ancestor: False)


def a_failed_turn_leaves_nothing(world: World) -> None:
    case = world.report()
    before = (Event.objects.count(), Delivery.objects.count(), Task.objects.count())
    with pytest.MonkeyPatch.context() as inner:

        def broken(*given: Any) -> None:
            raise OSError("the disk")

        inner.setattr(door, "_follow_up", broken)
        world["move"]
        refused(OSError, lambda: world.move(case, "accept", "dispatcher"))
    assert before == (Event.objects.count(), Delivery.objects.count(), Task.objects.count())
    assert Case.objects.get(pk=case.pk).state == "reported"


@fault(
    "change",
    "a turn is not one transaction",
    "what failed half-way left nothing",
    a_failed_turn_leaves_nothing,
)
def no_transaction(patch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext
    from types import SimpleNamespace

    patch.setattr(door, "transaction", SimpleNamespace(atomic=nullcontext))
