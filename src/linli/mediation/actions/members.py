"""Who sits on a committee: members come and go, and with them the posts that let them work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.kit import text
from linli.mediation.models import Assignment, AssignmentRole, Committee, Duty, Member, Room
from linli.orgs.models import Organisation
from linli.people import actions as people
from linli.people.access import Actor
from linli.people.models import Grant, Person

ROLES = {Duty.CHAIR: "committee_chair"}
MEDIATOR = "mediator"
SUBJECTS = ("person", "room")
FACTS = ("duty", "is_woman", "languages", "since", "until")


class CommitteeError(Exception):
    """Something about a committee that cannot be done: `field` is what to correct."""

    field = ""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field or self.field


class OutsideArea(CommitteeError):
    field = "area"


class CommitteeClosed(CommitteeError):
    pass


class AlreadyMember(CommitteeError):
    field = "person"


class UnknownDuty(CommitteeError):
    field = "duty"


class TooLong(CommitteeError):
    pass


class NoLongerMember(CommitteeError):
    pass


class RoomNameTaken(CommitteeError):
    field = "name"


class RoomNameMissing(CommitteeError):
    field = "name"


def add_member(
    *,
    committee: Committee,
    person: Person,
    duty: str,
    is_woman: bool,
    languages: str,
    since: date,
    by: Actor,
    at: datetime,
) -> Member:
    """Takes somebody into a committee, and gives them the post that goes with the duty."""
    check_standing(committee, by)
    _check_duty(duty)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person.pk)
        if Member.objects.filter(committee=committee, person=person, until=None).exists():
            raise AlreadyMember(_("%(name)s已经是这个委员会的成员。") % {"name": person.name})
        member = Member(
            committee=committee,
            person=person,
            duty=duty,
            is_woman=is_woman,
            languages=checked(languages, 80, "languages"),
            since=since,
        )
        member.save(force_insert=True)
        _give_post(member, by, at)
        note(committee, "member.added", by, at, {}, _facts(member))
    return member


def change_member(
    *, member: Member, duty: str, is_woman: bool, languages: str, by: Actor, at: datetime
) -> Member:
    """Changes what is noted of a member; with another duty comes the other post."""
    check_standing(member.committee, by)
    _check_duty(duty)
    with transaction.atomic():
        member = _locked(member)
        before, was = _facts(member), member.duty
        member.duty, member.is_woman = duty, is_woman
        member.languages = checked(languages, 80, "languages")
        if _facts(member) == before:
            return member
        member.save(update_fields=["duty", "is_woman", "languages"])
        if _role(was) != _role(duty):
            _take_post(member, by, at)
            _give_post(member, by, at)
        note(member.committee, "member.changed", by, at, before, _facts(member))
    return member


def end_member(*, member: Member, by: Actor, at: datetime) -> Member:
    """Ends a membership today and the post with it. What the person did stays theirs; cases need another mediator."""
    check_area(member.committee.organisation, by)
    with transaction.atomic():
        member = _locked(member)
        before = _facts(member)
        member.until = max(timezone.localdate(at), member.since)
        member.save(update_fields=["until"])
        _take_post(member, by, at)
        note(member.committee, "member.ended", by, at, before, _facts(member))
    return member


def load_of(people: Iterable[Person | UUID]) -> dict[UUID, int]:
    """How many open cases each of them mediates now, in one statement; nobody is left out."""
    ids = [person.pk if isinstance(person, Person) else person for person in people]
    rows = (
        Assignment.objects.current()
        .filter(person__in=ids, role=AssignmentRole.MEDIATOR, case__is_open=True)
        .values_list("person_id")
        .annotate(n=Count("case_id", distinct=True))
    )
    return {**dict.fromkeys(ids, 0), **dict(rows)}


def add_room(*, organisation: Organisation, name: str, address: str = "", by: Actor, at: datetime) -> Room:
    """Adds a room in which sessions are held."""
    check_area(organisation, by)
    room = Room(organisation=organisation)
    return _save_room(room, "room.added", {"name": name, "address": address, "is_active": True}, by, at)


def edit_room(*, room: Room, name: str, address: str, is_active: bool, by: Actor, at: datetime) -> Room:
    """Changes a room; one that is switched off is no longer offered, and what was planned in it stands."""
    check_area(room.organisation, by)
    given = {"name": name, "address": address, "is_active": is_active}
    with transaction.atomic():
        room = Room.objects.select_for_update().select_related("organisation").get(pk=room.pk)
        return _save_room(room, "room.edited", given, by, at)


def checked(given: str, most: int, field: str) -> str:
    """Words in one line without blanks around them; refused when too long."""
    cleaned = " ".join(text.clean(given).split())
    if len(cleaned) > most:
        raise TooLong(_("最多 %(most)d 个字。") % {"most": most}, field)
    return cleaned


def check_area(unit: Organisation, by: Actor) -> None:
    if not people.may_administer(unit, by):
        raise OutsideArea(_("“%(unit)s”不在您的管理范围内。") % {"unit": unit.label})


def check_standing(committee: Committee, by: Actor) -> None:
    check_area(committee.organisation, by)
    if committee.organisation.valid_until is not None:
        raise CommitteeClosed(_("“%(name)s”已经撤销，不能再改。") % {"name": committee.label})


def note(
    committee: Committee | Organisation,
    what: str,
    by: Actor,
    at: datetime,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """A line of the committee's history; what did not change is left out, but for whom it was about."""
    unit = committee.organisation if isinstance(committee, Committee) else committee
    kept = {key for key in {*before, *after} if before.get(key) != after.get(key) or key in SUBJECTS}
    people.note_change(
        by=by,
        at=at,
        what=what,
        target=("committee", unit.code, unit.name),
        before={key: value for key, value in before.items() if key in kept},
        after={key: value for key, value in after.items() if key in kept},
    )


