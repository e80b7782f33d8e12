"""The monthly report says what the sums say, in both languages, as PDF and Word, and nothing of anybody."""

from __future__ import annotations

import io
import os
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import NOW, Town
from django.core.management import CommandError, call_command
from django.utils import translation
from docx import Document
from pypdf import PdfReader

from linli.cases import actions as cases
from linli.documents.render import reports as render
from linli.kit import clock
from linli.measures.actions import reports
from linli.measures.actions.reports import parts
from linli.people.access import Actor

HERE = Path(__file__).resolve().parent
MORNING = datetime(2026, 10, 1, 7, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
SEPTEMBER = date(2026, 9, 1)
ROOT = re.compile(r"[0-9a-f]{64}")
WORK = "已换灯泡三只，当晚试灯都亮了。"
pytestmark = pytest.mark.django_db


@pytest.fixture
def month(town: Town, report: Any, move: Any) -> Town:
    """Five reports: closed and rated, reopened, late at the housing bureau, declined, and just received."""
    unit, housing = (str(town[name].pk) for name in ("east_works", "county_housing"))
    old, early = NOW - timedelta(days=12), NOW - timedelta(days=1)
    for again in (False, True):
        case = report(at=early).case
        move(case, "accept", "dispatcher", at=early)
        move(case, "dispatch", "dispatcher", unit=unit)
        move(case, "acknowledge", "handler")
        move(case, "feedback", "handler", result=WORK)
        move(case, "arrange_check", "dispatcher")
        move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
        move(case, "rate", Actor.reporter(case.pk), grade="2" if again else "5")
        if again:
            move(case, "reopen", Actor.reporter(case.pk), reason="昨晚又不亮了。")
    late = report(at=old, place=town["west_grid"]).case
    move(late, "accept", "outsider", at=old)
    move(late, "dispatch", "outsider", unit=housing)
    cases.fire_due_clocks(at=NOW)
    declined = report(category="facility.manhole").case
    move(declined, "decline", "dispatcher", at=NOW, route="court", reason="这是合同纠纷，请到人民法院起诉。")
    report(at=NOW)
    reports.settle(at=MORNING)
    return town


def documents(town: Town, month: date = SEPTEMBER, unit: str = "county") -> dict[str, dict[str, Any]]:
    return reports.month_of(unit=town[unit], month=month, at=MORNING)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_report_says_what_it_said_before(month: Town, language: str) -> None:
    said = ROOT.sub("<root>", render.text_of(documents(month)[language]))
    golden = HERE / f"monthly.{language[:2]}.txt"
    if "UPDATE" in os.environ:
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_both_files_hold_every_line_and_a_picture_of_every_chart(month: Town) -> None:
    for language, document in documents(month).items():
        pages = PdfReader(io.BytesIO(reports.file(document, "pdf", at=MORNING))).pages
        printed = re.sub(r"\s", "", "".join(page.extract_text() for page in pages))
        word = Document(io.BytesIO(reports.file(document, "docx", at=MORNING)))
        cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        written = "\n".join([*(each.text for each in word.paragraphs), *cells])
        assert "{" not in written
        for section in document["sections"]:
            rows = section["table"]["rows"] if section["table"] else []
            for words in [
                section["heading"],
                *section["words"],
                *(cell["text"] for row in rows for cell in row),
            ]:
                assert re.sub(r"\s", "", words) in printed, (language, words)
                assert words in written, (language, words)
        charts = [each for each in document["sections"] if each["chart"] is not None]
        assert len(word.inline_shapes) == len(charts) >= 4


def test_nothing_of_a_person_or_of_what_was_said_stands_in_it(month: Town) -> None:
    said = "".join(map(render.text_of, documents(month).values()))
    for words in ("祝丽华", "彭建国", "秦望山", "村部门前", WORK, "合同纠纷"):
        assert words not in said


def test_an_empty_month_is_a_report_too(month: Town) -> None:
    document = documents(month, date(2025, 3, 1))["zh-hans"]
    said = render.text_of(document)
    assert "这个月没有收到事项" in said
    assert "没有超期的。" in said
    for form in reports.FORMS:
        assert reports.file(document, form, at=MORNING)


def test_a_township_reports_of_itself(month: Town) -> None:
    said = render.text_of(documents(month, unit="west")["en"])
    assert said.startswith("Xishan Town: monthly report, September 2026")
    assert "Donghe" not in said


def test_a_change_is_in_per_cent_and_of_a_share_in_points() -> None:
    assert [parts.compared(n, 200) for n in (230, 200, None)] == ["+15.0%", "+0.0%", ""]
    assert parts.compared(3, 0) == ""
    with translation.override("en"):
        assert parts.noted("Month before", "80.1%", parts.compared(81.4, 80.1, is_share=True)) == (
            "Month before 80.1% · +1.3 pp"
        )


def test_nothing_written_for_one_language_is_left_in_the_other(month: Town) -> None:
    document = documents(month)["en"]
    said = render.text_of(document).replace("GB/T", "")
    assert not re.search(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]", said)


def test_the_ticks_of_a_chart_are_round_and_reach_its_top() -> None:
    for most in (0, 1, 3, 7, 10, 99, 100, 101, 4321, 98_765):
        ticks = render.ticks(most)
        assert ticks[0] == 0
        assert ticks[-1] >= most
        assert len(ticks) <= 6
        assert all(isinstance(tick, int) for tick in ticks)


def test_the_command_writes_four_files(month: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    out = io.StringIO()
    folder = tmp_path / "reports"
    call_command("measures", "report", "--month", "2026-09", "--out", str(folder), stdout=out)
    named = {path.name for path in folder.iterdir()}
    assert named == {
        f"990001-2026-09.{language}.{form}" for language in ("zh", "en") for form in reports.FORMS
    }
    assert out.getvalue().count("\n") == len(named)
    for options, words in (
        (["--month", "2026-13"], "2026-13"),
        (["--month", "September"], "September"),
        (["--month", "2026-10"], "2026-10"),
        (["--month", "2026-09", "--unit", "nowhere"], "nowhere"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("measures", "report", "--out", str(folder), *options)
