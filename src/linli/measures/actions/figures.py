"""Figures computed from cases and their clocks; `missed` is the rule they share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q

from linli.measures import formulas
from linli.measures.actions.editions import publish_month
from linli.measures.formulas import missed, requests
from linli.measures.models import MonthlyFigures
from linli.orgs.models import Organisation, within

MONTHS = 12


@dataclass(frozen=True)
class Stats:
    """Requests received by a moment; `overdue` are those whose promise was missed by then, all others are on time."""

    cases: int
    closed: int
    open: int
    on_time: int
    overdue: int


def stats(*, county_path: str = "", as_of: datetime) -> Stats:
    """How cases of a county (of all, without one) stood at a moment, by the clock that runs for the reporter.

    A promise is missed when it is still running at its due moment or was stopped after it. The due moment itself is
    late, but for a moment another system gave, which is that system's last one in time.
    """
    cases = requests().filter(received_at__lte=as_of)
    if county_path:
        cases = cases.filter(within("place_path", county_path))
    closed = Q(closed_at__lte=as_of)
    counted = cases.aggregate(
        cases=Count("pk"),
        closed=Count("pk", filter=closed),
        overdue=Count("pk", filter=Exists(missed(as_of).filter(case_id=OuterRef("pk")))),
    )
    return Stats(
        cases=counted["cases"],
        closed=counted["closed"],
        open=counted["cases"] - counted["closed"],
        on_time=counted["cases"] - counted["overdue"],
        overdue=counted["overdue"],
    )


def publish(*, county: Organisation, month: date, at: datetime) -> MonthlyFigures | None:
    """The figures of a month that is over, counted once and kept, with its open data; None while it still runs."""
    first = month.replace(day=1)
    if formulas.bounds(county, first)[1] > at:
        return None
    return publish_month(county=county, month=first, at=at)


def last_month(*, county: Organisation, at: datetime) -> MonthlyFigures | None:
    """The figures of the month before, counted now if nobody has asked before; None before the first case."""
    month = previous_month(at.astimezone(county.zone).date())
    known = MonthlyFigures.objects.filter(organisation=county, month=month).first()
    if known is not None or not _months(county, month):
        return known
    return publish(county=county, month=month, at=at)


def published(*, county: Organisation, at: datetime) -> list[MonthlyFigures]:
    """The figures of the last twelve months, newest first, back to the first case; counts what has not been yet."""
    months = _months(county, previous_month(at.astimezone(county.zone).date()))
    by_month = {
        row.month: row for row in MonthlyFigures.objects.filter(organisation=county, month__in=months)
    }
    found = [by_month.get(month) or publish(county=county, month=month, at=at) for month in months]
    return [row for row in found if row is not None]


def kept(*, county: Organisation, since: date) -> dict[date, MonthlyFigures]:
    """What was published about the months from one on, by month; counts nothing."""
    rows = MonthlyFigures.objects.filter(organisation=county, month__gte=since)
    return {row.month: row for row in rows}


def previous_month(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _months(county: Organisation, last: date) -> list[date]:
    """The months to publish, newest first: up to twelve, back to that of the first case."""
    received = requests().filter(within("place_path", county.path)).order_by("received_at", "id")
    oldest = received.values_list("received_at", flat=True).first()
    if oldest is None:
        return []
    first = oldest.astimezone(county.zone).date().replace(day=1)
    months: list[date] = []
    while last >= first and len(months) < MONTHS:
        months.append(last)
        last = previous_month(last)
    return months
