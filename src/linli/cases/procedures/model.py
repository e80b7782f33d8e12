"""What a procedure file says, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import get_language


@dataclass(frozen=True)
class Label:
    """A text in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh

    def __bool__(self) -> bool:
        return bool(self.zh)


@dataclass(frozen=True)
class Desk:
    """Whose turn it is: roles at a unit found from the case.

    at: place    the nearest unit around the place where somebody holds the role
        holder   the unit that handles the case
        superior the common superior of the units that refused it
        checker  as place, but never the unit that did the work nor one below it
        unit     the unit the move names
        above    the nearest unit above the one whose clock or desk it was
    """

    role: str
    at: str
    why: str


@dataclass(frozen=True)
class State:
    """Where a case stands, as its reporter is told (`public`) and what follows (`next`).

    `others`: the same to everybody else, where `public` speaks to the reporter. `outcome` (settled, unsettled): what
    a case that was referred here reports back.
    """

    name: str
    label: Label
    public: Label
    next: Label
    is_open: bool = True
    step: int | None = None
    step_label: Label = Label("", "")
    desk: Desk | None = None
    is_paused: bool = False
    outcome: str = ""
    others: Label = Label("", "")

    @property
    def told_others(self) -> Label:
        """Where it stands, to whoever did not report it."""
        return self.others if self.others.zh else self.public


@dataclass(frozen=True)
class Need:
    """One thing a move asks for. kind: text, line, unit, limit, choice, photos, case, number."""

    name: str
    kind: str
    label: Label
    hint: Label
    required: bool = True
    minimum: int = 0
    maximum: int = 2000
    choices: tuple[tuple[str, Label], ...] = ()
    unit_kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Move:
    """One verb. `noun` is where a program posts it; none where only Linli or a person's own hand makes the move."""

    verb: str
    label: Label
    done: Label
    icon: str
    event: str
    origins: frozenset[str]
    to: str | None
    may: str
    relation: str = ""
    needs: tuple[Need, ...] = ()
    when: tuple[str, ...] = ()
    to_when: tuple[tuple[str, str], ...] = ()
    does: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    asks: Desk | None = None
    answers: frozenset[str] = frozenset()
    tells: tuple[str, ...] = ()
    is_public: bool = False
    is_main: bool = False
    has_own_form: bool = False
    noun: str = ""


@dataclass(frozen=True)
class ClockRule:
    """A limit. `missed` names what happens: escalate or nothing; `warn` is a plain limit before the due moment.

    `then` is a move Linli makes itself once the limit is missed, where the state allows it. `until` names a fact of
    the starting event, an ISO date, at whose end the clock is due instead of after a limit; without it, no clock.
    """

    name: str
    label: Label
    limit: str
    source: Label
    warn: str = ""
    missed: str = "escalate"
    owner: str = "holder"
    is_promise: bool = False
    pauses: bool = True
    then: str = ""
    until: str = ""


@dataclass(frozen=True)
class Procedure:
    """One version of a procedure. `partners_stay`: units called in go on seeing a case that has closed;
    `is_searched`: a case is found by what was said in it, not by number, title and address alone.
    """

    kind: str
    version: int
    label: Label
    source: Label
    initial: str
    opening: Move
    states: dict[str, State]
    moves: dict[str, Move]
    clocks: dict[str, ClockRule]
    whys: dict[str, Label] = field(default_factory=dict)
    is_enabled: bool = True
    partners_stay: bool = False
    is_searched: bool = False

    @property
    def steps(self) -> list[State]:
        """The states drawn on the main line, in order."""
        return sorted((s for s in self.states.values() if s.step is not None), key=lambda s: s.step or 0)

    @property
    def promise(self) -> ClockRule:
        """The clock that runs for the person who reported."""
        return next(rule for rule in self.clocks.values() if rule.is_promise)

    @cached_property
    def holder_whys(self) -> frozenset[str]:
        """What waits at whichever unit handles the case, and goes when the case does."""
        desks = [move.asks for move in self.moves.values()]
        return frozenset(desk.why for desk in desks if desk is not None and desk.at == "holder")

    def asked_with(self, clock: str) -> Desk | None:
        """The desk asked by the move that starts a clock."""
        return next((move.asks for move in self.moves.values() if clock in move.starts and move.asks), None)

    def answered_in(self, state: str) -> frozenset[str]:
        """The whys some move of that state answers."""
        return frozenset(why for move in self.moves_from(state) for why in move.answers)

    def moves_from(self, state: str) -> list[Move]:
        return [move for move in self.moves.values() if state in move.origins]

    def move_of(self, event_kind: str) -> Move:
        """The move that appends events of this kind."""
        if event_kind == self.opening.event:
            return self.opening
        return next(move for move in self.moves.values() if move.event == event_kind)