def _check_duty(duty: str) -> None:
    if duty not in Duty.values:
        raise UnknownDuty(_("没有这个职务，请从名单里选。"))


def _locked(member: Member) -> Member:
    rows = Member.objects.select_for_update(of=("self",)).select_related("person", "committee__organisation")
    found = rows.get(pk=member.pk)
    if found.until is not None:
        raise NoLongerMember(_("%(name)s已经离任。") % {"name": found.person.name})
    return found


def _role(duty: str) -> str:
    return ROLES.get(Duty(duty), MEDIATOR)


def _give_post(member: Member, by: Actor, at: datetime) -> None:
    """The post of the duty, from the day it begins; one that was given by hand before serves as well."""
    unit, role = member.committee.organisation, _role(member.duty)
    begins = max(at, timezone.make_aware(datetime.combine(member.since, time())))
    held = Grant.objects.filter(person=member.person, role=role, organisation=unit)
    if not held.filter(Q(valid_until=None) | Q(valid_until__gt=begins)).exists():
        people.grant(person=member.person, role=role, organisation=unit, by=by, at=at, valid_from=begins)


def _take_post(member: Member, by: Actor, at: datetime) -> None:
    """Ends every post of a mediator or chair the person has at the committee."""
    held = Grant.objects.filter(person=member.person, organisation=member.committee.organisation)
    held = held.filter(role__in=[MEDIATOR, *ROLES.values()]).select_related("organisation", "person")
    for post in held.filter(Q(valid_until=None) | Q(valid_until__gt=at)):
        people.revoke(post=post, by=by, at=at)


def _save_room(room: Room, what: str, given: dict[str, Any], by: Actor, at: datetime) -> Room:
    before = {} if what == "room.added" else _room_facts(room)
    room.name, room.address = checked(given["name"], 40, "name"), checked(given["address"], 120, "address")
    room.is_active = given["is_active"]
    if not room.name:
        raise RoomNameMissing(_("请填写名称。"))
    with transaction.atomic():
        same = Room.objects.select_for_update().filter(organisation=room.organisation, name=room.name)
        if same.exclude(pk=room.pk).exists():
            raise RoomNameTaken(_("这里已经有一间“%(name)s”。") % {"name": room.name})
        room.save()
        if (after := _room_facts(room)) != before:
            note(room.organisation, what, by, at, before, after)
    return room


def _room_facts(room: Room) -> dict[str, Any]:
    return {"room": room.name, "address": room.address, "is_active": room.is_active}


def _facts(member: Member) -> dict[str, Any]:
    facts: dict[str, Any] = {"person": member.person.name}
    for name in FACTS:
        value = getattr(member, name)
        facts[name] = value.isoformat() if isinstance(value, date) else value
    return facts
