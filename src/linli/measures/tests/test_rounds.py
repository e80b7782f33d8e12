"""Rounds: shown, objected to, ruled on, signed, and computed again to the digit; and no score rises without a close."""

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
from linli.cases.actions import BadData, NotAllowed
from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.measures.actions import reading, reckoning, rounds
from linli.measures.actions.reading import View
from linli.measures.actions.reckoning import Basis
from linli.measures.formulas import definitions, indicators, schemes
from linli.measures.formulas.periods import last_period, period
from linli.measures.formulas.story import Tree
from linli.measures.models import Act, Round
from linli.measures.tests.test_rollups import Quick, closed, count_all
from linli.orgs import actions as orgs
from linli.people.access import Actor

WALKS = int(os.environ.get("WALKS", "3"))
SCHEME = "townships_month"
NOVEMBER = NOW + timedelta(days=35)
LATE = NOW + timedelta(days=20)
REASON = "县气象局通报当日特大暴雨，不能施工。"


@pytest.fixture
def assessed(report: Any, move: Any, town: Town, cast: Cast) -> Round:
    """October of the county, computed: two closed in time, one late."""
    in_time, again, late = (report().case for _ in range(3))
    for case in (in_time, again):
        closed(case, move, town, NOW + timedelta(days=1))
    cases.fire_due_clocks(at=LATE)
    closed(late, move, town, LATE)
    return rounds.compute(
        county=town["county"], scheme=SCHEME, begins_on=date(2026, 10, 5), by=cast["supervisor"], at=NOVEMBER
    )


def score(found: Round, unit: str, town: Town) -> Any:
    return (found.final or found.results)[town[unit].code]["score"]


@pytest.mark.django_db
def test_a_round_goes_from_count_to_signature(assessed: Round, town: Town, cast: Cast) -> None:
    east = assessed.results[town["east"].code]
    rows = {row["indicator"]: row for row in east["items"]}
    assert rows["on_time"] == {
        "indicator": "on_time", "part": 2, "whole": 3, "value": "66.67", "points": "46.67", "of": "50.00",
    }  # fmt: skip
    assert rows["closed"]["points"] == "20.00"
    assert rows["satisfied"]["points"] is None
    assert (score(assessed, "east", town), score(assessed, "west", town)) == ("96.08", None)
    boss, own = cast["supervisor"], cast["township_supervisor"]
    shown = rounds.publish(round_=assessed, by=boss, at=NOVEMBER)
    assert shown.objections_until is not None
    late = Case.objects.get(is_late=True)
    said = rounds.object_to(
        round_=shown, unit=town["east"], words=REASON, cases=[late.number], by=own, at=NOVEMBER
    )
    with pytest.raises(NotAllowed, match="公示还没有结束"):
        rounds.sign(round_=shown, by=boss, at=NOVEMBER)
    after = shown.objections_until
    with pytest.raises(NotAllowed, match="没有裁定"):
        rounds.sign(round_=shown, by=boss, at=after)
    rounds.rule_on(objection=said, is_upheld=True, reason="雨情属实，这一件不算。", by=boss, at=after)
    rounds.adjust(
        round_=shown,
        unit=town["east"],
        points=Decimal("-1.5"),
        reason="一件反馈照片与现场不符。",
        evidence="县检查记录第7号",
        by=boss,
        at=after,
    )
    signed = rounds.sign(round_=shown, by=boss, at=after)
    assert signed.final is not None
    assert score(signed, "east", town) == "98.50"
    assert signed.final[town["east"].code]["counts"]["due"] == 2
    assert rounds.reproduce(signed).differences == {}
    with pytest.raises(NotAllowed):
        rounds.sign(round_=signed, by=boss, at=after)


@pytest.mark.django_db
def test_the_same_digits_come_out_whatever_happens_afterwards(
    assessed: Round, move: Any, town: Town, cast: Cast, report: Any
) -> None:
    case = Case.objects.filter(state="closed").order_by("pk")[0]
    later = NOVEMBER + timedelta(days=1)
    move(case, "reopen", Actor.reporter(case.pk), at=later, reason="昨晚又不亮了。")
    other = Case.objects.filter(state="closed").order_by("pk")[0]
    move(other, "correct", "dispatcher", at=later, reason="登记错了。", place=str(town["grid2"].pk))
    report()
    orgs.move(organisation=town["village"], to=town["west"], by=None, at=later)
    assert rounds.reproduce(assessed).differences == {}


