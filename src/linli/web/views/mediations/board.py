"""The centre's board: how many disputes by committee, category and state, and which are late. Metadata alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.cases.models import Case, CaseQuerySet
from linli.cases.procedures import latest
from linli.kit import clock
from linli.kit.text import clean
from linli.measures.formulas import mediations as formulas
from linli.mediation.models import Category, Mediation, Outcome
from linli.orgs.models import Kind, Organisation
from linli.people.access import Actor, post_of, requires
from linli.web.views import paging
from linli.web.views.figures.asked import month_of

from .mine import joined, line

NARROW = ("committee", "category", "state", "late")
MONTHS = 24
NOBODY = "none"


@dataclass
class Cell:
    """A row of a table: its name, how many are open, how many of them late, and where the number leads."""

    label: str
    href: str
    open: int = 0
    late: int = 0


@dataclass
class Tables:
    """The board's tables, each in a fixed order."""

    committees: dict[str, Cell] = field(default_factory=dict)
    categories: dict[str, Cell] = field(default_factory=dict)
    states: dict[str, Cell] = field(default_factory=dict)
    total: Cell = field(default_factory=lambda: Cell("", ""))


@requires("mediation.view")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Five statements, however many cases; with a filter, a few more for a page of the list."""
    post, at = post_of(request), clock.now()
    asked = narrowing(request.GET)
    visible = on_board(post)
    categories = {row.code: row for row in Category.objects.order_by("position", "code")}
    tables, holders = _tables(visible, categories, at)
    chosen = {name: value for name, value in asked.items() if value}
    context = {
        "at": at,
        "tables": tables,
        "asked": asked,
        "is_narrowed": bool(chosen),
        "in_force": _in_words(chosen, categories, holders),
        "page": _page(visible, chosen, at, request.GET.get("after", "")),
    }
    return render(request, "web/mediations/board.html", context)


def on_board(post: Actor) -> QuerySet[Mediation]:
    """The open disputes a post sees from outside."""
    return Mediation.objects.filter(case__in=Case.objects.visible_to(post), case__is_open=True)


def narrowing(given: QueryDict) -> dict[str, str]:
    return {name: clean(given.get(name, "")[:64]) for name in NARROW}


def _tables(
    visible: QuerySet[Mediation], categories: Mapping[str, Category], at: datetime
) -> tuple[Tables, dict[str, str]]:
    late = Count("pk", filter=Q(case__urgent_at__lte=at, case__is_paused=False))
    rows = list(
        visible.values("case__holder_id", "category_id", "case__state")
        .annotate(n=Count("pk"), late=late)
        .order_by()
    )
    ids = {row["case__holder_id"] for row in rows if row["case__holder_id"]}
    units = Organisation.objects.filter(pk__in=ids).order_by("path")
    holders = {str(unit.pk): unit.label for unit in units} | {NOBODY: _("还没交给委员会")}
    states = {name: str(state.label) for name, state in latest("mediation").states.items()}
    tables = Tables(
        committees={key: Cell(label, _href(committee=key)) for key, label in holders.items()},
        categories={key: Cell(row.label, _href(category=key)) for key, row in categories.items()},
        states={key: Cell(label, _href(state=key)) for key, label in states.items()},
        total=Cell(_("合计"), _href(late="all")),
    )
    for row in rows:
        holder = str(row["case__holder_id"]) if row["case__holder_id"] else NOBODY
        cells = [
            tables.committees.get(holder),
            tables.categories.get(row["category_id"]),
            tables.states.get(row["case__state"]),
            tables.total,
        ]
        for cell in filter(None, cells):
            cell.open += row["n"]
            cell.late += row["late"]
    return tables, holders


def _href(**narrow: str) -> str:
    return f"{reverse('web:mediation_board')}?{urlencode(narrow)}#list"


def _in_words(
    chosen: Mapping[str, str], categories: Mapping[str, Category], holders: Mapping[str, str]
) -> list[str]:
    states = latest("mediation").states
    words = []
    for name, value in chosen.items():
        if name == "committee":
            words.append(holders.get(value, value))
        elif name == "category":
            words.append(categories[value].label if value in categories else value)
        elif name == "state":
            words.append(str(states[value].label) if value in states else value)
        else:
            words.append(_("已超期") if value != "all" else _("全部在办"))
    return words


def _page(visible: QuerySet[Mediation], chosen: Mapping[str, str], at: datetime, after: str) -> paging.Page:
    """A page of the cases a number counts, most urgent first."""
    if not chosen:
        return paging.Page([])
    return _rows(Case.objects.all(), narrowed(visible, chosen, at), after, at)


def _rows(cases: CaseQuerySet, counted: QuerySet[Mediation], after: str, at: datetime) -> paging.Page:
    page = paging.urgent(cases.filter(pk__in=counted.values("case_id")), after)
    found = joined(Mediation.objects.all()).in_bulk([case.pk for case in page.rows])
    return paging.Page([line(found[case.pk], at, generic=True) for case in page.rows], page.more)


def narrowed(found: QuerySet[Mediation], chosen: Mapping[str, str], at: datetime) -> QuerySet[Mediation]:
    if committee := chosen.get("committee"):
        found = found.filter(case__holder=None) if committee == NOBODY else _of_holder(found, committee)
    if category := chosen.get("category"):
        found = found.filter(category_id=category)
    if state := chosen.get("state"):
        found = found.filter(case__state=state)
    if chosen.get("late", "all") != "all":
        found = found.filter(case__urgent_at__lte=at, case__is_paused=False)
    return found


def _of_holder(found: QuerySet[Mediation], text: str) -> QuerySet[Mediation]:
    try:
        return found.filter(case__holder_id=UUID(text))
    except ValueError:
        return found.none()


# Statistics --------------------------------------------------------------------------------------


@requires("mediation.view")
@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """A month with the columns of the justice offices' report."""
    post, at = post_of(request), clock.now()
    month = month_asked(request.GET.get("month", ""), at)
    found = formulas.mediation_month(unit_counted(post), month)
    context = {
        "at": at,
        "found": found,
        "month": month,
        "months": list(_months(at)),
        "here": f"?month={month:%Y-%m}",
        **_behind(post, found, request.GET, at),
    }
    return render(request, "web/mediations/statistics.html", context)


