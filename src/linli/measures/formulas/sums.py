"""From what cases add to the rows of the rollups: every unit above, days and months, categories and channels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from linli.measures.formulas.counting import paths_above
from linli.measures.models import Counted, Rollup
from linli.measures.models.counts import Grain

NAMES = tuple(field.name for field in Rollup._meta.fields if field.default == 0)
KEYS = ("axis", "path", "grain", "channel", "category", "day", "kind")
SPREAD_KEYS = ("axis", "path", "measure", "category", "month", "kind", "bucket")
PLACES = {name: place for place, name in enumerate(NAMES)}
STEP = math.log(1.02)
MEASURES = {"contact": "contact_minutes", "close": "close_minutes"}

RollupKey = tuple[str, str, str, str, str, str, str]
SpreadKey = tuple[str, str, str, str, str, str, int]


class Deltas:
    """What is to be added to the sums, collected over many cases."""

    def __init__(self) -> None:
        self.counts: dict[RollupKey, list[int]] = defaultdict(lambda: [0] * len(NAMES))
        self.spreads: dict[SpreadKey, int] = defaultdict(int)

    def add(self, row: Counted, sign: int = 1) -> None:
        """Adds a case, or takes it out again."""
        categories = groups_of(row.category)
        channels = ("", row.channel) if row.channel else ("",)
        for axis, unit, day, counts in row.adds:
            numbers = [(PLACES[name], sign * n) for name, n in counts.items()]
            for path in paths_above(unit, row.accused_path):
                for grain, first in ((Grain.DAY, day), (Grain.MONTH, day[:8] + "01")):
                    for channel in channels:
                        for category in categories:
                            sums = self.counts[axis, path, grain.value, channel, category, first, row.kind]
                            for place, n in numbers:
                                sums[place] += n
        for key in _spreads(row):
            self.spreads[key] += sign

    def rollups(self) -> list[tuple[str | int, ...]]:
        """Rows to add, in the order of their keys, so that writers never wait for one another crosswise."""
        return [(*key, *sums) for key, sums in sorted(self.counts.items()) if any(sums)]

    def buckets(self) -> list[tuple[str | int, ...]]:
        return [(*key, n) for key, n in sorted(self.spreads.items()) if n]


def groups_of(category: str) -> tuple[str, ...]:
    """All of them, the group, and the category itself."""
    return tuple(dict.fromkeys(("", category.split(".")[0], category)))


def bucket(minutes: int) -> int:
    """The step of two per cent a duration lies in."""
    return round(math.log1p(minutes) / STEP)


def from_bucket(number: int) -> float:
    """The minutes in the middle of a step."""
    return math.expm1(number * STEP)


def _spreads(row: Counted) -> Iterator[SpreadKey]:
    """Both durations of a case, in the month in which it was closed, or received while it is open."""
    month = (row.closed_on or row.received_on).isoformat()[:8] + "01"
    for measure, field in MEASURES.items():
        took = getattr(row, field)
        if took is None:
            continue
        for axis, unit in (("place", row.place_path), ("holder", row.holder_path)):
            for path in paths_above(unit, row.accused_path):
                for category in groups_of(row.category):
                    yield axis, path, measure, category, month, row.kind, bucket(took)


def percentile(counts: Iterable[tuple[float, int]], share: float) -> float | None:
    """The value below which that share of all lies; between two neighbours, half-way as everybody does by hand.

    `counts`: values with how often each occurs. Linear between neighbours, as pandas and spreadsheets do.
    """
    rows = sorted(counts)
    total = sum(n for _value, n in rows)
    if not total:
        return None
    place = share * (total - 1)
    low, high = _nth(rows, math.floor(place)), _nth(rows, math.ceil(place))
    return low + (high - low) * (place - math.floor(place))


def _nth(rows: list[tuple[float, int]], place: int) -> float:
    for value, n in rows:
        if place < n:
            return value
        place -= n
    return rows[-1][0]


def month_of(day: date) -> date:
    return day.replace(day=1)
