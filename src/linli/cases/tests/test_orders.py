"""Supervision of a set of cases: one order, one clock, an answer, a check, and a way up when the clock is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases.actions import BadData, NotAllowed, orders
from linli.cases.models import Case, Event, Order, OrderedCase, OrderState
from linli.kit.ids import uuid7
from linli.people.access import Actor

pytestmark = pytest.mark.django_db
KIND = "service_request"
WORDS = "请逐件说明超期原因，三日内修好。"
ANSWER = "已安排抢修队，六盏灯全部修好。"
LATER = NOW + timedelta(days=1)
LATE = NOW + timedelta(days=20)


def give(town: Town, by: Actor, unit: str = "east", at: Any = NOW, **more: Any) -> Order:
    given: dict[str, Any] = {
        "among": Case.objects.visible_to(by).filter(category="facility.street_lamp"),
        "kind": KIND,
        "unit": town[unit],
        "title": "东河镇 · 路灯",
        "words": WORDS,
        "command_id": uuid7(),
    }
    return orders.order(by=by, at=at, **{**given, **more})


def again(order_: Order) -> Order:
    return Order.objects.select_related("organisation", "unit", "desk__parent").get(pk=order_.pk)


@pytest.fixture
def given(report: Any, town: Town, cast: Cast) -> Order:
    """Two lamps of a township under one order; a manhole and the neighbours' lamp are not."""
    for _ in range(2):
        report()
    report(category="facility.manhole")
    report(place=town["west_grid"])
    return again(give(town, cast["supervisor"]))


def test_one_order_holds_the_whole_set_and_moves_none_of_its_cases(
    given: Order, town: Town, cast: Cast
) -> None:
    assert (given.unit, given.desk, given.waits_at) == (town["east"], town["county"], town["east"])
    assert orders.sizes([given]) == {given.pk: (2, 2)}
    assert not Event.objects.exclude(number=1).exists()
    assert given.due_at == orders.derive(KIND, NOW).due_at
    for case in Case.objects.filter(pk__in=OrderedCase.objects.values("case")):
        assert orders.over(case, cast["dispatcher"]) == [given]
        assert orders.over(case, cast["outsider"]) == []
    assert orders.over(Case.objects.get(category="facility.manhole"), cast["supervisor"]) == []


def test_an_answer_is_checked_sent_back_and_closed_by_whoever_ordered(
    given: Order, town: Town, cast: Cast
) -> None:
    boss, own = cast["supervisor"], cast["township_supervisor"]
    answered = orders.reply(order_=given, words=ANSWER, by=own, at=LATER)
    assert (answered.state, answered.waits_at, answered.since) == (OrderState.ANSWERED, town["county"], LATER)
    for by in (own, cast["dispatcher"], cast["outsider"], cast["auditor"]):
        with pytest.raises(NotAllowed):
            orders.close(order_=answered, words=ANSWER, by=by, at=LATER)
    back = orders.send_back(order_=answered, words="第三盏灯仍然不亮。", kind=KIND, by=boss, at=LATER)
    assert (back.state, back.returns, back.due_at) == (OrderState.OPEN, 1, orders.derive(KIND, LATER).due_at)
    with pytest.raises(NotAllowed):
        orders.close(order_=back, words=ANSWER, by=boss, at=LATER)
    orders.reply(order_=back, words=ANSWER, by=cast["handler"], at=LATER)
    closed = orders.close(order_=again(given), words="实地看过，都亮了。", by=boss, at=LATER)
    assert (closed.state, closed.closed_at) == (OrderState.CLOSED, LATER)
    steps = [each.step for each in given.events.order_by("number")]
    assert steps == ["ordered", "replied", "sent_back", "replied", "closed"]
    assert Case.objects.filter(is_open=True).count() == 4


def test_a_missed_limit_takes_it_one_level_up_exactly_once(
    report: Any, move: Any, town: Town, cast: Cast
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    made = again(give(town, cast["township_supervisor"], unit="east_works"))
    assert made.desk == town["east"]
    assert orders.fire_due(at=LATER) == 0
    assert orders.fire_due(at=LATE) == 1
    assert orders.fire_due(at=LATE) == 0
    up = again(made)
    assert (up.desk, up.missed, up.state) == (town["county"], 1, OrderState.OPEN)
    answered = again(orders.reply(order_=up, words=ANSWER, by=cast["handler"], at=LATE))
    assert answered.missed == 1
    with pytest.raises(NotAllowed):
        orders.close(order_=answered, words=ANSWER, by=cast["township_supervisor"], at=LATE)
    assert orders.close(order_=answered, words=ANSWER, by=cast["supervisor"], at=LATE).closed_at == LATE


def test_an_answer_after_the_limit_hides_no_miss(given: Order, cast: Cast) -> None:
    orders.reply(order_=given, words=ANSWER, by=cast["township_supervisor"], at=LATE)
    assert (again(given).missed, orders.fire_due(at=LATE)) == (1, 0)
    assert [each.step for each in given.events.order_by("number")] == ["ordered", "escalated", "replied"]


def test_strangers_own_units_and_empty_orders_are_refused(given: Order, town: Town, cast: Cast) -> None:
    for by, unit in (
        (cast["township_supervisor"], "east"),  # its own
        (cast["township_supervisor"], "west"),
        (cast["township_supervisor"], "county_housing"),
        (cast["dispatcher"], "east_works"),
    ):
        with pytest.raises(NotAllowed):
            give(town, by, unit=unit)
    boss = cast["supervisor"]
    with pytest.raises(BadData):
        give(town, boss, words="快")
    with pytest.raises(BadData, match="没有归它办"):
        give(town, boss, unit="county_petitions")
    for by in (boss, cast["outsider"], cast["grid_worker"]):
        with pytest.raises(NotAllowed):
            orders.reply(order_=given, words=ANSWER, by=by, at=LATER)
    with pytest.raises(BadData):
        orders.reply(order_=given, words="", by=cast["township_supervisor"], at=LATER)
    for name in ("outsider", "west_handler", "administrator"):
        assert not Order.objects.visible_to(cast[name]).exists(), name
    for name in ("supervisor", "auditor", "dispatcher", "handler"):
        assert Order.objects.visible_to(cast[name]).get() == given, name


def test_a_set_has_an_end_and_a_command_gives_one_order(
    given: Order, town: Town, cast: Cast, monkeypatch: Any
) -> None:
    same = give(town, cast["supervisor"], command_id=given.pk)
    assert same.pk == given.pk
    assert Order.objects.count() == 1
    monkeypatch.setattr(orders, "MOST", 1)
    with pytest.raises(BadData, match="一次最多 1 件"):
        give(town, cast["supervisor"])


def test_an_accusation_is_under_no_order(report: Any, town: Town, cast: Cast) -> None:
    report(category="opinion.misconduct", request_type="accusation", accused=town["east"])
    with pytest.raises(BadData):
        give(town, cast["supervisor"], among=Case.objects.all())
