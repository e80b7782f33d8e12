"""Sessions: planned without booking anybody or any room twice, answered by the parties, moved and cancelled.

A separate talk leaves no event and no trace any other party could see; only a joint session is part of the story.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.kit import text
from linli.kit.ids import derived
from linli.mediation.models import (
    Answer,
    Assignment,
    AssignmentRole,
    Booking,
    Invitation,
    Party,
    Room,
    Sitting,
    SittingKind,
    SittingState,
)
from linli.mediation.rules.conditions import is_mediator
from linli.orgs.models import Organisation, within
from linli.people.access import Actor

SLOT = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
FARTHEST = timedelta(days=366)
PLACE_LENGTH = NOTE_LENGTH = 120


@dataclass(frozen=True)
class Invited:
    """A session as one party sees it: its own answer, never another's."""

    sitting: Sitting
    invitation: Invitation | None

    @property
    def answer(self) -> str:
        return self.invitation.answer if self.invitation else ""


def plan(
    *,
    case: UUID,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    room: Room | None,
    place: str = "",
    party: int | None = None,
    by: Actor,
    at: datetime,
    command_id: UUID,
) -> Sitting:
    """Plans a session, or a separate talk with one party. Raises BadData naming what is wrong or already taken."""
    wanted = Sitting(
        case_id=case,
        id=derived(command_id, "sitting"),
        kind=kind,
        party=party,
        room=room,
        place=" ".join(text.clean(place).split()),
        starts_at=starts_at,
        ends_at=ends_at,
    )
    with transaction.atomic():
        locked = held(case, by)
        known = Sitting.objects.filter(case_id=case, id=wanted.id).first()
        if known is not None:
            return _repeated(known, wanted)
        _check(wanted, at)
        _check_state(locked)
        wanted.save(force_insert=True)
        _book(wanted)
        _invite(wanted)
        if kind == SittingKind.JOINT:
            cases.advance(case=case, verb="plan_session", by=by, at=at, command_id=command_id, data={})
    return wanted


def replan(
    *,
    case: UUID,
    sitting: UUID,
    starts_at: datetime,
    ends_at: datetime,
    room: Room | None,
    place: str = "",
    by: Actor,
    at: datetime,
    command_id: UUID,
) -> Sitting:
    """Moves a session: the old one is cancelled and a new one planned, or nothing changes at all."""
    with transaction.atomic():
        old = cancel(case=case, sitting=sitting, by=by, at=at)
        return plan(
            case=case,
            kind=old.kind,
            starts_at=starts_at,
            ends_at=ends_at,
            room=room,
            place=place,
            party=old.party,
            by=by,
            at=at,
            command_id=command_id,
        )


def cancel(*, case: UUID, sitting: UUID, by: Actor, at: datetime) -> Sitting:
    """Cancels a planned session, which frees the room and the mediators. Twice is once."""
    with transaction.atomic():
        held(case, by)
        found = _found(case, sitting)
        if found.state == SittingState.HELD:
            raise cases.OutOfOrder(_("这次会面已经开过，不能再取消。"))
        _free([found])
        found.state = SittingState.CANCELLED
    return found


def cancel_coming(*, case: UUID, at: datetime) -> int:
    """Cancels what is still planned after this moment, once a mediation has ended; how many there were."""
    coming = list(Sitting.objects.filter(case_id=case, state=SittingState.PLANNED, starts_at__gt=at))
    with transaction.atomic():
        _free(coming)
    return len(coming)


def rebook(*, case: UUID, at: datetime) -> list[Sitting]:
    """Moves the bookings of coming sessions to who mediates now; those a new one cannot attend, to be moved."""
    coming = Sitting.objects.filter(case_id=case, state=SittingState.PLANNED, starts_at__gt=at)
    clashing = []
    with transaction.atomic():
        for sitting in coming.order_by("starts_at", "id"):
            booked = Booking.objects.filter(sitting=sitting.id)
            booked.exclude(resource__in=_resources(sitting)).delete()
            try:
                _book(sitting, set(booked.values_list("resource", flat=True)))
            except cases.BadData:
                clashing.append(sitting)
    return clashing


