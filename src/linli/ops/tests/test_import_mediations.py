"""`linli import mediations`: a case of every line, with its parties and the record of its session."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Cast, Town
from django.core.management import CommandError, call_command

from linli.cases.models import Case
from linli.mediation.actions import install_lists
from linli.mediation.models import Assent, Committee, Mediation, Paper, PaperKind, Party
from linli.ops.imports import mediation_rows

REAL = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "mediation_cases_sample.jsonl"
pytestmark = pytest.mark.django_db


def _line(**changes: Any) -> str:
    row = {
        "event_type": "社区邻里纠纷",
        "event_description": "两家为屋后一条水沟争了半年，雨天水进了堂屋。",
        "disputing_parties": "白有田, 岑水莲（木器店负责人）, 村支部书记",
        "dialog": [
            {"speaker": "sys", "text": "“我是调解员，请先说说经过。”", "strategy": "了解基本情况"},
            {"speaker": "白有田", "text": "“沟被填了，水进了屋。”"},
            {"speaker": "岑水莲", "text": "“是我填的，我愿意挖开。”"},
            {"speaker": "村支部书记", "text": "“村里出人帮忙。”"},
            {"speaker": "sys", "text": "“双方就此达成协议：三天内挖开。”", "strategy": "达成调解协议"},
            {"speaker": "白有田", "text": "“同意。”"},
        ],
    }
    return json.dumps({**row, **changes}, ensure_ascii=False)


@pytest.fixture
def where(town: Town, cast: Cast) -> list[str]:
    install_lists()
    unit = town["east_committee"]
    assert unit.parent is not None
    Committee.objects.get_or_create(
        organisation=unit, defaults={"kind": "township", "area": unit.parent, "file_mark": "东"}
    )
    return ["--committee", unit.code, "--place", town["village"].code]


def _run(file: Path, where: list[str]) -> tuple[str, str]:
    out, error = io.StringIO(), io.StringIO()
    call_command("import", "mediations", str(file), *where, stdout=out, stderr=error)
    return out.getvalue(), error.getvalue()


def test_without_a_committee_they_wait_at_the_centre_of_the_county(
    where: list[str], town: Town, settings: Any, tmp_path: Path
) -> None:
    settings.COUNTY_CODE = town["county"].code
    _run(_file(tmp_path, _line()), [])
    case = Case.objects.get()
    assert (case.place, case.state, case.holder) == (town["county"], "applied", None)


def _file(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_line_becomes_a_case_with_parties_and_record(tmp_path: Path, where: list[str], town: Town) -> None:
    said, noted = _run(_file(tmp_path, _line()), where)
    assert "读了 1 行：新导入 1 件" in said
    assert not noted
    case = Case.objects.get()
    assert (case.state, case.holder_id, case.category) == (
        "diverted",
        town["east_committee"].pk,
        "neighbours",
    )
    parties = [(each.name, each.side, each.occupation) for each in Party.objects.order_by("number")]
    assert parties == [("白有田", "applicant", ""), ("岑水莲", "respondent", "木器店负责人")]
    content = Paper.objects.get(kind=PaperKind.RECORD).content
    assert (content["result"], content["invited"]) == ("调解成功", ["村支部书记"])
    rights, mediator, told, facts, risks, ending, signatures = content["points"]
    assert mediator == "调解员：我是调解员，请先说说经过。"
    assert told == "白有田：沟被填了，水进了屋。\n岑水莲：是我填的，我愿意挖开。\n白有田：同意。"
    assert facts == "村支部书记：村里出人帮忙。"
    assert ending == "调解员：双方就此达成协议：三天内挖开。"
    assert (rights, risks, signatures) == ("", "", "")
    assert not Assent.objects.exists()


def test_twice_imports_nothing_twice(tmp_path: Path, where: list[str]) -> None:
    file = _file(tmp_path, _line(), _line(event_description="为一棵桂花树的树荫争了两年，树枝伸过了院墙。"))
    assert "新导入 2 件" in _run(file, where)[0]
    said, noted = _run(file, where)
    assert "新导入 0 件，以前已导入 2 件" in said
    assert not noted
    assert Case.objects.count() == Paper.objects.filter(kind=PaperKind.RECORD).count() == 2


def test_bad_lines_are_named_and_the_rest_goes_on(tmp_path: Path, where: list[str]) -> None:
    file = _file(
        tmp_path,
        "{",
        "",
        "[1]",
        _line(dialog=[]),
        _line(dialog=[{"speaker": "sys"}]),
        _line(disputing_parties="司法所, 村干部"),
        _line(event_type=None),
        _line(event_description="短"),
        _line(),
    )
    said, noted = _run(file, where)
    assert "读了 8 行：新导入 1 件，以前已导入 0 件，没有导入 7 行" in said
    assert [int(line.split()[1]) for line in noted.splitlines()] == [1, 3, 4, 5, 6, 7, 8]
    assert Case.objects.count() == 1


def test_what_is_unclear_is_said_and_never_made_up(tmp_path: Path, where: list[str]) -> None:
    talk = [{"speaker": "sys", "text": "“今天先谈到这里，下周再谈。”"}, {"speaker": "白有田", "text": "好"}]
    file = _file(
        tmp_path,
        _line(event_type="别的", disputing_parties="白有田, 未提及", dialog=talk),
        _line(disputing_parties="白有田, 卜春枝"),
    )
    said, noted = _run(file, where)
    assert "新导入 2 件" in said
    assert [line.split("：")[0] for line in noted.splitlines()] == [
        "第 1 行",
        "第 1 行",
        "第 1 行",
        "第 2 行",
    ]
    assert mediation_rows.UNKNOWN in {party.name for party in Party.objects.filter(side="respondent")}
    assert Mediation.objects.filter(category="other").exists()
    results = {paper.content["result"] for paper in Paper.objects.filter(kind=PaperKind.RECORD)}
    assert results == {"调解成功", "有待继续调解"}


def test_committee_and_place_must_be_known(tmp_path: Path, where: list[str]) -> None:
    file = _file(tmp_path, _line())
    for wrong in (["--committee", "nowhere", *where[2:]], [*where[:2], "--place", "nowhere"]):
        with pytest.raises(CommandError, match="nowhere"):
            _run(file, wrong)
    with pytest.raises(CommandError):
        _run(tmp_path / "missing.jsonl", where)
    assert not Case.objects.exists()


def test_the_published_collection_comes_in_whole(where: list[str]) -> None:
    if not REAL.exists():
        pytest.skip("the published collection is not here")
    said, noted = _run(REAL, where)
    assert "读了 33 行：新导入 33 件，以前已导入 0 件，没有导入 0 行" in said
    for case in Case.objects.all():
        sides = set(Party.objects.filter(case=case).values_list("side", flat=True))
        assert sides == {"applicant", "respondent"}
        record = Paper.objects.get(case=case, kind=PaperKind.RECORD)
        assert record.content["result"] == "调解成功"
        assert record.content["points"][2]
        assert record.content["points"][5]
    assert "未提及" in noted
    assert not Party.objects.filter(name__regex="书记|未提及|派出所|专家").exists()
