from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Town
from django.utils.translation import override

from linli.cases.models import Case, Event
from linli.cases.procedures.story import Line, Viewer, is_for_reporter, mentioned, story
from linli.orgs.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def walked(report: Callable[..., Any], move: Callable[..., Any], town: Town) -> Case:
    case: Case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk), note="三天内修好。")
    move(case, "return", "handler", ground="duty", reason="依据清单第三条，不归我们单位管。",
         proposed=str(town["county_housing"].pk))  # fmt: skip
    move(case, "reassign", "dispatcher", unit=str(town["east_works"].pk), reason="按清单归你们管。")
    move(case, "note", "handler", note="预算要报主任批。", reader="internal")
    return case


def told(case: Case, viewer: Viewer) -> list[Line]:
    events = list(
        Event.objects.filter(case=case).select_related("person", "organisation", "unit").order_by("number")
    )
    names = {
        str(unit.pk): unit.label
        for unit in Organisation.objects.filter(pk__in=mentioned(events, case.procedure))
    }
    shown = [event for event in events if viewer == "staff" or is_for_reporter(event)]
    return [story(event, case.procedure, viewer, names) for event in shown]


def test_tells_staff_who_did_what(walked: Case) -> None:
    lines = told(walked, "staff")
    assert [line.title for line in lines] == [
        "居民反映",
        "祝丽华 受理",
        "派给东河镇村镇建设办",
        "彭建国 退回",
        "改派给东河镇村镇建设办",
        "彭建国 备注",
    ]
    assert lines[0].facts == ("规则第 90 条建议派给东河镇村镇建设办。",)
    assert lines[2].where == "祝丽华 · 东河镇"
    assert lines[3].facts == ("为什么退回：不属于本单位职责", "建议归谁办：县住建局")
    assert lines[3].quote == "依据清单第三条，不归我们单位管。"
    assert lines[5].badges == ("内部",)


def test_names_units_but_no_staff_to_residents(walked: Case) -> None:
    lines = told(walked, "public")
    assert [line.title for line in lines] == [
        "收到您的反映",
        "东河镇受理",
        "派给东河镇村镇建设办",
        "东河镇村镇建设办退回",
        "改派给东河镇村镇建设办",
    ]
    said = " ".join(f"{line.title} {line.where} {line.text}" for line in lines)
    assert "祝丽华" not in said
    assert "彭建国" not in said
    assert "规则" not in said


def test_tells_it_in_english(walked: Case) -> None:
    with override("en"):
        titles = [line.title for line in told(walked, "staff")]
    assert titles[:4] == [
        "Reported by a resident",
        "Accepted by 祝丽华",
        "Sent to Donghe Works",
        "Returned by 彭建国",
    ]


def test_shows_residents_what_they_did_themselves(walked: Case, move: Callable[..., Any]) -> None:
    from linli.people.access import Actor

    move(walked, "add", Actor.reporter(walked.pk), note="第三盏在桥头。")
    last = told(walked, "public")[-1]
    assert (last.title, last.quote) == ("反映人补充", "第三盏在桥头。")
