"""Mappings people write: what their keys do, how names find what stands, and what a dry run tells beforehand."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from conftest import NOW, Town

from linli.cases import actions as cases
from linli.cases.models import Case, Clock, Event, Task
from linli.kit import coordinates
from linli.kit.ids import uuid7
from linli.orgs import actions as orgs
from linli.orgs.models import Organisation
from linli.people.access import SYSTEM
from linli.service_requests import actions as service_requests
from linli.service_requests import imports
from linli.service_requests.imports import MappingError, Outcome, Rehearsal
from linli.service_requests.imports.mapping import FOLDER, Mapping, parsed
from linli.service_requests.models import Category, Request

HERE = Path(__file__).resolve().parent
SAMPLE = FOLDER / "hotline12345.csv.gz"
ORGS = Path(__file__).resolve().parents[2] / "orgs" / "data"

RAW: dict[str, Any] = {
    "label": {"zh": "热线", "en": "Hotline"},
    "time_zone": "Asia/Shanghai",
    "date_formats": ["%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"],
    "county": {"code": "990001"},
    "columns": {
        "id": "no",
        "opened": "opened",
        "due": "due",
        "closed": "closed",
        "state": "state",
        "type": "type",
        "channel": "channel",
        "level": "level",
        "text": "text",
        "category": "kind",
        "unit": "unit",
        "place": "town",
        "lon": "lon",
        "lat": "lat",
        "accused": "accused",
        "result": "result",
    },
    "values": {
        "state": {"新": "reported", "在办": "dispatched", "办结": "closed", "作废": "skip"},
        "type": {"举报": "accusation", "*": "help"},
        "channel": {"电话": "hotline", "*": "import"},
        "level": {"急": "urgent", "缓": "normal"},
        "category": {"灯": "facility.street_lamp"},
        "unit": {"建设": "990001101-cj"},
    },
}
ROW = {
    "no": "A1",
    "opened": "2026-03-02 09:30",
    "due": "2026-03-09",
    "closed": "2026-03-05 16:00",
    "state": "办结",
    "type": "求助",
    "channel": "电话",
    "level": "急",
    "text": "路灯不亮，三盏。\n夜里看不清路。",
    "kind": "灯",
    "unit": "建设",
    "town": "东河镇",
    "lon": "",
    "lat": "",
    "accused": "",
    "result": "已修",
}
Write = Callable[..., Path]


def mapping(**changes: Any) -> Mapping:
    raw = {**RAW, **changes}
    return parsed("mine", {key: value for key, value in raw.items() if value is not None})


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(*changes: dict[str, str]) -> Path:
        path = tmp_path / "file.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(ROW))
            writer.writeheader()
            writer.writerows({**ROW, "no": f"A{n}", **change} for n, change in enumerate(changes, start=1))
        return path

    return make


def take_in(path: Path, one: Mapping) -> Outcome:
    return imports.take_in(source=imports.Source(path, one), mapping=one, at=NOW)


def rehearse(path: Path, one: Mapping) -> Rehearsal:
    return imports.rehearse(source=imports.Source(path, one), mapping=one, at=NOW)


def counts() -> tuple[int, ...]:
    return tuple(
        model.objects.count() for model in (Case, Event, Request, Organisation, Category, Task, Clock)
    )


def test_a_channel_the_mapping_does_not_name_is_kept_in_its_own_word(write: Write, town: Town) -> None:
    one = mapping(values={**RAW["values"], "channel": {"电话": "hotline"}})
    path = write({"channel": "电话"}, {"channel": "微信"}, {"channel": ""})
    assert rehearse(path, one).new == 3
    assert take_in(path, one).rejects == []
    openings = Event.objects.filter(number=1).order_by("facts__source_id").select_related("case")
    assert [(each.case.channel, each.facts["source_channel"]) for each in openings] == [
        ("hotline", "电话"),
        ("import", "微信"),
        ("import", ""),
    ]


# The hotline's mapping of the package


@pytest.fixture
def county(db: None) -> None:
    """The county of the package, with its towns and departments."""
    orgs.import_units(
        orgs.read_units(orgs.read_file(ORGS / "xiaochang_villages.csv")),
        by=None,
        at=NOW,
        county_name="孝昌县",
    )
    content = orgs.read_file(ORGS / "departments.toml")
    orgs.import_departments(content, county=Organisation.objects.get(parent=None), by=None, at=NOW)
    service_requests.install_lists()


def test_the_hotlines_sample_comes_in_whole_and_a_workbook_of_it_adds_nothing(county: None) -> None:
    hotline = imports.read_mapping("hotline12345")
    units = Organisation.objects.count()
    told = rehearse(SAMPLE, hotline)
    outcome = take_in(SAMPLE, hotline)
    assert (outcome.rows, outcome.new, outcome.rejects) == (24, 24, [])
    assert (told.rows, told.new, told.known, told.rejects, told.units) == (24, 24, 0, [], [])
    assert Organisation.objects.count() == units
    founded = Category.objects.filter(code__startswith="420921-", parent__isnull=False)
    assert sorted(name for _group, name in told.categories) == sorted(
        founded.values_list("name_zh", flat=True)
    )
    assert founded.exists()
    assert not founded.filter(is_active=True).exists()
    again = take_in(HERE / "hotline12345.xls", hotline)
    assert (again.rows, again.new, again.known, again.rejects) == (24, 0, 24, [])
    assert rehearse(SAMPLE, hotline).known == Case.objects.count() == 24


def test_every_column_of_the_sample_is_understood(county: None) -> None:
    take_in(SAMPLE, imports.read_mapping("hotline12345"))
    facts = {
        event.facts["source_id"]: event
        for event in Event.objects.filter(number=1).select_related("case__place")
    }
    lamp = facts["XC202503030001"]
    case = lamp.case
    assert (case.state, case.channel, case.level, case.category) == (
        "closed",
        "hotline",
        "normal",
        "facility.street_lamp",
    )
    assert case.place is not None
    assert case.holder is not None
    assert (case.place.name, case.holder.name) == ("花园镇", "县住房和城乡建设局")
    assert case.received_at == datetime(2025, 3, 3, 0, 12, tzinfo=UTC)
    assert case.closed_at == datetime(2025, 3, 5, 8, 20, tzinfo=UTC)
    assert Clock.objects.get(case=case).due_at == datetime(2025, 3, 10, 15, 59, 59, tzinfo=UTC)
    assert (case.lon, case.lat) == pytest.approx(coordinates.gcj02_to_wgs84(114.0021, 31.2563), abs=1e-6)
    request = Request.objects.get(pk=case.pk)
    assert (request.request_type, request.contact_name, request.contact_phone) == ("help", "", "")
    assert request.text.startswith("村口到小学")
    assert lamp.facts["source_channel"] == "来电"
    assert facts["XC202503170022"].case.channel == "import"
    assert facts["XC202503060008"].case.level == "urgent"
    waiting = facts["XC202503170023"].case
    assert waiting.place is not None
    assert (waiting.state, waiting.holder, waiting.place.code) == ("reported", None, "420921500")
    assert Task.objects.filter(case=waiting, role="dispatcher").exists()
    assert facts["XC202503110014"].case.state == "dispatched"


# What a row may say


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"opened": "2026-13-02"}, "opened", "应写成 2015-01-31 13:05, 2015-01-31"),
        ({"opened": "1899-12-31"}, "opened", "太早"),
        ({"opened": "0001-01-01"}, "opened", "不是时间|太早"),
        ({"opened": "2026-10-01"}, "opened", "还没有到"),
        ({"due": "9999-12-31"}, "due", "太晚"),
        ({"closed": "2027-01-01"}, "closed", "还没有到"),
        ({"closed": ""}, "closed", "要有办结时间"),
        ({"state": "在办"}, "state", "却有办结时间"),
        ({"state": "作废"}, "state", "不导入"),
        ({"state": "飞了"}, "state", r"\[values.state\].*reported, dispatched, closed, skip"),
        ({"level": "飞快"}, "level", r"\[values.level\]"),
        ({"type": "举报"}, "accused", "被举报的单位"),
        ({"type": "举报", "accused": "东河镇"}, "unit", "承办单位就是被举报"),
        ({"type": "举报", "accused": "青石县"}, "accused", "没有叫"),
        ({"unit": ""}, "unit", "不能为空"),
        ({"unit": "青石县"}, "unit", "没有叫"),
        ({"unit": "县住建"}, "unit", r"县住建局.*\[values.unit\]"),
        ({"town": "东河"}, "town", "东河镇"),
        ({"town": "县住建局"}, "town", "没有叫"),
        ({"town": "第一网格"}, "town", "有 2 个叫.*990001101201001, 990001102201001"),
        ({"kind": "井盖"}, "kind", r"\[values.category\]"),
        ({"kind": "facility.lamp_post"}, "kind", "没有代码"),
        ({"lon": "114.1", "lat": "north"}, "lat", "不是经纬度"),
        ({"lon": "NaN", "lat": "31"}, "lon", "超出范围"),
        ({"text": "长" * 4001}, "text", "最多 4000"),
        ({"no": " "}, "no", "不能为空"),
    ],
)
def test_what_cannot_be_taken_in_is_named_and_the_dry_run_says_so_before(
    town: Town, write: Write, change: dict[str, str], column: str, reason: str
) -> None:
    path = write({}, change)
    before = counts()
    told = rehearse(path, mapping())
    assert counts() == before
    (reject,) = told.rejects
    assert (reject.row, reject.column) == (3, column)
    assert re.search(reason, reject.reason), reject.reason
    by_heading = {one.heading: one for one in told.columns}
    assert by_heading[column].wrong == 1
    cell = {**ROW, **change}[column].strip()[:40]
    assert by_heading[column].examples == ([cell] if cell else [])
    outcome = take_in(path, mapping())
    assert (outcome.new, outcome.rejects) == (told.new, told.rejects) == (1, [reject])


def test_an_accusation_is_kept_from_the_unit_accused(town: Town, write: Write) -> None:
    change = {"type": "举报", "accused": "西山镇", "unit": "县信访局"}
    assert take_in(write(change), mapping()).new == 1
    case, request = Case.objects.get(), Request.objects.get()
    assert (case.accused_path, case.is_identity_kept) == (town["west"].path, True)
    assert request.accused == town["west"]


def test_days_without_a_time_begin_and_end_as_people_mean_them(town: Town, write: Write) -> None:
    path = write(
        {"opened": "2026-03-02 09:30", "due": "2026-03-02", "closed": "2026-03-02"},
        {"opened": "2026-03-02", "due": "2026-03-03 12:00", "closed": "2026-03-03"},
        {"opened": "2026-03-02T09:30:00-05:00", "due": "", "closed": "2026-03-04"},
    )
    take_in(path, mapping())
    found = {case.received_at: case.closed_at for case in Case.objects.all()}
    assert found == {
        datetime(2026, 3, 2, 1, 30, tzinfo=UTC): datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 1, 16, tzinfo=UTC): datetime(2026, 3, 2, 16, tzinfo=UTC),
        datetime(2026, 3, 2, 14, 30, tzinfo=UTC): datetime(2026, 3, 3, 16, tzinfo=UTC),
    }
    assert not Case.objects.filter(is_late=True).exists()
    assert set(Clock.objects.values_list("due_at", flat=True)) == {
        datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 3, 4, tzinfo=UTC),
    }


def test_a_time_zone_with_summer_time_is_kept(town: Town, write: Write) -> None:
    path = write({"opened": "2026-07-02 09:30"}, {"opened": "2026-01-02 09:30"})
    take_in(
        write({"opened": "2026-07-02 09:30", "closed": "2026-07-03"}), mapping(time_zone="America/New_York")
    )
    assert Case.objects.get().received_at == datetime(2026, 7, 2, 13, 30, tzinfo=UTC)
    assert path.exists()


def test_a_unit_that_was_closed_has_to_be_told_who_took_over(town: Town, write: Write) -> None:
    Organisation.objects.filter(pk=town["east_works"].pk).update(valid_until=date(2026, 1, 1))
    (reject,) = take_in(write({}), mapping()).rejects
    assert "已经撤销" in reject.reason


def test_what_a_mapping_may_found_is_founded_once_and_told_before(town: Town, write: Write) -> None:
    one = mapping(create={"organisations": True, "categories": True})
    path = write(
        {"unit": "园林处", "kind": "树倒"}, {"town": "南坪镇", "kind": "树倒"}, {"unit": "园林处", "no": " "}
    )
    told = rehearse(path, one)
    assert told.units == [("department", "园林处"), ("township", "南坪镇")]
    assert told.categories == [("热线", "树倒")]
    assert not Organisation.objects.filter(name="园林处").exists()
    assert take_in(path, one).new == told.new == 2
    assert Organisation.objects.get(name="南坪镇").path.startswith("990001/")
    later = write({"no": "B1", "unit": "园林处", "kind": "树倒", "town": "南坪镇"})
    assert rehearse(later, one).units == []
    take_in(later, one)
    assert Organisation.objects.filter(name__in=["园林处", "南坪镇"]).count() == 2
    assert Category.objects.filter(name_zh="树倒").count() == 1


def test_founding_never_renames_what_stands(town: Town, write: Write) -> None:
    one = mapping(create={"organisations": True})
    (reject,) = take_in(write({"town": "zj"}), one).rejects
    assert reject.column == "town"
    assert Organisation.objects.get(code="990001-zj").name == "县住建局"


def test_a_county_that_does_not_stand_refuses_the_file(town: Town, write: Write) -> None:
    for create in ({}, {"organisations": True}):
        with pytest.raises(MappingError, match="990002"):
            take_in(write({}), mapping(county={"code": "990002"}, create=create))
    assert not Case.objects.exists()


def test_a_workbook_goes_on_where_it_was_interrupted(
    town: Town, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linli.service_requests.imports.taking.BATCH", 10)
    path = tmp_path / "file.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    style = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, list(ROW))
    for n in range(1, 46):
        sheet.write_row(n, 0, list({**ROW, "no": f"X{n}"}.values()))
        sheet.write_datetime(n, 1, datetime(2026, 3, 2, 9, 30, n), style)  # noqa: DTZ001  as a sheet keeps it
    book.close()
    one, outcome = mapping(), Outcome()

    def interrupt(so_far: Outcome) -> None:
        if so_far.new == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.take_in(
            source=imports.Source(path, one), mapping=one, at=NOW, tell=interrupt, outcome=outcome
        )
    assert Case.objects.count() == outcome.new == 20
    told = rehearse(path, one)
    assert (told.known, told.new) == (20, 25)
    assert take_in(path, one).new == 25
    assert take_in(path, one).new == 0


def test_an_open_case_from_a_hotline_is_dispatched_here(town: Town, write: Write) -> None:
    take_in(write({"state": "新", "closed": "", "unit": "没有这个单位", "due": "2026-12-01"}), mapping())
    case = Case.objects.get()
    cases.advance(case=case.pk, verb="accept", by=SYSTEM, at=NOW, command_id=uuid7())
    cases.advance(
        case=case.pk,
        verb="dispatch",
        by=SYSTEM,
        at=NOW,
        command_id=uuid7(),
        data={"unit": str(town["east_works"].pk)},
    )
    case.refresh_from_db()
    assert (case.state, case.holder) == ("dispatched", town["east_works"])


# What a dry run tells


def test_a_dry_run_counts_every_column(town: Town, write: Write) -> None:
    path = write(
        {},
        {"town": ""},
        {"due": "soon", "level": ""},
        {"due": "bald"},
        {"closed": "2026-03-01"},
        {"no": "A1"},
    )
    before = counts()
    told = rehearse(path, mapping())
    assert counts() == before
    columns = {one.name: one for one in told.columns}
    assert (columns["place"].filled, columns["place"].empty, len(columns["place"].values)) == (5, 1, 1)
    assert (columns["due"].wrong, columns["due"].examples) == (2, ["soon", "bald"])
    assert (columns["level"].filled, columns["level"].empty) == (5, 1)
    assert columns["state"].values == {"办结": 6}
    assert columns["opened"].first == columns["opened"].last == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    assert (told.rows, told.new, told.known, told.backwards) == (6, 3, 0, 1)
    assert [(one.row, one.column) for one in told.rejects] == [(4, "due"), (5, "due"), (7, "no")]
    assert told.ignored == []


def test_distinct_values_are_counted_up_to_a_limit(
    town: Town, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linli.service_requests.imports.rehearsing.MOST_DISTINCT", 2)
    told = rehearse(write({}, {}, {}), mapping())
    column = next(one for one in told.columns if one.name == "id")
    assert (len(column.values), column.is_more, column.filled) == (2, True, 3)


# What a mapping may say


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"columns": None}, "columns.id"),
        ({"columns": "id"}, "columns"),
        ({"columns": {**RAW["columns"], "phone": "phone"}}, "columns.phone"),
        ({"columns": {**RAW["columns"], "due": ""}}, "columns.due"),
        ({"columns": {**RAW["columns"], "due": 3}}, "columns.due"),
        ({"columns": {k: v for k, v in RAW["columns"].items() if k != "unit"}}, "columns.unit"),
        ({"columns": {k: v for k, v in RAW["columns"].items() if k != "lat"}}, "columns.lon"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": None}, "time_zone"),
        ({"date_formats": []}, "date_formats"),
        ({"date_formats": "%Y"}, "date_formats"),
        ({"date_formats": ["%H:%M"]}, "date_formats"),
        ({"date_formats": ["%Q"]}, "date_formats"),
        ({"coordinates": "mars"}, "coordinates"),
        ({"request_type": "wish"}, "request_type"),
        ({"encoding": "klingon"}, "encoding"),
        ({"county": {"code": "a/b"}}, "county.code"),
        ({"county": {"code": "1", "valid_from": "2000"}}, "county.valid_from"),
        ({"values": {"state": {"办结": "done"}}}, "values.state.办结"),
        ({"values": {"channel": {"电话": "open311_test"}}}, "values.channel.电话"),
        ({"values": {"state": {"办结": 1}}}, "values.state.办结"),
        ({"values": {"phone": {}}}, "values.phone"),
        ({"values": {"state": []}}, "state"),
        ({"create": {"everything": True}}, "create.everything"),
        ({"create": {"categories": "yes"}}, "create.categories"),
    ],
)
def test_a_mapping_that_says_something_impossible_is_refused_by_key(change: dict[str, Any], key: str) -> None:
    with pytest.raises(MappingError) as refused:
        mapping(**change)
    assert str(refused.value).startswith(f"{key}：")


def test_a_file_that_is_no_mapping_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for content in (b"label = ", b"\xff\xfe\x00", b"time_zone = 1"):
        path.write_bytes(content)
        imports.read_mapping.cache_clear()
        with pytest.raises(MappingError, match="mine.toml"):
            imports.read_mapping(str(path))


def test_every_mapping_of_the_package_can_be_read() -> None:
    names = imports.mapping_names()
    assert {"boston311", "hotline12345"} <= set(names)
    for name in names:
        assert set(imports.read_mapping(name).label) == {"zh", "en"}
