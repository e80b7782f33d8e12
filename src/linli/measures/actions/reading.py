"""Reads the rollups: sums, series and breakdowns of a unit, and the indicators over them.

Every question is one or two index ranges over sums of one unit, whole months before days, so it costs the same
however many cases there are. A `View` says what is looked at; give it to any function here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum

from linli.measures.formulas import indicators, sums
from linli.measures.formulas.indicators import Indicator
from linli.measures.models import Counted, Rollup, Spread
from linli.measures.models.counts import Axis, Grain
from linli.mediation.actions import screening
from linli.orgs.models import Organisation, within

REQUESTS = "service_request"
EXACT_UP_TO = 5_000  # closed cases: above that, times come from the spread, to within one per cent
Counts = dict[str, int]


@dataclass(frozen=True)
class View:
    """What is looked at: cases that lie in a unit (place) or were handled by it (holder), over days.

    `begin` is the first day, `end` the day after the last. `category` is a category, a group of them, or '' for all;
    so is `channel`. `kind`: service_request, mediation, ….
    """

    path: str
    begin: date
    end: date
    axis: str = Axis.PLACE.value
    kind: str = REQUESTS
    category: str = ""
    channel: str = ""

    @classmethod
    def of(cls, unit: Organisation, begin: date, end: date, **more: str) -> View:
        """A department or committee by what it handled, a place by what lies in it."""
        by_hand = unit.kind in ("department", "committee", "centre")
        return cls(unit.path, begin, end, axis=(Axis.HOLDER if by_hand else Axis.PLACE).value, **more)


@dataclass(frozen=True)
class Figure:
    """An indicator worked out. `value`: per cent, or minutes for a time; None where there is nothing to say.

    `part` and `whole` are the numbers behind it; for a time, `whole` is how many cases it is of.
    """

    indicator: Indicator
    value: float | None
    part: int
    whole: int
    is_exact: bool = True

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is reached; None without one, or without a figure."""
        target = self.indicator.target
        if target is None or self.value is None:
            return None
        return self.value >= target if self.indicator.better == "up" else self.value <= target


# Sums -------------------------------------------------------------------------------------------


def totals(view: View) -> Counts:
    """Every count of a view, by its name in data/counts.toml."""
    found = _rows(view).filter(category=view.category).aggregate(**_sums())
    return {name: int(n or 0) for name, n in found.items()}


def by_unit(view: View, paths: Iterable[str]) -> dict[str, Counts]:
    """The same of several units: their counts by path. For maps and tables of what lies below a unit."""
    return _grouped(_rows(view, list(paths)).filter(category=view.category), "path")


def below(view: View, kinds: Sequence[str]) -> dict[str, Counts]:
    """The counts of every unit of these kinds at or below the view's unit, by path; zero where nothing was counted."""
    units = Organisation.objects.filter(within("path", view.path), kind__in=kinds)
    paths = list(units.order_by("path").values_list("path", flat=True))
    found = by_unit(view, paths)
    return {path: found.get(path) or dict.fromkeys(sums.NAMES, 0) for path in paths}


def by_category(view: View, *, groups: bool = False) -> dict[str, Counts]:
    """Counts by category, or by group of categories; only those where something was counted."""
    found = _grouped(_rows(view).exclude(category=""), "category")
    return {code: counts for code, counts in found.items() if not groups or "." not in code}


def by_channel(view: View) -> dict[str, Counts]:
    """Counts by the channel a report came in through."""
    rows = _rows(replace(view, channel="*")).filter(category=view.category).exclude(channel="")
    return _grouped(rows, "channel")


def by_day(view: View) -> dict[date, Counts]:
    """Counts of each day on which something was counted."""
    return _series(view, Grain.DAY)


def by_month(view: View) -> dict[date, Counts]:
    """Counts of each month, by its first day; `begin` and `end` are first days of months."""
    return _series(view, Grain.MONTH)


def standing(view: View) -> Counts:
    """How it stands at the end of the last day: `open` cases, and of the promises run out by then, `late_open` ones.

    Open is what was ever received or reopened less what was finished, so nothing can disappear at any unit.
    """
    found = totals(replace(view, begin=date(1970, 1, 1)))
    return {
        "open": found["received"] + found["reopened"] - found["finished"],
        "late_open": found["late_open"],
    }


def _series(view: View, grain: Grain) -> dict[date, Counts]:
    rows = Rollup.objects.filter(
        axis=view.axis,
        path=view.path,
        grain=grain.value,
        channel=view.channel,
        category=view.category,
        kind=view.kind,
        day__gte=view.begin,
        day__lt=view.end,
    )
    found: Iterable[Any] = rows.order_by("day").values("day", *sums.NAMES)
    return {row["day"]: _ints(row) for row in found}


