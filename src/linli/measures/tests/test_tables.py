"""One table over requests, against the same table worked out by pandas from the published file."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from conftest import NOW, Town
from django.core.management import CommandError, call_command
from django.utils.translation import override

from linli.ledger import actions as ledger
from linli.measures.actions import checking, counting, surges, tables
from linli.measures.formulas.surges import Notice, Surge
from linli.measures.models import Rollup, Round
from linli.service_requests import imports

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parents[1] / "service_requests" / "tests" / "boston311_300.csv.gz"
AS_OF = datetime(2016, 1, 12, 22, 22, 40, tzinfo=ZoneInfo("America/New_York"))
MAPPING = imports.read_mapping("boston311")
COLUMNS = {"department": "Department", "neighbourhood": "neighborhood", "category": "TYPE", "month": "month"}
pytestmark = pytest.mark.django_db


def take_in(path: Path, limit: int | None = None) -> None:
    imports.take_in(source=imports.Source(path, MAPPING), mapping=MAPPING, at=NOW, limit=limit)


def published(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, compression="gzip")
    form = MAPPING.date_formats[0]
    for name in ("OPEN_DT", "CLOSED_DT", "TARGET_DT"):
        rows[name] = pd.to_datetime(rows[name].replace("", None), format=form).dt.tz_localize(
            "America/New_York", ambiguous=True, nonexistent="shift_forward"
        )
    rows["month"] = rows["OPEN_DT"].dt.strftime("%Y-%m")
    rows["Department"] = rows["Department"].map(dict(MAPPING.values["department"]))
    return rows[rows["OPEN_DT"] <= AS_OF]


def expected(rows: pd.DataFrame, by: str) -> dict[str, tuple[Any, ...]]:
    """On time: closed by the target, or still before it, or without one."""
    closed = rows["CLOSED_DT"] <= AS_OF
    ended = rows["CLOSED_DT"].where(closed, pd.Timestamp(AS_OF))
    late = rows["TARGET_DT"].notna() & ((ended > rows["TARGET_DT"]) | ~closed & (ended >= rows["TARGET_DT"]))
    hours = ((rows["CLOSED_DT"] - rows["OPEN_DT"]).dt.total_seconds() / 3600).where(closed)
    frame = pd.DataFrame(
        {"key": rows[COLUMNS[by]].str.split().str.join(" "), "closed": closed, "late": late, "hours": hours}
    )
    grouped = frame.groupby("key")
    medians = grouped["hours"].median()
    return {
        str(key): (
            len(group),
            int(group["closed"].sum()),
            int((~group["late"]).sum()),
            int(group["late"].sum()),
            None if pd.isna(medians[key]) else float(medians[key]),
        )
        for key, group in grouped
    }


def ours(by: str) -> dict[str, tuple[Any, ...]]:
    out = StringIO()
    call_command("measures", "table", "--by", by, "--json", "--as-of", AS_OF.isoformat(), stdout=out)
    rows = json.loads(out.getvalue())
    assert list(rows[0]) == ["key", "cases", "closed", "on_time", "overdue", "median_hours_to_close"]
    return {row.pop("key"): tuple(row.values()) for row in rows}


def assert_tables_equal_pandas(path: Path) -> None:
    """Every line of every table over what was imported from a file; asked of all requests where those are imported."""
    rows = published(path)
    for by in COLUMNS:
        found, wanted = ours(by), expected(rows, by)
        assert set(found) == set(wanted), by
        for key, line in found.items():
            assert line == pytest.approx(wanted[key], abs=1e-9), (by, key)


def test_the_extract_agrees_with_pandas() -> None:
    take_in(SAMPLE)
    assert_tables_equal_pandas(SAMPLE)


def test_nothing_imported_is_an_empty_table() -> None:
    assert tables.table(by="month", as_of=AS_OF) == []


def test_the_table_is_for_people_too() -> None:
    take_in(SAMPLE)
    out = StringIO()
    call_command("measures", "table", "--by", "neighbourhood", stdout=out)
    assert "Dorchester" in out.getvalue()
    call_command("measures", "indicators", stdout=out)
    assert "70%" in out.getvalue()


def test_the_command_checks_and_rebuilds() -> None:
    take_in(SAMPLE, limit=40)
    while ledger.sequence():
        pass
    while counting.count():
        pass
    out = StringIO()
    call_command("measures", "check", stdout=out)
    assert "40" in out.getvalue()
    Rollup.objects.filter(grain="month").delete()
    assert checking.check().differences
    with pytest.raises(CommandError, match="rebuild"):
        call_command("measures", "check", stderr=StringIO())
    call_command("measures", "rebuild", stdout=out, stderr=StringIO())
    call_command("measures", "check", stdout=out)


def test_the_command_assesses_reproduces_and_looks_for_surges() -> None:
    take_in(SAMPLE, limit=40)
    out = StringIO()
    given = ("--scheme", "townships_month", "--begins", "2015-01-01")
    call_command("measures", "assess", *given, stdout=out)
    made = Round.objects.get()
    assert str(made.pk) in out.getvalue()
    with pytest.raises(CommandError, match="已经考评过"):
        call_command("measures", "assess", *given)
    call_command("measures", "reproduce", str(made.pk), stdout=out)
    assert str(made.position) in out.getvalue()
    Round.objects.update(results={})
    with pytest.raises(CommandError, match="不一致"):
        call_command("measures", "reproduce", str(made.pk), stderr=StringIO())
    Round.objects.update(basis={**made.basis, "definition": 1})
    said = StringIO()
    with pytest.raises(CommandError, match="不一致"):
        call_command("measures", "reproduce", str(made.pk), stderr=said)
    assert "算法第 2 版（2026-11-30 起）：评价以后重开的" in said.getvalue()
    with pytest.raises(CommandError):
        call_command("measures", "reproduce", "00000000-0000-7000-8000-000000000000")
    call_command("measures", "surges", "--from", "2015-01-01", "--until", "2015-02-01", stdout=out)
    for first, last in (("2015-02-01", "2015-01-01"), ("0001-01-01", "2015-01-01")):
        with pytest.raises(CommandError, match="--until"):
            call_command("measures", "surges", "--from", first, "--until", last)


@pytest.mark.parametrize(
    ("language", "place", "lamp"), [("zh-hans", "东河镇", "路灯"), ("en", "Donghe", "lamp")]
)
def test_the_list_of_surges_is_in_the_readers_language_with_a_day_for_each(
    language: str, place: str, lamp: str, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = date(2026, 7, 8)
    made = [
        Surge(
            town["east"].path, "facility.street_lamp", first + timedelta(days=n), (9 + n, 20 + n), 1.5, 1e-20
        )
        for n in range(2)
    ]
    monkeypatch.setattr(surges, "replay", lambda **_given: [Notice(town["east"].path, first, made)])
    monkeypatch.setenv("COLUMNS", "160")
    out, asked = StringIO(), ("--county", "990001", "--from", "2026-07-01", "--until", "2026-07-31")
    with override(language):
        call_command("measures", "surges", *asked, stdout=out)
    rows = [line.split("│")[1:-1] for line in out.getvalue().splitlines() if "→ 2" in line]
    (day, where, own, what, counts, _usual), (again, nowhere, other, *_rest) = [
        [cell.strip() for cell in row] for row in rows
    ]
    assert (day, own, other, counts) == ("2026-07-08", "2026-07-08", "2026-07-09", "9 → 20")
    assert (again, nowhere) == ("", "")  # of the same notice
    assert place in where
    assert lamp in what.lower()


def test_the_table_for_people_is_in_the_readers_language_and_json_is_the_same_in_every(
    report: Any, town: Town
) -> None:
    report()
    for by, kept, read in (("neighbourhood", "东河镇", "Donghe Town"), ("category", "路灯", "Street lamps")):
        for language in ("zh-hans", "en"):
            out, plain, asked = StringIO(), StringIO(), ("--by", by, "--as-of", "2026-10-01")
            with override(language):
                call_command("measures", "table", *asked, stdout=out)
                call_command("measures", "table", *asked, "--json", stdout=plain)
            assert (read if language == "en" else kept) in out.getvalue()
            assert [row["key"] for row in json.loads(plain.getvalue())] == [kept]
