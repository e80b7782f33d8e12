"""Who is told of an order on a set of cases, step by step, and what is sent besides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.actions import orders
from linli.cases.models import Case, Event, Order
from linli.kit.ids import uuid7
from linli.notify.actions import mailings
from linli.notify.models import Mailing, Memo, Message, PushAddress, Wish
from linli.notify.senders.ways import Messenger
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.people.models import Grant, Person

pytestmark = pytest.mark.django_db
LATER, LATE = NOW + timedelta(hours=2), NOW + timedelta(days=20)
ANSWER = "已安排抢修队，六盏灯全部修好。"


def ordered(by: Actor, unit: Organisation, *, at: datetime, title: str = "路灯") -> Order:
    """An order on all open cases of the unit."""
    return orders.order(
        among=Case.objects.visible_to(by),
        kind="service_request",
        unit=unit,
        title=title,
        words="请逐件说明超期原因，三日内修好。",
        by=by,
        at=at,
        command_id=uuid7(),
    )


@pytest.fixture
def given(report: Any, town: Town, cast: Cast) -> Order:
    """Two lamps of a township under one order of the county."""
    for _ in range(2):
        report()
    return ordered(cast["supervisor"], town["east"], at=NOW, title="“王女士” · 路灯")


def again(order: Order) -> Order:
    return Order.objects.select_related("organisation", "unit", "desk__parent").get(pk=order.pk)


def told(order: Order, step: str) -> set[str]:
    """User names of those told of the last such step."""
    number = order.events.filter(step=step).order_by("-number").values_list("number", flat=True)[:1]
    rows = Memo.objects.filter(subject=order.pk, number=number)
    return set(rows.values_list("person__username", flat=True))


def told_of(event: Event) -> set[str]:
    """User names of those told of an event of a case."""
    cases.run_due(at=event.received_at)
    rows = Message.objects.filter(source=event.case_id, event_number=event.number, person__isnull=False)
    return set(rows.values_list("person__username", flat=True))


def test_each_step_is_told_to_those_it_concerns_and_to_nobody_else(given: Order, cast: Cast) -> None:
    assert told(given, "ordered") == {"dispatcher", "township_supervisor"}
    answered = orders.reply(order_=again(given), words=ANSWER, by=cast["dispatcher"], at=LATER)
    assert told(given, "replied") == {"supervisor"}
    orders.send_back(
        order_=answered, words="第三盏灯仍然不亮。", kind="service_request", by=cast["supervisor"], at=LATER
    )
    assert told(given, "sent_back") == {"dispatcher", "township_supervisor"}
    answered = orders.reply(order_=again(given), words=ANSWER, by=cast["township_supervisor"], at=LATER)
    orders.close(order_=answered, words="实地看过，都亮了。", by=cast["supervisor"], at=LATER)
    assert told(given, "closed") == {"dispatcher", "township_supervisor"}


def test_a_missed_limit_is_told_to_the_unit_to_the_level_above_and_to_whoever_ordered(
    report: Any, move: Any, town: Town, cast: Cast
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    made = ordered(cast["township_supervisor"], town["east_works"], at=NOW)
    assert orders.fire_due(at=LATE) == 1
    assert told(made, "escalated") == {"handler", "supervisor", "township_supervisor"}
    assert orders.fire_due(at=LATE) == 0
    orders.reply(order_=again(made), words=ANSWER, by=cast["handler"], at=LATE)
    assert told(made, "replied") == {"supervisor", "township_supervisor"}


def test_where_nobody_stands_the_level_above_is_told_and_whoever_left_is_not(
    report: Any, town: Town, cast: Cast
) -> None:
    Grant.objects.filter(person__username__in=["dispatcher", "township_supervisor"]).update(valid_until=NOW)
    report()
    made = ordered(cast["supervisor"], town["east"], at=LATER)
    assert told(made, "ordered") == {"county_dispatcher"}
    Grant.objects.filter(person__username="supervisor").update(valid_until=LATER)
    orders.fire_due(at=LATE)
    assert told(made, "escalated") == {"county_dispatcher"}


def test_what_is_sent_holds_counts_a_day_and_a_link_in_the_readers_language(given: Order, cast: Cast) -> None:
    Mailing.objects.all().delete()
    Person.objects.filter(username="township_supervisor").update(email="a@example.org")
    Person.objects.filter(username="dispatcher").update(work_phone="0712-0000-001")
    Wish.objects.create(
        person=cast.people["township_supervisor"], by_email=True, by_push=False, language="en"
    )
    Wish.objects.create(person=cast.people["dispatcher"], by_sms=True)
    PushAddress.objects.create(
        person=cast.people["dispatcher"], endpoint="https://push.example/1", p256dh="x", auth="y", made_at=NOW
    )
    orders.reply(order_=again(given), words=ANSWER, by=cast["township_supervisor"], at=LATER)
    orders.send_back(
        order_=again(given),
        words="第三盏灯仍然不亮。",
        kind="service_request",
        by=cast["supervisor"],
        at=LATER,
    )
    sent: list[Any] = []

    class Box:
        def send(self, letter: Any) -> None:
            sent.append(letter)

    box = Box()
    while Messenger(senders={"email": box, "push": box, "sms": box}).run(LATER):
        pass
    mine = {letter.channel: letter for letter in sent if letter.case_id is None}
    assert set(mine) == {"email", "push", "sms"}
    assert mine["email"].to == "a@example.org"
    assert "Cases: 2. Please answer again by" in mine["email"].body
    assert "退回东河镇：2 件" in mine["sms"].body
    assert [each.endpoint for each in mine["push"].browsers] == ["https://push.example/1"]
    for letter in mine.values():
        assert letter.path == f"/desk/orders/{given.pk}"
        assert letter.path in letter.body
        for word in ("王女士", "路灯", "高岩", "Street"):
            assert word not in letter.subject + letter.body + letter.path
    assert not mailings.claim(at=LATER, limit=9)


def test_a_mediation_under_supervision_is_told_to_its_committee(dispute: Any, move: Any, cast: Cast) -> None:
    """The unit of a dispute is a committee, whose work is its chair's."""
    case = dispute().case
    event = move(case, "supervise", "supervisor", reason="请说明为什么还没有开会。")
    assert told_of(event) == {"chair"}
    cases.fire_due_clocks(at=LATE)
    missed = [each for each in Event.objects.filter(case=case, verb="clock_missed") if told_of(each)]
    late = next(each for each in missed if each.facts["clock"] == "supervision")
    assert told_of(late) == {"chair", "centre", "supervisor"}
    event = move(case, "answer_supervision", "chair", at=LATE, note="已约好本周三第一次会面。")
    assert {"centre", "supervisor"} <= told_of(event)
