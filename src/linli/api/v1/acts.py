"""Steps of a mediation that take more than the fields of the procedure file, made through mediation's own verbs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Field

from linli.cases.actions import BadData
from linli.cases.models import Case, Event
from linli.mediation import actions as mediation
from linli.mediation.actions import sittings
from linli.mediation.models import Room
from linli.people.access import Actor
from linli.people.models import Person

from .questions import Day, Flag, Given, Id, Moment, Text

Remark = Annotated[Text, Field(max_length=2000)]
Number = Annotated[int, Field(ge=1, le=1000, strict=True)]
Code = Annotated[Text, Field(min_length=1, max_length=32)]


class Nothing(Given):
    pass


class WithRemark(Given):
    remark: Remark = ""


class Declining(WithRemark):
    ground: Code
    route: Code


class Routes(WithRemark):
    route: Code


class Extending(Given):
    limit: Annotated[int, Field(ge=1, le=30, strict=True)]


class Withdrawing(WithRemark):
    party: Number


class Court(Given):
    court: Annotated[Text, Field(min_length=2, max_length=80)]


class Decision(Given):
    result: Code


class Session(Given):
    kind: Literal["joint", "separate"]
    starts_at: Moment
    ends_at: Moment
    room: Id | None = None
    place: Annotated[Text, Field(max_length=120)] = ""
    party: Number | None = None


class Held(Given):
    sitting: Id


class Team(Given):
    mediators: Annotated[list[Id], Field(min_length=1, max_length=7)]
    recorder: Id | None = None
    chosen_by_parties: Flag = False


class Performance(Given):
    instalment: Id
    done_on: Day
    note: Annotated[Text, Field(max_length=200)] = ""


@dataclass(frozen=True)
class Command:
    """What every step takes."""

    case: Case
    by: Actor
    at: datetime
    command_id: UUID
    version: int | None

    @property
    def plain(self) -> dict[str, Any]:
        return {"case": self.case.pk, "by": self.by, "at": self.at, "command_id": self.command_id}

    @property
    def versioned(self) -> dict[str, Any]:
        return {**self.plain, "version": self.version}


@dataclass(frozen=True)
class Act:
    """A step: what it asks for, and how it is done."""

    body: type[Given]
    do: Callable[[Command, Any], Event | None]


def _simply(action: Callable[..., Event], command: Command, given: Given) -> Event:
    """A verb of mediation that takes the fields as they are."""
    return action(**command.versioned, **given.dict())


def _extend(command: Command, given: Extending) -> Event:
    return mediation.extend(**command.versioned, days=given.limit)


def _plan(command: Command, given: Session) -> Event | None:
    for name in ("starts_at", "ends_at"):
        if getattr(given, name).tzinfo is None:
            raise BadData({name: _("应当是带时区的时间，例如 2026-10-13T09:00:00+08:00。")})
    room = Room.objects.filter(pk=given.room).first() if given.room else None
    if given.room and room is None:
        raise BadData({"room": _("没有这个会议室，或者已经停用。")})
    fields = given.dict(exclude={"room"})
    sittings.plan(**command.plain, room=room, **fields)
    return Event.objects.filter(case_id=command.case.pk, command_id=command.command_id).first()


def _hold(command: Command, given: Held) -> Event | None:
    return mediation.hold_session(**command.versioned, sitting=UUID(given.sitting))


def _appoint(command: Command, given: Team) -> Event:
    wanted = [*given.mediators, *([given.recorder] if given.recorder else [])]
    people = {str(person.pk): person for person in Person.objects.filter(pk__in=wanted)}
    unknown = [each for each in given.mediators if each.lower() not in people]
    if unknown:
        raise BadData({"mediators": _("没有这个人：%(id)s。") % {"id": unknown[0]}})
    if given.recorder and given.recorder.lower() not in people:
        raise BadData({"recorder": _("没有这个人：%(id)s。") % {"id": given.recorder}})
    return mediation.appoint(
        **command.versioned,
        mediators=[people[each.lower()] for each in dict.fromkeys(given.mediators)],
        recorder=people[given.recorder.lower()] if given.recorder else None,
        chosen_by_parties=given.chosen_by_parties,
    )


def _perform(command: Command, given: Performance) -> Event:
    return mediation.perform(
        **command.versioned, instalment=UUID(given.instalment), done_on=given.done_on, note=given.note
    )


TEAM = Act(Team, _appoint)

ACTS: dict[str, Act] = {
    "accept": Act(Nothing, partial(_simply, mediation.accept)),
    "decline": Act(Declining, partial(_simply, mediation.decline)),
    "appoint": TEAM,
    "replace": TEAM,
    "begin": Act(Nothing, partial(_simply, mediation.begin)),
    "plan_session": Act(Session, _plan),
    "hold_session": Act(Held, _hold),
    "suspend": Act(WithRemark, partial(_simply, mediation.suspend)),
    "resume": Act(Nothing, partial(_simply, mediation.resume)),
    "extend": Act(Extending, _extend),
    "draft": Act(Nothing, partial(_simply, mediation.draft)),
    "redraft": Act(WithRemark, partial(_simply, mediation.redraft)),
    "agree_orally": Act(Nothing, partial(_simply, mediation.agree_orally)),
    "fail": Act(Routes, partial(_simply, mediation.fail)),
    "note_withdrawal": Act(Withdrawing, partial(_simply, mediation.note_withdrawal)),
    "tell_routes": Act(Routes, partial(_simply, mediation.tell_routes)),
    "perform": Act(Performance, _perform),
    "complete": Act(Nothing, partial(_simply, mediation.complete)),
    "breach": Act(Routes, partial(_simply, mediation.breach)),
    "apply_confirmation": Act(Court, partial(_simply, mediation.apply_confirmation)),
    "note_confirmation": Act(Decision, partial(_simply, mediation.note_confirmation)),
    "archive": Act(Nothing, partial(_simply, mediation.archive)),
}
