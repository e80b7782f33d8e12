"""Found, rename, move and close units; every change leaves a line of history.

A tree change first raises `Revision("organisations")`, whose row lock makes tree changes wait for one
another: two moves can not close a loop together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.orgs import lookup
from linli.orgs.models import (
    Change,
    Kind,
    Organisation,
    OrganisationChange,
    Revision,
    is_within,
    within,
)

By = AbstractBaseUser | None

# Called with (old path, new path) in the transaction of the move: apps that keep copies of paths rewrite them.
path_moved_hooks: list[Callable[[str, str], None]] = []

# Called with (closed unit, the one it was merged into) in the transaction of the merger, when its children have moved.
unit_merged_hooks: list[Callable[[Organisation, Organisation], None]] = []

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
LONGEST_PATH = 200
OFFICES = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)
PARENTS: dict[str, tuple[Kind | None, ...]] = {
    Kind.COUNTY: (None, Kind.COUNTY),
    Kind.TOWNSHIP: (Kind.COUNTY,),
    Kind.VILLAGE: (Kind.TOWNSHIP,),
    Kind.COMMUNITY: (Kind.TOWNSHIP,),
    Kind.GRID: (Kind.VILLAGE, Kind.COMMUNITY),
    Kind.DEPARTMENT: (Kind.COUNTY, Kind.TOWNSHIP, Kind.DEPARTMENT, Kind.CENTRE),
    Kind.CENTRE: (Kind.COUNTY, Kind.TOWNSHIP),
    Kind.COMMITTEE: (Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.DEPARTMENT, Kind.CENTRE),
}


class OrganisationError(Exception):
    """A change to the tree that can not be made: `field` is what to correct, `message` says why and how."""

    field = ""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field or self.field


class CodeUnusable(OrganisationError):
    field = "code"


class CodeTaken(OrganisationError):
    field = "code"


class NameMissing(OrganisationError):
    field = "name"


class NothingChanged(OrganisationError):
    pass


class WrongParent(OrganisationError):
    field = "parent"


class WouldLoop(OrganisationError):
    field = "parent"


class TooDeep(OrganisationError):
    field = "parent"


class UnitClosed(OrganisationError):
    field = "organisation"


class StillHasUnits(OrganisationError):
    field = "organisation"


def bump(name: str) -> None:
    """Raise a revision, in the caller's transaction, so that every process notices; locks its row."""
    revision = Revision.objects.filter(name=name)
    if not revision.update(number=F("number") + 1):
        Revision.objects.bulk_create([Revision(name=name)], ignore_conflicts=True)
        revision.update(number=F("number") + 1)
    if name == "boundaries":
        lookup.forget()
    for kept in (lookup.units, lookup.outlines):
        if name == kept.revision:
            kept.forget()


def found(
    *, code: str, name: str, kind: str, parent: Organisation | None, by: By, at: datetime, **details: Any
) -> Organisation:
    """Create a unit under `parent` (GB/T 10114 codes; every grid belongs to one village or community).

    `details`: name_en, function, phone, supervision_phone, area, is_demo.
    """
    with transaction.atomic():
        bump("organisations")
        check_code(code)
        _check_parent(parent, kind)
        path = check_path((parent.path if parent else "") + code + "/")
        unit = Organisation(
            code=code,
            name=checked_name(name),
            kind=kind,
            parent=parent,
            path=path,
            valid_from=_day(at),
            **details,
        )
        unit.save(force_insert=True)
        record(unit, Change.FOUNDED, by=by, at=at)
    return unit


def rename(
    *, organisation: Organisation, name: str, name_en: str = "", by: By, at: datetime, note: str = ""
) -> Organisation:
    """Give a unit another name; the old one stays in its history."""
    with transaction.atomic():
        bump("organisations")
        lock(organisation)
        name = checked_name(name)
        if (name, name_en) == (organisation.name, organisation.name_en):
            raise NothingChanged(_("名称没有变化。"), "name")
        record(organisation, Change.RENAMED, by=by, at=at, note=note)
        organisation.name, organisation.name_en = name, name_en
        organisation.save(update_fields=["name", "name_en"])
    return organisation


def move(
    *, organisation: Organisation, to: Organisation, by: By, at: datetime, note: str = ""
) -> tuple[str, str]:
    """Put a unit and all below it under another parent; returns (old path, new path)."""
    with transaction.atomic():
        bump("organisations")
        lock(organisation)
        if organisation.parent_id == to.pk:
            raise NothingChanged(_("它已经在这个上级之下。"), "parent")
        _check_parent(to, organisation.kind)
        record(organisation, Change.MOVED, by=by, at=at, note=note)
        moved = rehang(organisation, to)
        bump("boundaries")
    return moved


