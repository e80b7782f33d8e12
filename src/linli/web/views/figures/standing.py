"""How it stands now: open cases by state, and how long what is late has been late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, Value, When
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from linli.cases.actions import board
from linli.cases.models import CaseQuerySet
from linli.cases.procedures import latest
from linli.kit.charts import Cell, Chart, Line
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import Actor
from linli.web.views.filters import KIND

BY_HAND = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)
CALM = -1  # beside the spans of lateness


@dataclass(frozen=True)
class Step:
    """How many open cases are in a state, or late for so long; and their list."""

    label: str
    n: int
    href: str


def standing(post: Actor, unit: Organisation, at: datetime) -> tuple[list[Step], list[Step]]:
    """Open cases by state, in the order of the procedure; and those that are not late, and those that are, by working
    days past the promise. One statement that looks once at each case, because a county has many open.
    """
    labels = (
        _("2 个工作日以内"),
        _("3–5 个工作日"),
        _("6–10 个工作日"),
        _("10 个工作日以上"),
    )
    spans = reversed(range(len(labels)))  # what is open is mostly late for long, or not at all
    age = Case(*(When(board.span(n, at), then=Value(n)) for n in spans), default=Value(CALM))
    found = _open(post, unit).order_by().values("state", age=age).annotate(n=Count("*"))
    states, ages = Counter[str](), Counter[int]()
    for row in found:
        states[row["state"]] += row["n"]
        ages[row["age"]] += row["n"]
    named = {CALM: ("calm", _("没有超期")), **{n: (f"span{n}", label) for n, label in enumerate(labels)}}
    return (
        by_state(states, KIND, lambda state: _href(unit, state=state)),
        [
            Step(label, ages[n], _href(unit, board=key) if ages[n] else "")
            for n, (key, label) in named.items()
        ],
    )


def lines(steps: Iterable[Step]) -> list[Line]:
    """The same as lines of a chart."""
    return [Line(each.label, (Cell(f"{each.n:,}", each.href, each.n),)) for each in steps]


def funnel(states: Iterable[Step]) -> Chart:
    """How far what is open has come."""
    return Chart(
        "f-states", _("办到哪一步了（现在）"), "bar", _("状态"), (pgettext("chart", "件"),), lines(states)
    )


def by_state(found: Mapping[str, int], kind: str, href: Callable[[str], str]) -> list[Step]:
    """How many are in each state, in the order of the kind's procedure; `href` gives the list of those in a state."""
    states = latest(kind).states
    return [Step(str(states[name].label), found[name], href(name)) for name in states if found.get(name)]


def _open(post: Actor, unit: Organisation) -> CaseQuerySet:
    """Cases of a place by where they are, of an office by who holds them.

    The unit lies at or below the post: a role that reaches cases this way reaches all of them, and need not be asked
    for another.
    """
    axis = "holder" if unit.kind in BY_HAND else "place"
    reach = {axis} & post.reach or post.reach
    return board.on_board(post, KIND, reach).filter(within(f"{axis}_path", unit.path))


def _href(unit: Organisation, **more: str) -> str:
    narrow = {"unit" if unit.kind in BY_HAND else "place": unit.code} if unit.parent_id else {}
    return f"{reverse('web:cases')}?{urlencode({'kind': KIND, **narrow, **more})}"
