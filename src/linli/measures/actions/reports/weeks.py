"""What a week came to at a unit and how it stands now, read once and as every post there may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from linli.cases.actions import board
from linli.cases.models import Task
from linli.measures.actions import reading
from linli.measures.actions.reading import REQUESTS, Counts, View
from linli.measures.models import Problem, ProblemState
from linli.orgs.models import Organisation, within
from linli.people.access import Actor, roles_with_permission
from linli.people.models import Grant
from linli.service_requests.models import Category

PERMISSION = "measures.view"
WEEK = timedelta(days=7)
DESKS, NAMED, HOLDERS, ORDERS = 7, 7, 6, 5  # rows that fit on one sheet


@dataclass(frozen=True)
class Week:
    """`first` to the day before `end`; what is late or due is of `at`. Lists are cut to fit, the totals are whole.

    `page`: the cases late longest, but no accusations, since the sheet may be printed. `coming`: what falls due in
    the seven days from `at`, by unit. `orders`: supervision orders without a reply.
    """

    unit: Organisation
    first: date
    end: date
    at: datetime
    may_see_board: bool
    counts: tuple[Counts, Counts]
    late: int
    desks: list[board.Desk]
    page: board.Page
    coming: dict[str, int]
    orders: list[Task]
    orders_open: int
    returned_problems: int
    units: dict[str, Organisation]
    labels: dict[str, Category]


def readers(at: datetime) -> dict[Organisation, Actor]:
    """The units with posts that may read reports, each with an actor who sees what every such post there sees."""
    wanted = roles_with_permission(PERMISSION)
    grants = Grant.objects.active(at).filter(role__in=wanted).select_related("organisation")
    found: dict[Organisation, Actor] = {}
    for grant in grants.order_by("organisation__path", "pk"):
        unit = grant.organisation
        actor = Actor("staff", grant.role, path=unit.path, organisation_id=unit.pk, organisation=unit)
        if unit not in found or len(actor.reach) < len(found[unit].reach):
            found[unit] = actor
    return found


def read(*, unit: Organisation, reader: Actor, first: date, at: datetime) -> Week:
    """Reads the sums of the week and the open cases."""
    view = View.of(unit, first, first + WEEK)
    before = replace(view, begin=first - WEEK, end=first)
    late = board.late_cases(actor=reader, kind=REQUESTS, at=at)
    supervised = Task.objects.filter(why="supervised", case__in=board.on_board(reader, REQUESTS))
    problems = Problem.objects.filter(within("organisation__path", unit.path), state=ProblemState.RETURNED)
    coming = dict(_coming(reader, at))
    desks = board.desks(actor=reader, kind=REQUESTS, at=at)
    page = board.late_page(actor=reader, kind=REQUESTS, at=at, size=4 * NAMED)
    page.cases = [case for case in page.cases if not case.accused_path][:NAMED]
    orders = supervised.filter(case__accused_path="").select_related("case", "organisation").order_by("since")
    named = Q(path__in=list(coming)) | Q(pk__in=[desk.organisation_id for desk in desks])
    return Week(
        unit=unit,
        first=first,
        end=first + WEEK,
        at=at,
        may_see_board=reader.may("board.view"),
        counts=(reading.totals(view), reading.totals(before)),
        late=late.count(),
        desks=sorted(desks, key=lambda desk: -desk.late),
        page=page,
        coming=coming,
        orders=list(orders[:ORDERS]),
        orders_open=supervised.count(),
        returned_problems=problems.count(),
        units={each.path: each for each in Organisation.objects.filter(named)},
        labels={row.code: row for row in Category.objects.all()},
    )


def _coming(reader: Actor, at: datetime) -> Iterator[tuple[str, int]]:
    """How many fall due in the next seven days, by the unit that holds them; '' where nobody does yet."""
    soon = board.on_board(reader, REQUESTS).filter(due_at__gt=at, due_at__lte=at + WEEK, is_paused=False)
    for row in soon.order_by().values("holder_path").annotate(n=Count("pk")).order_by("-n", "holder_path"):
        yield row["holder_path"], row["n"]
