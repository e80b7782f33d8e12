"""How a round turns counts into points: a file says which indicators, how many points, and what each point short costs.

The loader refuses an item that a unit could raise by steps of its own, or that depends on how much people report: a
score rises by a true close, by a check passed or by what residents say, by nothing else. It is worked out in decimals.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from linli.cases.procedures.limits import Limit, LimitError
from linli.cases.procedures.model import Label
from linli.measures.formulas.faults import REQUEST
from linli.measures.formulas.indicators import Counts, Indicator, counts, faults, indicators

CENT, HUNDRED = Decimal("0.01"), Decimal(100)
PERIODS = {"month", "quarter"}
KEYS = {
    "label", "period", "units", "axis", "objections", "bonus_cap", "deduction_cap", "source", "items",
}  # fmt: skip
OPTIONAL = {"kinds", "least"}
ITEM_KEYS = {"indicator", "points", "full_at", "step"}


class SchemeError(ValueError):
    """A scheme that says something no scheme may say."""


@dataclass(frozen=True)
class Item:
    """Full points at `full_at` per cent; `step` points less for every point beyond it, never below nothing."""

    indicator: Indicator
    points: Decimal
    full_at: Decimal
    step: Decimal

    def earned(self, counted: Counts, least: int = 0) -> Decimal | None:
        """None where there is nothing to measure; the whole is never taken for less than `least`."""
        whole = max(least, self.indicator.whole.of(counted))
        if whole <= 0:
            return None
        share = HUNDRED * self.indicator.part.of(counted) / Decimal(whole)
        short = self.full_at - share if self.indicator.better == "up" else share - self.full_at
        return max(Decimal(0), self.points - max(Decimal(0), short) * self.step)


@dataclass(frozen=True)
class Scheme:
    """A way of assessing: for which units, over which period, by which items, and cases of which kinds.

    `least`: where a unit closed nothing, its faults are measured as though in so many cases; with 0 not at all.
    """

    code: str
    label: Label
    source: Label
    period: str
    units: frozenset[str]
    axis: str
    objections: str
    bonus_cap: Decimal
    deduction_cap: Decimal
    items: tuple[Item, ...]
    kinds: tuple[str, ...] = (REQUEST,)
    least: int = 0

    @property
    def names(self) -> list[str]:
        """The counts its items are made of."""
        return sorted(frozenset[str]().union(*(item.indicator.names for item in self.items)))

    def result(self, counted: Counts, adjustments: Sequence[Decimal] = ()) -> dict[str, Any]:
        """The items with their numbers and points, and the score of a hundred, in plain values.

        Items with nothing to measure are left out; the score is of the points that could be earned, None without any.
        """
        least = self.least if any(item.indicator.part.of(counted) for item in self.items) else 0
        rows = [(item, item.earned(counted, least)) for item in self.items]
        possible = sum((item.points for item, earned in rows if earned is not None), Decimal(0))
        earned_ = sum((earned for _item, earned in rows if earned is not None), Decimal(0))
        bonus = min(self.bonus_cap, sum((n for n in adjustments if n > 0), Decimal(0)))
        deduction = min(self.deduction_cap, -sum((n for n in adjustments if n < 0), Decimal(0)))
        score = HUNDRED * earned_ / possible + bonus - deduction if possible else None
        return {
            "items": [_row(item, earned, counted) for item, earned in rows],
            "bonus": words(bonus),
            "deduction": words(deduction),
            "score": None if score is None else words(max(Decimal(0), score)),
            "counts": {name: counted[name] for name in self.names if counted.get(name)},
        }


def measured(code: str) -> Indicator | None:
    """What an item measures: an indicator, or the share of a fault."""
    return indicators().get(code) or faults().get(code)


def words(number: Decimal) -> str:
    """To the hundredth, half up: the digits that are published and reproduced."""
    return str(number.quantize(CENT, ROUND_HALF_UP))


def _row(item: Item, earned: Decimal | None, counted: Counts) -> dict[str, Any]:
    part, whole = item.indicator.part.of(counted), item.indicator.whole.of(counted)
    return {
        "indicator": item.indicator.code,
        "part": part,
        "whole": whole,
        "value": words(HUNDRED * part / Decimal(whole)) if whole > 0 else None,
        "points": None if earned is None else words(earned),
        "of": words(item.points),
    }


@cache
def schemes() -> dict[str, Scheme]:
    """Every scheme of the package by its code."""
    folder = files("linli.measures").joinpath("data", "schemes")
    names = sorted(
        file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")
    )
    return {name: load(name, text_of(name)) for name in names}


def text_of(code: str) -> str:
    """The file of a scheme as it is written."""
    return files("linli.measures").joinpath("data", "schemes", f"{code}.toml").read_text(encoding="utf-8")


def load(code: str, text: str) -> Scheme:
    """A scheme from the text of its file. Raises SchemeError."""
    row = tomllib.loads(text, parse_float=Decimal)
    if set(row) - OPTIONAL != KEYS:
        raise SchemeError(f"{code}: {sorted((set(row) ^ KEYS) - OPTIONAL)} is unknown or missing")
    if row["period"] not in PERIODS or row["axis"] not in ("place", "holder") or not row["items"]:
        raise SchemeError(f"{code}: period, axis or items are not what they may be")
    try:
        Limit.parse(row["objections"])
    except LimitError as error:
        raise SchemeError(f"{code}: {error}") from error
    items = tuple(_item(code, each) for each in row["items"])
    least = row.get("least", 0)
    if least not in (0, 1) or (least and any(item.indicator.code not in faults() for item in items)):
        raise SchemeError(f"{code}: least may be 1 where every item is a fault, and nothing else")
    return Scheme(
        code=code,
        label=Label(**row["label"]),
        source=Label(**row["source"]),
        period=row["period"],
        units=frozenset(row["units"]),
        axis=row["axis"],
        objections=row["objections"],
        bonus_cap=Decimal(row["bonus_cap"]),
        deduction_cap=Decimal(row["deduction_cap"]),
        items=items,
        kinds=tuple(row.get("kinds", (REQUEST,))),
        least=least,
    )


def _item(code: str, row: Mapping[str, Any]) -> Item:
    if set(row) != ITEM_KEYS:
        raise SchemeError(f"{code}: {sorted(set(row) ^ ITEM_KEYS)} of an item is unknown or missing")
    indicator = measured(row["indicator"])
    if indicator is None or indicator.form != "share":
        raise SchemeError(f"{code}: no share is called {row['indicator']}")
    _check_honest(code, indicator)
    return Item(indicator, Decimal(row["points"]), Decimal(row["full_at"]), Decimal(row["step"]))


def _check_honest(code: str, indicator: Indicator) -> None:
    by = {counts()[name].by for name in indicator.names}
    if "report" in by:
        raise SchemeError(f"{code}: {indicator.code} depends on how much people report")
    if indicator.better == "neither" or "unit" in by:
        raise SchemeError(f"{code}: {indicator.code} can be raised by steps of the unit alone")
