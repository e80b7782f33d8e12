"""Figures as they are read at growing numbers of cases, and what keeping them up to date costs whoever reports.

Some thousand cases go through the kernel and are counted from their events by the worker's own code. Larger sizes are
copies of their rows, moved by whole days. The sums of the copies follow from the sums of the originals and are made
inside PostgreSQL; in the quick form every case is then counted a second time and must come to the same. Above a
million the sums go on growing and the cases do not, because pages of figures read sums and what is open.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.measures.actions import checking, counting
from linli.measures.formulas import sums
from linli.measures.models import Counted
from linli.ops.bench import county, intake, load, web
from linli.ops.working import Unhurried
from linli.orgs.models import Kind, Organisation
from linli.people.models import Person

SIZES, MOST_CASES = (10_000, 100_000, 1_000_000, 10_000_000), 1_000_000
QUICK, QUICK_SIZES = 1_000, (1_000, 4_000)
DAYS = 7  # copies are moved by none to six days, in turn
ROUNDS, QUICK_ROUNDS = 100, 15
CLIENTS, SECONDS, QUICK_SECONDS, TURNS = 8, 15, 3, 3
MONTH = "date_trunc('month', day)::date"
MOVED_ADDS = (
    "(SELECT coalesce(jsonb_agg(jsonb_build_array(a->0, a->1, ({day})::text, a->3)), '[]')"
    " FROM jsonb_array_elements(old.adds) a)"
)
OK = 200


def measure(*, is_quick: bool) -> dict[str, Any]:
    """What is read at every size; then intake with and without counting beside it, in turns."""
    base = QUICK if is_quick else county.BASE
    county.fill(clock.now(), base)
    county.mark_base()
    while ledger.sequence():
        pass
    for _done in counting.rebuild():
        pass
    keep_sums()
    found = []
    for size in QUICK_SIZES if is_quick else SIZES:
        grow(size, base)
        found.append(read(size, QUICK_ROUNDS if is_quick else ROUNDS))
    if is_quick and checking.check().differences:
        raise CommandError(_("抄出来的合计和逐件重算的不一致，测量无效。"))
    return {"read": found, "intake": intake_cost(QUICK_SECONDS if is_quick else SECONDS)}


# Copies -----------------------------------------------------------------------------------------


def grow(size: int, base: int) -> None:
    """Copies of the cases, of what each adds, and the sums over all of them."""
    have, until = Case.objects.count(), min(size, MOST_CASES)
    county.grow(until, base, f"interval '1 day' * ({{n}} % {DAYS})")
    with connection.cursor() as cursor:
        if until > have:
            cursor.execute(_copy_counted(have // base, until // base - 1))
        turns = [(days, len(range(days, size // base, DAYS))) for days in range(DAYS)]
        for statement in sum_up([(days, times) for days, times in turns if times]):
            cursor.execute(statement)
        cursor.execute("TRUNCATE measures_spread")
    _spread(turns)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        # Pages are read beside everyday work, not beside the writing of a million cases.
        cursor.execute("CHECKPOINT")


def keep_sums() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_sums AS SELECT * FROM measures_rollup WHERE grain = 'day'")


def _copy_counted(first: int, last: int) -> str:
    """The rows of the first cases once more for every copy, with every day moved like the case."""
    columns = [str(field.column) for field in Counted._meta.concrete_fields]
    moved = f"- (n % {DAYS})"
    values = {
        "case_id": county.COPY_OF.format(column="old.case_id", n="n"),
        "received_on": f"old.received_on {moved}",
        "closed_on": f"old.closed_on {moved}",
        "last_on": f"old.last_on {moved}",
        "adds": MOVED_ADDS.format(day=f"(a->>2)::date {moved}"),
    }
    taken = ", ".join(values.get(name, f"old.{name}") for name in columns)
    return (
        f"INSERT INTO measures_counted ({', '.join(columns)}) SELECT {taken} FROM measures_counted old,"  # noqa: S608
        f" generate_series({first}, {last}) n WHERE old.case_id IN (SELECT case_id FROM bench_base)"
    )


def sum_up(turns: list[tuple[int, int]]) -> Iterator[str]:
    """The sums of all copies by day, from those of the first cases; and by month from those by day."""
    into = f"INSERT INTO measures_rollup ({', '.join([*sums.KEYS, *sums.NAMES])}) SELECT"
    keys = "axis, path, '{grain}', channel, category, {day}, kind,"
    by_day, by_month = keys.format(grain="day", day="day - days"), keys.format(grain="month", day=MONTH)
    moved = ", ".join(f"({days}, {times})" for days, times in turns)
    grouped = "GROUP BY 1, 2, 3, 4, 5, 6, 7"
    yield "TRUNCATE measures_rollup"
    yield (
        f"{into} {by_day} {', '.join(f'sum({name} * times)' for name in sums.NAMES)}"
        f" FROM bench_sums, (VALUES {moved}) AS turns (days, times) {grouped}"
    )
    yield f"{into} {by_month} {', '.join(f'sum({name})' for name in sums.NAMES)} FROM measures_rollup {grouped}"


def _spread(turns: list[tuple[int, int]]) -> None:
    """How long the copies took, by month; added by the worker's own code, each as often as there are copies."""
    deltas = sums.Deltas()
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id FROM bench_base")
        first = [case_id for (case_id,) in cursor.fetchall()]
    for row in Counted.objects.filter(pk__in=first):
        for days, times in turns:
            moved = copy(row)
            moved.adds, moved.received_on = [], row.received_on - timedelta(days=days)
            moved.closed_on = row.closed_on and row.closed_on - timedelta(days=days)
            deltas.add(moved, times)
    counting.add(deltas)


