"""One case opens another of a different kind, and hears from it how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions.advance import advance
from linli.cases.actions.errors import BadData
from linli.cases.models import Case, Event, Referral
from linli.kit.ids import derived, uuid7
from linli.people import scope
from linli.people.access import SYSTEM, Actor


@dataclass(frozen=True)
class Referred:
    """What a kind of case needs to open one for another: the case it comes from and the facts that travel."""

    source: Case
    carried: Mapping[str, Any]
    by: Actor
    at: datetime
    command_id: UUID


# Kinds of case that others may be referred to: kind → what opens one.
openers: dict[str, Callable[[Referred], Case]] = {}


@scope.everything()
def refer(
    *,
    case: UUID,
    kind: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
    carried: Mapping[str, Any],
    version: int | None = None,
) -> tuple[Event, Case]:
    """Makes the move `refer` and opens the other case, both or neither. A repeated command finds both.

    Raises BadData where there is no such kind, and whatever `advance` and the opener raise.
    """
    if kind not in openers:
        raise BadData({"kind": _("不能转到这一类。")})
    with transaction.atomic():
        event = advance(
            case=case, verb="refer", by=by, at=at, command_id=command_id, data=data, version=version
        )
        known = Referral.objects.filter(case_id=case, to_id=derived(command_id, "referral")).first()
        if known is not None:
            return event, known.to
        source = Case.objects.select_related("place").get(pk=case)
        opened = openers[kind](Referred(source, carried, by, at, derived(command_id, "referral")))
        Referral.objects.create(case=source, to=opened, at=at)
        return event, opened


def report_back(event: Event, at: datetime) -> None:
    """Tells the case this one was opened for how it came out, once."""
    outcome = event.case.procedure.states[event.state].outcome
    waiting = Referral.objects.filter(to_id=event.case_id, returned_at=None).select_related("case").first()
    if waiting is None or not outcome:
        return
    verb = f"referral_{outcome}"
    mine = Referral.objects.filter(pk=waiting.pk, returned_at=None)
    with transaction.atomic():
        if not mine.update(returned_at=at, outcome=outcome):
            return
        if waiting.case.state in waiting.case.procedure.moves[verb].origins:
            facts = {"kind": event.case.kind}
            advance(case=waiting.case_id, verb=verb, by=SYSTEM, at=at, command_id=uuid7(), facts=facts)
