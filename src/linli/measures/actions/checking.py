"""Counts everything a second time beside the live tables, and says where the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from linli.measures.actions import counting
from linli.measures.formulas import sums
from linli.measures.models import Counted

TRIES = 3
BESIDE = {
    "measures_rollup": (sums.KEYS, sums.NAMES),
    "measures_spread": (sums.SPREAD_KEYS, ("n",)),
}


@dataclass(frozen=True)
class Difference:
    """A row that is not what its cases come to; `by`: how much too high each value is.

    Of table `measures_counted` the key is the case, and `by` is empty.
    """

    table: str
    key: tuple[Any, ...]
    by: dict[str, int]


@dataclass(frozen=True)
class Check:
    """What was compared, what differed, and how many cases wait to be counted and were left as they are."""

    cases: int
    waiting: int
    differences: list[Difference]


def check() -> Check:
    """Works out every case anew and adds all of them up in tables of its own; changes nothing.

    While the worker counts the two may differ for a moment; then everything is looked at again.
    """
    for _try in range(TRIES):
        before = counting.position()
        found = _once()
        if not found.differences or counting.position() == before:
            return found
    return found


def _once() -> Check:
    for table in BESIDE:
        _make(table)
    seen = waiting = 0
    differences: list[Difference] = []
    for cases in counting.all_cases():
        known = {row.pk: row for row in Counted.objects.filter(pk__in=cases)}
        deltas = sums.Deltas()
        for row in counting.rows_of(cases):
            old = known.get(row.pk)
            if old is None or old.number < row.number:
                waiting += 1
                row = old or row  # noqa: PLW2901  what has not been counted yet is not compared
                if old is None:
                    continue
            elif not counting.is_same(old, row):
                differences.append(Difference("measures_counted", (str(row.pk),), {}))
            deltas.add(row)
        counting.add(deltas, *map(_beside, BESIDE))
        seen += len(cases)
    for table, (keys, names) in BESIDE.items():
        differences += _compare(table, keys, names)
    return Check(seen, waiting, differences)


def _beside(table: str) -> str:
    return f"{table}_beside"


def _make(table: str) -> None:
    keys, _names = BESIDE[table]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {_beside(table)}")
        cursor.execute(f"CREATE TEMPORARY TABLE {_beside(table)} AS SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608
        cursor.execute(f"CREATE UNIQUE INDEX {table}_b_key ON {_beside(table)} ({', '.join(keys)})")


def _compare(table: str, keys: Sequence[str], names: Sequence[str]) -> Iterator[Difference]:
    """Rows whose live sums less those beside are not nothing."""
    columns = ", ".join([*keys, *names])
    negative = ", ".join([*keys, *(f"-{name}" for name in names)])
    sums_ = ", ".join(f"SUM({name})" for name in names)
    differs = " OR ".join(f"SUM({name}) <> 0" for name in names)
    statement = (
        f"SELECT {', '.join(keys)}, {sums_} FROM (SELECT {columns} FROM {table}"  # noqa: S608  only names
        f" UNION ALL SELECT {negative} FROM {_beside(table)}) AS both_tables"
        f" GROUP BY {', '.join(keys)} HAVING {differs} ORDER BY {', '.join(keys)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
        cursor.execute(f"DROP TABLE {_beside(table)}")
    for row in rows:
        values = zip(names, row[len(keys) :], strict=True)
        yield Difference(table, tuple(row[: len(keys)]), {name: int(n) for name, n in values if n})