def reply(
    *, case: UUID, sitting: UUID, party: int, answer: str, note: str = "", by: Actor, at: datetime
) -> Invitation:
    """A party says whether it can come, itself or noted by its mediator; the last answer counts."""
    words = " ".join(text.clean(note).split())
    errors = {}
    if answer not in {Answer.COMING, Answer.UNABLE}:
        errors["answer"] = _("请选能来还是来不了。")
    if len(words) > NOTE_LENGTH:
        errors["note"] = _("说明最多%(n)d个字。") % {"n": NOTE_LENGTH}
    if errors:
        raise cases.BadData(errors)
    with transaction.atomic():
        if not (by.kind == "reporter" and by.case_id == case):
            held(case, by)
        found = _found(case, sitting)
        is_present = Party.objects.present().filter(case_id=case, number=party).exists()
        if not is_present or found.party not in {None, party}:
            raise cases.CaseNotFound
        if found.state != SittingState.PLANNED or found.starts_at <= at:
            raise cases.OutOfOrder(_("这次会面已经开始或者取消，不用再答复。"))
        invitation, _is_new = Invitation.objects.update_or_create(
            case_id=case,
            sitting=found.id,
            party=party,
            defaults={"answer": answer, "note": words, "answered_at": at},
        )
    return invitation


# What pages show --------------------------------------------------------------------------------


def sittings_of(case_id: UUID) -> list[Sitting]:
    """Every session of a case, separate ones among them: for its mediators alone."""
    rows = Sitting.objects.filter(case_id=case_id).select_related("room")
    return list(rows.order_by("starts_at", "id"))


def answers(case_id: UUID) -> dict[UUID, list[Invitation]]:
    """What the parties answered, by session: for the mediators."""
    found: dict[UUID, list[Invitation]] = {}
    for row in Invitation.objects.filter(case_id=case_id).order_by("party"):
        found.setdefault(row.sitting, []).append(row)
    return found


def sittings_of_party(case_id: UUID, number: int) -> list[Invited]:
    """The joint sessions and this party's own talks; a joint one planned before it joined is among them."""
    mine = Sitting.objects.filter(case_id=case_id).filter(Q(party=None) | Q(party=number))
    invitations = {
        row.sitting: row for row in Invitation.objects.filter(case_id=case_id, party=number).order_by("id")
    }
    rows = mine.select_related("room").order_by("starts_at", "id")
    return [Invited(sitting, invitations.get(sitting.id)) for sitting in rows]


def rooms(unit: Organisation) -> list[Room]:
    """Rooms in use at a unit or below it, to choose from."""
    found = Room.objects.filter(within("organisation__path", unit.path), is_active=True)
    return list(found.select_related("organisation").order_by("organisation__path", "name"))


# Checks -----------------------------------------------------------------------------------------


def held(case: UUID, by: Actor) -> Case:
    """The case, held for this transaction, for its mediators alone; strangers learn nothing of it."""
    locked = cases.lock(case, by)
    if by.kind != "system" and not (by.may("mediation.mediate") and is_mediator(locked, by)):
        raise cases.NotAllowed(_("只有这一件的调解员能做这一步。"))
    return locked


def _found(case: UUID, sitting: UUID) -> Sitting:
    found = Sitting.objects.select_for_update().filter(case_id=case, id=sitting).first()
    if found is None:
        raise cases.CaseNotFound
    return found


def _repeated(known: Sitting, wanted: Sitting) -> Sitting:
    names = ("kind", "party", "room_id", "place", "starts_at", "ends_at")
    if any(getattr(known, name) != getattr(wanted, name) for name in names):
        raise cases.CommandReused
    return known


def _check(wanted: Sitting, at: datetime) -> None:
    errors = _time_errors(wanted, at) | _place_errors(wanted)
    if wanted.kind not in SittingKind.values:
        errors["kind"] = _("请选共同会面还是单独谈话。")
    elif wanted.kind == SittingKind.JOINT and wanted.party is not None:
        errors["party"] = _("共同会面请各方都来，不用选哪一方。")
    elif wanted.kind == SittingKind.SEPARATE and not _is_present(wanted):
        errors["party"] = _("请选要单独谈话的一方。")
    if errors:
        raise cases.BadData(errors)


