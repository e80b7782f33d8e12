"""What went wrong in a case: with the unit that held it, once, and never taken away again."""

from __future__ import annotations

import contextlib
import os
import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases import procedures
from linli.cases.models import Case, Event
from linli.measures.actions import checking, reading, rounds
from linli.measures.actions.assessing import assess
from linli.measures.actions.reading import View
from linli.measures.formulas import schemes
from linli.measures.formulas.faults import MEDIATIONS, THEIRS
from linli.measures.tests.test_rollups import WORK, Quick, closed, count_all, nonzero
from linli.measures.tests.test_rounds import by_the_reporter, held_to
from linli.mediation.tests.story import Story, wait
from linli.people.access import SYSTEM, Actor

pytestmark = pytest.mark.django_db
WALKS = int(os.environ.get("WALKS", "3"))
SCHEME, DISPUTES = "cases_month", "mediations_month"
LATE = NOW + timedelta(days=20)
NOTHING = "昨晚又不亮了。"
Faults = dict[str, set[str]]


def year(town: Town, unit: str) -> dict[str, int]:
    """The faults of a unit and of all below it, in the year around the tests."""
    count_all()
    counts = reading.totals(View(town[unit].path, date(2026, 1, 1), date(2028, 1, 1), axis="holder"))
    known = {*schemes.schemes()[SCHEME].names}
    return {name: n for name, n in nonzero(counts).items() if name in known}


def of_case(case: Case, upto: int | None = None) -> dict[str, tuple[str, set[str]]]:
    """Score and faults by the code of the unit."""
    found = assess(case.pk, upto=upto)
    assert found is not None
    return {
        each.unit.code if each.unit else "": (each.score, {fault.name for fault, _points in each.faults})
        for each in found.parts
    }


def test_a_case_without_fault_has_a_hundred_points(report: Any, move: Any, town: Town) -> None:
    case = report().case
    closed(case, move, town, NOW + timedelta(hours=1))
    assert of_case(case) == {town["east_works"].code: ("100.00", set())}
    assert year(town, "east_works") == {"assessed": 1}
    assert year(town, "county_housing") == {}


