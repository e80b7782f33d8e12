"""Sessions of a mediation: planned, answered, held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from linli.cases.actions import BadData, CaseNotFound
from linli.kit import clock
from linli.kit.clock import midnight, midnight_after
from linli.kit.ids import uuid7
from linli.mediation.actions import calendars, mediating, sittings
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
from linli.people.access import post_of, requires
from linli.web.forms.pressed import Attempt, PressedForm, day_in, number_in, text_in

from .acting import Press, press
from .file import MediationFile, find, load
from .gate import admit
from .page import section

ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Taken:
    """When a room is in use on a day; by whom is nobody's business."""

    room: Room
    name: str
    spans: list[tuple[datetime, datetime]]


class PlanForm(PressedForm):
    with_whom = forms.ChoiceField(label=gettext_lazy("和谁"), widget=forms.RadioSelect)
    day = forms.CharField(label=gettext_lazy("日期"), widget=forms.TextInput(attrs={"type": "date"}))
    begins = forms.CharField(
        label=gettext_lazy("开始"), widget=forms.TextInput(attrs={"type": "time", "step": 900})
    )
    ends = forms.CharField(
        label=gettext_lazy("结束"), widget=forms.TextInput(attrs={"type": "time", "step": 900})
    )
    room = forms.ChoiceField(label=gettext_lazy("会议室"), required=False)
    place = forms.CharField(
        label=gettext_lazy("别的地点"),
        required=False,
        help_text=gettext_lazy("不用会议室时写，例如：绿林村村委会。"),
        widget=forms.TextInput(attrs={"maxlength": 120}),
    )

    def __init__(self, file: MediationFile, rooms: list[Room], attempt: Attempt | None) -> None:
        tomorrow = timezone.localtime(file.at).date() + timedelta(days=1)
        first = str(rooms[0].pk) if rooms else ELSEWHERE
        initial = {"with_whom": SittingKind.JOINT.value, "begins": "09:00", "ends": "11:00", "room": first}
        super().__init__("plan", attempt, initial={**initial, "day": tomorrow.isoformat()})
        whom = [(SittingKind.JOINT.value, str(_("各方一起")))]
        if file.is_mediator:
            whom += [
                (str(p.number), _("只和%(name)s（别人不知道）") % {"name": p.name}) for p in file.present
            ]
        self._choose("with_whom", whom)
        offered = [
            (str(room.pk), f"{named(room, file.case.holder_id)} {room.address}".strip()) for room in rooms
        ]
        self._choose("room", [*offered, (ELSEWHERE, str(_("不用会议室，写在下面")))])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class ReplyForm(PressedForm):
    party = forms.ChoiceField(label=gettext_lazy("哪一方"), widget=forms.RadioSelect)
    answer = forms.ChoiceField(
        label=gettext_lazy("怎么说"),
        choices=[(Answer.COMING.value, Answer.COMING.label), (Answer.UNABLE.value, Answer.UNABLE.label)],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("说明"), required=False, widget=forms.TextInput(attrs={"maxlength": 120})
    )

    def __init__(self, name: str, invited: list[Party], attempt: Attempt | None) -> None:
        initial = {"party": str(invited[0].number)} if len(invited) == 1 else {}
        super().__init__(name, attempt, initial=initial)
        field = self.fields["party"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(party.number), party.name) for party in invited]


@dataclass(frozen=True)
class Session:
    """One session as its mediators see it."""

    sitting: Sitting
    number: int
    alone_with: Party | None
    answers: list[tuple[Party, Invitation | None]]
    reply: ReplyForm | None
    may_hold: bool
    may_cancel: bool
    command_id: UUID

    @property
    def where(self) -> str:
        return calendars.where(self.sitting)

    @property
    def is_over(self) -> bool:
        return self.sitting.state != SittingState.PLANNED


@section
def sessions(file: MediationFile, attempt: Attempt | None) -> dict[str, Any]:
    """The sessions, and the form that plans the next one."""
    rows, joint = [], 0
    for sitting in file.sittings:
        if sitting.kind == SittingKind.JOINT and sitting.state != SittingState.CANCELLED:
            joint += 1
        rows.append(_session(file, sitting, joint, attempt))
    rooms = rooms_near(file)
    plan = PlanForm(file, rooms, attempt) if file.may_once_ready("plan_session") else None
    forms_ = [row.reply for row in rows if row.reply is not None]
    tomorrow = timezone.localtime(file.at).date() + timedelta(days=1)
    return {
        "sessions": rows,
        "session_forms": forms_,
        "plan_form": plan,
        "taken": taken(rooms, tomorrow, file.case.holder_id) if plan else [],
        "taken_on": tomorrow,
    }


