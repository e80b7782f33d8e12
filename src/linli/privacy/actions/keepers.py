"""What each kind of case holds on the people it concerns: how it is copied to them, corrected and taken away.

A kind of case, and whatever else keeps something on a case, adds a keeper when it starts; nothing here knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from linli.cases.models import Case
from linli.people.access import Actor

Removed = dict[str, int]


@dataclass(frozen=True)
class Keeper:
    """`party` is the number of a party, or None for the reporter of a case.

    `copy` gives all that concerns somebody as plain values; `correct` writes a telephone number or name anew;
    `erase_person` takes away what concerns them, `erase_case` all that was said in the case. `permission` is what a
    post needs to answer claims on a case it reaches; with `at_holder` it must be of the very unit that has the case.
    """

    copy: Callable[[Case, int | None], dict[str, Any]]
    correct: Callable[[Case, int | None, Mapping[str, str]], None]
    erase_person: Callable[[Case, int | None], Removed]
    erase_case: Callable[[Case], Removed]
    permission: str
    at_holder: bool = False


_KEEPERS: dict[str, Keeper] = {}
# Beside the kinds: what is attached to any case, and goes with all that was said in it, or with what one person gave.
also: list[Callable[[Case], Removed]] = []
also_of_person: list[Callable[[Case, int | None], Removed]] = []


def add(kinds: Iterable[str], keeper: Keeper) -> None:
    """Makes a kind's keeper known."""
    _KEEPERS.update(dict.fromkeys(kinds, keeper))


def of(case: Case) -> Keeper | None:
    return _KEEPERS.get(case.kind)


def answered_by(by: Actor) -> Q:
    """The cases whose claims a post answers, among those it reaches."""
    found = Q(pk__in=[])
    for kind, keeper in _KEEPERS.items():
        if by.may(keeper.permission):
            found |= Q(kind=kind, holder_id=by.organisation_id) if keeper.at_holder else Q(kind=kind)
    return found


def kinds() -> list[str]:
    """Every kind of case that has a keeper."""
    return sorted(_KEEPERS)


def erase_person(case: Case, party: int | None) -> Removed:
    """What concerns the reporter or one party; returns how much of what."""
    keeper = of(case)
    removed = keeper.erase_person(case, party) if keeper else {}
    for erase in also_of_person:
        removed |= erase(case, party)
    return {name: n for name, n in removed.items() if n}


def erase_case(case: Case) -> Removed:
    """Everything that was said in a case; returns how much of what."""
    keeper = of(case)
    removed = keeper.erase_case(case) if keeper else {}
    for erase in also:
        removed |= erase(case)
    return {name: n for name, n in removed.items() if n}
