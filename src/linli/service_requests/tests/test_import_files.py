"""Files of every shape come to the same rows; what is torn, too large or not a table is refused in plain words."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from linli.service_requests import imports
from linli.service_requests.imports import FileRefused, Mapping, Row, sheets, texts
from linli.service_requests.imports.mapping import FOLDER
from linli.service_requests.imports.understanding import Entry, understand

HERE = Path(__file__).resolve().parent
SAMPLE, OLD = FOLDER / "hotline12345.csv.gz", HERE / "hotline12345.xls"
HOTLINE = imports.read_mapping("hotline12345")
NOW = datetime.fromisoformat("2026-09-30T08:42:00+00:00")
FORMATS = {"登记时间": "%Y/%m/%d %H:%M", "办结时间": "%Y-%m-%d %H:%M:%S", "办结时限": "%Y年%m月%d日"}


def cells() -> list[list[str]]:
    """The sample as text, its title and heading first."""
    return list(csv.reader(io.StringIO(gzip.decompress(SAMPLE.read_bytes()).decode("gb18030"))))


def text(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def workbook(path: Path, rows: list[list[Any]], **options: Any) -> Path:
    """A workbook; moments and numbers as real cells."""
    book = xlsxwriter.Workbook(str(path))
    styles = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    sheet = book.add_worksheet("说明")
    if options.get("hidden"):
        sheet.write(0, 0, "not this one")
        sheet.hide()
        sheet = book.add_worksheet("工单")
        sheet.activate()
        sheet.set_first_sheet()
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if type(cell) in styles:
                sheet.write_datetime(y, x, cell, styles[type(cell)])
            elif cell != "":
                sheet.write(y, x, cell)
    book.close()
    return path


def with_real_cells(rows: list[list[str]]) -> list[list[Any]]:
    title, heading, *rest = rows
    real: list[list[Any]] = []
    for row in rest:
        line: list[Any] = list(row)
        for place, name in enumerate(heading):
            if name in FORMATS and row[place]:
                moment = datetime.strptime(row[place], FORMATS[name])  # noqa: DTZ007  as a sheet keeps it
                line[place] = moment.date() if name == "办结时限" else moment
            elif name in ("经度", "纬度") and row[place]:
                line[place] = float(row[place])
        real.append(line)
    return [title, heading, *real]


def entries(path: Path, mapping: Mapping = HOTLINE) -> list[Entry]:
    found = []
    for row in imports.Source(path, mapping).rows():
        assert isinstance(row, Row), row
        entry = understand(row, mapping, NOW)
        assert isinstance(entry, Entry), entry
        found.append(entry)
    return found


def refusal(path: Path, mapping: Mapping = HOTLINE) -> str:
    with pytest.raises(FileRefused) as refused:
        list(imports.Source(path, mapping).rows())
    return str(refused.value)


@pytest.fixture
def expected() -> list[Entry]:
    found = entries(SAMPLE)
    assert len(found) == 24
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be-marked"])
def test_any_common_encoding_and_delimiter_reads_the_same(
    expected: list[Entry], tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "orders.csv"
    written = text(cells(), delimiter)
    marked = encoding == "utf-16-be-marked"
    path.write_bytes(b"\xfe\xff" + written.encode("utf-16-be") if marked else written.encode(encoding))
    assert entries(path) == expected
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert entries(packed) == expected


def test_a_workbook_of_real_dates_reads_like_the_text(expected: list[Entry], tmp_path: Path) -> None:
    path = workbook(tmp_path / "orders.xlsx", with_real_cells(cells()), hidden=True)
    assert entries(path) == expected
    assert entries(OLD) == expected


def test_rows_of_a_workbook_are_numbered_as_the_program_shows_them(tmp_path: Path) -> None:
    rows = with_real_cells(cells())
    path = workbook(tmp_path / "orders.xlsx", [[], rows[1], rows[2], [], rows[3]])
    assert [row.number if isinstance(row, Row) else row for row in imports.Source(path, HOTLINE).rows()] == [
        3,
        5,
    ]


def test_a_sheet_is_chosen_by_its_name(expected: list[Entry], tmp_path: Path) -> None:
    path = workbook(tmp_path / "orders.xlsx", with_real_cells(cells()), hidden=True)
    raw = {**vars(HOTLINE), "sheet": "工单"}
    assert entries(path, Mapping(**{k: v for k, v in raw.items() if not k.startswith("_")})) == expected
    raw["sheet"] = "别的"
    assert "别的" in refusal(path, Mapping(**{k: v for k, v in raw.items() if not k.startswith("_")}))


def test_two_readers_of_one_workbook_do_not_move_each_other(expected: list[Entry], tmp_path: Path) -> None:
    source = imports.Source(workbook(tmp_path / "orders.xlsx", with_real_cells(cells())), HOTLINE)
    pairs = list(zip(source.rows(), source.rows(), strict=True))
    assert len(pairs) == len(expected)
    assert all(one == other for one, other in pairs)


def test_a_number_in_a_cell_loses_its_point_and_nothing_else(tmp_path: Path) -> None:
    rows = with_real_cells(cells())
    rows[2][0] = 20250303000123.0
    rows[3][0] = 12.5
    found = entries(workbook(tmp_path / "orders.xlsx", rows))
    assert [entry.texts["id"] for entry in found[:2]] == ["20250303000123", "12.5"]


# What is refused


def test_a_torn_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "orders.xlsx", with_real_cells(cells())).read_bytes()
    torn = tmp_path / "torn.xlsx"
    for length in (8, len(whole) // 2, len(whole) - 10):
        torn.write_bytes(whole[:length])
        assert "不完整" in refusal(torn)
    middle = len(whole) // 3
    torn.write_bytes(whole[:middle] + bytes(40) + whole[middle + 40 :])
    assert "不完整" in refusal(torn)
    torn = tmp_path / "torn.xls"
    for length in (700, 6000):
        torn.write_bytes(OLD.read_bytes()[:length])
        assert "不完整" in refusal(torn)


def test_a_workbook_that_unfolds_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = workbook(tmp_path / "bomb.xlsx", with_real_cells(cells()))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", bytes(2 << 20))
    assert bomb.stat().st_size < 30_000
    assert len(entries(bomb)) == 24
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 1 << 20)
    assert "太大" in refusal(bomb)


def test_a_workbook_that_lies_about_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 1 << 20)
    bomb = workbook(tmp_path / "bomb.xlsx", with_real_cells(cells()))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", bytes(8 << 20))
    content = bomb.read_bytes()
    assert content.count((8 << 20).to_bytes(4, "little")) == 2
    bomb.write_bytes(content.replace((8 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    assert "不完整" in refusal(bomb)


def test_one_far_off_cell_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "工单编号")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    assert path.stat().st_size < 10_000
    assert "太大" in refusal(path)


def test_other_archives_and_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<a/>")
    assert ".xlsx" in refusal(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    assert refusal(path)
    path.write_bytes("工单编号,登记时间\n".encode("utf-16-le"))
    assert "文本" in refusal(path)
    assert "打不开" in refusal(tmp_path / "nowhere.csv")


def test_an_encoding_nobody_can_guess_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("工单编号,é\n".encode() + b"\xff\xff\n")
    assert "encoding" in refusal(path)


def test_an_archive_of_nothing_but_length_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"," * (9 << 20)))
    monkeypatch.setattr(texts, "MOST_UNPACKED", 8 << 20)
    assert "太大" in refusal(path)
    monkeypatch.undo()
    assert "不是表格" in refusal(path)


def test_an_empty_file_and_a_heading_twice_are_named(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"")
    assert "工单编号" in refusal(path)
    path.write_bytes(b"\x1f\x8b")
    assert "第一行" in refusal(path)
    rows = cells()
    rows[1][-1] = "工单编号"
    path.write_text(text(rows), encoding="utf-8")
    assert "同名：工单编号" in refusal(path)


def test_a_missing_column_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(
        gzip.decompress(SAMPLE.read_bytes()).decode("gb18030").replace("办结时限", "期限").encode()
    )
    assert "第 2 行缺少这些列：办结时限" in refusal(path)


def test_cells_beyond_the_heading_matter_only_where_something_stands_in_them(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = cells()
    path.write_text(text([rows[1], [*rows[2], "", ""], [*rows[3], "", "x"], rows[4][:-1]]), encoding="utf-8")
    first, *rest = imports.Source(path, HOTLINE).rows()
    assert isinstance(first, Row)
    assert [(one.row, one.column) for one in rest if isinstance(one, imports.Reject)] == [(3, ""), (4, "")]


# Whatever somebody hands in


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from(["", "heading", "gzip", "zip", "xls"]))
@example(b"\xef\xbb\xbf\x00", "")
@example(b'"', "heading")
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, before: str) -> None:
    path = tmp_path / "orders.csv"
    heading = (",".join(HOTLINE.columns.values()) + "\n").encode("gb18030")
    whole = {
        "heading": heading + content,
        "gzip": gzip.compress(heading + content)[: -len(content) or None],
        "zip": b"PK\x03\x04" + content,
        "xls": OLD.read_bytes()[:600] + content,
    }
    path.write_bytes(whole.get(before, content))
    try:
        rows = list(imports.Source(path, HOTLINE).rows())
    except FileRefused:
        return
    assert before in ("heading", "gzip")
    assert all(isinstance(understand(row, HOTLINE, NOW), list) for row in rows if isinstance(row, Row))


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(HOTLINE.columns)),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "",
                    "1e999",
                    "nan",
                    "-0",
                    "９９",
                    "2025/3/4 9:15",
                    "9999年12月31日",
                    "0001年1月1日",
                    "\ud800",
                ]
            ),
        ),
    )
)
def test_any_cells_are_understood_or_named(said: dict[str, str]) -> None:
    row = Row(2, {name: said.get(name, "") for name in HOTLINE.columns})
    found = understand(row, HOTLINE, NOW)
    if isinstance(found, Entry):
        assert found.texts["id"]
        assert found.names.category
    else:
        assert found
        assert all(one.row == 2 and one.reason and one.name in HOTLINE.columns for one in found)