def _session(file: MediationFile, sitting: Sitting, number: int, attempt: Attempt | None) -> Session:
    asked = [p for p in file.present if sitting.party in (None, p.number)]
    said = {each.party: each for each in file.invitations if each.sitting == sitting.id}
    is_open = sitting.state == SittingState.PLANNED and file.may_mediate
    waits = is_open and sitting.starts_at > file.at and bool(asked)
    return Session(
        sitting=sitting,
        number=number,
        alone_with=file.party(sitting.party),
        answers=[(party, said.get(party.number)) for party in asked],
        reply=ReplyForm(f"reply-{sitting.id}", asked, attempt) if waits else None,
        may_hold=is_open
        and sitting.starts_at <= file.at + timedelta(hours=1)
        and (sitting.kind == SittingKind.JOINT and file.may_once_ready("hold_session")),
        may_cancel=is_open,
        command_id=uuid7(),
    )


def rooms_near(file: MediationFile) -> list[Room]:
    """The committee's own rooms first, then those of its place."""
    holder = file.case.holder
    if holder is None:
        return []
    above = holder.parent or holder
    return sorted(sittings.rooms(above), key=lambda room: room.organisation_id != holder.pk)


def named(room: Room, holder: UUID | None) -> str:
    """The room, and whose it is where it is not the committee's own."""
    return str(room.name) if room.organisation_id == holder else f"{room.organisation.label} {room.name}"


def taken(rooms: list[Room], day: date, holder: UUID | None = None) -> list[Taken]:
    """Which hours of a day are taken in each room."""
    slots: dict[UUID, list[datetime]] = {}
    rows = Booking.objects.filter(
        resource__in=[room.pk for room in rooms], slot__gte=midnight(day), slot__lt=midnight_after(day)
    )
    for resource, slot in rows.order_by("slot").values_list("resource", "slot"):
        slots.setdefault(resource, []).append(slot)
    return [
        Taken(room, named(room, holder) if holder else str(room.name), _spans(slots.get(room.pk, [])))
        for room in rooms
    ]


def _spans(slots: list[datetime]) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    for slot in slots:
        if spans and spans[-1][1] == slot:
            spans[-1] = (spans[-1][0], slot + sittings.SLOT)
        else:
            spans.append((slot, slot + sittings.SLOT))
    return spans


# What is pressed --------------------------------------------------------------------------------


@requires("mediation.mediate")
@require_POST
def plan(request: HttpRequest, number: str) -> HttpResponse:
    return press(request, number, "plan", _plan, done=_planned, then="sessions")


def _plan(pressed: Press) -> Sitting:
    posted = pressed.posted
    whom = text_in(posted, "with_whom")
    problems: dict[str, str] = {}
    day = day_in(posted, "day", problems)
    if day is None:
        problems.setdefault("day", _("请选日期。"))
    begins, ends = _moment(day, posted, "begins", problems), _moment(day, posted, "ends", problems)
    if not whom:
        problems["with_whom"] = _("请选和谁。")
    room = _room(text_in(posted, "room"), problems)
    if problems or begins is None or ends is None:
        raise BadData(problems)
    is_alone = whom != SittingKind.JOINT
    if is_alone and not _is_mediator(pressed):
        raise BadData({"with_whom": _("单独谈话由调解员自己约。")})
    try:
        return sittings.plan(
            case=pressed.case.pk,
            kind=SittingKind.SEPARATE if is_alone else SittingKind.JOINT,
            starts_at=begins,
            ends_at=ends,
            room=room,
            place=text_in(posted, "place"),
            party=number_in(posted, "with_whom") if is_alone else None,
            **pressed.command,
        )
    except BadData as error:
        raise BadData({_AT_FIELD.get(name, name): said for name, said in error.errors.items()}) from error


_AT_FIELD = {"starts_at": "begins", "ends_at": "ends", "kind": "with_whom", "party": "with_whom"}


def _moment(day: date | None, posted: Any, name: str, problems: dict[str, str]) -> datetime | None:
    typed = text_in(posted, name)
    try:
        at = parse_time(typed) if typed else None
    except ValueError:
        at = None
    if at is None:
        problems[name] = _("请写时间，例如 09:00。")
        return None
    return timezone.make_aware(datetime.combine(day, at)) if day else None


