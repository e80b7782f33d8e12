"""Long tables of places, folded by the township or village they lie in, so that a phone shows a page and not a mile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from linli.orgs.models import Organisation

SHORT = 12  # rows that need no folding


@dataclass(frozen=True)
class Fold:
    """The rows of one place, with what they come to together in words."""

    unit: Organisation | None
    said: str
    rows: list[Any]
    is_open: bool = False


def folded(rows: Iterable[Any], above: Callable[[Any], Organisation | None]) -> list[Fold]:
    """Rows in their order, by the unit above them; a short table stays open."""
    every = list(rows)
    groups = [(unit, list(found)) for unit, found in groupby(every, key=above)]
    is_open = len(groups) == 1 or len(every) <= SHORT
    return [Fold(unit, "", found, is_open=is_open) for unit, found in groups]
