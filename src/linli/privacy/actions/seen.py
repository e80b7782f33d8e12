"""Who looked, as the person concerned sees it: when, which office, in which role, for what, and at which parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from linli.cases.actions import paging
from linli.cases.models import Case
from linli.kit.lists import listed
from linli.people.access import roles
from linli.privacy.actions import purposes
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Glass, Group, Read

SIZE = 20


@dataclass(frozen=True)
class Seen:
    """One opening. Offices and roles are named, never members of staff."""

    at: datetime
    unit: str
    role: str
    purpose: str
    groups: str
    is_glass: bool


def page(openings: Openings, after: str = "", size: int = SIZE) -> paging.Page:
    """Openings in words, newest first, a page at a time."""
    found = openings.newest(paging.Key.parse(after), size + 1)
    more = str(paging.Key(found[size - 1].at, found[size - 1].id)) if len(found) > size else ""
    return paging.Page(in_words(found[:size]), more)


@dataclass(frozen=True)
class Broken:
    """That an office outside its area opened a case, and why."""

    at: datetime
    until: datetime
    unit: str
    role: str
    reason: str


def broken(case: Case) -> list[Broken]:
    """Every breaking of the glass of a case, newest first."""
    known = roles()
    found = Glass.objects.filter(case_id=case.pk).select_related("organisation").order_by("-at", "-id")
    return [
        Broken(
            at=each.at,
            until=each.until,
            unit=each.organisation.label,
            role=known[each.role].label if each.role in known else each.role,
            reason=each.reason,
        )
        for each in found
    ]


def in_words(reads: Sequence[Read]) -> list[Seen]:
    labels = {group.value: str(group.label) for group in Group}
    known = roles()
    return [
        Seen(
            at=read.at,
            unit=read.organisation.label if read.organisation else "",
            role=known[read.role].label if read.role in known else _("系统"),
            purpose=purposes.label_of(read.purpose, read.case.kind),
            groups=listed(labels[name] for name in read.groups if name in labels),
            is_glass=read.glass is not None,
        )
        for read in reads
    ]