def _behind(post: Actor, found: formulas.MediationMonth, given: QueryDict, at: datetime) -> dict[str, Any]:
    """The disputes behind a number of the month that the post may see; none unless one is asked for."""
    column = {"accepted": _("受理"), "succeeded": _("调解成功")}.get(given.get("shown", ""))
    if column is None:
        return {"in_force": [], "page": paging.Page([])}
    counted, words = formulas.accepted_in(found.unit, found.month), [column]
    if given["shown"] == "succeeded":
        counted = counted.filter(outcome=Outcome.SUCCEEDED)
    for name, lines in (("source", found.sources), ("category", found.categories)):
        if code := clean(given.get(name, "")[:64]):
            words += [line.label for line in lines if line.code == code]
            counted = counted.filter(**{name: code})
    return {
        "in_force": words,
        "page": _rows(Case.objects.visible_to(post), counted, given.get("after", ""), at),
    }


def unit_counted(post: Actor) -> Organisation:
    """Whose month it is: the post's own unit, or for a centre or department the place it serves."""
    unit = post.organisation
    assert unit is not None
    if unit.kind in (Kind.DEPARTMENT, Kind.CENTRE) and unit.parent is not None:
        return unit.parent
    return unit


def month_asked(typed: str, at: datetime) -> date:
    """The month asked for, or the present one."""
    return month_of(typed) or timezone.localtime(at).date().replace(day=1)


def _months(at: datetime) -> Iterable[date]:
    """The present month and those before it."""
    month = timezone.localtime(at).date().replace(day=1)
    for _n in range(MONTHS):
        yield month
        month = (month - timedelta(days=1)).replace(day=1)
