"""Committees: founded and described by an administrator, and found for a dispute by place and field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.mediation.models import Category, Committee, CommitteeKind, Field, Member
from linli.orgs import actions as orgs
from linli.orgs.models import Kind, Organisation
from linli.people.access import Actor
from linli.people.models import Person

from .concerns import TERM_YEARS, Concern, after_years, concerns, filing_due, warnings
from .members import (
    AlreadyMember,
    CommitteeClosed,
    CommitteeError,
    NoLongerMember,
    OutsideArea,
    RoomNameMissing,
    RoomNameTaken,
    TooLong,
    UnknownDuty,
    add_member,
    add_room,
    change_member,
    check_area,
    check_standing,
    checked,
    edit_room,
    end_member,
    load_of,
    note,
)

__all__ = [
    "AlreadyMember",
    "AreaUnfit",
    "CommitteeClosed",
    "CommitteeError",
    "Concern",
    "DatesWrong",
    "MarkMissing",
    "MarkTaken",
    "NoLongerMember",
    "OutsideArea",
    "RoomNameMissing",
    "RoomNameTaken",
    "TooLong",
    "UnknownDuty",
    "UnknownKind",
    "add_member",
    "add_room",
    "change_member",
    "committees_for",
    "concerns",
    "edit_committee",
    "edit_room",
    "end_member",
    "filing_due",
    "found_committee",
    "load_of",
    "warnings",
]

PLACES = (Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY)
DATES = ("established_on", "filed_on", "term_from", "term_until")
OWN = ("kind", "area", "file_mark", *DATES)


class UnknownKind(CommitteeError):
    field = "kind"


class AreaUnfit(CommitteeError):
    field = "area"


class MarkMissing(CommitteeError):
    field = "file_mark"


class MarkTaken(CommitteeError):
    field = "file_mark"


class DatesWrong(CommitteeError):
    field = "term_until"


def found_committee(
    *,
    parent: Organisation,
    name: str,
    kind: str,
    area: Organisation,
    file_mark: str,
    by: Actor,
    at: datetime,
    name_en: str = "",
    fields: Iterable[Field] = (),
    established_on: date | None = None,
    filed_on: date | None = None,
    term_from: date | None = None,
    term_until: date | None = None,
    is_demo: bool = False,
) -> Committee:
    """Founds a committee below a unit of the tree. Without a last day its term lasts three years."""
    check_area(parent, by)
    if term_from is not None and term_until is None:
        term_until = after_years(term_from, TERM_YEARS)
    with transaction.atomic():
        unit = orgs.found(
            code=_free_code(parent),
            name=name,
            name_en=checked(name_en, 120, "name_en"),
            kind=Kind.COMMITTEE,
            parent=parent,
            by=_person(by),
            at=at,
            is_demo=is_demo,
        )
        committee = Committee(
            organisation=unit,
            kind=kind,
            area=area,
            file_mark=file_mark,
            established_on=established_on,
            filed_on=filed_on,
            term_from=term_from,
            term_until=term_until,
        )
        _check(committee, by, timezone.localdate(at))
        committee.save(force_insert=True)
        committee.fields.set(fields)
        note(committee, "committee.founded", by, at, {}, _facts(committee))
    return committee


def edit_committee(*, committee: Committee, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Committee:
    """Changes name, name_en, kind, area, fields, file_mark or a date; a new name goes into the tree's history."""
    check_standing(committee, by)
    with transaction.atomic():
        committee = Committee.objects.select_for_update(of=("self",)).get(pk=committee.pk)
        before, unit = _facts(committee), committee.organisation
        for name in OWN:
            if name in changes:
                setattr(committee, name, changes[name])
        _check(committee, by, timezone.localdate(at))
        committee.save(force_update=True)
        if "fields" in changes:
            committee.fields.set(changes["fields"])
        name = changes.get("name", unit.name).strip()
        name_en = checked(changes.get("name_en", unit.name_en), 120, "name_en")
        if (name, name_en) != (unit.name, unit.name_en):
            orgs.rename(organisation=unit, name=name, name_en=name_en, by=_person(by), at=at)
        if (after := _facts(committee)) != before:
            note(committee, "committee.edited", by, at, before, after)
    return committee


