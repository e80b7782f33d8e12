"""Finishes a turn: state, desks, clocks; then writes case, event, clocks, tasks and deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Model

from linli.cases.actions import deliveries, desks, finding, rows, timekeeping
from linli.cases.actions.errors import StaleCase
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, CaseNumber, Clock, Event, Partner, Task
from linli.cases.procedures import Desk
from linli.ledger.models import Leaf

FAR = timedelta(days=30)


def finish(turn: Turn) -> None:
    """Moves the case on in memory, in the order in which each part needs the one before."""
    move = turn.move
    timekeeping.stop(turn, move.stops)
    if turn.to is not None and (turn.to != turn.case.state or turn.is_new or turn.is_handed_over):
        _enter(turn, turn.to)
    elif turn.is_relocated:
        _relocate(turn)
    for name in move.starts:
        if name not in turn.withheld:
            timekeeping.start(turn, name)
    if move.asks is not None:
        ask(turn, move.asks, is_stage=False)
    _drop_answered(turn)
    _sum_up(turn)
    turn.append_event()


def _enter(turn: Turn, state: str) -> None:
    case, entered = turn.case, turn.procedure.states[state]
    was_paused = not turn.is_new and turn.procedure.states[case.state].is_paused
    case.state, case.state_since = state, turn.received_at
    case.is_open = entered.is_open
    case.closed_at = None if entered.is_open else case.closed_at or turn.received_at
    if was_paused and not entered.is_paused:
        timekeeping.resume(turn)
    if entered.is_paused:
        timekeeping.pause(turn)
    case.is_paused = entered.is_paused
    answered = turn.procedure.answered_in(state) if entered.is_open else frozenset()
    turn.dropped_tasks += [task for task in turn.tasks if task.is_stage or task.why not in answered]
    if entered.desk is not None and not turn.is_past:
        ask(turn, entered.desk, is_stage=True)


def _relocate(turn: Turn) -> None:
    """Takes the case to the desk of its new place; one that stays where it was keeps its work."""
    desk, stage = turn.procedure.states[turn.case.state].desk, turn.stage_task
    if desk is None or stage is None or desks.find(desk, turn) == stage.organisation_id:
        return
    turn.dropped_tasks.append(stage)
    ask(turn, desk, is_stage=True)


def ask(turn: Turn, desk: Desk, *, is_stage: bool) -> None:
    """Puts work on a desk; what waits there already for the same reason waits once."""
    organisation_id = desks.find(desk, turn)
    role = desk.role
    if desk.at == "desk" and turn.stage_task is not None:
        role = turn.stage_task.role
    same = (organisation_id, role, desk.why, is_stage)
    waiting = [(task.organisation_id, task.role, task.why, task.is_stage) for task in turn.open_tasks]
    if organisation_id is None or same in waiting:
        return
    number = max((task.number for task in [*turn.tasks, *turn.new_tasks]), default=0) + 1
    turn.new_tasks.append(
        Task(
            case_id=turn.case.pk,
            number=number,
            organisation_id=organisation_id,
            role=role,
            why=desk.why,
            since=turn.received_at,
            is_stage=is_stage,
        )
    )


def _drop_answered(turn: Turn) -> None:
    for task in turn.tasks:
        answered = task.why in turn.move.answers and task.organisation_id == turn.actor.organisation_id
        if answered and task not in turn.dropped_tasks:
            turn.dropped_tasks.append(task)


def _sum_up(turn: Turn) -> None:
    """Copies to the case and its tasks what lists sort by."""
    case = turn.case
    promise = [clock for clock in turn.all_clocks if clock.name == turn.procedure.promise.name]
    if promise:
        case.due_at = promise[-1].due_at
        case.is_provisional = promise[-1].is_provisional
    dues = [clock.due_at for clock in turn.running if clock.due_at is not None]
    case.urgent_at = min(dues, default=None)
    urgent_at = case.urgent_at or turn.received_at + FAR  # on hold: nothing to hurry for
    for task in turn.new_tasks:
        task.urgent_at = urgent_at


def write(turn: Turn, more: Iterable[Model] = ()) -> Event:
    """Stores the turn inside the caller's transaction, with the rows its kind adds."""
    event, case = turn.event, turn.case
    assert event is not None
    if turn.is_new:
        new = [
            case,
            CaseNumber(number=case.number, case_id=case.pk),
            finding.text_of(case, [event], turn.shown),
        ]
    else:
        new = []
        _update_case(turn)
    for clock in turn.changed_clocks.values():
        if clock not in turn.new_clocks:
            _update_clock(clock)
    _drop_tasks(turn)
    kept = [task for task in turn.new_tasks if task not in turn.dropped_tasks]
    owed = deliveries.of(event, turn.move, turn.received_at)
    rows.insert([*new, event, leaf_of(event), *turn.new_clocks, *kept, *owed, *more])
    write_partners(turn)
    if turn.facts.get("before", {}).get("title", case.title) != case.title:
        finding.index_again(case)
    elif not turn.is_new:
        finding.learn(case, event)
    return event


def leaf_of(event: Event) -> Leaf:
    """The event in the log over all cases, where it gets its place once it stands."""
    return Leaf(case_id=event.case_id, number=event.number, hash=event.leaf_hash, at=event.received_at)


def write_partners(turn: Turn) -> None:
    """Adds who was called in. One that takes the case over is let go; so are all when it closes, unless they stay."""
    case = turn.case
    for partner in turn.partners:
        Partner.objects.update_or_create(
            case_id=partner.case_id,
            organisation=partner.organisation,
            defaults={"path": partner.path, "since": partner.since, "ended_at": None},
        )
    if turn.is_new:
        return
    engaged = Partner.objects.filter(case_id=case.pk, ended_at=None)
    if turn.is_handed_over and case.holder_id is not None:
        engaged.filter(organisation_id=case.holder_id).update(ended_at=turn.received_at)
    elif not case.is_open and case.state_since == turn.received_at and not turn.procedure.partners_stay:
        engaged.update(ended_at=turn.received_at)


def _update_case(turn: Turn) -> None:
    """Compare-and-swap on the version: of two turns on one case, one wins."""
    case = turn.case
    fields = {
        field.attname: getattr(case, field.attname)
        for field in Case._meta.concrete_fields
        if field.attname not in IMMUTABLE
    }
    if not Case.objects.filter(pk=case.pk, version=case.version - 1).update(**fields):
        raise StaleCase(Case.objects.get(pk=case.pk))


IMMUTABLE = frozenset(
    "id kind procedure_version number channel opened_at received_at is_demo limits accused_path".split()
)


def _update_clock(clock: Clock) -> None:
    Clock.objects.filter(case_id=clock.case_id, number=clock.number).update(
        due_at=clock.due_at,
        fires_at=clock.fires_at,
        paused_at=clock.paused_at,
        stopped_at=clock.stopped_at,
        missed_at=clock.missed_at,
        is_warned=clock.is_warned,
        is_provisional=clock.is_provisional,
    )


def _drop_tasks(turn: Turn) -> None:
    """Clears desks that are done; what stays there is as urgent as the case now is."""
    dropped = [task.number for task in turn.dropped_tasks if task in turn.tasks]
    if dropped:
        Task.objects.filter(case_id=turn.case.pk, number__in=dropped).delete()
    if len(turn.tasks) > len(dropped) and turn.case.urgent_at is not None:
        Task.objects.filter(case_id=turn.case.pk, is_stage=True).update(urgent_at=turn.case.urgent_at)
