"""Reads the rollups: sums, series and breakdowns of a unit, and the indicators over them.

Every question is one or two index ranges over sums of one unit, whole months before days, so it costs the same
however many cases there are. A `View` says what is looked at; give it to any function here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from linli.measures.formulas import indicators, sums
from linli.measures.formulas.indicators import Indicator
from linli.measures.models import Counted, Rollup, Spread
from linli.measures.models.counts import Axis, Grain
from linli.mediation.actions import screening
from linli.orgs.models import Kind, Organisation, lineage, within

REQUESTS = "service_request"
Spreads = dict[str, list[tuple[float, int]]]  # by measure: minutes, and how many cases took about so long
EXACT_UP_TO = 5_000  # closed cases: above that, times come from the spread, to within one per cent
LATE = ("closed_late", "late_open")
BELOW = {
    Kind.COUNTY: (Kind.TOWNSHIP,),
    Kind.TOWNSHIP: (Kind.VILLAGE, Kind.COMMUNITY),
    Kind.VILLAGE: (Kind.GRID,),
    Kind.COMMUNITY: (Kind.GRID,),
}
OFFICES = (Kind.DEPARTMENT, Kind.CENTRE)
Counts = dict[str, int]
Series = dict[date, Counts]
NOTHING: Counts = dict.fromkeys(sums.NAMES, 0)


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

    @property
    def words(self) -> str:
        """A share with one decimal, a time in hours or days."""
        if self.value is None:
            return "—"
        if self.indicator.form not in ("median", "p90"):
            return f"{self.value:.1f}%"
        return time_words(self.value)


def time_words(minutes: float) -> str:
    """In hours, from two days on in days."""
    hours = minutes / 60
    if hours < 48:
        return _("%(n).1f 小时") % {"n": hours}
    return _("%(n).1f 天") % {"n": hours / 24}


# Sums -------------------------------------------------------------------------------------------


def totals(view: View) -> Counts:
    """Every count of a view, by its name in data/counts.toml."""
    found = _rows(view).filter(category=view.category).aggregate(**{name: Sum(name) for name in sums.NAMES})
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


def by_category(view: View, names: Sequence[str] = sums.NAMES, *, groups: bool = False) -> dict[str, Counts]:
    """Counts by category, or by group of categories; only those where something was counted."""
    rows = _rows(view).exclude(category="")
    return _grouped(rows.exclude(category__contains=".") if groups else rows, "category", names)


def by_unit_and_month(
    view: View, paths: Iterable[str], names: Sequence[str]
) -> dict[tuple[str, date], Counts]:
    """Some counts of several units by the months of the view, in one statement. For maps that go through a year."""
    rows = _at(view, Grain.MONTH, [view.kind]).filter(path__in=list(paths)).values_list("path", "day", *names)
    return {(row[0], row[1]): dict(zip(names, row[2:], strict=True)) for row in rows}


def times_by_unit_and_month(
    view: View, paths: Iterable[str], indicator: Indicator
) -> dict[tuple[str, date], Figure]:
    """A median or ninth decile of several units by the months of the view, in one statement: from the spread alone."""
    rows = Spread.objects.filter(axis=view.axis, path__in=list(paths), kind=view.kind, category=view.category)
    rows = rows.filter(measure=indicator.measure, month__gte=view.begin, month__lt=view.end, n__gt=0)
    found: dict[tuple[str, date], list[tuple[float, int]]] = {}
    for path, month, bucket, n in rows.values_list("path", "month", "bucket", "n"):
        found.setdefault((path, month), []).append((sums.from_bucket(bucket), n))
    return {key: _percentile(indicator, took, is_exact=False) for key, took in found.items()}


def by_channel(view: View, names: Sequence[str] = sums.NAMES) -> dict[str, Counts]:
    """Counts by the channel a report came in through."""
    rows = _rows(replace(view, channel="*")).filter(category=view.category).exclude(channel="")
    return _grouped(rows, "channel", names)


def by_day(view: View) -> dict[date, Counts]:
    """Counts of each day on which something was counted."""
    return _series(view, Grain.DAY, [view.kind])[view.kind]


def by_month(view: View) -> dict[date, Counts]:
    """Counts of each month, by its first day; `begin` and `end` are first days of months."""
    return by_kind_and_month(view, [view.kind])[view.kind]


def by_kind_and_month(view: View, kinds: Sequence[str]) -> dict[str, Series]:
    """The same of several kinds of case, in one statement."""
    return _series(view, Grain.MONTH, kinds)


def standing(view: View) -> Counts:
    """How it stands at the end of the last day: `open` cases, and of the promises run out by then, `late_open` ones.

    Open is what was ever received or reopened less what was finished, so nothing can disappear at any unit.
    """
    found = totals(replace(view, begin=date(1970, 1, 1)))
    return {
        "open": found["received"] + found["reopened"] - found["finished"],
        "late_open": found["late_open"],
    }


def _series(view: View, grain: Grain, kinds: Sequence[str]) -> dict[str, Series]:
    found: dict[str, Series] = {kind: {} for kind in kinds}
    rows = _at(view, grain, kinds).filter(path=view.path).order_by("day")
    for kind, day, *counts in rows.values_list("kind", "day", *sums.NAMES):
        found[kind][day] = dict(zip(sums.NAMES, counts, strict=True))
    return found


def _at(view: View, grain: Grain, kinds: Sequence[str]) -> QuerySet[Rollup]:
    rows = Rollup.objects.filter(axis=view.axis, grain=grain.value, kind__in=kinds)
    rows = rows.filter(channel=view.channel, category=view.category)
    return rows.filter(day__gte=view.begin, day__lt=view.end)


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


def months_of(begin: date, end: date) -> list[date]:
    """The months a period touches, by their first days."""
    months = [begin.replace(day=1)]
    while next_month(months[-1]) < end:
        months.append(next_month(months[-1]))
    return months


def _grouped(rows: QuerySet[Rollup], key: str, names: Sequence[str] = sums.NAMES) -> dict[str, Counts]:
    """Added up here: they are few, and to write a sum for every count takes longer than to read them."""
    found: dict[str, list[int]] = {}
    for value, *counts in rows.order_by(key).values_list(key, *names):
        found[value] = (
            [a + b for a, b in zip(found[value], counts, strict=True)] if value in found else counts
        )
    return {value: dict(zip(names, counts, strict=True)) for value, counts in found.items()}


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


def by_month_figures(view: View, months: Sequence[date], series: Mapping[str, Series]) -> list[list[Figure]]:
    """Every indicator of each of these months of a unit, in order, in a few statements for all of them.

    `series`: counts by kind and month (`by_month`), which hold these months.
    """
    done = screening.done_in(view.path, months)
    took = {kind: _took(replace(view, kind=kind), months) for kind in {e.kind for e in _timed()}}
    found = []
    for month in months:
        row = []
        for each in indicators.indicators().values():
            if each.form == "share":
                row.append(of_counts(each, series[each.kind].get(month, NOTHING)))
            elif each.form == "screened":
                row.append(_share_of(each, *done[month]))
            else:
                row.append(_percentile(each, *took[each.kind][month, each.measure]))
        found.append(row)
    return found


def of_counts(indicator: Indicator, counts: Counts) -> Figure:
    """A share, from counts at hand: of a row of `by_unit`, `by_category` or a series."""
    return Figure(indicator, indicator.of(counts), indicator.part.of(counts), indicator.whole.of(counts))


def _time(indicator: Indicator, view: View) -> Figure:
    """Median or ninth decile in minutes: exact over up to some thousand cases, else from the spread by months."""
    months = {"month__gte": view.begin.replace(day=1), "month__lt": view.end}
    rows = _spread(view).filter(**months).values("measure", "bucket").annotate(total=Sum("n"))
    spread: Spreads = {measure: [] for measure in sums.MEASURES}
    for row in rows:
        if row["total"]:
            spread[row["measure"]].append((sums.from_bucket(row["bucket"]), row["total"]))
    if not _are_few(spread.values()) or view.channel:
        return _percentile(indicator, spread[indicator.measure], is_exact=False)
    field = sums.MEASURES[indicator.measure]
    exact = closed(view, (view.begin, view.end)).exclude(**{field: None}).values_list(field, flat=True)
    return _percentile(indicator, [(n, 1) for n in exact])


def _percentile(indicator: Indicator, took: Sequence[tuple[float, int]], is_exact: bool = True) -> Figure:  # noqa: FBT001
    share, total = 0.5 if indicator.form == "median" else 0.9, sum(n for _minutes, n in took)
    return Figure(indicator, sums.percentile(took, share), total, total, is_exact=is_exact)


def _timed() -> list[Indicator]:
    return [each for each in indicators.indicators().values() if each.form in ("median", "p90")]


def _took(view: View, months: Sequence[date]) -> dict[tuple[date, str], tuple[list[tuple[float, int]], bool]]:
    """Of each month and measure, minutes with how many cases took so long, and whether they are exact."""
    spread: dict[date, Spreads] = {month: {measure: [] for measure in sums.MEASURES} for month in months}
    for row in _spread(view).filter(month__in=months).values("month", "measure", "bucket", "n"):
        if row["n"]:
            spread[row["month"]][row["measure"]].append((sums.from_bucket(row["bucket"]), row["n"]))
    few = {month for month, measures in spread.items() if _are_few(measures.values())}
    exact = _exactly(view, few)
    return {
        (month, measure): (exact[month, measure], True) if month in few else (rows, False)
        for month, measures in spread.items()
        for measure, rows in measures.items()
    }


def _exactly(view: View, months: Collection[date]) -> dict[tuple[date, str], list[tuple[float, int]]]:
    """The minutes of every case of these months, in one statement."""
    found: dict[tuple[date, str], list[tuple[float, int]]] = {
        (month, measure): [] for month in months for measure in sums.MEASURES
    }
    rows = closed(view, *((month, next_month(month)) for month in months))
    for received_on, closed_on, *took in rows.values_list(
        "received_on", "closed_on", *sums.MEASURES.values()
    ):
        month = sums.month_of(closed_on or received_on)
        for measure, minutes in zip(sums.MEASURES, took, strict=True):
            if minutes is not None:
                found[month, measure].append((minutes, 1))
    return found


def _are_few(spreads: Iterable[list[tuple[float, int]]]) -> bool:
    """Whether the cases a period closed are so few that the times of each can be read."""
    return all(sum(n for _minutes, n in each) <= EXACT_UP_TO for each in spreads)


def _spread(view: View) -> QuerySet[Spread]:
    return Spread.objects.filter(axis=view.axis, path=view.path, category=view.category, kind=view.kind)


def closed(view: View, *periods: tuple[date, date]) -> QuerySet[Counted]:
    """The cases closed in one of these periods, or, while they are open, received in it."""
    rows = Counted.objects.filter(within(f"{view.axis}_path", view.path), kind=view.kind)
    rows = rows.exclude(accused_path__in=lineage(view.path))
    wanted = Q()
    for begin, end in periods:
        wanted |= Q(closed_on__gte=begin, closed_on__lt=end)
        wanted |= Q(closed_on=None, received_on__gte=begin, received_on__lt=end)
    if view.category:
        rows = rows.filter(Q(category=view.category) | Q(category__startswith=f"{view.category}."))
    return rows.filter(wanted) if periods else rows.none()


def _screened(indicator: Indicator, view: View) -> Figure:
    """Villages and communities gone through, over the months of the period."""
    found = screening.done_in(view.path, months_of(view.begin, view.end)).values()
    return _share_of(indicator, sum(done for done, _whole in found), sum(whole for _done, whole in found))


def _share_of(indicator: Indicator, part: int, whole: int) -> Figure:
    return Figure(indicator, 100 * part / whole if whole else None, part, whole)
