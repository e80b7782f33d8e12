"""Who mediates, and how a mediation goes on, pauses and ends without agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.cases.models import Case, Event
from linli.kit.ids import derived, uuid7
from linli.kit.lists import listed
from linli.kit.sealing import vault
from linli.mediation.actions import sittings
from linli.mediation.actions.committees import load_of
from linli.mediation.actions.reading import admit_reader, held
from linli.mediation.actions.steps import known, step
from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Barrier,
    Member,
    Party,
    Reader,
    Side,
    Sitting,
    SittingKind,
    SittingState,
    WhyEnded,
)
from linli.mediation.rules import readers
from linli.mediation.rules.conditions import is_barred, unfit
from linli.people.access import SYSTEM, Actor
from linli.people.models import Grant, Person

SEALING = "审核盖章"  # zh: kept with the case


@dataclass(frozen=True)
class Eligible:
    """Somebody who may mediate a case: `load` is how many open cases they have now."""

    person: Person
    member: Member
    load: int

    @property
    def languages(self) -> str:
        return self.member.languages


def eligible(case: Case, day: date) -> list[Eligible]:
    """Those in office at the committee whom nothing bars from this case, the least loaded first."""
    members = Member.objects.on(day).filter(committee_id=case.holder_id, person__is_active=True)
    fit = [each for each in members.select_related("person") if not is_barred(case.pk, each.person)]
    load = load_of([each.person for each in fit])
    found = [Eligible(each.person, each, load.get(each.person_id, 0)) for each in fit]
    return sorted(found, key=lambda each: (each.load, each.person.name))


def appoint(
    *,
    case: UUID,
    mediators: Sequence[Person],
    by: Actor,
    at: datetime,
    command_id: UUID,
    recorder: Person | None = None,
    chosen_by_parties: bool = False,
    version: int | None = None,
) -> Event:
    """Says who mediates and who keeps the record: for the first time, or in place of others."""
    with transaction.atomic():
        locked = held(case, by)
        first = known(case, command_id, "appoint", "replace")
        if first is not None:
            return step(first.verb, case=case, by=by, at=at, command_id=command_id)
        _check_team(locked, mediators, recorder, at)
        wanted = {(person.pk, AssignmentRole.MEDIATOR) for person in mediators}
        if recorder is not None:
            wanted.add((recorder.pk, AssignmentRole.RECORDER))
        _assign(case, wanted, chosen_by_parties, at)
        _name_chairs(locked, at)
        verb = "appoint" if locked.state == "accepted" else "replace"
        event = step(verb, case=case, by=by, at=at, command_id=command_id, version=version)
        sittings.rebook(case=case, at=at)
    return event


def _check_team(case: Case, mediators: Sequence[Person], recorder: Person | None, at: datetime) -> None:
    errors = {}
    if not mediators:
        errors["mediators"] = _("请至少选一名调解员。")
    fit = {each.person.pk for each in eligible(case, timezone.localtime(at).date())}
    unfit = [person.name for person in mediators if person.pk not in fit]
    if unfit:
        errors["mediators"] = _("不能调解这一件（应当回避，或者不是本委员会在任的调解员）：%(names)s。") % {
            "names": listed(unfit)
        }
    if recorder is not None and recorder.pk not in fit:
        errors["recorder"] = _("记录人也要是本委员会在任的人，并且不用回避。")
    elif recorder is not None and recorder in mediators:
        errors["recorder"] = _("记录人和调解员不能是同一个人。")
    if errors:
        raise BadData(errors)


def _assign(case: UUID, wanted: set[tuple[UUID, AssignmentRole]], chosen: bool, at: datetime) -> None:
    current = {
        (each.person_id, each.role): each for each in Assignment.objects.current().filter(case_id=case)
    }
    for key, old in current.items():
        if key not in wanted:
            _end(old, WhyEnded.REPLACED, at)
    readers.admit(case, [person_id for person_id, _role in wanted])
    for person_id, role in sorted(wanted - set(current), key=str):
        Assignment.objects.create(
            case_id=case, person_id=person_id, role=role, is_chosen_by_parties=chosen, since=at
        )


def _end(assignment: Assignment, why: WhyEnded, at: datetime) -> None:
    mine = Assignment.objects.filter(case_id=assignment.case_id, id=assignment.id)
    mine.update(ended_at=at, why_ended=why)
    person = {"case_id": assignment.case_id, "person_id": assignment.person_id, "ended_at": None}
    if not Reader.objects.filter(**person).exists() and not Assignment.objects.filter(**person).exists():
        vault.dismiss(assignment.case_id, [readers.person(assignment.person_id)])


def _name_chairs(case: Case, at: datetime) -> None:
    """The committee's chairs seal the agreement, so the case names them as officers who may read it."""
    chairs = Grant.objects.active(at).filter(organisation=case.holder, role="committee_chair")
    for person_id in chairs.values_list("person_id", flat=True).distinct():
        if not Reader.objects.filter(case_id=case.pk, person_id=person_id, ended_at=None).exists():
            admit_reader(case.pk, person_id, SEALING, person_id, at)


def bar(*, case: UUID, person: Person, why: str, by: Actor, at: datetime, command_id: UUID) -> Event | None:
    """Keeps somebody from mediating this case for good: an interest, kinship, or a party's objection.

    One party's objection is enough and needs no reason. The event tells nobody whose it was.
    """
    if why not in (WhyEnded.INTEREST, WhyEnded.KINSHIP, WhyEnded.OBJECTION):
        raise BadData({"why": _("请从列出的里面选。")})
    with transaction.atomic():
        locked = cases.lock(case, by) if by.kind == "reporter" else held(case, by)
        if by.kind == "reporter" and why != WhyEnded.OBJECTION:
            raise NotAllowed(_("您现在的岗位不能做这一步。"))
        if Barrier.objects.filter(case_id=case, person=person).exists():
            return None
        mine = list(Assignment.objects.current().filter(case_id=case, person=person))
        if by.kind == "reporter" and not mine:
            raise CaseNotFound
        Barrier.objects.create(case_id=case, person=person, why=why, at=at)
        for each in mine:
            _end(each, WhyEnded(why), at)
        if not mine or locked.state not in locked.procedure.moves["recuse"].origins:
            return None
        event = step("recuse", case=case, by=SYSTEM, at=at, command_id=derived(command_id, "recuse"))
        sittings.rebook(case=case, at=at)
    return event