def close(*, organisation: Organisation, by: By, at: datetime, note: str = "") -> Organisation:
    """End a unit under which nothing stands any more; its row and history stay."""
    with transaction.atomic():
        bump("organisations")
        lock(organisation)
        if organisation.children.standing().exists():
            raise StillHasUnits(
                _("“%(name)s”下面还有单位，请先撤销或划走它们。") % {"name": organisation.label}
            )
        end(organisation, Change.CLOSED, by=by, at=at, note=note)
        bump("boundaries")
    return organisation


def check_code(code: str) -> None:
    """Refuse a code that can not stand in a path, or that any unit, closed ones included, has had."""
    if not CODE.fullmatch(code):
        raise CodeUnusable(_("代码只能用字母、数字、点、横线和下划线，以字母或数字开头，最多 32 位。"))
    holder = Organisation.objects.filter(code=code).first()
    if holder:
        raise CodeTaken(
            _("代码 %(code)s 已用于“%(name)s”，请换一个。") % {"code": code, "name": holder.label}
        )


def checked_name(name: str) -> str:
    """The name without blanks around it; refused when empty or too long."""
    name = name.strip()
    if not name or len(name) > 80:
        raise NameMissing(_("请填写名称，最多 80 个字。"))
    return name


def check_path(path: str) -> str:
    if len(path) > LONGEST_PATH:
        raise TooDeep(_("层级太深，路径超过 %(limit)d 个字符。") % {"limit": LONGEST_PATH})
    return path


def history(
    organisation: Organisation,
    change: Change,
    *,
    by: By,
    on_date: date,
    note: str = "",
    other: Organisation | None = None,
) -> OrganisationChange:
    """The line of history for a change about to be made (not saved)."""
    return OrganisationChange(
        organisation=organisation,
        change=change,
        on_date=on_date,
        name=organisation.name,
        path=organisation.path,
        other=other,
        note=note[:200],
        made_by=by.pk if by else None,
    )


def record(
    organisation: Organisation,
    change: Change,
    *,
    by: By,
    at: datetime,
    note: str = "",
    other: Organisation | None = None,
) -> None:
    history(organisation, change, by=by, on_date=_day(at), note=note, other=other).save(force_insert=True)


def end(
    organisation: Organisation,
    change: Change,
    *,
    by: By,
    at: datetime,
    note: str,
    other: Organisation | None = None,
) -> None:
    record(organisation, change, by=by, at=at, note=note, other=other)
    close_row(organisation, at)


def close_row(organisation: Organisation, at: datetime) -> None:
    organisation.valid_until = max(_day(at), organisation.valid_from)
    organisation.save(update_fields=["valid_until"])


def _day(at: datetime) -> date:
    return timezone.localdate(at)


def lock(organisation: Organisation) -> None:
    """Read the unit again under lock, and refuse it when it has been closed."""
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update())
    _check_standing(organisation, "organisation")


def _check_standing(organisation: Organisation, field: str) -> None:
    if organisation.valid_until is not None:
        raise UnitClosed(
            _("“%(name)s”已于 %(day)s 停用，不能再改动。")
            % {"name": organisation.label, "day": organisation.valid_until.isoformat()},
            field,
        )


def _check_parent(parent: Organisation | None, kind: str) -> None:
    if parent is not None:
        parent.refresh_from_db(from_queryset=Organisation.objects.select_for_update())
        _check_standing(parent, "parent")
    if (Kind(parent.kind) if parent else None) not in PARENTS[kind]:
        above = Kind(parent.kind).label if parent else _("空的上级")
        raise WrongParent(
            _("“%(kind)s”不能放在“%(above)s”之下。") % {"kind": Kind(kind).label, "above": above}
        )


def rehang(organisation: Organisation, to: Organisation) -> tuple[str, str]:
    """Rewrite the paths of a subtree in one UPDATE and tell those who keep copies."""
    if is_within(to.path, organisation.path):
        raise WouldLoop(_("不能把“%(name)s”放到它自己的下级之下。") % {"name": organisation.label})
    old, new = organisation.path, to.path + organisation.code + "/"
    subtree = Organisation.objects.filter(within("path", old))
    _check_depth(subtree.values_list("path", flat=True), len(new) - len(old))
    Organisation.objects.filter(pk=organisation.pk).update(parent=to)
    subtree.update(path=Concat(Value(new), Substr("path", len(old) + 1)))
    for hook in path_moved_hooks:
        hook(old, new)
    organisation.refresh_from_db()
    return old, new


def _check_depth(paths: Iterable[str], growth: int) -> None:
    longest = max(paths, key=len)
    if growth > 0:
        check_path(longest + "x" * growth)
