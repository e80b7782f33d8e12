"""What is asked about a request, and which answers fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast

from linli.cases.actions import BadData, NotAllowed
from linli.cases.models import Event
from linli.people.access import Actor
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Datatype, Question, Request

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]

LAMP = {"fault": "dark", "lamps": "3", "pole": " D  17 ", "since": "2026-09-29T20:00:00+08:00"}


def refusals(report: Make, **changes: Any) -> dict[str, str]:
    with pytest.raises(BadData) as refused:
        report(**changes)
    return dict(refused.value.errors)


def test_every_datatype_is_asked_for_somewhere_and_every_question_says_how_to_answer(town: Any) -> None:
    asked = list(Question.objects.all())
    assert {question.datatype for question in asked} == set(Datatype.values)
    assert all(question.hint_zh and question.hint_en and question.text_en for question in asked)
    choosing = {Datatype.ONE.value, Datatype.SEVERAL.value}
    assert all(bool(question.values) == (question.datatype in choosing) for question in asked)


def test_answers_are_kept_in_one_form_and_told_in_words(report: Make) -> None:
    receipt = report(channel="open311", answers=LAMP)
    kept = Event.objects.get(case_id=receipt.case.pk, number=1).data["answers"]
    assert kept == {"fault": "dark", "lamps": "3", "pole": "D 17", "since": "2026-09-29T12:00:00Z"}
    told = dict(service_requests.told("facility.street_lamp", kept))
    assert told["路灯怎么了"] == "不亮"
    assert told["有几盏"] == "3"


def test_several_answers_keep_their_order_and_stand_once(report: Make) -> None:
    given = {"damage": ["cracks", "pothole", "cracks", ""]}
    receipt = report(category="facility.road", channel="open311", answers=given)
    assert receipt.event.data["answers"] == {"damage": ["cracks", "pothole"]}


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("lamps", "drei"),
        ("lamps", "NaN"),
        ("lamps", "1e400"),
        ("lamps", "١٢"),
        ("since", "yesterday"),
        ("since", "2026-02-30"),
        ("since", "0001-01-01T00:00:00+14:00"),
        ("fault", "purple"),
        ("fault", ["dark", "by_day"]),
        ("pole", "x" * 201),
        ("colour", "red"),
    ],
)
def test_refuses_an_answer_that_does_not_fit(report: Make, code: str, answer: Any) -> None:
    assert list(refusals(report, channel="open311", answers={**LAMP, code: answer})) == [f"answers.{code}"]


def test_what_must_be_answered_is_asked_of_programs_and_not_of_people(report: Make) -> None:
    assert list(refusals(report, channel="open311")) == ["answers.fault"]
    assert "answers" not in report(channel="portal").event.data


def test_a_question_that_only_tells_something_takes_no_answer(report: Make) -> None:
    given = {"state": "missing", "keep_away": "yes"}
    assert list(refusals(report, category="facility.manhole", channel="open311", answers=given)) == [
        "answers.keep_away"
    ]


def test_a_dispatcher_takes_words_from_publication_and_the_reporter_too(
    report: Make, move: Make, cast: Cast
) -> None:
    for who, verb, data in (
        ("dispatcher", "withhold", {"reason": "写有他人隐私"}),
        (None, "keep_private", {}),
    ):
        case = report(may_publish=True).case
        assert Request.objects.get(pk=case.pk).may_publish
        move(case, verb, who or Actor.reporter(case.pk), **data)
        assert not Request.objects.get(pk=case.pk).may_publish
        with pytest.raises(NotAllowed):
            move(case, verb, who or Actor.reporter(case.pk), **data)


def test_nobody_else_takes_words_from_publication(report: Make, move: Make) -> None:
    case = report(may_publish=True).case
    for who in ("grid_worker", "handler", "auditor"):
        with pytest.raises(Exception, match=r"."):
            move(case, "withhold", who, reason="写有他人隐私")
    assert Request.objects.get(pk=case.pk).may_publish
