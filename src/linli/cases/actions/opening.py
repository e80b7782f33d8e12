"""Opens a case: the first turn."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases import procedures
from linli.cases.actions import places, writing
from linli.cases.actions.errors import BadData, CommandReused
from linli.cases.actions.turn import Turn
from linli.cases.models import Case, CaseNumber, Event
from linli.cases.procedures import Procedure
from linli.kit import codes
from linli.ledger import merkle
from linli.orgs.models import Organisation
from linli.people import scope
from linli.people.access import Actor

logger = logging.getLogger(__name__)
ATTEMPTS = 3


@dataclass(frozen=True)
class Opening:
    """What a kind of case says when it opens one. `limits` overrides clock limits by name: {"total": "3wd"}.

    `shown`: the words by which everybody may find it.
    """

    kind: str
    title: str
    channel: str
    place: Organisation
    category: str = ""
    level: str = "normal"
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    accused_path: str = ""
    is_identity_kept: bool = False
    is_demo: bool = False
    shown: str = ""
    limits: dict[str, str] = field(default_factory=dict)


@scope.everything()
def open_case(
    *,
    opening: Opening,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    claimed_at: datetime | None = None,
    more: Iterable[Model] = (),
) -> tuple[Case, Event, bool]:
    """Opens a case under the id of the command. Returns the case, its first event and whether it is new.

    `more` are the rows its kind adds to a new case. A repeated command finds the case it opened, which is looked
    for only when the command fails; other content under the same id raises CommandReused. Raises BadData where the
    place has been closed meanwhile.
    """
    failed: Exception | None = None
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return *_open(opening, by, at, command_id, data, facts, claimed_at, attempt, more), True
        except (IntegrityError, BadData) as error:
            # The same command, or a case with the same number, got in before or at the same moment.
            failed = error
        known = Case.objects.filter(pk=command_id).first()
        if known is not None:
            return known, _same_opening(known, by, data), False
        if isinstance(failed, BadData):
            break
        logger.info("opening collided, attempt %s", attempt + 1)
    assert failed is not None
    raise failed


def _open(
    opening: Opening,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
    facts: Mapping[str, Any] | None,
    claimed_at: datetime | None,
    attempt: int,
    more: Iterable[Model],
) -> tuple[Case, Event]:
    place = places.as_it_stands(opening.place)
    if place is None:
        raise BadData({"place": _("这个地方刚刚撤销或并走了，请重新选一次。")})
    if opening.accused_path and not places.stands(opening.accused_path):
        raise BadData({"accused": _("被举报的单位刚刚划转或撤并，请重新选一次。")})
    day = timezone.localtime(at).date()
    number = codes.number_from_uuid(command_id, day, attempt=attempt)
    turn = first_turn(replace(opening, place=place), number, by, at, command_id, data, claimed_at or at)
    turn.facts.update(facts or {})
    writing.finish(turn)
    return turn.case, writing.write(turn, more)


def _same_opening(case: Case, by: Actor, data: Mapping[str, Any]) -> Event:
    event = Event.objects.get(case_id=case.pk, number=1)
    if event.is_by(by) and event.says(dict(data)):
        return event
    raise CommandReused


def first_turn(
    opening: Opening,
    number: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
    claimed_at: datetime,
) -> Turn:
    """The turn that opens a case, before anything was decided about it."""
    procedure = procedures.latest(opening.kind)
    if not procedure.is_enabled:
        raise BadData({"kind": _("这一类还没有启用：%(kind)s。") % {"kind": procedure.label}})
    case = _new_case(opening, procedure, number, at, command_id, claimed_at)
    return Turn(
        case=case,
        actor=by,
        at=claimed_at,
        received_at=at,
        move=procedure.opening,
        procedure=procedure,
        data=dict(data),
        command_id=command_id,
        is_new=True,
        is_public=procedure.opening.is_public,
        shown=opening.shown,
        to=procedure.initial,
    )


def _new_case(
    opening: Opening, procedure: Procedure, number: str, at: datetime, case_id: UUID, claimed_at: datetime
) -> Case:
    return Case(
        id=case_id,
        kind=opening.kind,
        procedure_version=procedure.version,
        number=number,
        title=opening.title,
        category=opening.category,
        channel=opening.channel,
        level=opening.level,
        state=procedure.initial,
        state_since=at,
        place=opening.place,
        place_path=opening.place.path,
        address=opening.address,
        lon=opening.lon,
        lat=opening.lat,
        accused_path=opening.accused_path,
        is_identity_kept=opening.is_identity_kept,
        is_demo=opening.is_demo,
        limits=opening.limits,
        opened_at=claimed_at,
        received_at=at,
        last_hash=merkle.GENESIS,
    )


def free_numbers(opened: Sequence[tuple[UUID, datetime]]) -> list[str]:
    """A number nobody has yet for each new case, from its id and the local day it was received."""
    days = [timezone.localtime(at).date() for case_id, at in opened]
    numbers = [codes.number_from_uuid(case_id, day) for (case_id, at), day in zip(opened, days, strict=True)]
    taken = set(CaseNumber.objects.filter(number__in=numbers).values_list("number", flat=True))
    for place, number in enumerate(numbers):
        attempt = 0
        while number in taken:
            attempt += 1
            length = codes.NUMBER_LENGTH + attempt // 8
            number = codes.number_from_uuid(opened[place][0], days[place], attempt=attempt, length=length)
            if number not in taken and CaseNumber.objects.filter(number=number).exists():
                taken.add(number)
        numbers[place] = number
        taken.add(number)
    return numbers
