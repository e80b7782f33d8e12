"""Requests of another city go through the kernel and come out with that city's own figures.

`boston311_300.csv.gz` is 300 of the requests to the City of Boston's 311 service opened in 2015, as published
(City of Boston open data, ODC PDDL). The whole sample of 24,290 is read where it lies beside the project.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from conftest import NOW

from linli.cases import actions as cases
from linli.cases.actions import bulk
from linli.cases.models import Case, CaseNumber, Clock, Delivery, Event, Task
from linli.cases.models.search import search
from linli.kit import jsonbytes
from linli.kit.ids import is_uuid7, uuid7
from linli.ledger import merkle
from linli.measures import actions as measures
from linli.measures.tests.test_tables import assert_tables_equal_pandas
from linli.orgs.models import Kind, Organisation
from linli.people.access import SYSTEM
from linli.service_requests import imports
from linli.service_requests.imports import Outcome, Reject
from linli.service_requests.models import Category, Request

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "boston311_300.csv.gz"
ROOT = HERE.parents[3]
WHOLE = next(iter(sorted(ROOT.parent.glob("*/data/boston311_2015_sample.csv.gz"))), None)
AS_OF = datetime(2016, 1, 12, 22, 22, 40, tzinfo=ZoneInfo("America/New_York"))
BOSTON = imports.read_mapping("boston311")

pytestmark = pytest.mark.django_db


def take_in(path: Path, limit: int | None = None) -> Outcome:
    return imports.take_in(source=imports.Source(path, BOSTON), mapping=BOSTON, at=NOW, limit=limit)


def published(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(tmp_path: Path, *rows: dict[str, str], name: str = "requests.csv") -> Path:
    """A file with the city's heading and these rows."""
    path = tmp_path / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def row() -> dict[str, str]:
    """A request that was closed before its target."""
    return next(row for row in published(SAMPLE) if row["CLOSED_DT"] and row["TARGET_DT"] and row["LATITUDE"])


def disagreements(path: Path) -> Iterator[str]:
    """Rows of which the clock says otherwise than the city does."""
    missed = set(measures.missed(AS_OF).values_list("case_id", flat=True))
    ours = {
        facts["source_id"]: "OVERDUE" if case_id in missed else "ONTIME"
        for case_id, facts in Event.objects.filter(number=1).values_list("case_id", "facts")
    }
    for row in published(path):
        verdict = row["OnTime_Status"]
        if verdict and ours[row["CASE_ENQUIRY_ID"]] != verdict:
            yield row["CASE_ENQUIRY_ID"]


def test_every_row_of_the_sample_agrees_with_the_city() -> None:
    outcome = take_in(SAMPLE)
    assert (outcome.rows, outcome.new, outcome.rejects) == (300, 300, [])
    assert list(disagreements(SAMPLE)) == []
    rows = published(SAMPLE)
    stats = measures.stats(county_path="BOS/", as_of=AS_OF)
    assert (stats.cases, stats.closed, stats.open) == (300, 242, 58)
    assert stats.on_time >= Counter(row["OnTime_Status"] for row in rows)["ONTIME"]
    assert stats.on_time + stats.overdue == 300


@pytest.mark.skipif(
    WHOLE is None, reason="no boston311_2015_sample.csv.gz in a data folder beside the project"
)
def test_all_of_the_citys_published_figures_come_out() -> None:
    assert WHOLE is not None
    outcome = take_in(WHOLE)
    assert (outcome.new, outcome.rejects) == (24_290, [])
    stats = measures.stats(as_of=AS_OF)
    assert (stats.cases, stats.closed, stats.open) == (24_290, 20_219, 4_071)
    assert (stats.on_time, stats.overdue) == (18_154, 6_136)
    assert list(disagreements(WHOLE)) == []
    assert sum(bool(row["OnTime_Status"]) for row in published(WHOLE)) == 24_250
    assert_tables_equal_pandas(WHOLE)


def test_a_second_import_changes_nothing() -> None:
    take_in(SAMPLE, limit=200)
    before = Event.objects.count()
    outcome = take_in(SAMPLE)
    assert (outcome.known, outcome.new) == (200, 100)
    assert Event.objects.filter(received_at__isnull=False).count() > before
    assert take_in(SAMPLE).new == 0
    assert Case.objects.count() == Request.objects.count() == CaseNumber.objects.count() == 300


