"""What a supervisor looks at, of one kind of case: how much is open, late or stuck, where, at whose desk.

Every question reads open cases only (partial indexes) and is one statement, however many units there are.
"Late" is the resident's clock: a case whose promised moment has come, is not on hold and not merged into another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from linli.cases.models import Case, CaseQuerySet, Task
from linli.cases.models.case import AXES
from linli.cases.procedures.calendar import Calendar, current
from linli.orgs.models import within
from linli.people.access import Actor

SPANS = ((0, 2), (3, 5), (6, 10), (11, None))  # working days past the promise, first and last
SHOWN = ("open", "late", "soon", "returned", "ruling", "held", "reopened", "supervised") + tuple(
    f"span{n}" for n in range(len(SPANS))
)
LISTED = (*SHOWN, "calm")
SEARCH_DAYS = 120
PAGE = 20

Key = tuple[datetime, UUID]


@dataclass(frozen=True)
class Totals:
    """The figures at the head of the board, and how long the late ones have been late, span by span."""

    open: int = 0
    late: int = 0
    soon: int = 0
    returned: int = 0
    ruling: int = 0
    held: int = 0
    reopened: int = 0
    supervised: int = 0
    late_spans: tuple[int, ...] = ()


@dataclass
class Row:
    """The figures of one area, unit or category; `key` is the path step or the code it stands for."""

    key: str
    open: int = 0
    late: int = 0
    returned: int = 0
    supervised: int = 0
    due_at: datetime | None = None  # of the case that is late longest

    def add(self, other: Mapping[str, Any]) -> None:
        for name in ("open", "late", "returned", "supervised"):
            setattr(self, name, getattr(self, name) + other[name])
        oldest: datetime | None = other["oldest"]
        if oldest is not None and (self.due_at is None or oldest < self.due_at):
            self.due_at = oldest


@dataclass(frozen=True)
class Desk:
    """Where late cases wait: a unit, the kind of work there, how many, since when, and how many were ever returned."""

    organisation_id: UUID
    why: str
    late: int
    since: datetime
    returned: int


@dataclass(frozen=True)
class Narrowed:
    """What the list of late cases is narrowed to; an empty one holds all."""

    place: str = ""  # paths
    holder: str = ""
    desk: UUID | None = None
    why: str = ""
    category: str = ""
    span: int | None = None
    is_returned: bool = False  # at least once, by whichever unit


@dataclass
class Page:
    """A page of late cases, oldest promise first, with the desks they wait at and the key of the next page."""

    cases: list[Case]
    desks: dict[UUID, Task] = field(default_factory=dict)
    supervised: set[UUID] = field(default_factory=set)
    after: Key | None = None


def on_board(actor: Actor, kind: str, reach: Collection[str] = AXES) -> CaseQuerySet:
    """The open cases of a kind in the actor's area; a merged one counts once, as the case it was merged into."""
    return Case.objects.visible_to(actor, reach).filter(kind=kind, is_open=True).exclude(state="merged")


def late(at: datetime) -> Q:
    return Q(due_at__lte=at, is_paused=False)


def soon(at: datetime, calendar: Calendar | None = None) -> Q:
    """Due within one working day: by the end of the next working day."""
    known = calendar or current()
    today = at.astimezone(known.zone).date()
    following = (today + timedelta(days=n) for n in range(1, SEARCH_DAYS))
    last = next((day for day in following if known.is_working(day)), today)
    return Q(due_at__gt=at, due_at__lte=_midnight_after(last, known), is_paused=False)


def span(index: int, at: datetime, calendar: Calendar | None = None) -> Q:
    """Late by so many working days: the span of SPANS with that index."""
    known = calendar or current()
    fewest, most = SPANS[index]
    wanted = late(at)
    if fewest:
        wanted &= Q(due_at__lte=_latest_due(fewest, at, known))
    if most is not None:
        wanted &= Q(due_at__gt=_latest_due(most + 1, at, known))
    return wanted


def shown(name: str, at: datetime) -> Q:
    """The condition behind a figure of the board, by its name in LISTED."""
    if name.startswith("span"):
        return span(int(name[4:]), at) & ~Q(state="merged")
    supervised = Task.objects.filter(why="supervised").values("case_id")
    conditions = {
        "open": Q(),
        "late": late(at),
        "calm": ~late(at),
        "soon": soon(at),
        "returned": Q(returns__gte=2),
        "ruling": Q(state="arbitration"),
        "held": Q(state="deferred"),
        "reopened": Q(reopenings__gte=1),
        "supervised": Q(pk__in=supervised),
    }
    return conditions[name] & Q(is_open=True) & ~Q(state="merged")


def totals(*, actor: Actor, kind: str, at: datetime) -> tuple[Totals, list[Row]]:
    """The figures of the whole area and those of each group of categories, from one reading of the open cases."""
    rows: dict[str, Row] = {}
    sums = dict.fromkeys(SHOWN, 0)
    counted = {f"n_{name}": Count("pk", filter=shown(name, at)) for name in SHOWN}
    for figures in _figures(on_board(actor, kind), "category", at, **counted):
        group = str(figures["category"]).split(".")[0]
        rows.setdefault(group, Row(group)).add(figures)
        for name in SHOWN:
            sums[name] += figures[f"n_{name}"]
    spans = tuple(sums.pop(name) for name in SHOWN if name.startswith("span"))
    return Totals(**sums, late_spans=spans), [rows[key] for key in sorted(rows)]


