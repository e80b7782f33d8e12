"""Committees: what each needs seen to, who sits on it, and where it meets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kit import clock
from linli.mediation.actions import committees as actions
from linli.mediation.models import Committee, Duty, Member, Room
from linli.orgs.actions import OrganisationError
from linli.orgs.models import within
from linli.people.access import Actor, post_of, requires
from linli.people.actions import PeopleError
from linli.web.forms.manage import units_listed, written
from linli.web.forms.manage_mediation import (
    CommitteeForm,
    DutyForm,
    MemberForm,
    NewCommitteeForm,
    RoomForm,
    people_listed,
)
from linli.web.views.manage import history
from linli.web.views.manage.pages import add_errors, show

Refused = (actions.CommitteeError, OrganisationError, PeopleError)
ORDER = {duty: number for number, duty in enumerate(Duty.values)}


@requires("manage.mediation")
@require_safe
def committees(request: HttpRequest) -> HttpResponse:
    """The committees of the area, those with something to see to first; four statements."""
    rows = standing(post_of(request), timezone.localdate(clock.now()))
    context = {"rows": rows, "troubled": sum(bool(row[1]) for row in rows)}
    return show(request, "mediation/committees", context)


def standing(post: Actor, today: date) -> list[tuple[Committee, list[Any], int]]:
    """The committees of the area, with what each needs seen to and how many sit on it."""
    found = list(_of_area(post).standing().order_by("organisation__path"))
    concerns = actions.concerns(found, today)
    sizes: dict[UUID, int] = {}
    for committee_id in (
        Member.objects.on(today).filter(committee__in=found).values_list("committee", flat=True)
    ):
        sizes[committee_id] = sizes.get(committee_id, 0) + 1
    rows = [(committee, concerns[committee.pk], sizes.get(committee.pk, 0)) for committee in found]
    rows.sort(key=lambda row: not row[1])
    return rows


@requires("manage.mediation")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    post = post_of(request)
    form = NewCommitteeForm(
        request.POST if request.method == "POST" else None,
        area=post.path,
        initial={"parent": written(post.organisation), "area": written(post.organisation)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.found_committee(**form.changes(), by=post, at=clock.now())
        except Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("“%(name)s”已设立。接着添委员和调解室。") % {"name": made.label})
            return redirect("web:manage_committee", made.organisation.code)
    context = {"form": form, "units": units_listed(post.path)}
    return show(request, "mediation/committee_new", context, refused=form.is_bound)


@requires("manage.mediation")
@require_safe
def committee(request: HttpRequest, code: str) -> HttpResponse:
    return _page(request, _get(request, code))


@requires("manage.mediation")
@require_POST
def details(request: HttpRequest, code: str) -> HttpResponse:
    post, row = post_of(request), _get(request, code)
    form = CommitteeForm(request.POST, area=post.path, committee=row, auto_id="details-%s")
    if form.is_valid():
        try:
            actions.edit_committee(committee=row, by=post, at=clock.now(), changes=form.changes())
        except Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("资料已保存。"))
            return redirect("web:manage_committee", code)
    return _page(request, _get(request, code), {"details": form})


@requires("manage.mediation")
@require_POST
def members(request: HttpRequest, code: str) -> HttpResponse:
    """Adds a member."""
    post, row, at = post_of(request), _get(request, code), clock.now()
    form = MemberForm(request.POST, post=post, auto_id="member-%s")
    if form.is_valid():
        given = dict(form.cleaned_data)
        given["since"] = given["since"] or timezone.localdate(at)
        try:
            made = actions.add_member(committee=row, by=post, at=at, **given)
        except Refused as error:
            _refuse(form, error)
        else:
            said = _("%(name)s已加入，可以用调解的岗位了。")
            messages.success(request, said % {"name": made.person.name})
            return redirect("web:manage_committee", code)
    return _page(request, row, {"member": form})


@requires("manage.mediation")
@require_POST
def member(request: HttpRequest, code: str, member_id: UUID) -> HttpResponse:
    """Changes duty, languages or what is noted of a member."""
    row = _get(request, code)
    seated = _member(row, member_id)
    form = DutyForm(request.POST, auto_id=f"m{member_id}-%s")
    if form.is_valid():
        try:
            actions.change_member(member=seated, by=post_of(request), at=clock.now(), **form.cleaned_data)
        except Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("%(name)s的资料已保存。") % {"name": seated.person.name})
            return redirect("web:manage_committee", code)
    return _page(request, row, {str(member_id): form})


@requires("manage.mediation")
@require_POST
def end(request: HttpRequest, code: str, member_id: UUID) -> HttpResponse:
    """Ends a membership; says how many cases need another mediator."""
    row = _get(request, code)
    seated = _member(row, member_id)
    try:
        actions.end_member(member=seated, by=post_of(request), at=clock.now())
    except Refused as error:
        messages.warning(request, error.message)
        return redirect("web:manage_committee", code)
    messages.success(request, _("%(name)s已离任，岗位也停了。") % {"name": seated.person.name})
    left = actions.load_of([seated.person_id])[seated.person_id]
    if left:
        said = ngettext(
            "%(name)s手里还有 %(n)d 件在调，请另派调解员。",
            "%(name)s手里还有 %(n)d 件在调，请另派调解员。",
            left,
        )
        messages.warning(request, said % {"name": seated.person.name, "n": left})
    return redirect("web:manage_committee", code)


@requires("manage.mediation")
@require_POST
def rooms(request: HttpRequest, code: str) -> HttpResponse:
    """Adds a room."""
    row = _get(request, code)
    form = RoomForm({**request.POST.dict(), "is_active": "on"}, auto_id="room-%s")
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("name", "address")}
        try:
            actions.add_room(organisation=row.organisation, by=post_of(request), at=clock.now(), **given)
        except Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("“%(name)s”已加上。") % {"name": given["name"]})
            return redirect("web:manage_committee", code)
    return _page(request, row, {"room": form})


@requires("manage.mediation")
@require_POST
def room(request: HttpRequest, code: str, room_id: UUID) -> HttpResponse:
    row = _get(request, code)
    chosen = Room.objects.filter(pk=room_id, organisation=row.organisation).first()
    if chosen is None:
        raise Http404
    form = RoomForm(request.POST, auto_id=f"r{room_id}-%s")
    if form.is_valid():
        try:
            actions.edit_room(room=chosen, by=post_of(request), at=clock.now(), **form.cleaned_data)
        except Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("“%(name)s”已保存。") % {"name": form.cleaned_data["name"]})
            return redirect("web:manage_committee", code)
    return _page(request, row, {str(room_id): form})


def _of_area(post: Actor) -> Any:
    if not post.path:
        return Committee.objects.none()
    rows = Committee.objects.filter(within("organisation__path", post.path))
    return rows.select_related("organisation__parent", "area").prefetch_related("fields")


def _get(request: HttpRequest, code: str) -> Committee:
    row = by_code(post_of(request), code)
    if row is None:
        raise Http404
    return row


def by_code(post: Actor, code: str) -> Committee | None:
    row: Committee | None = _of_area(post).filter(organisation__code=code).first()
    return row


def seated_on(row: Committee) -> list[Member]:
    """Who sits on a committee, by duty."""
    seated = list(Member.objects.filter(committee=row, until=None).select_related("person"))
    return sorted(seated, key=lambda member: (ORDER.get(member.duty, 9), member.since, member.pk))


def rooms_of(row: Committee) -> list[Room]:
    return list(Room.objects.filter(organisation=row.organisation).order_by("-is_active", "name"))


def _member(committee: Committee, member_id: UUID) -> Member:
    rows = Member.objects.select_related("person", "committee__organisation")
    row = rows.filter(pk=member_id, committee=committee).first()
    if row is None:
        raise Http404
    return row


def _refuse(form: forms.Form, error: Any) -> None:
    field = "fields_" if error.field == "fields" else error.field
    add_errors(form, {field: error.message})


def _page(
    request: HttpRequest, row: Committee, given: Mapping[str, forms.Form] | None = None
) -> HttpResponse:
    """A committee with its forms; the one that was refused comes back with what was typed."""
    post, given, today = post_of(request), given or {}, timezone.localdate(clock.now())
    seated = seated_on(row)
    load = actions.load_of([member.person_id for member in seated])
    context = {
        "committee": row,
        "concerns": actions.concerns([row], today)[row.pk],
        "filing_due": None if row.filed_on else actions.filing_due(row),
        "is_standing": row.organisation.valid_until is None,
        "members": [
            (member, load[member.person_id], given.get(str(member.pk)) or _duty_form(member))
            for member in seated
        ],
        "rooms": [(each, given.get(str(each.pk)) or _room_form(each)) for each in rooms_of(row)],
        "opened": next((key for key in given), ""),
        "details_form": given.get("details")
        or CommitteeForm(
            area=post.path, committee=row, initial=CommitteeForm.values(row), auto_id="details-%s"
        ),
        "member_form": given.get("member") or MemberForm(post=post, auto_id="member-%s"),
        "room_form": given.get("room") or RoomForm(auto_id="room-%s"),
        "people": people_listed(post),
        "units": units_listed(post.path),
        "history": history.of("committee", row.organisation.code),
    }
    return show(request, "mediation/committee", context, refused=bool(given))


def _duty_form(member: Member) -> DutyForm:
    return DutyForm(initial=DutyForm.values(member), auto_id=f"m{member.pk}-%s")


def _room_form(room: Room) -> RoomForm:
    return RoomForm(initial=RoomForm.values(room), auto_id=f"r{room.pk}-%s")