def _rows(view: View, paths: list[str] | None = None) -> QuerySet[Rollup]:
    """The rows whose sum is asked for: whole months as months, the days around them as days."""
    rows = Rollup.objects.filter(axis=view.axis, kind=view.kind)
    rows = rows.filter(path=view.path) if paths is None else rows.filter(path__in=paths)
    if view.channel != "*":
        rows = rows.filter(channel=view.channel)
    wanted = Q()
    for grain, begin, end in spans(view.begin, view.end):
        wanted |= Q(grain=grain.value, day__gte=begin, day__lt=end)
    return rows.filter(wanted) if wanted else rows.none()


def spans(begin: date, end: date) -> list[tuple[Grain, date, date]]:
    """Days to the first of a month, whole months, days to the end; empty spans are left out."""
    first = begin if begin.day == 1 else next_month(begin)
    last = end.replace(day=1)
    if first >= last:
        return [(Grain.DAY, begin, end)] if begin < end else []
    found = [(Grain.DAY, begin, first), (Grain.MONTH, first, last), (Grain.DAY, last, end)]
    return [span for span in found if span[1] < span[2]]


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _grouped(rows: QuerySet[Rollup], key: str) -> dict[str, Counts]:
    found: Iterable[Any] = rows.values(key).annotate(**_sums()).order_by(key)
    return {row[key]: _ints(row) for row in found}


def _sums() -> dict[str, Sum]:
    return {name: Sum(name) for name in sums.NAMES}


def _ints(row: dict[str, Any]) -> Counts:
    return {name: int(row[name] or 0) for name in sums.NAMES}


# Indicators -------------------------------------------------------------------------------------


def figure(code: str, view: View, counts: Counts | None = None) -> Figure:
    """One indicator of a view. `counts`: the totals of the view, where they are at hand."""
    indicator = indicators.indicators()[code]
    if indicator.form == "share":
        known = counts if counts is not None else totals(replace(view, kind=indicator.kind))
        return of_counts(indicator, known)
    if indicator.form == "screened":
        return _screened(indicator, view)
    return _time(indicator, view)


def figures(view: View) -> list[Figure]:
    """Every indicator of the view, in order; those of mediation over mediation."""
    known = {kind: totals(replace(view, kind=kind)) for kind in (REQUESTS, "mediation")}
    return [
        figure(code, replace(view, kind=each.kind), known[each.kind])
        for code, each in indicators.indicators().items()
    ]


def of_counts(indicator: Indicator, counts: Counts) -> Figure:
    """A share, from counts at hand: of a row of `by_unit`, `by_category` or a series."""
    return Figure(indicator, indicator.of(counts), indicator.part.of(counts), indicator.whole.of(counts))


def _time(indicator: Indicator, view: View) -> Figure:
    """Median or ninth decile in minutes: exact over up to some thousand cases, else from the spread by months."""
    share = 0.5 if indicator.form == "median" else 0.9
    spread = _spread(indicator.measure, view)
    total = sum(n for _minutes, n in spread)
    if total > EXACT_UP_TO or view.channel:
        return Figure(indicator, sums.percentile(spread, share), total, total, is_exact=False)
    exact = _minutes(indicator.measure, view)
    return Figure(indicator, sums.percentile([(n, 1) for n in exact], share), len(exact), len(exact))


def _spread(measure: str, view: View) -> list[tuple[float, int]]:
    rows = Spread.objects.filter(
        axis=view.axis,
        path=view.path,
        measure=measure,
        category=view.category,
        kind=view.kind,
        month__gte=view.begin.replace(day=1),
        month__lt=view.end,
    )
    found = rows.values("bucket").annotate(total=Sum("n")).order_by("bucket")
    return [(sums.from_bucket(row["bucket"]), row["total"]) for row in found if row["total"]]


def _minutes(measure: str, view: View) -> list[int]:
    """The minutes of each case that was closed in the period, or, while it is open, received in it."""
    field = sums.MEASURES[measure]
    rows = Counted.objects.filter(within(f"{view.axis}_path", view.path), kind=view.kind)
    rows = rows.exclude(accused_path__in=at_or_above(view.path))
    closed = Q(closed_on__gte=view.begin, closed_on__lt=view.end)
    still = Q(closed_on=None, received_on__gte=view.begin, received_on__lt=view.end)
    if view.category:
        of = Q(category=view.category) | Q(category__startswith=f"{view.category}.")
        rows = rows.filter(of)
    found = rows.filter(closed | still, **{f"{field}__isnull": False}).values_list(field, flat=True)
    return list(found)


def at_or_above(path: str) -> list[str]:
    """The paths of a unit and of all those above it."""
    steps = path.rstrip("/").split("/")
    return ["/".join(steps[: n + 1]) + "/" for n in range(len(steps))]


def _screened(indicator: Indicator, view: View) -> Figure:
    """Villages and communities gone through, over the months of the period."""
    unit = Organisation.objects.filter(path=view.path).first()
    part = whole = 0
    month = view.begin.replace(day=1)
    while unit is not None and month < view.end:
        rounds = screening.rounds_of(unit, month)
        part, whole = part + sum(each.is_done for each in rounds), whole + len(rounds)
        month = next_month(month)
    return Figure(indicator, 100 * part / whole if whole else None, part, whole)
