"""When a category is reported at a place far above its own level: a notice about a place and things, never people.

The method is an early-aberration test (EARS) with a negative binomial tail and each series' own baseline. For place,
category and day d:

* baseline: the 56 days that end 8 days before d, of the same sort (working days, or the two days of the weekend),
  without days far above their own level. At least 14 days of history are needed. Where there are counts a year
  before, the same weeks of that year are a second baseline, and the higher of the two is the level: what comes every
  year is no surge.
* level: mu = (sum + 0.5) / (days + 1); spread: phi = max(1, variance / mean).
* p(d) = P(Y >= y) for Y negative binomial with mean mu and variance phi * mu (Poisson where phi = 1).
* a day is high when y >= 5, y >= 3 mu and p < 0.001.
* a surge: d and the day before are both high, and p(d) * p(d - 1) < 1e-15. A single day's batch of entries is none.
* it must be spread: no place right below holds more than two fifths of the two days. Where nothing lies below, both
  days hold ten or more.

Surges of one place that follow within three days are one notice. docs/measures.md lists what the method reports on a
real year.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

DAY = timedelta(days=1)
BASELINE, GUARD, HISTORY, FEWEST_ALIKE = 56, 7, 14, 4
LEAST, LEAST_ALONE, TIMES, HIGH, SURGE = 5, 10, 3.0, 1e-3, 1e-15
WIDEST_SHARE, TOGETHER, SEASON = 0.4, 3, 14

Series = Mapping[date, int]
Key = tuple[str, str]
"""Path of a place, and category."""


@dataclass(frozen=True)
class High:
    """A day far above its level."""

    count: int
    expected: float
    probability: float


@dataclass(frozen=True)
class Surge:
    """Two high days in a row. `counts`: of the day before and of the day; `probability`: of both together."""

    place: str
    category: str
    day: date
    counts: tuple[int, int]
    expected: float
    probability: float


@dataclass
class Notice:
    """Surges of one place that belong together, by the day on which the first was seen."""

    place: str
    day: date
    surges: list[Surge] = field(default_factory=list)

    @property
    def last_day(self) -> date:
        return self.surges[-1].day

    @property
    def categories(self) -> list[str]:
        return list(dict.fromkeys(surge.category for surge in self.surges))


def replay(
    counts: Mapping[Key, Series], below: Mapping[str, Sequence[str]], first: date, last: date
) -> list[Notice]:
    """The notices of a period, each day told from the days before it alone.

    `counts` begin at `first` or earlier; `below`: the places right below a place, whose counts show how spread it is.
    """
    found = [
        surge
        for (place, category), series in counts.items()
        for surge in surges(place, category, series, first, last)
        if is_spread(surge, counts, below.get(place, ()))
    ]
    return notices(found)


def surges(place: str, category: str, series: Series, first: date, last: date) -> Iterable[Surge]:
    """The surges of one series, not yet looked at for how spread they are."""
    set_apart: set[date] = set()
    before: High | None = None
    begin = min([first, *series])
    for day in (begin + n * DAY for n in range((last - begin).days + 1)):
        high = _looked_at(series, day, begin, set_apart)
        if high is not None:
            set_apart.add(day)
        if high is not None and high.count < LEAST:
            high = None
        if high and before and high.probability * before.probability < SURGE and day >= first:
            together = high.probability * before.probability
            yield Surge(place, category, day, (before.count, high.count), high.expected, together)
        before = high


def _looked_at(series: Series, day: date, begin: date, set_apart: set[date]) -> High | None:
    """The day if it is far above its level; None if not, or if too little is known of the series."""
    count = series.get(day, 0)
    if count < 2 or (day - begin).days < GUARD + HISTORY:
        return None
    mean, spread = level(series, day, begin, set_apart)
    if count < TIMES * mean:
        return None
    probability = tail(count, mean, spread)
    return High(count, mean, probability) if probability < HIGH else None


def level(series: Series, day: date, begin: date, set_apart: set[date]) -> tuple[float, float]:
    """Mean and relative spread of the series' own baseline, or of the same season a year before if that is higher."""
    recent = _days(day - (GUARD + BASELINE) * DAY, BASELINE, begin)
    season = _days(day - (364 + SEASON) * DAY, 2 * SEASON + 1, begin)
    return max(_mean_and_spread(series, day, recent, set_apart), _mean_and_spread(series, day, season, set()))


def _days(start: date, n: int, begin: date) -> list[date]:
    return [each for each in (start + k * DAY for k in range(n)) if each >= begin]


def _mean_and_spread(
    series: Series, day: date, days: Sequence[date], set_apart: set[date]
) -> tuple[float, float]:
    known = [each for each in days if each not in set_apart]
    alike = [each for each in known if _is_weekend(each) == _is_weekend(day)]
    values = [series.get(each, 0) for each in (alike if len(alike) >= FEWEST_ALIKE else known)]
    if len(known) < HISTORY:
        return 0.0, 1.0
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return (sum(values) + 0.5) / (len(values) + 1), max(1.0, variance / mean) if mean else 1.0


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def tail(count: int, mean: float, spread: float) -> float:
    """P(Y >= count), Y negative binomial with this mean and variance spread * mean; Poisson without spread."""
    size = mean / (spread - 1) if spread > 1 else 0.0
    term = spread**-size if size else math.exp(-mean)
    below = term
    for k in range(1, count):
        term *= (size + k - 1) / k * (1 - 1 / spread) if size else mean / k
        below += term
    return max(0.0, 1.0 - below)


def is_spread(surge: Surge, counts: Mapping[Key, Series], below: Sequence[str]) -> bool:
    """Whether it is more than one neighbour's batch: enough of it lies in other places than the busiest."""
    days = (surge.day - DAY, surge.day)
    parts = [sum(counts.get((path, surge.category), {}).get(day, 0) for day in days) for path in below]
    if not any(parts):
        return min(surge.counts) >= LEAST_ALONE
    return max(parts) <= WIDEST_SHARE * sum(surge.counts)


def notices(found: Iterable[Surge]) -> list[Notice]:
    """Surges put together by place, where each follows within some days of the one before."""
    made: list[Notice] = []
    open_at: dict[str, Notice] = {}
    for surge in sorted(found, key=lambda each: (each.day, each.probability, each.category)):
        notice = open_at.get(surge.place)
        if notice is None or (surge.day - notice.last_day).days > TOGETHER:
            notice = open_at[surge.place] = Notice(surge.place, surge.day)
            made.append(notice)
        notice.surges.append(surge)
    return made
