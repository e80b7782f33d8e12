"""How it stands now: open cases by state, and how long what is late has been late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from linli.cases.actions import board
from linli.cases.models import CaseQuerySet
from linli.cases.procedures import latest
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import Actor
from linli.web.views.filters import KIND

BY_HAND = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)


@dataclass(frozen=True)
class Step:
    """How many open cases are in a state, or late for so long; and their list."""

    label: str
    n: int
    href: str


def funnel(post: Actor, unit: Organisation) -> list[Step]:
    """Open cases by state, in the order of the procedure."""
    rows = _open(post, unit).order_by().values("state").annotate(n=Count("id"))
    found = {row["state"]: row["n"] for row in rows}
    states = latest(KIND).states
    return [
        Step(str(states[name].label), found[name], _href(unit, state=name))
        for name in states
        if found.get(name)
    ]


def ageing(post: Actor, unit: Organisation, at: datetime) -> list[Step]:
    """Open cases that are not late, and those that are, by working days past the promise."""
    labels = (
        _("2 个工作日以内"),
        _("3–5 个工作日"),
        _("6–10 个工作日"),
        _("10 个工作日以上"),
    )
    spans = {f"span{n}": Count("id", filter=board.span(n, at)) for n in range(len(labels))}
    found = _open(post, unit).aggregate(open=Count("id"), late=Count("id", filter=board.late(at)), **spans)
    calm = Step(_("没有超期"), found["open"] - found["late"], "")
    return [
        calm,
        *(
            Step(label, found[f"span{n}"], _href(unit, board=f"span{n}") if found[f"span{n}"] else "")
            for n, label in enumerate(labels)
        ),
    ]


def _open(post: Actor, unit: Organisation) -> CaseQuerySet:
    return board.on_board(post, KIND).filter(_at(unit))


def _at(unit: Organisation) -> Q:
    """Cases of a place by where they are, of an office by who holds them."""
    return within("holder_path" if unit.kind in BY_HAND else "place_path", unit.path)


def _href(unit: Organisation, **more: str) -> str:
    narrow = {"unit" if unit.kind in BY_HAND else "place": unit.code}
    return f"{reverse('web:cases')}?{urlencode({'kind': KIND, **narrow, **more})}"