def by_place(*, actor: Actor, kind: str, at: datetime) -> list[Row]:
    """The figures of the areas next below the actor's, by where things happened."""
    return _folded(on_board(actor, kind), "place_path", actor.path, at)


def by_holder(*, actor: Actor, kind: str, at: datetime) -> list[Row]:
    """The figures of the units next below the actor's, by who handles; what nobody holds yet is left out."""
    return _folded(on_board(actor, kind).exclude(holder_path=""), "holder_path", actor.path, at)


def desks(*, actor: Actor, kind: str, at: datetime) -> list[Desk]:
    """At whose desk the late cases wait, by unit and kind of work."""
    waiting = (
        Task.objects.filter(is_stage=True, case__in=on_board(actor, kind).filter(late(at)))
        .values("organisation_id", "why")
        .annotate(
            late=Count("case_id"),
            oldest=Min("since"),
            returned=Count("case_id", filter=Q(case__returns__gte=1)),
        )
        .order_by("organisation__path", "why")
    )
    return [
        Desk(row["organisation_id"], row["why"], row["late"], row["oldest"], row["returned"])
        for row in waiting
    ]


def late_cases(*, actor: Actor, kind: str, at: datetime, narrowed: Narrowed | None = None) -> CaseQuerySet:
    """The late cases of the area, or some of them."""
    return on_board(actor, kind).filter(late(at)).filter(_within(narrowed or Narrowed(), at))


def late_page(
    *,
    actor: Actor,
    kind: str,
    at: datetime,
    narrowed: Narrowed | None = None,
    after: Key | None = None,
    size: int = PAGE,
) -> Page:
    """Late cases, oldest promise first; `after` is the key the page before ended with."""
    cases = late_cases(actor=actor, kind=kind, at=at, narrowed=narrowed)
    if after is not None:
        due_at, case_id = after
        cases = cases.filter(Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=case_id))
    found = list(cases.select_related("place__parent", "holder").order_by("due_at", "pk")[: size + 1])
    page = Page(found[:size])
    if len(found) > size:
        last = page.cases[-1]
        assert last.due_at is not None
        page.after = (last.due_at, last.pk)
    tasks = Task.objects.filter(case_id__in=[case.pk for case in page.cases]).select_related("organisation")
    for task in tasks.order_by("case_id", "number"):
        if task.is_stage:
            page.desks[task.case_id] = task
        elif task.why == "supervised":
            page.supervised.add(task.case_id)
    return page


def _within(narrowed: Narrowed, at: datetime) -> Q:
    wanted = Q()
    if narrowed.place:
        wanted &= within("place_path", narrowed.place)
    if narrowed.holder:
        wanted &= within("holder_path", narrowed.holder)
    if narrowed.category:
        wanted &= Q(category=narrowed.category) | Q(category__startswith=narrowed.category + ".")
    if narrowed.desk is not None or narrowed.why:
        wanted &= Q(pk__in=_waiting(narrowed).values("case_id"))
    if narrowed.is_returned:
        wanted &= Q(returns__gte=1)
    if narrowed.span is not None:
        wanted &= span(narrowed.span, at)
    return wanted


def _waiting(narrowed: Narrowed) -> QuerySet[Task]:
    """What waits at a desk, for a kind of work, or both."""
    waiting = Task.objects.filter(is_stage=True)
    if narrowed.desk is not None:
        waiting = waiting.filter(organisation_id=narrowed.desk)
    return waiting.filter(why=narrowed.why) if narrowed.why else waiting


def _figures(cases: CaseQuerySet, by: str, at: datetime, **more: Count) -> Iterable[Mapping[str, Any]]:
    supervised = Task.objects.filter(why="supervised").values("case_id")
    grouped = cases.values(by).annotate(
        open=Count("pk"),
        late=Count("pk", filter=late(at)),
        returned=Count("pk", filter=Q(returns__gte=2)),
        supervised=Count("pk", filter=Q(pk__in=supervised)),
        oldest=Min("due_at", filter=late(at)),
        **more,
    )
    return list(grouped.order_by(by))


def _folded(cases: CaseQuerySet, by: str, path: str, at: datetime) -> list[Row]:
    """Rows of the units one step below `path`; those of the unit itself stand under its own path."""
    rows: dict[str, Row] = {}
    for figures in _figures(cases, by, at):
        key = _step_below(str(figures[by]), path)
        rows.setdefault(key, Row(key)).add(figures)
    return [rows[key] for key in sorted(rows)]


def _step_below(path: str, above: str) -> str:
    """The path cut one step below `above`; a path elsewhere in the tree is cut one step below its root."""
    start = above if path.startswith(above) else path.split("/")[0] + "/"
    step = path[len(start) :].split("/")[0]
    return f"{start}{step}/" if step else start


def _midnight_after(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), calendar.zone)


def _latest_due(working_days: int, at: datetime, calendar: Calendar) -> datetime:
    """The latest promised moment that is, at `at`, past by at least so many working days."""
    day, left = at.astimezone(calendar.zone).date(), working_days
    for _n in range(SEARCH_DAYS):
        left -= calendar.is_working(day)
        day -= timedelta(days=1)
        if left <= 0:
            break
    return _midnight_after(day, calendar)