def test_an_interrupted_import_leaves_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linli.service_requests.imports.taking.BATCH", 50)
    outcome = Outcome()

    def interrupt(so_far: Outcome) -> None:
        if so_far.new == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.take_in(
            source=imports.Source(SAMPLE, BOSTON), mapping=BOSTON, at=NOW, tell=interrupt, outcome=outcome
        )
    assert Case.objects.count() == outcome.new == 100
    assert not Case.objects.exclude(pk__in=Request.objects.values("case_id")).exists()
    assert take_in(SAMPLE).new == 200


def test_rows_that_somebody_else_takes_in_at_the_same_moment_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_in(SAMPLE, limit=20)
    looks: list[set[UUID]] = []
    sound = bulk.known

    def known(case_ids: Iterable[UUID]) -> set[UUID]:
        looks.append(sound(case_ids) if looks else set())
        return looks[-1]

    monkeypatch.setattr(bulk, "known", known)
    outcome = take_in(SAMPLE, limit=20)
    assert (outcome.new, outcome.known, len(looks)) == (0, 20, 2)


def test_the_events_of_every_case_are_chained() -> None:
    take_in(SAMPLE, limit=60)
    for case in Case.objects.all():
        previous = merkle.GENESIS
        events = list(Event.objects.filter(case=case).order_by("number"))
        assert len(events) == case.version
        for event in events:
            assert bytes(event.prev_hash) == previous
            payload = jsonbytes.canonical(event.data)
            assert merkle.payload_commitment(bytes(event.salt), payload) == bytes(event.commitment)
            assert merkle.leaf_hash(jsonbytes.canonical(event.record())) == bytes(event.leaf_hash)
            previous = bytes(event.leaf_hash)
        assert bytes(case.last_hash) == previous


def test_a_case_keeps_what_the_city_said(row: dict[str, str], tmp_path: Path) -> None:
    take_in(written(tmp_path, row))
    case = Case.objects.get()
    opened = datetime.strptime(row["OPEN_DT"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=BOSTON.zone)
    assert (case.channel, case.state, case.received_at) == ("import", "closed", opened)
    assert case.holder is not None
    assert (case.holder.kind, case.holder.name) == (Kind.DEPARTMENT, row["QUEUE"])
    assert case.place is not None
    assert (case.place.kind, case.place.name) == (Kind.TOWNSHIP, row["neighborhood"])
    assert Category.objects.get(pk=case.category).name_en == row["TYPE"]
    verbs = list(Event.objects.order_by("number").values_list("verb", flat=True))
    assert verbs == ["open", "record_dispatch", "record_closing"]
    clock = Clock.objects.get()
    assert clock.due_at == cases.derive(case.pk, clock, list(Event.objects.order_by("number"))).due_at
    assert search(Case.objects.all(), row["CASE_TITLE"]).get() == case


def test_nobody_is_told_and_nothing_fires_about_what_is_past() -> None:
    take_in(SAMPLE)
    assert not Delivery.objects.exists()
    assert cases.fire_due_clocks(at=NOW) == 0
    assert Case.objects.filter(is_open=True, is_late=True).exists()
    assert Task.objects.count() == Case.objects.filter(is_open=True).count()


def test_ids_are_those_of_the_row_and_in_the_order_of_opening() -> None:
    first = imports.case_id_of("BOS", "101001240734", datetime(2015, 1, 1, 5, 20, 9, tzinfo=UTC))
    assert first == imports.case_id_of("BOS", "101001240734", datetime(2015, 1, 1, 5, 20, 9, tzinfo=UTC))
    assert first != imports.case_id_of("NYC", "101001240734", datetime(2015, 1, 1, 5, 20, 9, tzinfo=UTC))
    assert is_uuid7(first)
    assert first < imports.case_id_of("BOS", "1", datetime(2015, 1, 1, 5, 20, 10, tzinfo=UTC)) < uuid7()


def test_the_tree_hangs_under_its_own_county_with_its_own_time() -> None:
    take_in(SAMPLE)
    county = Organisation.objects.get(parent=None)
    assert (county.code, county.name, county.zone.key) == ("BOS", "Boston", "America/New_York")
    assert not Case.objects.exclude(place_path__startswith="BOS/").exists()
    assert not Category.objects.filter(is_active=True).exists()


def test_a_target_is_kept_by_closing_at_it_and_missed_a_second_later(
    row: dict[str, str], tmp_path: Path
) -> None:
    target = "03/02/2015 08:30:00 AM"
    closings = ["03/02/2015 08:30:00 AM", "03/02/2015 08:30:01 AM"]
    opened = {"OPEN_DT": "02/20/2015 09:00:00 AM", "TARGET_DT": target}
    rows = [{**row, **opened, "CASE_ENQUIRY_ID": str(n), "CLOSED_DT": at} for n, at in enumerate(closings)]
    take_in(written(tmp_path, *rows))
    assert measures.stats(as_of=AS_OF).overdue == 1
    assert Case.objects.get(is_late=True).closed_at == datetime(2015, 3, 2, 13, 30, 1, tzinfo=UTC)


def test_an_open_case_of_elsewhere_is_worked_on_like_any_other(row: dict[str, str], tmp_path: Path) -> None:
    due = {"TARGET_DT": "12/01/2026 08:30:00 AM", "CLOSED_DT": "", "CASE_STATUS": "Open"}
    take_in(written(tmp_path, {**row, **due}))
    case, clock = Case.objects.get(), Clock.objects.get()
    assert clock.fires_at is not None
    assert clock.fires_at < datetime(2026, 12, 1, 13, 30, tzinfo=UTC)
    cases.advance(case=case.pk, verb="acknowledge", by=SYSTEM, at=NOW, command_id=uuid7())
    events = list(Event.objects.order_by("number"))
    assert len(events) == 3
    assert cases.derive(case.pk, clock, events).due_at == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("CASE_ENQUIRY_ID", "", "不能为空"),
        ("OPEN_DT", "", "不能为空"),
        ("OPEN_DT", "2015-01-01", "不是时间"),
        ("TARGET_DT", "soon", "不是时间"),
        ("CLOSED_DT", "", "办结时间"),
        ("QUEUE", " ", "不能为空"),
        ("LATITUDE", "north", "不是经纬度"),
        ("LONGITUDE", "271.1", "超出范围"),
        ("CASE_TITLE", "x" * 121, "最多 120"),
    ],
)
def test_a_wrong_cell_is_named_by_row_column_and_reason(
    row: dict[str, str], tmp_path: Path, column: str, value: str, reason: str
) -> None:
    good = {**row, "CASE_ENQUIRY_ID": "2"}
    outcome = take_in(written(tmp_path, {**row, column: value}, good))
    (reject,) = outcome.rejects
    assert (reject.row, reject.column) == (2, column)
    assert reason in reject.reason
    assert outcome.new == Case.objects.count() == 1


