"""The same category at the same place again and again becomes a problem, and stays one until it does not come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases.actions import BadData, NotAllowed
from linli.measures.actions import problems
from linli.measures.models import Problem, ProblemState
from linli.people.access import Actor

pytestmark = pytest.mark.django_db
WORDS = "控制箱进水，已整体更换并加防雨罩。"


def found(town: Town, days: int = 0) -> list[Problem]:
    problems.find(county=town["county"], at=NOW + timedelta(days=days))
    return list(Problem.objects.select_related("organisation", "owner"))


def test_the_fourth_report_of_one_place_makes_a_problem(report: Any, move: Any, town: Town) -> None:
    for _ in range(3):
        report()
    report(place=town["grid2"])
    member, head = report(place=town["grid2"]).case, report(place=town["grid2"]).case
    move(member, "merge", "dispatcher", head=head.number)
    assert found(town) == []
    report()
    (problem,) = found(town)
    assert (problem.organisation_id, problem.category, problem.cases) == (
        town["grid"].pk,
        "facility.street_lamp",
        4,
    )
    report()
    (problem,) = found(town)
    assert problem.cases == 5
    assert problems.costliest(path=town["county"].path)[0].pk == problem.pk
    assert problems.costliest(path=town["west"].path) == []


def test_a_remedy_is_watched_and_what_comes_back_is_seen(report: Any, town: Town, cast: Cast) -> None:
    for _ in range(4):
        report()
    (problem,) = found(town)
    boss, handler = cast["township_supervisor"], cast["handler"]
    problem = problems.own(problem=problem, owner=town["east_works"], by=boss)
    done = NOW + timedelta(days=3)
    with pytest.raises(BadData):
        problems.remedy(problem=problem, cause="", done=WORDS, by=handler, at=done)
    problem = problems.remedy(problem=problem, cause=WORDS, done=WORDS, by=handler, at=done)
    assert problem.state == ProblemState.REMEDIED
    (problem,) = found(town, days=10)
    assert (problem.state, problem.came_back) == (ProblemState.REMEDIED, 0)
    report(at=NOW + timedelta(days=12))
    (problem,) = found(town, days=13)
    assert (problem.state, problem.came_back) == (ProblemState.RETURNED, 1)
    problem = problems.own(problem=problem, owner=town["county_housing"], by=boss)
    problem = problems.remedy(
        problem=problem, cause=WORDS, done=WORDS, by=cast["housing_handler"], at=NOW + timedelta(days=14)
    )
    (problem,) = found(town, days=14 + 62)
    assert problem.state == ProblemState.SETTLED
    assert problems.costliest(path=town["county"].path) == []
    assert [each.pk for each in problems.settled(path=town["county"].path)] == [problem.pk]


def test_strangers_neither_see_nor_move_it(report: Any, town: Town, cast: Cast) -> None:
    for _ in range(4):
        report()
    (problem,) = found(town)
    for name in ("outsider", "west_handler", "handler"):
        assert problems.visible(problem_id=problem.pk, by=cast[name]) is None
        with pytest.raises(NotAllowed):
            problems.own(problem=problem, owner=town["east_works"], by=cast[name])
    assert problems.visible(problem_id=problem.pk, by=cast["dispatcher"]) is not None
    problem = problems.own(problem=problem, owner=town["east_works"], by=cast["township_supervisor"])
    assert problems.visible(problem_id=problem.pk, by=cast["handler"]) is not None
    with pytest.raises(NotAllowed):
        problems.own(problem=problem, owner=town["east_works"], by=cast["supervisor"])


def test_accusations_and_declined_reports_make_no_problem(report: Any, move: Any, town: Town) -> None:
    for _ in range(5):
        report(category="opinion.misconduct", request_type="accusation", accused=town["east_works"])
        wrong = {"route": "court", "reason": "这是合同纠纷，请到人民法院起诉。"}
        move(report().case, "decline", "dispatcher", **wrong)
    assert found(town) == []
    assert Actor.reporter(town["county"].pk).path == ""


def test_the_number_of_a_problem_is_that_of_its_list_whatever_happens_to_its_cases(
    report: Any, move: Any, town: Town, cast: Cast
) -> None:
    reports = [report(at=NOW - timedelta(days=n)).case for n in (40, 20, 10, 3, 2)]
    report(place=town["grid2"])
    report(category="facility.manhole")
    (problem,) = found(town)

    def both() -> tuple[int, int]:
        made, again = problems.counted([problem])[problem.pk]
        listed = problems.cases_of(problem)
        assert listed.count() == made + again
        return made, again

    assert both() == (5, 0)
    move(reports[-1], "merge", "dispatcher", head=reports[-2].number)
    wrong = {"route": "court", "reason": "这是合同纠纷，请到人民法院起诉。"}
    move(reports[0], "decline", "dispatcher", **wrong)
    assert both() == (3, 0)
    boss = cast["township_supervisor"]
    problem = problems.own(problem=problem, owner=town["east_works"], by=boss)
    done = NOW + timedelta(days=1)
    problem = problems.remedy(problem=problem, cause=WORDS, done=WORDS, by=boss, at=done)
    again = report(at=NOW + timedelta(days=3)).case
    assert both() == (3, 1)
    assert again in problems.cases_of(problem)
    assert problems.counted([]) == {}