@pytest.mark.django_db
def test_a_changed_digit_is_found(assessed: Round, town: Town) -> None:
    code = town["east"].code
    assessed.results[code]["score"] = "99.99"
    assert list(rounds.reproduce(assessed).differences) == [code]
    assessed.basis["root"] = "00"
    assert set(rounds.reproduce(assessed).differences) == {code, "ledger"}


@pytest.mark.django_db
def test_digits_that_differ_because_a_count_was_defined_anew_are_told_apart_from_others(
    report: Any, move: Any, town: Town, cast: Cast
) -> None:
    case = report().case
    closed(case, move, town, NOW + timedelta(days=1))
    move(case, "rate", Actor.reporter(case.pk), at=NOW + timedelta(days=1), grade="1")
    move(case, "reopen", Actor.reporter(case.pk), at=NOW + timedelta(days=2), reason="昨晚又不亮了。")
    made = rounds.compute(
        county=town["county"], scheme=SCHEME, begins_on=date(2026, 10, 1), by=cast["supervisor"], at=NOVEMBER
    )
    assert made.basis["definition"] == definitions.newest().number
    assert (rounds.reproduce(made).differences, rounds.redefined(made)) == ({}, [])
    code = town["east"].code
    counts = made.results[code]["counts"]
    assert counts["rated"] == 1
    without = {name: n for name, n in counts.items() if name != "rated"}  # as the first definition had it
    made.basis["definition"], made.results[code] = 1, schemes.schemes()[SCHEME].result(without)
    again = rounds.reproduce(made)
    assert again.is_redefined
    assert again.differences == {code: "satisfied 0/0 = — ≠ 0/1 = 0.00"}
    assert [(each.number, each.since) for each in again.later] == [(2, date(2026, 11, 30))]
    made.results[code]["score"] = "99.99"  # counted otherwise besides: no definition says so
    made.results[town["west"].code]["score"] = "99.99"
    again = rounds.reproduce(made)
    assert not again.is_redefined
    assert set(again.differences) == {code, town["west"].code}


def test_definitions_are_numbered_and_name_counts_there_are() -> None:
    known = definitions.definitions()
    assert [each.number for each in known] == list(range(1, len(known) + 1))
    assert [each.since for each in known] == sorted(each.since for each in known)
    for each in known:
        assert each.counts <= set(indicators.counts()), each.number
        assert each.label.zh, each.number
        assert each.label.en != each.label.zh, each.number


@pytest.mark.django_db
def test_a_signed_round_stands_in_the_ledger(assessed: Round, cast: Cast) -> None:
    boss = cast["supervisor"]
    shown = rounds.publish(round_=assessed, by=boss, at=NOVEMBER)
    assert shown.objections_until is not None
    signed = rounds.sign(round_=shown, by=boss, at=shown.objections_until)
    ledger.sequence()
    leaf = ledger.after(ledger.head() - 1)[0]
    assert (leaf.kind, leaf.case_id) == ("round", signed.pk)
    (again,) = rounds.rehashed(signed.pk, signed.pk)
    assert again.hash == bytes(leaf.hash)
    Round.objects.update(final={"made": "up"})
    (again,) = rounds.rehashed(signed.pk, signed.pk)
    assert again.hash != bytes(leaf.hash)


@pytest.mark.django_db
def test_strangers_late_comers_and_empty_words_are_refused(assessed: Round, town: Town, cast: Cast) -> None:
    boss, own = cast["supervisor"], cast["township_supervisor"]
    with pytest.raises(NotAllowed):
        rounds.publish(round_=assessed, by=own, at=NOVEMBER)
    given: dict[str, Any] = {"round_": assessed, "unit": town["east"], "words": REASON, "at": NOVEMBER}
    with pytest.raises(NotAllowed):
        rounds.object_to(by=own, **given)  # not published yet
    shown = rounds.publish(round_=assessed, by=boss, at=NOVEMBER)
    for by in (cast["outsider"], boss, cast["grid_worker"]):
        with pytest.raises(NotAllowed):
            rounds.object_to(by=by, **given)
    with pytest.raises(BadData):
        rounds.object_to(by=own, **{**given, "words": "不"})
    with pytest.raises(BadData):
        rounds.object_to(by=own, **given, cases=["260930-XXXX"])
    with pytest.raises(NotAllowed, match="期限已过"):
        rounds.object_to(by=own, **{**given, "at": shown.objections_until})
    with pytest.raises(BadData):
        rounds.adjust(
            round_=shown,
            unit=town["east"],
            points=Decimal(1),
            reason="工作做得很好。",
            evidence="",
            by=boss,
            at=NOVEMBER,
        )
    with pytest.raises(BadData):
        rounds.compute(
            county=town["county"], scheme=SCHEME, begins_on=date(2026, 10, 1), by=boss, at=NOVEMBER
        )
    with pytest.raises(BadData):
        rounds.compute(
            county=town["county"], scheme=SCHEME, begins_on=date(2026, 11, 1), by=boss, at=NOVEMBER
        )


