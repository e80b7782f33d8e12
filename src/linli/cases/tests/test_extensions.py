"""What a kind of case may add to the kernel, and what its procedure files may say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases import procedures
from linli.cases.actions import BadData, effects, relations
from linli.cases.actions.needs import checked
from linli.cases.actions.opening import first_turn
from linli.cases.actions.timekeeping import start
from linli.cases.models import Case, Event
from linli.cases.procedures import Need, ProcedureError, parse, predicates
from linli.cases.procedures.checks import EFFECT_NEEDS
from linli.cases.procedures.loader import merged
from linli.cases.procedures.model import Label
from linli.kit.ids import uuid7
from linli.people.access import Actor

WORDS = Label("这一项", "This")


def need(kind: str, **changes: Any) -> Need:
    return Need(name="it", kind=kind, label=WORDS, hint=Label("", ""), **changes)


# Files that extend others ------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [None, Path("/nowhere")])
def test_a_file_cannot_extend_what_is_not_there(folder: Path | None) -> None:
    with pytest.raises(ProcedureError, match=r"there is no other\.1\.toml"):
        parse('extends = "other.1"\nkind = "new"\n', folder)


def test_tables_are_merged_and_all_else_is_replaced() -> None:
    under = {"a": {"x": 1, "y": {"z": 2}}, "names": ["one"], "label": {"zh": "旧", "en": "Old"}}
    over = {"a": {"y": {"w": 3}}, "names": ["two"], "label": {"zh": "新", "en": "New"}, "b": 4}
    assert merged(under, over) == {
        "a": {"x": 1, "y": {"z": 2, "w": 3}},
        "names": ["two"],
        "label": {"zh": "新", "en": "New"},
        "b": 4,
    }


def test_labels_are_replaced_whole() -> None:
    assert merged({"label": {"zh": "旧", "en": "Old"}}, {"label": {"zh": "新"}}) == {
        "label": {"zh": "新", "en": "Old"}
    }
    with pytest.raises(ProcedureError):
        parse('kind = "x"\nversion = 1\nlabel = { zh = "只有中文" }\nstates = {}\n')


def test_the_second_version_is_the_first_and_the_referral() -> None:
    first, second = procedures.get("service_request", 1), procedures.get("service_request", 2)
    assert set(second.states) - set(first.states) == {"referred"}
    assert set(second.moves) - set(first.moves) == {"refer", "referral_settled", "referral_unsettled"}
    assert second.clocks == first.clocks


def test_the_third_version_lets_consent_to_publication_be_taken_back() -> None:
    second, third = procedures.get("service_request", 2), procedures.latest("service_request")
    assert third.version == 3
    assert set(third.states) == set(second.states)
    assert set(third.moves) - set(second.moves) == {"withhold", "keep_private"}
    assert third.clocks == second.clocks


@pytest.mark.django_db
def test_a_case_keeps_the_version_it_was_opened_under(report: Callable[..., Any], cast: Cast) -> None:
    case = report().case
    assert case.procedure_version == 3
    Case.objects.filter(pk=case.pk).update(procedure_version=1, state="accepted")
    case.refresh_from_db()
    offered = cases.moves_for(case, cast["dispatcher"], [], [], NOW)
    assert "refer" not in {move.verb for move in offered}


def test_a_form_of_its_own_is_said_in_the_file() -> None:
    moves = procedures.latest("service_request").moves
    assert [verb for verb, move in moves.items() if move.has_own_form] == ["refer"]


# Kinds that are switched off ---------------------------------------------------------------------


@pytest.mark.django_db
def test_a_kind_that_is_switched_off_opens_nothing(town: Town, cast: Cast) -> None:
    opening = cases.Opening(
        kind="mediation_commercial", title="商事纠纷", channel="window", place=town["village"]
    )
    with pytest.raises(BadData) as refused:
        cases.open_case(opening=opening, by=cast["mediator"], at=NOW, command_id=uuid7(), data={})
    assert set(refused.value.errors) == {"kind"}
    assert not Case.objects.exists()


# What a missed limit does -------------------------------------------------------------------------


@pytest.fixture
def adopted(town: Town, cast: Cast, move: Callable[..., Any]) -> Case:
    """A proposal that was adopted: a clock runs whose end closes it."""
    from linli.mediation.actions import vetoes

    proposal = vetoes.Proposal(
        reason="连续三个月没有派人参加联合调处，两次督办都没有回复。",
        evidence="督办单两份，会议签到表三份。",
        addressee=town["county_petitions"],
        concerned=town["east_works"],
    )
    case = vetoes.propose(proposal=proposal, by=cast["centre"], at=NOW, command_id=uuid7()).case
    move(case, "adopt", "petitions_handler", reason="经核对，确有三次没有参加。")
    return case


@pytest.mark.django_db
def test_a_missed_limit_makes_its_move_once(adopted: Case) -> None:
    for day in (40, 41, 42):
        cases.fire_due_clocks(at=NOW + timedelta(days=day))
    assert Event.objects.filter(case=adopted, verb="settle").count() == 1


@pytest.mark.django_db
def test_a_missed_limit_makes_no_move_from_another_state(adopted: Case, move: Callable[..., Any]) -> None:
    move(adopted, "appeal", "handler", reason="会议通知没有发到本单位，有收文登记。")
    cases.fire_due_clocks(at=NOW + timedelta(days=40))
    assert not Event.objects.filter(case=adopted, verb="settle").exists()


# Limits that are a day ----------------------------------------------------------------------------


def performing(town: Town, by: Actor, **facts: Any) -> Any:
    opening = cases.Opening(kind="mediation", title="邻里纠纷", channel="window", place=town["village"])
    turn = first_turn(opening, "T1", by, NOW, uuid7(), {}, NOW)
    turn.facts.update(facts)
    return turn


@pytest.mark.django_db
def test_a_clock_until_a_day_is_due_at_its_local_end(town: Town, cast: Cast) -> None:
    turn = performing(town, cast["mediator"], next_due="2026-12-31")
    clock = start(turn, "performance")
    assert clock is not None
    assert clock.due_at == datetime(2026, 12, 31, 16, tzinfo=UTC)  # 24:00 in China
    event = Event(case_id=turn.case.pk, received_at=NOW, clocks=turn.ops)
    derived = cases.derive(turn.case.pk, clock, [event])
    assert derived.due_at == clock.due_at


@pytest.mark.django_db
@pytest.mark.parametrize("facts", [{}, {"next_due": None}, {"next_due": ""}])
def test_a_clock_until_a_day_needs_the_day(town: Town, cast: Cast, facts: dict[str, Any]) -> None:
    turn = performing(town, cast["mediator"], **facts)
    assert start(turn, "performance") is None
    assert turn.ops == []


# What kinds add -----------------------------------------------------------------------------------


def test_a_kind_adds_conditions_effects_and_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicates, "PREDICATES", dict(predicates.PREDICATES))
    monkeypatch.setattr(predicates, "REFUSALS", dict(predicates.REFUSALS))
    monkeypatch.setattr(predicates, "relation_names", set(predicates.relation_names))
    monkeypatch.setattr(relations, "RELATIONS", dict(relations.RELATIONS))
    monkeypatch.setitem(EFFECT_NEEDS, "ring", "")
    monkeypatch.setitem(effects.EFFECTS, "ring", lambda turn: None)
    case = Case()
    predicates.add("never", lambda case, clocks, at: False, lambda: "不行")
    relations.add("friend", lambda case, actor, tasks: actor.name == "友")
    effects.add("ring", lambda turn: turn.facts.update(rang=True))
    assert not predicates.holds("never", case, [], NOW)
    assert predicates.refusal("never") == "不行"
    assert "never" in predicates.names()
    assert relations.holds("friend", case, Actor(kind="staff", role="mediator", name="友"), [])
    assert not relations.holds("friend", case, Actor(kind="staff", role="mediator", name="敌"), [])
    assert "friend" in predicates.relation_names
    assert EFFECT_NEEDS["ring"] == ""


# What moves ask for -------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["2026-02-29", "昨天", "20261301", "2026-13-01"])
def test_a_date_is_a_day_of_the_calendar(given: str) -> None:
    with pytest.raises(BadData):
        checked((need("date"),), {"it": given})


def test_a_date_is_kept_as_it_is_written_in_data() -> None:
    assert checked((need("date"),), {"it": " 2028-02-29 "}) == {"it": "2028-02-29"}


@pytest.mark.django_db
def test_a_unit_may_have_to_be_of_a_kind(town: Town) -> None:
    wanted = (need("unit", unit_kinds=frozenset(["committee"])),)
    committee = str(town["east_committee"].pk)
    assert checked(wanted, {"it": committee}) == {"it": committee}
    with pytest.raises(BadData):
        checked(wanted, {"it": str(town["east_works"].pk)})