def test_a_repeated_row_is_taken_once(row: dict[str, str], tmp_path: Path) -> None:
    outcome = take_in(written(tmp_path, row, row))
    assert outcome.new == 1
    assert outcome.rejects == [Reject(3, "CASE_ENQUIRY_ID", "与第 2 行重复。")]


def test_a_torn_last_line_is_named_and_the_rest_taken(tmp_path: Path) -> None:
    whole = gzip.decompress(SAMPLE.read_bytes())
    torn = tmp_path / "torn.csv"
    torn.write_bytes(whole[:-40])
    outcome = take_in(torn)
    (reject,) = outcome.rejects
    assert reject.row == 301
    assert outcome.new == 299


def test_a_torn_archive_says_so_and_the_whole_one_completes_it(tmp_path: Path) -> None:
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(SAMPLE.read_bytes()[:-9000])
    outcome = take_in(torn)
    assert "断了" in outcome.rejects[-1].reason
    assert 0 < outcome.new < 300
    assert take_in(SAMPLE).new == 300 - outcome.new


def test_a_missing_column_refuses_the_file_by_name(row: dict[str, str], tmp_path: Path) -> None:
    renamed = {("OPENED" if name == "OPEN_DT" else name): value for name, value in row.items()}
    with pytest.raises(imports.FileRefused, match="OPEN_DT"):
        take_in(written(tmp_path, renamed))
    assert not Organisation.objects.exists()


def test_reads_what_a_spreadsheet_saved_in_gb18030(row: dict[str, str], tmp_path: Path) -> None:
    path = written(tmp_path, {**row, "CASE_TITLE": "路灯不亮"})
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    take_in(path)
    assert Case.objects.get().title == "路灯不亮"


def test_an_unknown_mapping_lists_those_there_are() -> None:
    with pytest.raises(imports.MappingError, match="boston311"):
        imports.read_mapping("bonston")


def test_a_step_that_does_not_follow_is_refused(town: object) -> None:
    place = Organisation.objects.get(code="990001")
    opening = cases.Opening(kind="service_request", title="路灯", channel="import", place=place)
    steps = [bulk.Step("record_closing", NOW), bulk.Step("record_dispatch", NOW, unit=place)]
    with pytest.raises(cases.OutOfOrder):
        bulk.record([bulk.History(uuid7(), opening, NOW, None, steps)], at=NOW)
