"""Starts, stops, pauses and extends clocks. Every step is an entry in the event, from which it can be derived again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions.errors import OutOfOrder
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, Clock, Event
from linli.cases.procedures import ClockRule
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Derivation, Limit, before, due, given
from linli.kit import jsonbytes


class NothingToDerive(OutOfOrder):
    """The calendar made no difference to this clock."""


def start(turn: Turn, name: str) -> Clock | None:
    """Starts a clock from the server's receipt of the command; one of the same name ends first.

    A clock that runs until a date starts only where the turn's facts name one.
    """
    rule = turn.procedure.clocks[name]
    for clock in turn.all_clocks:
        if clock.name == name and clock.stopped_at is None:
            _stop(turn, clock)
    if rule.until:
        return _start_until(turn, rule)
    limit = str(turn.case.limits.get(name, rule.limit))
    derived = due(turn.received_at, Limit.parse(limit), current())
    clock = Clock(
        case_id=turn.case.pk,
        number=max((clock.number for clock in turn.all_clocks), default=0) + 1,
        name=name,
        organisation_id=_owner(turn, rule),
        limit=limit,
        started_at=turn.received_at,
        due_at=derived.due_at,
        is_provisional=derived.provisional,
    )
    clock.fires_at = _next_fire(clock, rule, turn.received_at)
    turn.new_clocks.append(clock)
    turn.ops.append({"op": "start", "number": clock.number, "clock": name, "limit": limit})
    return clock


def _start_until(turn: Turn, rule: ClockRule) -> Clock | None:
    """A clock due at the local 24:00 of the day the facts name."""
    day = turn.facts.get(rule.until)
    if not day:
        return None
    midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), current().zone)
    clock = Clock(
        case_id=turn.case.pk,
        number=max((clock.number for clock in turn.all_clocks), default=0) + 1,
        name=rule.name,
        organisation_id=_owner(turn, rule),
        limit="",
        started_at=turn.received_at,
        due_at=midnight.astimezone(UTC),
    )
    clock.fires_at = _next_fire(clock, rule, turn.received_at)
    turn.new_clocks.append(clock)
    entry = {"op": "start", "number": clock.number, "clock": rule.name, "limit": ""}
    turn.ops.append({**entry, "due": jsonbytes.instant(midnight)})
    return clock


def take_over(turn: Turn, name: str, due_at: datetime) -> Clock:
    """Starts a clock whose due moment another system set; what was missed before now is not reported again."""
    clock = Clock(
        case_id=turn.case.pk,
        number=1,
        name=name,
        organisation_id=_owner(turn, turn.procedure.clocks[name]),
        limit="",
        started_at=turn.received_at,
        due_at=due_at,
    )
    turn.new_clocks.append(clock)
    due = jsonbytes.instant(due_at)
    turn.ops.append({"op": "start", "number": 1, "clock": name, "limit": "", "due": due})
    return clock


def settle(case: Case, clock: Clock, promise: ClockRule, at: datetime) -> None:
    """Notes whether a clock from another system was missed; one still to come is watched from now on.

    That system's limit is the last moment in time, ours the first one late: at the limit itself it was kept.
    """
    ended = clock.stopped_at or at
    if clock.due_at is not None and ended > clock.due_at:
        clock.missed_at = clock.due_at
        case.is_late = case.is_late or clock.name == promise.name
    elif clock.stopped_at is None:
        clock.fires_at = _next_fire(clock, promise, at)


def stop(turn: Turn, names: tuple[str, ...]) -> None:
    """Stops the running clocks of these names; `*` stops all."""
    for clock in turn.all_clocks:
        if clock.stopped_at is None and ("*" in names or clock.name in names):
            _stop(turn, clock)


def pause(turn: Turn) -> None:
    """Holds the running clocks; while they are held they are due at no known moment."""
    for clock in turn.running:
        if turn.procedure.clocks[clock.name].pauses:
            turn.ops.append({"op": "pause", "number": clock.number})
            clock.paused_at = turn.received_at
            _derive_again(turn, clock)


def resume(turn: Turn) -> None:
    """Takes up paused clocks again; the time between is not counted."""
    for clock in turn.all_clocks:
        if clock.paused_at is not None and clock.stopped_at is None:
            turn.ops.append({"op": "resume", "number": clock.number})
            clock.paused_at = None
            _derive_again(turn, clock)


def extend(turn: Turn, names: tuple[str, ...], limit: str) -> None:
    """Adds to running clocks of these names; one already missed stays missed."""
    for clock in turn.running:
        if clock.name in names and clock.missed_at is None:
            turn.ops.append({"op": "extend", "number": clock.number, "limit": limit})
            _derive_again(turn, clock)


def derive(case_id: UUID, clock: Clock, events: list[Event], *, extra: Turn | None = None) -> Derivation:
    """The due moment of a clock from the clock entries of the events alone, with its steps."""
    entries = [(event.received_at, op) for event in events for op in event.clocks]
    if extra is not None:
        entries += [(extra.received_at, op) for op in extra.ops]
    mine = [(at, op) for at, op in entries if op["number"] == clock.number]
    pauses: list[tuple[datetime, datetime | None]] = []
    for at, op in mine:
        if op["op"] == "pause":
            pauses.append((at, None))
        elif op["op"] == "resume":
            pauses[-1] = (pauses[-1][0], max(pauses[-1][0], at))  # two servers' clocks may disagree
    extensions = [Limit.parse(op["limit"]) for _, op in mine if op["op"] == "extend"]
    taken_over = next((op["due"] for _, op in mine if op["op"] == "start" and op.get("due")), None)
    if taken_over:
        moment = datetime.fromisoformat(taken_over)
        return given(clock.started_at, moment, current(), pauses=pauses, extensions=extensions)
    return due(clock.started_at, Limit.parse(clock.limit), current(), pauses=pauses, extensions=extensions)


def _derive_again(turn: Turn, clock: Clock) -> None:
    events = list(Event.objects.filter(case_id=turn.case.pk).order_by("number"))
    derived = derive(turn.case.pk, clock, events, extra=turn)
    clock.due_at = derived.due_at
    clock.is_provisional = derived.provisional
    clock.is_warned = False
    clock.fires_at = _next_fire(clock, turn.procedure.clocks[clock.name], turn.received_at)
    turn.changed_clocks[clock.number] = clock


def rederive(turn: Turn, number: int) -> None:
    """Derives a running clock again under the calendar now in force; one already missed stays missed."""
    clock = next((clock for clock in turn.running if clock.number == number), None)
    if clock is None or clock.missed_at is not None:
        raise NothingToDerive(_("这个时钟已经停了。"))
    known = (clock.due_at, clock.is_provisional)
    watched = (clock.is_warned, clock.fires_at)
    turn.ops.append({"op": "rederive", "number": clock.number})
    _derive_again(turn, clock)
    if (clock.due_at, clock.is_provisional) == known:
        raise NothingToDerive(_("到期时间没有变化。"))
    if clock.due_at == known[0]:
        clock.is_warned, clock.fires_at = watched  # only firmer now: nobody is warned twice
    turn.facts["due_before"] = jsonbytes.instant(known[0]) if known[0] else None
    turn.facts["due_at"] = clock.due_at.isoformat() if clock.due_at else None


def _stop(turn: Turn, clock: Clock) -> None:
    clock.stopped_at = turn.received_at
    clock.fires_at = None
    turn.changed_clocks[clock.number] = clock
    turn.ops.append({"op": "stop", "number": clock.number})


def _owner(turn: Turn, rule: ClockRule) -> UUID | None:
    stage = turn.stage_task
    if rule.owner == "holder":
        return turn.case.holder_id
    if rule.owner == "desk" and stage is not None:
        return stage.organisation_id
    return turn.case.place_id


def _next_fire(clock: Clock, rule: ClockRule, at: datetime) -> datetime | None:
    """When the sweeper looks at the clock next: at the warning, then at the due moment."""
    if clock.due_at is None or clock.missed_at is not None:
        return None
    if rule.warn and not clock.is_warned:
        warn_at = before(clock.due_at, Limit.parse(rule.warn), current())
        if warn_at > max(at, clock.started_at):
            return warn_at
    return clock.due_at