def committees_for(place: Organisation, category: Category) -> list[Committee]:
    """Committees that may take a dispute of that kind there, best first.

    Those of its professional field come first, then the nearest upwards: village, township, county. A committee
    for other fields is left out; an enterprise's own comes last; one without any member comes after all others.
    """
    found = (
        Committee.objects.standing()
        .filter(area__path__in=place.ancestor_paths)
        .select_related("organisation", "area")
        .prefetch_related("fields")
    )
    seated = Member.objects.filter(committee__area__path__in=place.ancestor_paths, until=None)
    staffed = set(seated.values_list("committee_id", flat=True))
    ranked = [
        (
            (committee.pk not in staffed, rank, -len(committee.area.path), committee.organisation.path),
            committee,
        )
        for committee in found
        if (rank := _fit(committee, category)) is not None
    ]
    ranked.sort(key=lambda pair: pair[0])
    return [committee for _rank, committee in ranked]


def _fit(committee: Committee, category: Category) -> int | None:
    """How well the fields fit: 0 the field itself, 1 a committee for everything, 2 an enterprise's own."""
    fields = {field.pk for field in committee.fields.all()}
    if category.field_id in fields:
        return 0
    if fields and committee.kind in (CommitteeKind.PROFESSIONAL, CommitteeKind.ASSOCIATION):
        return None
    return 2 if committee.kind == CommitteeKind.ENTERPRISE else 1


def _person(by: Actor) -> Person | None:
    return Person.objects.filter(pk=by.person_id).first() if by.person_id else None


def _free_code(parent: Organisation) -> str:
    """The parent's code and -tj, with a number where that is taken."""
    first = f"{parent.code}-tj"
    taken = set(Organisation.objects.filter(code__startswith=first).values_list("code", flat=True))
    number = 1
    while (code := first + (str(number) if number > 1 else "")) in taken:
        number += 1
    return code


def _check(committee: Committee, by: Actor, today: date) -> None:
    if committee.kind not in CommitteeKind.values:
        raise UnknownKind(_("没有这种委员会，请从名单里选。"))
    check_area(committee.area, by)
    if committee.area.kind not in PLACES or committee.area.valid_until is not None:
        raise AreaUnfit(_("管辖地方要是县、乡镇、村或社区。"))
    committee.file_mark = checked(committee.file_mark, 12, "file_mark")
    if not committee.file_mark:
        raise MarkMissing(_("请填写文号简称，例如“小河”。"))
    _check_mark(committee)
    _check_dates(committee, today)


def _check_mark(committee: Committee) -> None:
    """Two committees with one mark would give two files one number."""
    same = Committee.objects.standing().filter(file_mark=committee.file_mark)
    holder = same.exclude(pk=committee.pk).select_related("organisation").first()
    if holder is not None:
        raise MarkTaken(
            _("“%(mark)s”是%(name)s的文号简称，请换一个，卷号才不会重。")
            % {"mark": committee.file_mark, "name": holder.label}
        )


def _check_dates(committee: Committee, today: date) -> None:
    established, filed = committee.established_on, committee.filed_on
    begins, until = committee.term_from, committee.term_until
    if established is not None and established > today:
        raise DatesWrong(_("设立日期还没有到。"), "established_on")
    if filed is not None and filed > today:
        raise DatesWrong(_("备案日期还没有到。"), "filed_on")
    if filed is not None and established is not None and filed < established:
        raise DatesWrong(_("备案日期不能早于设立日期。"), "filed_on")
    if begins is not None and until is not None and until <= begins:
        raise DatesWrong(_("本届届满要在本届开始之后。"))


def _facts(committee: Committee) -> dict[str, Any]:
    """What the history keeps of a committee."""
    names: QuerySet[Field, str] = committee.fields.order_by("position").values_list("name_zh", flat=True)
    facts: dict[str, Any] = {
        "kind": committee.kind,
        "area": committee.area.name,
        "file_mark": committee.file_mark,
        "fields": "、".join(names),  # zh: punctuation of the history
    }
    for name in DATES:
        value = getattr(committee, name)
        facts[name] = value.isoformat() if value else ""
    return facts
