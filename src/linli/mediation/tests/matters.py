"""A dispute in the middle of its mediation, laid down row by row for tests that need nothing of what came before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.kit.sealing import vault
from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Mediation,
    Party,
    Room,
    Side,
    Sitting,
    SittingKind,
)
from linli.mediation.rules import readers
from linli.people.access import SYSTEM

TOMORROW = NOW.replace(hour=1, minute=0) + timedelta(days=1)  # 9:00 in the county


def matter(town: Town, cast: Cast, *mediators: str, parties: int = 2, state: str = "in_mediation") -> Case:
    """A dispute held by the committee of Donghe; its mediators are named as in the cast."""
    opening = cases.Opening(
        kind="mediation", title="邻里纠纷 · 绿林村", channel="window", place=town["village"]
    )
    case, _event, _is_new = cases.open_case(
        opening=opening, by=SYSTEM, at=NOW - timedelta(days=3), command_id=uuid7(), data={}
    )
    holder = town["east_committee"]
    Case.objects.filter(pk=case.pk).update(state=state, holder=holder, holder_path=holder.path)
    vault.make(case.pk, [readers.unit(holder.pk)])
    Mediation.objects.create(case=case, category_id="neighbours", source="applied", subject="院墙排水纠纷")
    for number in range(1, parties + 1):
        side = Side.APPLICANT if number == 1 else Side.RESPONDENT
        Party.objects.create(case=case, number=number, side=side, name=f"当事人{number}")
    for name in mediators or ("mediator",):
        assign(case, cast, name)
    return Case.objects.get(pk=case.pk)


def assign(case: Case, cast: Cast, name: str, role: str = AssignmentRole.MEDIATOR) -> None:
    Assignment.objects.create(case=case, person=cast.people[name], role=role, since=NOW)
    readers.admit(case.pk, [cast.people[name].pk])


def planned(case: Case, by: Any, start: datetime = TOMORROW, hours: float = 1, **changes: Any) -> Sitting:
    """A joint session of an hour tomorrow at nine in the first room, unless told otherwise."""
    from linli.mediation.actions import sittings

    given: dict[str, Any] = {
        "kind": SittingKind.JOINT,
        "starts_at": start,
        "ends_at": start + timedelta(hours=hours),
        "room": None,
        "place": "" if changes.get("room") else "村委会",
        "at": NOW,
        "command_id": uuid7(),
        **changes,
    }
    return sittings.plan(case=case.pk, by=by, **given)


def first_room() -> Room:
    return Room.objects.get(organisation__code="990001101-tj")