@pytest.mark.django_db
def test_acts_are_written_and_answered_by_people(assessed: Round, town: Town, cast: Cast) -> None:
    assert not Act.objects.exists()
    boss, own = cast["supervisor"], cast["township_supervisor"]
    given: dict[str, Any] = {
        "county": town["county"],
        "unit": town["east"],
        "kind": "circular",
        "round_": assessed,
    }
    with pytest.raises(BadData, match="要有依据"):
        rounds.act(words="按期结案率未达标，予以通报。", by=boss, at=NOVEMBER, **{**given, "round_": None})
    made = rounds.act(words="按期结案率未达标，予以通报。", by=boss, at=NOVEMBER, **given)
    with pytest.raises(NotAllowed):
        rounds.reply(act_=made, words="已整改，见附件。", by=cast["outsider"], at=NOVEMBER)
    rounds.reply(act_=made, words="已增派两名维修员。", by=own, at=NOVEMBER)
    with pytest.raises(NotAllowed):
        rounds.reply(act_=made, words="再回复一次看看。", by=own, at=NOVEMBER)


# Schemes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("indicator", "said"),
    [("answered", "alone"), ("extended", "report"), ("merged", "report"), ("returned", "report")],
)
def test_no_scheme_scores_what_a_unit_can_do_alone_or_what_people_report(indicator: str, said: str) -> None:
    text = schemes.text_of(SCHEME)
    assert schemes.load(SCHEME, text).items[0].indicator.code == "on_time"
    with pytest.raises(schemes.SchemeError, match=said):
        schemes.load("planted", text.replace('indicator = "on_time"', f'indicator = "{indicator}"'))


@pytest.mark.parametrize("wrong", ['period = "week"', 'axis = "person"', 'objections = "soon"', "weight = 2"])
def test_refuses_a_scheme_it_does_not_understand(wrong: str) -> None:
    name = wrong.split(" =")[0]
    lines = [line for line in schemes.text_of(SCHEME).splitlines() if not line.startswith(f"{name} =")]
    with pytest.raises(schemes.SchemeError):
        schemes.load("planted", "\n".join([wrong, *lines]))


def test_points_step_down_and_bonuses_are_capped() -> None:
    rule = schemes.schemes()[SCHEME]
    counts = {"due": 100, "on_time": 60, "closed_late": 40}
    found = rule.result(counts)
    assert [row["points"] for row in found["items"][:2]] == ["40.00", "20.00"]
    assert found["score"] == "88.24"  # 75 of the 85 points that could be earned
    assert rule.result(counts, [Decimal(4), Decimal(4), Decimal(-50)])["score"] == "83.24"
    assert rule.result({})["score"] is None


def test_closing_nothing_is_no_way_round_the_faults() -> None:
    text = schemes.text_of("cases_month")
    rule = schemes.load("cases_month", text)
    found = rule.result({"late_total": 1, "came_back": 2})
    assert [row["points"] for row in found["items"]][0] == "0.00"
    assert found["score"] == "65.00"  # 25 and 10 of a hundred, as though in one case
    assert found["score"] == rule.result({"late_total": 1, "came_back": 2, "assessed": 1})["score"]
    assert rule.result({})["score"] is None
    before = schemes.load("cases_month", text.replace("least = 1\n", ""))  # as signed rounds have it
    assert before.result({"late_total": 1})["score"] is None
    for wrong in ("least = 2", 'least = "1"'):
        with pytest.raises(schemes.SchemeError, match="least"):
            schemes.load("planted", text.replace("least = 1", wrong))
    with pytest.raises(schemes.SchemeError, match="least"):
        schemes.load("planted", "least = 1\n" + schemes.text_of(SCHEME))