def _time_errors(wanted: Sitting, at: datetime) -> dict[str, str]:
    if wanted.starts_at < at:
        return {"starts_at": _("开始时间已经过去了。")}
    if wanted.starts_at - at > FARTHEST:
        return {"starts_at": _("最远只能约到一年以内。")}
    if wanted.ends_at <= wanted.starts_at:
        return {"ends_at": _("结束时间要在开始时间之后。")}
    if wanted.ends_at - wanted.starts_at > LONGEST:
        return {"ends_at": _("一次会面最长8小时，更长的请分成几次。")}
    return {}


def _place_errors(wanted: Sitting) -> dict[str, str]:
    if len(wanted.place) > PLACE_LENGTH:
        return {"place": _("地点最多%(n)d个字。") % {"n": PLACE_LENGTH}}
    if wanted.room_id is None:
        return {} if wanted.place else {"place": _("请选会议室，或者写明地点。")}
    if not Room.objects.filter(pk=wanted.room_id, is_active=True).exists():
        return {"room": _("没有这个会议室，或者已经停用。")}
    return {}


def _is_present(wanted: Sitting) -> bool:
    return wanted.party is not None and wanted.party in _present(wanted.case_id)


def _check_state(case: Case) -> None:
    move = case.procedure.moves["plan_session"]
    if case.state not in move.origins:
        raise cases.OutOfOrder(
            _("这一件现在是“%(state)s”，不能%(move)s。") % {"state": case.stage.label, "move": move.label}
        )


# Bookings ---------------------------------------------------------------------------------------


def slots(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """The quarters of an hour a session touches: from the one it begins in to the one it ends in."""
    quarter = int(SLOT.total_seconds())
    first = int(starts_at.timestamp()) // quarter
    last = -int(-ends_at.timestamp() // quarter)
    return [datetime.fromtimestamp(number * quarter, UTC) for number in range(first, last)]


def _people(sitting: Sitting) -> set[UUID]:
    """Whose time it takes: the mediators, and of a joint session whoever keeps the record."""
    current = Assignment.objects.current().filter(case_id=sitting.case_id)
    if sitting.kind == SittingKind.SEPARATE:
        current = current.filter(role=AssignmentRole.MEDIATOR)
    return set(current.values_list("person_id", flat=True))


def _resources(sitting: Sitting) -> set[UUID]:
    return _people(sitting) | ({sitting.room_id} if sitting.room_id else set())


def _book(sitting: Sitting, booked: Iterable[UUID] = ()) -> None:
    """Takes the slots, always in one order; the key of the table refuses what somebody else has."""
    wanted = _resources(sitting) - set(booked)
    times = slots(sitting.starts_at, sitting.ends_at)
    rows = [
        Booking(resource=resource, slot=slot, sitting=sitting.id)
        for resource in sorted(wanted)
        for slot in times
    ]
    try:
        with transaction.atomic():
            Booking.objects.bulk_create(rows)
    except (IntegrityError, OperationalError) as error:
        if isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") != "40P01":
            raise
        raise cases.BadData(_clash(sitting, times)) from error


def _clash(sitting: Sitting, times: list[datetime]) -> dict[str, str]:
    """What is taken; never by whom."""
    others = Booking.objects.filter(slot__in=times).exclude(sitting=sitting.id)
    errors = {}
    if sitting.room_id and others.filter(resource=sitting.room_id).exists():
        errors["room"] = _("这个时间会议室已经有人用，请换一间或者换个时间。")
    if not errors or others.filter(resource__in=_people(sitting)).exists():
        errors["starts_at"] = _("调解员这个时间另有会面，请换个时间。")
    return errors


def _free(sittings: list[Sitting]) -> None:
    for case_id in {sitting.case_id for sitting in sittings}:
        ids = [sitting.id for sitting in sittings if sitting.case_id == case_id]
        Booking.objects.filter(sitting__in=ids).delete()
        Sitting.objects.filter(case_id=case_id, id__in=ids).update(state=SittingState.CANCELLED)


def _invite(sitting: Sitting) -> None:
    numbers = [sitting.party] if sitting.party is not None else _present(sitting.case_id)
    Invitation.objects.bulk_create(
        Invitation(case_id=sitting.case_id, sitting=sitting.id, party=number) for number in numbers
    )


def _present(case_id: UUID) -> list[int]:
    parties = Party.objects.present().filter(case_id=case_id).order_by("number")
    return list(parties.values_list("number", flat=True))