# Reading ----------------------------------------------------------------------------------------


def read(size: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of each page over HTTP, one request at a time, of a supervisor of the county."""
    root = Organisation.objects.get(kind=Kind.COUNTY)
    cookies = web.cookies_of(web.visitor(Person.objects.get(username=f"{root.code}.supervisor")))
    found: dict[str, Any] = {"size": size, "cases": Case.objects.count(), "rows": _rows()}
    with web.serving() as server:
        for name, path in _pages(root).items():
            found[name] = _times(server, load.get(path, cookies), rounds)
    return found


def _pages(root: Organisation) -> dict[str, str]:
    """The last whole month: of the county, of a township, village, grid and office, the map, the cases behind."""
    first = clock.now().astimezone(root.zone).date().replace(day=1)
    month = f"{first - timedelta(days=1):%Y-%m}"
    grid = county.busy_grid()
    places = Organisation.objects.filter(path__in=[grid.path, *grid.ancestor_paths]).order_by("path")
    office = Organisation.objects.filter(kind=Kind.DEPARTMENT).order_by("path")[0]
    names = ("county", "township", "village", "grid", "department")
    pages = {
        name: f"/desk/figures/{unit.code}?month={month}"
        for name, unit in zip(names, (*places, office), strict=True)
    }
    top = f"/desk/figures/{root.code}"
    return {
        **pages,
        "map": f"{top}/map?level=village&month={month}",
        "areas": f"{top}/areas?level=village&month={month}",
        "behind": f"{top}/cases?count=received&month={month}",
        "behind_few": f"/desk/figures/{grid.code}/cases?count=closed_late&month={month}",
    }


def _rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM measures_rollup")
        return int(cursor.fetchone()[0])


def _times(server: web.Web, sent: bytes, rounds: int) -> dict[str, float]:
    result = load.again(server.port, sent, rounds, OK)
    return {"p50_ms": round(result.percentile(0.5), 1), "p95_ms": round(result.percentile(0.95), 1)}


# What counting costs ----------------------------------------------------------------------------


def intake_cost(seconds: float) -> dict[str, float]:
    """Cases a second at eight clients, with the order of events given alone and with everything counted, too."""
    rates: dict[str, list[float]] = {"following": [], "counting": []}
    with web.serving() as server:
        intake.run(server.port, CLIENTS, seconds)  # to warm up
        for turn in range(2 * TURNS):
            beside = ("following", "counting", "counting", "following")[turn % 4]
            with working(beside):
                result = intake.run(server.port, CLIENTS, seconds)
            if result.failures:
                raise CommandError(_("有 %(n)d 次没有收下，测量无效。") % {"n": result.failures})
            rates[beside].append(result.per_second)
    without, counted = (sum(each) / len(each) for each in rates.values())
    return {"without": round(without, 1), "with": round(counted, 1), "cost": round(1 - counted / without, 3)}


@contextmanager
def working(job: str) -> Iterator[None]:
    """A worker's process that does nothing else beside."""
    command = [sys.executable, "-m", "linli.ops", "bench", "--stage", job]
    environment = {**os.environ, "LINLI_SECRET_KEY": settings.SECRET_KEY}
    process = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def follow(*, is_counting: bool) -> None:
    """Until it is ended: gives events their places as they come, and counts them, as the worker does, if asked to."""
    count = Unhurried(counting.count)
    while True:
        done = ledger.sequence()
        if is_counting:
            done += count(clock.now())
        if not done:
            time.sleep(0.5)
