"""The fields of the papers are said once, and judged in one place."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from linli.mediation.models import PaperKind
from linli.mediation.rules.forms import FIELDS, MOST_ROWS, Field, checked, spotless

PRINTED = tomllib.loads((Path(__file__).parent.parent / "papers" / "forms.toml").read_text(encoding="utf-8"))

AGREED: dict[str, Any] = {
    "facts": "雨水管对着墙根。",
    "clauses": "改管子。\n\n 付修补费。 ",
    "manner": "转账",
    "amount": "1,200.5",
    "bar": "",
    "instalments": [
        {"party": "2", "what": "付", "amount": "800", "due_on": "2026-10-20"},
        {"party": "", "what": "", "amount": "", "due_on": ""},
    ],
    "copies": "三",
    "date": "2026-09-30",
}


def test_every_kind_of_paper_has_its_fields() -> None:
    assert set(FIELDS) == set(PaperKind)


@pytest.mark.parametrize("kind", list(PaperKind))
def test_what_is_written_is_what_is_printed(kind: PaperKind) -> None:
    """Each field appears on the printed form, but for what only follows from the terms."""
    printed = str(PRINTED[kind.value])
    for field in FIELDS[kind]:
        assert (
            f"'{field.name}'" in printed
            or f"{{{field.name}" in printed
            or field.name in ("amount", "bar", "instalments")
        )


def test_terms_are_kept_clean() -> None:
    content, problems = checked(PaperKind.AGREEMENT, AGREED)
    assert not problems
    assert content["clauses"] == ["改管子。", "付修补费。"]
    assert content["amount"] == "1200.50"
    assert content["instalments"] == [{"party": 2, "what": "付", "amount": "800.00", "due_on": "2026-10-20"}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"facts": "  "}, "facts"),
        ({"clauses": []}, "clauses"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e400"}, "amount"),
        ({"amount": "-0.01"}, "amount"),
        ({"date": "2026-02-29"}, "date"),
        ({"bar": "because"}, "bar"),
        ({"instalments": [{"party": "x", "what": "付", "due_on": "2026-10-20"}]}, "instalments.0.party"),
        ({"instalments": [{"party": "1", "what": "", "due_on": "2026-10-20"}]}, "instalments.0.what"),
        ({"clauses": "一\n" * 100}, "clauses"),
        ({"facts": "长" * 9000}, "facts"),
    ],
)
def test_names_the_field_that_is_wrong(changes: dict[str, Any], field: str) -> None:
    _content, problems = checked(PaperKind.AGREEMENT, {**AGREED, **changes})
    assert list(problems) == [field]


@pytest.mark.parametrize("odd", [None, "text", 7, [1, 2], {"a": 1}])
def test_odd_rows_are_no_rows(odd: Any) -> None:
    _content, problems = checked(PaperKind.EVIDENCE, {"evidence": odd})
    assert list(problems) == ["evidence"]


def test_more_rows_than_there_is_room_for_are_refused() -> None:
    rows = [{"name": f"照片{n}", "from": "李秀英"} for n in range(MOST_ROWS + 1)]
    assert not checked(PaperKind.EVIDENCE, {"evidence": rows[1:]})[1]
    assert list(checked(PaperKind.EVIDENCE, {"evidence": rows})[1]) == ["evidence"]


def test_a_leap_day_is_a_day() -> None:
    assert not checked(PaperKind.RIGHTS, {"date": "2028-02-29"})[1]


def test_a_record_always_has_seven_points() -> None:
    given = {"at": "2026-09-30T09:00", "place": "调解室", "points": ["一", None, " 三 "]}
    content, problems = checked(PaperKind.RECORD, given)
    assert not problems
    assert content["points"] == ["一", "", "三", "", "", "", ""]


def test_a_field_says_its_own_limit() -> None:
    assert Field("a", "a", "text").most > Field("a", "a").most


def test_nothing_invisible_reaches_a_paper() -> None:
    content, problems = checked(
        PaperKind.RECORD,
        {"at": "2026-10-12T09:00", "place": "调解\x00室", "invited": ["陶\u202e金枝"], "points": ["一\x00"]},
    )
    assert problems == {}
    assert (content["place"], content["invited"], content["points"][0]) == ("调解室", ["陶金枝"], "一")
    assert spotless({"a": ["x\x00", {"b": "y\x00"}], "n": 1}) == {"a": ["x", {"b": "y"}], "n": 1}