def test_each_limit_is_with_the_unit_at_whose_desk_it_ran_out(report: Any, move: Any, town: Town) -> None:
    case = report().case
    days = [NOW + timedelta(days=n) for n in (12, 13, 22, 30)]  # 1 to 7 October are a holiday
    move(case, "accept", "dispatcher", at=days[0])
    move(case, "dispatch", "dispatcher", at=days[1], unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler", at=days[2])
    move(case, "feedback", "handler", at=days[2], result=WORK)
    move(case, "arrange_check", "dispatcher", at=days[2])
    assert assess(case.pk) is None
    assert year(town, "county") == {}
    move(case, "verify", "grid_worker", at=days[3], finding="三盏灯都亮着。")
    found = of_case(case)
    works = {"late_total", "late_acknowledging", "late_unit"}
    assert found[town["east_works"].code] == ("55.00", works)
    assert found[town["east"].code] == ("95.00", {"late_accepting"})
    assert found[town["grid"].code] == ("95.00", {"late_verifying"})
    assert year(town, "east_works") == {"assessed": 1, **dict.fromkeys(works, 1)}
    shown = assess(case.pk)
    assert shown is not None
    late = {clock.name for clock in shown.clocks if clock.is_late}
    assert {f"late_{name}" for name in late} == works | {"late_accepting", "late_verifying"}
    assert all(clock.clock.stopped_at for clock in shown.clocks)


def test_a_return_counts_against_nobody_unless_the_case_comes_back(
    report: Any, move: Any, town: Town
) -> None:
    fair, vain = report().case, report().case
    given = {"ground": "duty", "reason": "按职责清单，路灯由县住建局管护。"}
    for case, unit, handler in (
        (fair, "county_housing", "housing_handler"),
        (vain, "east_works", "handler"),
    ):
        at = NOW + timedelta(minutes=5)
        move(case, "accept", "dispatcher", at=at)
        move(case, "dispatch", "dispatcher", at=at, unit=str(town["east_works"].pk))
        move(case, "return", "handler", at=at, **given)
        move(case, "reassign", "dispatcher", at=at, unit=str(town[unit].pk), reason="按清单改派。")
        move(case, "acknowledge", handler, at=at)
        move(case, "feedback", handler, at=at, result=WORK)
        move(case, "arrange_check", "dispatcher", at=at)
        move(case, "verify", "grid_worker", at=at, finding="三盏灯都亮着。")
    assert of_case(fair) == {town["county_housing"].code: ("100.00", set())}
    assert of_case(vain) == {town["east_works"].code: ("95.00", {"returned_in_vain"})}


def test_a_reopened_case_is_assessed_anew_and_keeps_what_went_wrong(
    report: Any, move: Any, town: Town
) -> None:
    case, works = report().case, town["east_works"].code
    reporter = Actor.reporter(case.pk)
    later = NOW + timedelta(days=40)
    closed(case, move, town, NOW + timedelta(hours=1))
    move(case, "rate", reporter, at=NOW + timedelta(hours=2), grade="1")
    first = Event.objects.filter(case=case).count()
    move(case, "reopen", reporter, at=later, reason=NOTHING)
    assert of_case(case) == {works: ("85.00", {"came_back", "displeased"})}
    assert year(town, "east_works") == {"came_back": 1, "displeased": 1}
    move(case, "dispatch", "dispatcher", at=later, unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler", at=later)
    move(case, "feedback", "handler", at=later, result=WORK)
    move(case, "arrange_check", "dispatcher", at=later)
    move(case, "verify", "grid_worker", at=later, finding="三盏灯都亮着。")
    move(case, "rate", reporter, at=later, grade="5")
    assert of_case(case) == {works: ("85.00", {"came_back", "displeased"})}
    assert of_case(case, first) == {works: ("95.00", {"displeased"})}
    assert year(town, "east_works") == {"assessed": 1, "came_back": 1, "displeased": 1}
    assert checking.check().differences == []


def test_declining_or_merging_hides_no_fault_and_earns_no_credit(report: Any, move: Any, town: Town) -> None:
    head, declined, merged = (report().case for _ in range(3))
    wrong = {"route": "court", "reason": "这是合同纠纷，请到人民法院起诉。"}
    move(declined, "decline", "dispatcher", at=LATE, **wrong)
    move(merged, "merge", "dispatcher", at=LATE, head=head.number)
    closed(head, move, town, LATE)
    move(merged, "close_with_head", SYSTEM, at=LATE)
    for case in (declined, merged):
        assert "late_accepting" in of_case(case)[town["east"].code][1]
    counts = year(town, "east")
    assert (counts["assessed"], counts["late_accepting"]) == (1, 3)


def test_a_month_of_cases_is_a_round_like_any_other(report: Any, move: Any, town: Town, cast: Cast) -> None:
    good, slow = report().case, report().case
    closed(good, move, town, NOW + timedelta(days=8, hours=10))
    closed(slow, move, town, LATE)
    november = NOW + timedelta(days=40)
    found = rounds.compute(
        county=town["county"],
        scheme=SCHEME,
        begins_on=date(2026, 10, 1),
        by=cast["supervisor"],
        at=november,
    )
    scores = [
        {unit: Decimal(score) for unit, (score, _faults) in of_case(case).items()} for case in (good, slow)
    ]
    east = town["east"]
    wrong = [sum(Decimal(100) - each for each in score.values()) for score in scores]
    assert found.results[east.code]["counts"]["assessed"] == 2
    assert Decimal(found.results[east.code]["score"]) == 100 - sum(wrong) / 2
    assert found.results[town["county_housing"].code]["score"] is None
    assert rounds.reproduce(found).differences == {}
    move(slow, "reopen", Actor.reporter(slow.pk), at=november, reason=NOTHING)
    assert rounds.reproduce(found).differences == {}


# Mediations --------------------------------------------------------------------------------------


def disputes(town: Town, unit: str) -> dict[str, int]:
    """The faults of mediations at a unit and below it, in the year around the tests."""
    count_all()
    span = (date(2026, 1, 1), date(2028, 1, 1))
    counts = reading.totals(View(town[unit].path, *span, axis="holder", kind="mediation"))
    known = {*schemes.schemes()[DISPUTES].names}
    return {name: n for name, n in nonzero(counts).items() if name in known}


def test_a_mediation_put_away_in_time_has_a_hundred_points(dispute: Any, town: Town, cast: Cast) -> None:
    told = Story(cast, dispute().case.pk).to("performed")
    assert assess(told.case_id) is None
    told.to("archived")
    assert of_case(told.case) == {town["east_committee"].code: ("100.00", set())}
    assert disputes(town, "east_committee") == {"assessed": 1}
    assert disputes(town, "east") == {"assessed": 1}
    shown = assess(told.case_id)
    assert shown is not None
    assert {"term", "following_up"} <= {ran.name for ran in shown.clocks}


def test_a_mediation_past_its_limits_costs_its_committee_and_no_party(
    dispute: Any, town: Town, cast: Cast
) -> None:
    told = Story(cast, dispute().case.pk)
    wait(told, 20)
    told.to("performing")
    wait(told, 400)
    told.to("archived")
    late = {"late_accepting", "late_following_up"}
    assert of_case(told.case) == {town["east_committee"].code: ("60.00", late)}
    assert disputes(town, "east") == {"assessed": 1, **dict.fromkeys(late, 1)}
    assert checking.check().differences == []


def test_what_was_not_agreed_costs_nothing_and_what_was_never_taken_on_earns_nothing(
    dispute: Any, town: Town, cast: Cast
) -> None:
    refused = Story(cast, dispute().case.pk).to("consent_check")
    refused.move("decline", "chair", ground="refused", route="court")
    assert of_case(refused.case) == {}
    expired = Story(cast, dispute().case.pk).to("in_mediation")
    wait(expired, 60)
    assert expired.state == "expired"
    assert disputes(town, "east") == {}
    assert assess(expired.case_id) is None


def test_every_clock_of_a_mediation_is_a_fault_or_the_parties_own() -> None:
    for kind in MEDIATIONS:
        for name in procedures.latest(kind).clocks:
            assert name in THEIRS or f"late_{name}" in schemes.schemes()[DISPUTES].names, (kind, name)


def test_mediations_of_every_sort_are_counted_together(dispute: Any, town: Town) -> None:
    dispute()
    Case.objects.filter(pk=dispute().case.pk).update(kind="mediation_labour")
    count_all()
    span = (date(2026, 1, 1), date(2028, 1, 1))
    counts = reading.totals(View(town["county"].path, *span, axis="place", kind="mediation"))
    assert counts["received"] == 2
    assert checking.check().differences == []


def test_a_month_of_mediations_is_a_round_of_its_own(dispute: Any, town: Town, cast: Cast) -> None:
    Story(cast, dispute().case.pk).to("archived")
    given: dict[str, Any] = {
        "county": town["county"],
        "by": cast["supervisor"],
        "at": NOW + timedelta(days=60),
    }
    begins_on = NOW.date().replace(day=1)
    found = rounds.compute(scheme=DISPUTES, begins_on=begins_on, **given)
    assert found.results[town["east"].code]["score"] == "100.00"
    assert found.results[town["west"].code]["score"] is None
    assert rounds.reproduce(found).differences == {}
    other = rounds.compute(scheme=SCHEME, begins_on=begins_on, **given)
    assert other.results[town["east"].code]["score"] is None


# Whatever anybody does --------------------------------------------------------------------------


def every_fault() -> set[tuple[str, str, str]]:
    """Case, unit and fault, of every case that has been finished."""
    found = set()
    for pk in Case.objects.values_list("pk", flat=True):
        assessed = assess(pk)
        for each in assessed.parts if assessed else []:
            found |= {
                (str(pk), each.unit.code if each.unit else "", fault.name) for fault, _points in each.faults
            }
    return found


class Kept(Quick):
    """Everybody does whatever they can; no fault ever goes away, no score rises without a close."""

    def give(self, command: dict[str, Any]) -> None:
        cases.fire_due_clocks(at=self.at)
        known, before = every_fault(), held_to(self.town, "east", SCHEME)
        with contextlib.suppress(cases.CommandError):
            event = cases.advance(**command)
            self.done += 1
            after = held_to(self.town, "east", SCHEME)
            assert known <= every_fault(), command["verb"]
            if event.state != "closed":
                risen = {code for code in after if after[code] > before.get(code, Decimal(1000))}
                assert not risen, (command["verb"], before, after)


@pytest.mark.parametrize("seed", range(WALKS))
def test_no_move_by_anybody_takes_a_fault_away(seed: int, town: Town, cast: Cast) -> None:
    walk = Kept(town, cast, random.Random(3000 + seed))
    for _ in range(3):
        walk.report()
    for step in range(40):
        walk.at += timedelta(minutes=walk.chance.choice([10, 240, 1500, 6000]))
        if step % 9 == 8:
            by_the_reporter(walk)
        walk.move()
    count_all()
    assert checking.check().differences == []
    assert walk.done > 4
