"""The parts of `linli bench` that could be wrong without anybody noticing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from linli.cases.models import Event
from linli.ledger import actions as ledger
from linli.ledger.actions import verifying
from linli.measures.actions import checking, counting
from linli.ops.bench import county, intake, load, report
from linli.ops.bench import ledger as bench_ledger
from linli.ops.bench import measures as bench_measures

CASE = UUID("01a20a89-26b5-717a-a119-0de0a0827ae4")
HASH = "3c99e18550e1d2485d793e098bed304772f461fbfaf1a2776c29aa545791e8ac"


def test_percentiles_are_of_the_slowest() -> None:
    result = load.Result(seconds=2.0, times=[n / 1000 for n in range(1, 101)])
    assert result.per_second == 50
    assert (result.percentile(0.5), result.percentile(0.99)) == (51.0, 100.0)
    assert load.Result().percentile(0.99) == 0.0


def test_pgbench_writes_the_same_rows_for_another_case() -> None:
    inserts = [
        f"INSERT INTO cases_case (id, number, hash) VALUES ('{CASE.hex}'::uuid, '261124-84YQ4', '\\x{HASH}'::bytea);"
        f"INSERT INTO cases_clock (case_id) SELECT * FROM UNNEST(('{{{CASE.hex},{CASE.hex}}}'::uuid[])::uuid[]);"
        f"INSERT INTO cases_trackingcode (digest, case_id) VALUES ('\\x{HASH}'::bytea, '{CASE}'::uuid)",
    ]
    script = intake.script_of(inserts, CASE, "261124-84YQ4")
    assert CASE.hex not in script
    assert str(CASE) not in script
    assert "84YQ4" not in script
    assert script.count(HASH) == 1  # the case's own hash stays as long as it was
    assert "decode(md5(:id::text), 'hex')" in script
    assert script.splitlines()[0] == "\\set n :n + 1"
    assert script.rstrip().endswith("COMMIT;")


def page(p99: float, statements: int = 7, rows: int = 50) -> dict[str, float]:
    return {"rows": rows, "statements": statements, "p50_ms": 10.0, "p99_ms": p99}


def size(cases: int, p99: float, **changes: Any) -> dict[str, Any]:
    pages = {name: page(p99, **changes) for name in report.NAMES}
    return {"cases": cases, "memory": {"web_mb": 90.0, "all_mb": 120.0}, **pages}


def marks(found: dict[str, Any]) -> set[str]:
    return {mark for *_rest, mark in report.rows(found) if mark}


def test_a_list_that_slows_down_with_its_table_is_marked() -> None:
    reached, missed = report.mark(is_reached=True), report.mark(is_reached=False)
    assert marks({"pages": [size(10_000, 20.0), size(1_000_000, 29.0)]}) == {reached}
    assert missed in marks({"pages": [size(10_000, 20.0), size(1_000_000, 31.0)]})
    assert missed in marks({"pages": [size(10_000, 20.0, statements=13)]})


def test_pages_of_different_length_are_not_compared() -> None:
    found = {"pages": [size(10_000, 20.0, rows=9), size(1_000_000, 60.0)]}
    assert marks(found) == {report.mark(is_reached=True)}


def test_about_eight_in_a_hundred_of_a_years_cases_are_open() -> None:
    days, since = 0.0, 0.0
    for until, share in county.OPEN_UP_TO:
        days += (until - since) * share
        since = until
    assert 0.075 < days / 365 < 0.09


@pytest.mark.django_db
def test_the_log_that_is_measured_is_a_true_one(report: Any) -> None:  # noqa: F811  the fixture
    for _n in range(3):
        report()
    bench_ledger.grow(20)
    bench_ledger.all_of(lambda: ledger.sequence(limit=7))
    found = verifying.verify()
    assert (Event.objects.count(), found.rows, found.faults) == (20, 20, [])


def test_a_log_that_takes_too_long_or_is_faulty_is_marked() -> None:
    one = {"events": 1_000_000, "order_s": 1.0, "sign_s": 1.0, "proof_ms": 1.0, "alone_s": 50.0, "jobs": 2}
    for seconds, faults, is_reached in ((29.0, 0, True), (31.0, 0, False), (1.0, 1, False)):
        found = {"ledger": {**one, "together_s": seconds, "faults": faults}}
        first = next(iter(report.rows(found)))
        assert (first[3] == report.mark(is_reached=True)) is is_reached


def figures_read(p95: float, cost: float) -> dict[str, Any]:
    pages = {name: {"p50_ms": 50.0, "p95_ms": p95} for name in report.FIGURES}
    read = [{"size": size, "cases": 10_000, "rows": 700_000, **pages} for size in (10_000, 10_000_000)]
    return {"measures": {"read": read, "intake": {"without": 200.0, "with": 180.0, "cost": cost}}}


def test_figures_that_are_slow_or_make_intake_slow_are_marked() -> None:
    reached, missed = report.mark(is_reached=True), report.mark(is_reached=False)
    assert marks(figures_read(149.0, 0.09)) == {reached}
    assert missed in marks(figures_read(151.0, 0.09))
    assert missed in marks(figures_read(149.0, 0.11))


def test_copies_are_moved_by_as_many_days_as_there_are_turns() -> None:
    statements = list(bench_measures.sum_up([(0, 15), (1, 14)]))
    assert "(0, 15), (1, 14)" in statements[1]
    assert "sum(received * times)" in statements[1]
    assert "date_trunc('month', day)" in statements[2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="copies are made inside PostgreSQL")
def test_the_sums_of_copies_are_what_counting_them_gives(report: Any, move: Any) -> None:
    for number in range(3):
        case = report().case
        if number:
            move(case, "accept", "dispatcher")
    while ledger.sequence():
        pass
    list(counting.rebuild())
    county.mark_base()
    bench_measures.keep_sums()
    try:
        bench_measures.grow(24, 3)
        found = checking.check()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_base, bench_sums")
    assert (found.cases, found.waiting, found.differences) == (24, 0, [])