def _room(typed: str, problems: dict[str, str]) -> Room | None:
    if typed in ("", ELSEWHERE):
        return None
    try:
        room = Room.objects.filter(pk=UUID(typed), is_active=True).first()
    except ValueError:
        room = None
    if room is None:
        problems["room"] = _("没有这个会议室，或者已经停用。")
    return room


def _is_mediator(pressed: Press) -> bool:
    person = pressed.post.person_id
    current = Assignment.objects.current().filter(case_id=pressed.case.pk, role=AssignmentRole.MEDIATOR)
    return person is not None and current.filter(person_id=person).exists()


def _planned(sitting: Sitting) -> str:
    if sitting.kind == SittingKind.SEPARATE:
        return _("已约好单独谈话，只有这一方会收到。")
    return _("已约好，各方在自己的页面上看得到，可以答复来不来。")


def _own(pressed: Press, sitting_id: UUID) -> Sitting:
    """The session, if it is one this post may know of."""
    found = Sitting.objects.filter(case_id=pressed.case.pk, id=sitting_id).first()
    if found is None or (found.kind == SittingKind.SEPARATE and not _is_mediator(pressed)):
        raise CaseNotFound
    return found


@requires("mediation.mediate")
@require_POST
def cancellation(request: HttpRequest, number: str, sitting_id: UUID) -> HttpResponse:
    def do(pressed: Press) -> Sitting:
        found = _own(pressed, sitting_id)
        return sittings.cancel(case=pressed.case.pk, sitting=found.id, **pressed.who)

    return press(request, number, "sessions", do, done=_("已取消，会议室和时间都空出来了。"))


@requires("mediation.mediate")
@require_POST
def replies(request: HttpRequest, number: str, sitting_id: UUID) -> HttpResponse:
    """An answer given by telephone or at the door, noted by the mediator."""

    def do(pressed: Press) -> Invitation:
        party = number_in(pressed.posted, "party")
        if party is None:
            raise BadData({"party": _("请选是哪一方。")})
        return sittings.reply(
            case=pressed.case.pk,
            sitting=_own(pressed, sitting_id).id,
            party=party,
            answer=text_in(pressed.posted, "answer"),
            note=text_in(pressed.posted, "note"),
            **pressed.who,
        )

    return press(request, number, f"reply-{sitting_id}", do, done=_("已记下答复。"), then="sessions")


@requires("mediation.mediate")
@require_POST
def holding(request: HttpRequest, number: str, sitting_id: UUID) -> HttpResponse:
    def do(pressed: Press) -> Any:
        found = _own(pressed, sitting_id)
        return mediating.hold_session(case=pressed.case.pk, sitting=found.id, **pressed.command)

    return press(request, number, "sessions", do, done=_("已记下：这次会面开过了。"))


@requires("mediation.mediate")
@require_GET
def rooms(request: HttpRequest, number: str) -> HttpResponse:
    """What is taken in each room on a day; a fragment of the planning form."""
    matter, post, at = find(number), post_of(request), clock.now()
    admit(request, matter, post, at, "sessions")
    try:
        day = parse_date(request.GET.get("day", "")) or timezone.localtime(at).date()
    except ValueError:
        day = timezone.localtime(at).date()
    file = load(matter, post, at)
    context = {"taken": taken(rooms_near(file), day, file.case.holder_id), "taken_on": day, "file": file}
    return render(request, "web/mediations/_taken.html", context)


@requires("mediation.mediate")
@require_GET
def invitation(request: HttpRequest, number: str, sitting_id: UUID) -> HttpResponse:
    """One session as a file for a calendar."""
    matter, post, at = find(number), post_of(request), clock.now()
    admit(request, matter, post, at, "sessions")
    try:
        found = _own(Press(request, matter, post, at, uuid7(), None), sitting_id)
        content = calendars.ics_of(found, found.party or _first_party(matter.case_id))
    except CaseNotFound:
        raise Http404 from None
    return _calendar_file(content, f"{matter.case.number}.ics")


def _first_party(case_id: UUID) -> int:
    """A party that is still there: the file of a joint session reads the same for each."""
    present = Party.objects.present().filter(case_id=case_id).order_by("number")
    return present.values_list("number", flat=True).first() or 0


def _calendar_file(content: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)
