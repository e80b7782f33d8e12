"""Rows to files: what comes back is what went in, and no cell of any form can be a formula."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from linli.documents.render import tables
from linli.documents.render.tables import Column, Kind, Style
from linli.documents.render.tables.cells import is_risky, texts
from linli.documents.render.tables.excel import ExcelWriter, sheet_names

STYLE = Style("全部事项", ZoneInfo("Asia/Shanghai"), "是", "否")
TEXT = [Column("text", "原话")]
AT = datetime(2026, 9, 30, 8, 42, 5, tzinfo=UTC)
DANGERS = [
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "|calc",
    "%0A",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","点这里")',
    "=IMPORTXML(CONCAT(A1),1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "﹢1",
    "−1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    " =1+1",
    "　=1+1",
    "\xa0=1+1",
    "\u200b=1+1",
    "\u202e=1+1",
    "\ufeff=1+1",
    "\x00=1+1",
    "\x1e=1+1",
    "\x01\x02=1+1",
    "'=1+1",
    '"=1+1',
    "“=1+1",
    "' \"=1+1",
    '=1+1";=2',
    "\tplain",
    "\rplain",
    "-",
    "=",
]
HARMLESS = [
    "村口路灯不亮",
    "a=b",
    "1+1",
    "见图 @ 村部",
    "50% 以上",
    "",
    "（=）",
    "https://example.org",
    "0712-0000-118",
]
NAMES = [
    "𠮷野家𪚥",
    "㐂㑇 𡃁𡃁 \U00030edd",
    "ئابدۇرېھىم ئابدۇللا",
    "阿卜杜热依木·阿卜杜拉",
    "Lülin",
    "姓\ue863",
    "葛\U000e0100",
    "张  三",
    "👩‍👩‍👧",
]


def made(form: str, folder: Path, columns: list[Column], *batches: list[tuple[Any, ...]]) -> Path:
    path = folder / f"table.{form}"
    writer = tables.begin(form, path, columns, STYLE)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return path


def csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def sheet(path: Path, n: int = 0) -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(n).to_python(skip_empty_area=False)


def as_spreadsheets_see_it(text: str) -> str:
    """The first character that counts, when blanks, marks and invisible ones are passed over."""
    return re.sub(r"^[\s\x00-\x20\ufeff\u200b-\u202e'\"“]+", "", text)[:1]


@pytest.mark.parametrize("around", ["", "村口"])
def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, around: str) -> None:
    """Alone in a batch of harmless ones, and all together."""
    columns = [Column("before", "前"), *TEXT]
    rows = [(around, text) for text in [*HARMLESS, *DANGERS, *HARMLESS]]
    path = made("csv", tmp_path, columns, rows, *([("路灯", text)] for text in DANGERS))
    found = [row[1] for row in csv_rows(path)[1:]]
    assert len(found) == len(rows) + len(DANGERS)
    dangerous = found[len(HARMLESS) : len(HARMLESS) + len(DANGERS)] + found[len(rows) :]
    assert [text for text in dangerous if not text.startswith("'")] == []
    assert found[: len(HARMLESS)] == HARMLESS


def test_every_text_of_a_csv_stands_in_quotes_so_that_no_other_separator_opens_a_cell(tmp_path: Path) -> None:
    path = made(
        "csv", tmp_path, [*TEXT, Column("n", "数", Kind.WHOLE)], [("路灯;=1+1", 1), ('他说"好";=2', -2)]
    )
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines == ['"原话","数"', '"路灯;=1+1",1', '"他说""好"";=2",-2', ""]


def test_a_csv_begins_with_the_mark_by_which_excel_knows_utf8(tmp_path: Path) -> None:
    assert made("csv", tmp_path, TEXT, [("村",)]).read_bytes().startswith(b"\xef\xbb\xbf")


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    path = made(
        "xlsx", tmp_path, TEXT, [(text,) for text in [*HARMLESS, *DANGERS]], *([(t,)] for t in DANGERS)
    )
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not [
        name for name in parts if "external" in name or "sharedStrings" in name or "vba" in name.lower()
    ]
    root = ElementTree.fromstring(parts["xl/worksheets/sheet1.xml"])  # noqa: S314  our own file
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    cells = list(root.iter(f"{space}c"))
    assert {cell.get("t") for cell in cells if len(cell)} == {"inlineStr"}
    assert not list(root.iter(f"{space}f")) + list(root.iter(f"{space}hyperlink"))
    for cell in cells[1:]:
        text = "".join(cell.itertext())
        if as_spreadsheets_see_it(text) in set("=+-@|%＝＋－＠﹢−"):
            assert cell.get("s") == "2", text  # marked as text for whoever edits it
    assert 'quotePrefix="1"' in parts["xl/styles.xml"]


def test_parquet_keeps_what_was_written_as_text(tmp_path: Path) -> None:
    path = made("parquet", tmp_path, TEXT, [(text,) for text in DANGERS])
    table = pq.read_table(path)
    assert str(table.schema.field("text").type) == "string"
    assert table.column("text").to_pylist()[:3] == ["=1+1", "+1", "-1+2"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_names_come_back_as_they_went_in(tmp_path: Path, form: str) -> None:
    path = made(form, tmp_path, TEXT, [(name,) for name in NAMES])
    if form == "parquet":
        found = pq.read_table(path).column("text").to_pylist()
    else:
        rows = csv_rows(path) if form == "csv" else sheet(path)
        assert rows[0] == ["原话"]
        found = [row[0] for row in rows[1:]]
    assert found == NAMES


COLUMNS = [
    Column("text", "原话"),
    Column("n", "件数", Kind.WHOLE),
    Column("share", "占比", Kind.NUMBER),
    Column("at", "时间", Kind.MOMENT),
    Column("on", "日期", Kind.DAY),
    Column("yes", "超期", Kind.YES),
]
ROWS = [("<路灯> & _x0041_", -3, 12.5, AT, date(2026, 9, 30), True), (None, None, None, None, None, None)]


def test_values_have_their_types(tmp_path: Path) -> None:
    assert csv_rows(made("csv", tmp_path, COLUMNS, ROWS))[1:] == [
        ["<路灯> & _x0041_", "-3", "12.5", "2026-09-30 16:42:05", "2026-09-30", "是"],
        [""] * 6,
    ]
    head, first, second = sheet(made("xlsx", tmp_path, COLUMNS, ROWS, [("末", 0, 0, AT, None, False)]))[:3]
    assert head == [column.label for column in COLUMNS]
    assert first[1:] == [-3, 12.5, datetime(2026, 9, 30, 16, 42, 5), date(2026, 9, 30), "是"]  # noqa: DTZ001
    assert first[0] in (
        "<路灯> & _x0041_",
        "<路灯> & _x005F_x0041_",
    )  # readers that undo the escape and those that do not
    assert second == [""] * 6
    table = pq.read_table(made("parquet", tmp_path, COLUMNS, ROWS))
    assert [str(field.type) for field in table.schema] == [
        "string",
        "int64",
        "double",
        "timestamp[us, tz=Asia/Shanghai]",
        "date32[day]",
        "bool",
    ]
    assert table.schema.field("at").metadata[b"label"].decode() == "时间"
    assert table.to_pylist()[0]["at"] == AT
    assert set(table.to_pylist()[1].values()) == {None}


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_controls_and_half_characters_reach_no_file(tmp_path: Path, form: str) -> None:
    bad = "路\x00灯\x0b不\x1b亮\ud800\uffff\x1e"
    path = made(form, tmp_path, TEXT, [(bad,), ("两\r\n行\r字",)])
    if form == "parquet":
        found = pq.read_table(path).column("text").to_pylist()
    else:
        rows = csv_rows(path) if form == "csv" else sheet(path)
        found = [row[0].removeprefix("'") for row in rows[1:]]
    assert found == ["路灯不亮", "两\n行\n字"]


def test_a_long_list_goes_on_in_further_sheets(tmp_path: Path) -> None:
    writer = ExcelWriter(tmp_path / "long.xlsx", TEXT, STYLE, most=4)
    writer.write([(str(n),) for n in range(5)])
    writer.write([(str(n),) for n in range(5, 8)])
    writer.close()
    book = CalamineWorkbook.from_path(tmp_path / "long.xlsx")
    assert book.sheet_names == ["全部事项", "全部事项 2", "全部事项 3"]
    rows = [sheet(tmp_path / "long.xlsx", n) for n in range(3)]
    assert [row[0][0] for row in rows] == ["原话"] * 3
    assert [row[0] for part in rows for row in part[1:]] == [str(n) for n in range(8)]


def test_a_text_longer_than_a_cell_of_excel_is_cut(tmp_path: Path) -> None:
    (found,) = sheet(made("xlsx", tmp_path, TEXT, [("路" * 40_000,)]))[1]
    assert len(found) == 32_767
    assert found.endswith("路…")


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_an_empty_list_is_a_whole_file(tmp_path: Path, form: str) -> None:
    path = made(form, tmp_path, COLUMNS, [])
    if form == "parquet":
        assert pq.read_table(path).num_rows == 0
    else:
        rows = csv_rows(path) if form == "csv" else sheet(path)
        assert rows == [[column.label for column in COLUMNS]]


def test_sheets_have_names_excel_allows() -> None:
    (name,) = sheet_names("[全部]:事项*?/\\'" + "很" * 40, 1)
    assert len(name) <= 31
    assert not set(name) & set("[]:*?/\\'")
    assert sheet_names("", 2) == ["1", "1 2"]


def test_the_search_over_a_column_finds_what_looking_at_each_cell_finds() -> None:
    for text in [*DANGERS, *HARMLESS, *NAMES]:
        for column in ([text], ["", "", text, ""], ["路灯", text]):
            assert texts(column).is_risky == any(map(is_risky, column)), (text, column)


def test_a_column_of_blanks_takes_no_longer_than_it_should() -> None:
    """Looking for formulas stays linear where nothing but blanks stands before them."""
    long = [" " * 1000] * 2000 + [""] * 20_000
    assert not texts(long).is_risky


@pytest.mark.skipif(shutil.which("localc") is None, reason="LibreOffice Calc is not installed")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_libreoffice_sees_text_alone(tmp_path: Path, form: str) -> None:
    path = made(form, tmp_path, TEXT, [(text,) for text in DANGERS])
    command = ["soffice", "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    flat = (tmp_path / "table.fods").read_text(encoding="utf-8")
    assert "table:formula" not in flat
    assert "xlink:href" not in flat.split("<office:body>")[1]
