"""`linli import requests` on the command line: dry run, draft, rejects, and the example of its page."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from conftest import Town
from django.core.management import CommandError, call_command
from django.utils import translation

from linli.cases.models import Case, Event
from linli.orgs.models import Organisation
from linli.service_requests import imports
from linli.service_requests.imports.mapping import FOLDER
from linli.service_requests.models import Category, Request

PAGE = Path(__file__).resolve().parents[4] / "docs" / "import.md"
BOSTON = Path(__file__).resolve().parents[2] / "service_requests" / "tests" / "boston311_300.csv.gz"
HOTLINE = FOLDER / "hotline12345.csv.gz"


def run(*arguments: str | Path) -> tuple[str, str]:
    """What the command says, and what it complains about."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import", "requests", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def example(name: str, folder: Path) -> Path:
    """A file as the page shows it."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    path = folder / name
    path.write_text(found[1], encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    imports.read_mapping.cache_clear()
    return example("orders.csv", tmp_path), example("mine.toml", tmp_path)


def test_the_example_of_the_page_does_what_the_page_says(town: Town, files: tuple[Path, Path]) -> None:
    orders, mine = files
    out, err = run(orders, "--mapping", mine, "--dry-run")
    assert not Case.objects.exists()
    assert "试读了 4 行，什么也没有写入：会新导入 3 件，已导入过 0 件，不导入 1 行。" in out
    assert "会新建 2 个类别（未启用）：示例热线 / Parks, 示例热线 / Trees" in out
    assert "第 5 行，Status" in err
    units = Organisation.objects.count()
    out, _err = run(orders, "--mapping", mine)
    assert "新导入 3 件" in out
    assert Organisation.objects.count() == units
    assert set(Case.objects.values_list("state", "channel", "holder__code")) == {
        ("closed", "hotline", "990001101-cj"),
        ("dispatched", "portal", "990001-zj"),
        ("reported", "hotline", None),
    }
    assert set(Request.objects.values_list("request_type", flat=True)) == {"help", "suggestion"}
    out, _err = run(orders, "--mapping", mine)
    assert "以前已导入 3 件" in out


def test_the_page_describes_every_key(files: tuple[Path, Path]) -> None:
    from linli.service_requests.imports import mapping

    page = PAGE.read_text(encoding="utf-8")
    for key in (
        *mapping.KEYS - {"county", "create", "values", "columns"},
        *mapping.NEEDED,
        *mapping.OPTIONAL,
    ):
        assert f"`{key}`" in page, key
    for words in mapping.CHOICES["state"], mapping.CHOICES["type"], mapping.CHOICES["level"]:
        assert all(f"`{word}`" in page for word in words)


@pytest.mark.django_db
def test_a_dry_run_of_a_city_names_what_it_would_found() -> None:
    out, _err = run(BOSTON, "--mapping", "boston311", "--dry-run")
    assert "会新建 95 个单位：Boston (县)" in out
    assert re.search(r"due +TARGET_DT +237 +63 +227 +0 ", out)
    assert "1 行的办结时间早于登记时间" in out
    assert "没有用到的列：OnTime_Status" in out
    for model in (Organisation, Category, Event):
        assert not model.objects.exists()
    with translation.override("en"):
        out, _err = run(BOSTON, "--mapping", "boston311", "--dry-run")
    assert "nothing written: 300 would be imported" in out
    assert not re.search("[\u4e00-\u9fff]", out)


def test_a_drafted_mapping_imports_the_file_it_was_drafted_from(town: Town, tmp_path: Path) -> None:
    out, _err = run(HOTLINE, "--draft")
    assert 'id = "工单编号"' in out
    assert '"已作废"' not in out
    assert '# "短信" = ""' in out
    mine = tmp_path / "mine.toml"
    mine.write_text(out, encoding="utf-8")
    drafted, ours = imports.read_mapping(str(mine)), imports.read_mapping("hotline12345")
    assert drafted.columns == ours.columns
    assert set(drafted.date_formats) == set(ours.date_formats)
    for name, table in drafted.values.items():
        assert table.items() <= ours.values[name].items()
    out, _err = run(BOSTON, "--draft")
    assert 'date_formats = ["%m/%d/%Y %I:%M:%S %p"]' in out
    assert 'opened = "OPEN_DT"' in out


@pytest.mark.django_db
def test_faults_are_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"--mapping.*boston311, hotline12345.*--draft"):
        run(HOTLINE)
    with pytest.raises(CommandError, match="打不开"):
        run(tmp_path / "nowhere.csv", "--mapping", "boston311")
    with pytest.raises(CommandError, match="打不开"):
        run(tmp_path / "nowhere.csv", "--draft")
    with pytest.raises(CommandError, match="CASE_ENQUIRY_ID"):
        run(HOTLINE, "--mapping", "boston311")
    with pytest.raises(CommandError, match="420921"):
        run(HOTLINE, "--mapping", "hotline12345", "--dry-run")
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(CommandError, match="没有数据"):
        run(empty, "--draft")


def test_no_cell_of_the_rejects_is_a_formula(town: Town, files: tuple[Path, Path], tmp_path: Path) -> None:
    orders, mine = files
    for path in files:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("Order", "=1+1").replace("Promised", "@due"), encoding="utf-8")
    text = orders.read_text(encoding="utf-8").replace("H-1", "").replace("10/03/2026", "=HYPERLINK(1)")
    orders.write_text(text, encoding="utf-8")
    rejects = tmp_path / "rejects.csv"
    for further in (["--dry-run"], []):
        rejects.unlink(missing_ok=True)
        out, _err = run(orders, "--mapping", mine, "--rejects", rejects, *further)
        written = list(csv.reader(io.StringIO(rejects.read_text(encoding="utf-8-sig"))))
        assert [line[:2] for line in written[1:]] == [["2", "'=1+1"], ["3", "'@due"], ["5", "Status"]]
        assert "=HYPERLINK(1)" in written[2][2]
        assert not any(cell.lstrip().startswith(tuple("=+-@|%＝＋－＠")) for line in written for cell in line)
