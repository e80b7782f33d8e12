"""Calendars other programs read: a mediator's feed under a secret address, and the file of one session for a party.

Calendars travel through other people's computers, so they say only when, where and which number.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar
from icalendar import Event as Entry
from icalendar.enums import STATUS

from linli.cases.actions import CaseNotFound
from linli.kit import codes
from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Feed,
    Party,
    Room,
    Sitting,
    SittingKind,
    SittingState,
)
from linli.people.access import posts_of
from linli.people.models import Person

TOKEN_LENGTH = 26  # 130 bits
BEHIND, AHEAD = timedelta(days=30), timedelta(days=180)
PRODUCT = "-//Linli//Mediation//ZH"
DOMAIN = "mediation.linli"


def feed_address(*, person: Person, command_id: UUID) -> str:
    """The secret part of the address of somebody's calendar, shown this once; the one before stops working."""
    token = codes.code_from_bytes(codes.keyed("calendar", person.pk.bytes + command_id.bytes), TOKEN_LENGTH)
    Feed.objects.update_or_create(person=person, defaults={"digest": _digest(token)})
    return token


def has_feed(person: Person) -> bool:
    return Feed.objects.filter(person=person).exists()


def close_feed(*, person: Person) -> None:
    """The address stops working, and there is no other."""
    Feed.objects.filter(person=person).delete()


def feed(token: str, at: datetime) -> bytes | None:
    """The calendar under a secret address; None where there is none, or its owner mediates no longer."""
    row = Feed.objects.filter(digest=_digest(token)).select_related("person").first()
    if row is None or not any(post.may("mediation.mediate") for post in posts_of(row.person, at)):
        return None
    near = _of(row.person).filter(starts_at__gte=at - BEHIND, starts_at__lte=at + AHEAD)
    calendar = Calendar.new(
        prodid=PRODUCT, uid=row.person.pk, name=_("调解会面"), refresh_interval=timedelta(hours=1)
    )
    for sitting in near.order_by("starts_at", "id"):
        calendar.add_component(_entry(sitting, _room_words(sitting.room) or _("地点见案件")))
    return bytes(calendar.to_ical())


def ics_of(sitting: Sitting, party: int) -> bytes:
    """One session as a file for one party; CaseNotFound for a talk with another, or a party that withdrew."""
    is_present = Party.objects.present().filter(case_id=sitting.case_id, number=party).exists()
    if not is_present or sitting.party not in {None, party}:
        raise CaseNotFound
    method = "CANCEL" if _is_cancelled(sitting) else "PUBLISH"
    calendar = Calendar.new(prodid=PRODUCT, uid=sitting.id, method=method)
    calendar.add_component(_entry(sitting, where(sitting)))
    return bytes(calendar.to_ical())


def where(sitting: Sitting) -> str:
    """Room and address, or the place in words."""
    return " ".join(part for part in (_room_words(sitting.room), sitting.place) if part)


def day_of(person: Person, day: date) -> list[Sitting]:
    """Somebody's sessions on a local day, in order; cancelled ones are left out."""
    zone = timezone.get_default_timezone()
    begin = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    rows = _of(person).filter(starts_at__gte=begin, starts_at__lt=end)
    return list(rows.exclude(state=SittingState.CANCELLED).order_by("starts_at", "id"))


def _of(person: Person) -> QuerySet[Sitting]:
    """The sessions somebody goes to; who keeps the record learns nothing of separate talks."""
    current = Assignment.objects.current().filter(person=person)
    mine = Q(case_id__in=current.filter(role=AssignmentRole.MEDIATOR).values("case_id"))
    recorded = Q(case_id__in=current.values("case_id"), kind=SittingKind.JOINT)
    return Sitting.objects.filter(mine | recorded).select_related("case", "room")


def _is_cancelled(sitting: Sitting) -> bool:
    return sitting.state == SittingState.CANCELLED


def _entry(sitting: Sitting, location: str) -> Entry:
    """Stable identity, and a higher sequence once it is cancelled, as calendar programs need to follow a change."""
    return Entry.new(
        uid=f"{sitting.id}@{DOMAIN}",
        stamp=_planned_at(sitting),
        start=sitting.starts_at.astimezone(UTC),
        end=sitting.ends_at.astimezone(UTC),
        summary=_("调解会面 %(number)s") % {"number": sitting.case.number},
        location=location,
        sequence=1 if _is_cancelled(sitting) else 0,
        status=STATUS.CANCELLED if _is_cancelled(sitting) else STATUS.CONFIRMED,
    )


def _planned_at(sitting: Sitting) -> datetime:
    """When it was planned, which its identifier tells to the millisecond."""
    seconds = min((sitting.id.int >> 80) // 1000, int(sitting.starts_at.timestamp()))
    return datetime.fromtimestamp(seconds, UTC)


def _room_words(room: Room | None) -> str:
    return f"{room.name} {room.address}".strip() if room else ""


def _digest(token: str) -> bytes:
    return codes.keyed("calendar-lookup", codes.normalise(token).encode())
