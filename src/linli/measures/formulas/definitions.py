"""What counts meant when: the numbered changes of data/definitions.toml, and which of them concern an older result."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from linli.cases.procedures.model import Label


@dataclass(frozen=True)
class Definition:
    """A change of how the named counts are counted, from a day on."""

    number: int
    since: date
    counts: frozenset[str]
    label: Label


@cache
def definitions() -> tuple[Definition, ...]:
    """Every change, oldest first."""
    text = files("linli.measures").joinpath("data", "definitions.toml").read_text(encoding="utf-8")
    return tuple(
        Definition(row["number"], row["since"], frozenset(row["counts"]), Label(row["zh"], row["en"]))
        for row in tomllib.loads(text)["change"]
    )


def newest() -> Definition:
    return definitions()[-1]


def later(number: int, names: Collection[str]) -> list[Definition]:
    """The changes after `number` that concern one of the named counts."""
    return [each for each in definitions() if each.number > number and each.counts.intersection(names)]