def step_aside(case: Case, at: datetime) -> None:
    """Ends the assignment of whoever turns out to be a party of the case; the committee finds somebody else."""
    people = unfit(case.pk)
    for each in Assignment.objects.current().filter(case_id=case.pk, person__in=people):
        _end(each, WhyEnded.INTEREST, at)
    if people and case.state in case.procedure.moves["recuse"].origins:
        step("recuse", case=case.pk, by=SYSTEM, at=at, command_id=uuid7())
        sittings.rebook(case=case.pk, at=at)


# Going on ---------------------------------------------------------------------------------------


def begin(*, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None) -> Event:
    """Begins the mediation, once everybody is willing and knows their rights."""
    return step("begin", case=case, by=by, at=at, command_id=command_id, version=version)


def suspend(
    *, case: UUID, by: Actor, at: datetime, command_id: UUID, remark: str = "", version: int | None = None
) -> Event:
    """Waits for an appraisal; its time is not counted."""
    return step("suspend", case=case, by=by, at=at, command_id=command_id, version=version, remark=remark)


def resume(*, case: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None) -> Event:
    return step("resume", case=case, by=by, at=at, command_id=command_id, version=version)


def hold_session(
    *, case: UUID, sitting: UUID, by: Actor, at: datetime, command_id: UUID, version: int | None = None
) -> Event | None:
    """Notes that a session was held. A separate one leaves no event."""
    with transaction.atomic():
        sittings.held(case, by)
        found = Sitting.objects.select_for_update().filter(case_id=case, id=sitting).first()
        if found is None:
            raise CaseNotFound
        if found.state == SittingState.CANCELLED or found.starts_at > at:
            raise NotAllowed(_("取消了的、还没到时间的会面，不能记成已开。"))
        is_known = found.state == SittingState.HELD
        found.state = SittingState.HELD
        Sitting.objects.filter(case_id=case, id=sitting).update(state=SittingState.HELD)
        if found.kind != SittingKind.JOINT or is_known:
            return None
        return step("hold_session", case=case, by=by, at=at, command_id=command_id, version=version)


def extend(
    *, case: UUID, days: int, by: Actor, at: datetime, command_id: UUID, version: int | None = None
) -> Event:
    """Adds calendar days to the time limit, once every party agreed to this extension."""
    return step(
        "extend", case=case, by=by, at=at, command_id=command_id, version=version, data={"limit": days}
    )


# Ending without agreement -----------------------------------------------------------------------


def fail(
    *,
    case: UUID,
    route: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    remark: str = "",
    version: int | None = None,
) -> Event:
    """No agreement: ends the mediation and keeps which routes the parties were told (人民调解法 26)."""
    with transaction.atomic():
        event = step(
            "fail",
            case=case,
            by=by,
            at=at,
            command_id=command_id,
            version=version,
            data={"route": route},
            remark=remark,
        )
        sittings.cancel_coming(case=case, at=at)
    return event


def tell_routes(
    *,
    case: UUID,
    route: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    remark: str = "",
    version: int | None = None,
) -> Event:
    """Keeps that the parties were told the other routes."""
    return step(
        "tell_routes",
        case=case,
        by=by,
        at=at,
        command_id=command_id,
        version=version,
        data={"route": route},
        remark=remark,
    )


def withdraw(*, case: UUID, party: int, by: Actor, at: datetime, command_id: UUID, remark: str = "") -> Event:
    """A party ends the mediation for itself, by its own hand (人民调解法 23)."""
    with transaction.atomic():
        locked = cases.lock(case, by)
        return _leave(locked, party, "withdraw", by, at, command_id, remark)


def note_withdrawal(
    *,
    case: UUID,
    party: int,
    by: Actor,
    at: datetime,
    command_id: UUID,
    remark: str = "",
    version: int | None = None,
) -> Event:
    """Staff note that a party does not go on."""
    with transaction.atomic():
        locked = held(case, by)
        return _leave(locked, party, "note_withdrawal", by, at, command_id, remark, version)


def _leave(
    case: Case,
    party: int,
    verb: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    remark: str,
    version: int | None = None,
) -> Event:
    """Ends the mediation, unless somebody is left on each side: then the others go on."""
    found = Party.objects.filter(case_id=case.pk, number=party).first()
    if found is None:
        raise CaseNotFound
    first = known(case.pk, command_id, verb, "party_left")
    if first is not None:
        actor = SYSTEM if first.verb == "party_left" else by
        return step(first.verb, case=case.pk, by=actor, at=at, command_id=command_id)
    if found.withdrawn_at is not None:
        raise NotAllowed(_("这一方已经退出了。"))
    Party.objects.filter(case_id=case.pk, number=party).update(withdrawn_at=at)
    left = set(Party.objects.present().filter(case_id=case.pk).values_list("side", flat=True))
    if left == set(Side.values):
        return step("party_left", case=case.pk, by=SYSTEM, at=at, command_id=command_id, remark=remark)
    event = step(verb, case=case.pk, by=by, at=at, command_id=command_id, version=version, remark=remark)
    sittings.cancel_coming(case=case.pk, at=at)
    return event