def test_months_and_quarters() -> None:
    assert period("quarter", date(2026, 11, 3)) == (date(2026, 10, 1), date(2027, 1, 1))
    assert last_period("month", date(2026, 1, 15)) == (date(2025, 12, 1), date(2026, 1, 1))


# Nobody raises a score without a close ------------------------------------------------------------


def held_to(town: Town, unit: str, scheme: str) -> dict[str, Decimal]:
    """The points of every item of a unit over the whole year, from the events."""
    ledger.sequence()
    rule = schemes.schemes()[scheme]
    basis = Basis(
        town["county"],
        rule,
        date(2026, 1, 1),
        date(2027, 12, 1),
        ledger.head(),
        Tree.standing(),
        [town[unit].code],
    )
    found = rule.result(reckoning.counts(basis)[town[unit].code])
    earned = {row["indicator"]: row["points"] for row in found["items"]}
    earned["score"] = found["score"]
    return {code: Decimal(points) for code, points in earned.items() if points is not None}


def risen(before: dict[str, Decimal], after: dict[str, Decimal]) -> set[str]:
    return {code for code in after if after[code] > before.get(code, Decimal(1000))}


class OwnMoves(Quick):
    """One township's own posts do whatever they can, in any order; what closes a case is told apart."""

    def actors(self, case: Case) -> list[Actor]:
        names = ("dispatcher", "handler", "township_supervisor", "grid_worker", "officer", "verifier")
        return [self.cast[name] for name in names]

    def give(self, command: dict[str, Any]) -> None:
        cases.fire_due_clocks(at=self.at)
        before = held_to(self.town, "east", SCHEME)
        with contextlib.suppress(cases.CommandError):
            event = cases.advance(**command)
            self.done += 1
            after = held_to(self.town, "east", SCHEME)
            if event.state != "closed":
                assert not risen(before, after), (command["verb"], before, after)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(WALKS))
def test_no_move_of_its_own_raises_a_score_without_a_close(seed: int, town: Town, cast: Cast) -> None:
    walk = OwnMoves(town, cast, random.Random(2000 + seed))
    for _ in range(4):
        walk.report()
    for step in range(40):
        walk.at += timedelta(minutes=walk.chance.choice([10, 240, 1500, 6000]))
        if step % 9 == 8:  # somebody outside makes the figures worse, so that there is something to gain
            by_the_reporter(walk)
        walk.move()
    assert walk.done > 4


def by_the_reporter(walk: Quick) -> None:
    for case in Case.objects.filter(state__in=["closed", "rated"]):
        verb, given = walk.chance.choice([("rate", {"grade": "1"}), ("reopen", {"reason": "昨晚又不亮了。"})])
        before = held_to(walk.town, "east", SCHEME) if verb == "reopen" else {}
        with contextlib.suppress(cases.CommandError):
            cases.advance(
                case=case.pk,
                verb=verb,
                by=Actor.reporter(case.pk),
                at=walk.at,
                command_id=uuid7(),
                data=given,
            )
        if before:
            assert not risen(before, held_to(walk.town, "east", SCHEME)), case.number


@pytest.mark.django_db
def test_reopening_what_somebody_was_dissatisfied_with_makes_nothing_look_better(
    report: Any, move: Any, town: Town
) -> None:
    for grade in ("5", "1"):
        case = report().case
        closed(case, move, town, NOW + timedelta(days=1))
        move(case, "rate", Actor.reporter(case.pk), at=NOW + timedelta(days=1), grade=grade)
    before = held_to(town, "east", SCHEME)
    move(case, "reopen", Actor.reporter(case.pk), at=NOW + timedelta(days=2), reason="昨晚又不亮了。")
    after = held_to(town, "east", SCHEME)
    assert not risen(before, after)
    assert (before["satisfied"], after["satisfied"]) == (Decimal("1.0"), Decimal("1.0"))


@pytest.mark.django_db
def test_the_events_and_the_rollups_come_to_the_same(assessed: Round, town: Town) -> None:
    count_all()
    view = View.of(town["east"], assessed.begins_on, assessed.ends_on)
    named = schemes.schemes()[SCHEME].names
    counted = {name: n for name, n in reading.totals(view).items() if n and name in named}
    assert counted == assessed.results[town["east"].code]["counts"]
