"""What a month came to at a unit, read once: everything the monthly report says, before it is put into words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import F, Q

from linli.ledger.actions import checkpoints
from linli.measures.actions import counting, reading, surges
from linli.measures.actions.figures import previous_month
from linli.measures.actions.reading import Counts, Figure, View, next_month
from linli.measures.actions.reports import parts
from linli.measures.formulas.surges import Notice
from linli.measures.models import Problem, ProblemState
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.service_requests.models import Category

TREND = 13  # months: this one and the twelve before it
LISTED = 10
EVER = date(1970, 1, 1)


@dataclass(frozen=True)
class Row:
    """A unit right below: its counts of the month, the median time to close, and what is late and open at its end.

    `axis`: whether by where cases lie, or by who handled them.
    """

    unit: Organisation
    axis: str
    counts: Counts
    close: Figure
    late_open: int

    def href(self, month: date, *names: str) -> str:
        """The list of the cases behind these counts; there is one along the unit's own axis only."""
        is_own = View.of(self.unit, month, month).axis == self.axis
        return parts.behind(self.unit, month, *names) if is_own else ""


@dataclass(frozen=True)
class Checked:
    """How far in the ledger it was counted, and the signed checkpoint over that; root in hexadecimal."""

    position: int
    size: int | None
    root: str


@dataclass(frozen=True)
class Month:
    """The month of a unit. `figures`: every indicator now, the month before and a year before."""

    unit: Organisation
    month: date
    at: datetime
    checked: Checked
    counts: tuple[Counts, Counts, Counts]
    figures: list[tuple[Figure, Figure, Figure]]
    standing: tuple[Counts, Counts, Counts]
    series: dict[date, Counts]
    places: list[Row]
    holders: list[Row]
    categories: dict[str, Counts]
    labels: dict[str, Category]
    channels: dict[str, Counts]
    surges: list[Notice]
    problems: list[Problem]
    units: dict[str, Organisation]

    def figure(self, code: str) -> tuple[Figure, Figure, Figure]:
        """One indicator now, before, and a year before."""
        return next(each for each in self.figures if each[0].indicator.code == code)

    def label(self, category: str) -> str:
        """The name of a category in the language of the moment."""
        return self.labels[category].label if category in self.labels else category

    def groups(self) -> dict[str, Counts]:
        """The counts of each group of categories, in the order of the list of categories."""
        found = {code: counts for code, counts in self.categories.items() if "." not in code}
        places = {code: self.labels[code].position if code in self.labels else 999 for code in found}
        return {code: found[code] for code in sorted(found, key=lambda code: (places[code], code))}

    @property
    def months(self) -> list[date]:
        """The months of the trend, oldest first."""
        found = [self.month]
        while len(found) < TREND:
            found.append(previous_month(found[-1]))
        return found[::-1]


def read(*, unit: Organisation, month: date, at: datetime) -> Month:
    """Reads the sums of the month and of those it is compared with."""
    view = View.of(unit, month, next_month(month))
    views = (view, _of(view, previous_month(month)), _of(view, year_before(month)))
    below = reading.BELOW.get(Kind(unit.kind), ())
    position = counting.position()
    checkpoint = checkpoints.first_covering(position) if position else None
    return Month(
        unit=unit,
        month=month,
        at=at,
        checked=Checked(
            position,
            checkpoint.size if checkpoint else None,
            bytes(checkpoint.root).hex() if checkpoint else "",
        ),
        counts=_three(reading.totals(each) for each in views),
        figures=list(zip(*(reading.figures(each) for each in views), strict=True)),
        standing=_three(reading.standing(each) for each in views),
        series=reading.by_month(replace(view, begin=year_before(_oldest(month)))),
        places=_rows(unit, replace(view, axis="place"), below),
        holders=_rows(unit, replace(view, axis="holder"), (*below, *reading.OFFICES)),
        categories=reading.by_category(view),
        labels={row.code: row for row in Category.objects.all()},
        channels=reading.by_channel(view),
        surges=_surges(unit, view),
        problems=_problems(unit, view),
        units={each.path: each for each in Organisation.objects.filter(within("path", unit.path))},
    )


def year_before(month: date) -> date:
    return month.replace(year=month.year - 1)


def _oldest(month: date) -> date:
    for _n in range(TREND - 1):
        month = previous_month(month)
    return month


def _of(view: View, month: date) -> View:
    return replace(view, begin=month, end=next_month(month))


def _three(found: Iterator[Counts]) -> tuple[Counts, Counts, Counts]:
    now, before, earlier = found
    return now, before, earlier


def _rows(unit: Organisation, view: View, kinds: tuple[Kind, ...]) -> list[Row]:
    """The units right below in their fixed order; those for which nothing was counted are left out."""
    named = {
        each.path: each for each in Organisation.objects.filter(parent=unit, kind__in=kinds).order_by("code")
    }
    found = reading.by_unit(view, named)
    ever = reading.by_unit(replace(view, begin=EVER), named)
    return [
        Row(
            each,
            view.axis,
            found.get(path, reading.NOTHING),
            reading.figure("close_median", replace(view, path=path)),
            ever.get(path, reading.NOTHING)["late_open"],
        )
        for path, each in named.items()
        if any(found.get(path, {}).values()) or ever.get(path, reading.NOTHING)["late_open"]
    ]


def _surges(unit: Organisation, view: View) -> list[Notice]:
    """Told from the daily sums of the whole county, with as much before the month as the worker looks back."""
    county = Organisation.objects.get(path=unit.path.split("/")[0] + "/")
    first = view.begin - timedelta(days=surges.SHOWN)
    found = surges.replay(county=county, first=first, last=view.end - timedelta(days=1))
    return [each for each in found if each.last_day >= view.begin and is_within(each.place, unit.path)]


def _problems(unit: Organisation, view: View) -> list[Problem]:
    """Those found by the end of the month that were not settled before it began, the costliest first."""
    open_then = ~Q(state=ProblemState.SETTLED) | Q(watched_until__gte=view.begin)
    found = Problem.objects.filter(within("organisation__path", unit.path), open_then, found_on__lt=view.end)
    found = found.annotate(all=F("cases") + F("came_back")).select_related("organisation", "owner")
    return list(found.order_by("-all", "found_on", "pk")[:LISTED])
