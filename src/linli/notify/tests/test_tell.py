"""Who is told of what, once each, and who never is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, START, Cast, Town

from linli.cases import actions as cases
from linli.cases.actions import deliveries
from linli.cases.models import Case, Delivery, Event
from linli.notify.models import Message
from linli.people.models import Grant

Report = Callable[..., Any]
Move = Callable[..., Event]


def told(event: Event) -> set[str]:
    """User names of whom an event reached; the reporter under that name."""
    cases.run_due(at=event.received_at)
    rows = Message.objects.filter(source=event.case_id, event_number=event.number).select_related("person")
    return {row.person.username if row.person else "reporter" for row in rows}


def test_a_report_is_told_to_the_desk(report: Report, town: Town, cast: Cast) -> None:
    assert told(report().event) == {"dispatcher"}


def test_nobody_is_told_of_what_they_did(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    event = move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    assert told(event) == {"reporter", "handler"}
    event = move(case, "call_in", "handler", unit=str(town["county_housing"].pk), reason="请协助断电。")
    assert told(event) == {"housing_handler"}


def test_a_missed_limit_is_told_to_who_has_it_and_to_the_level_above(
    report: Report, town: Town, cast: Cast
) -> None:
    case = report().case
    late = NOW + timedelta(days=30)
    cases.fire_due_clocks(at=late)
    missed = Event.objects.filter(case=case, verb="clock_missed").order_by("number").first()
    assert missed is not None
    assert told(missed) == {"dispatcher", "supervisor"}


def test_an_accusation_is_told_to_nobody_with_a_post_at_the_unit_accused(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    Grant.objects.create(
        person=cast.people["county_dispatcher"], role="handler", organisation=town["east"], valid_from=START
    )
    event = report(request_type="accusation", category="opinion.misconduct", accused=town["east"]).event
    assert told(event) == set()


def test_a_delivery_handed_over_again_tells_nobody_twice(report: Report, town: Town, cast: Cast) -> None:
    event = report().event
    told(event)
    Delivery.objects.update(due_at=NOW, done_at=None)
    assert told(event) == {"dispatcher"}
    assert Message.objects.count() == 1


def test_one_that_fails_waits_longer_each_time_and_holds_up_no_other(
    report: Report, town: Town, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = deliveries.reactions()
    first, second = report().case, report().case

    def fail(event: Event, at: Any) -> None:
        if event.case_id == first.pk:
            raise RuntimeError("no line")
        known["notify.tell"].run(event, at)

    broken = deliveries.Reaction("notify.tell", known["notify.tell"].wants, fail)
    monkeypatch.setattr(deliveries, "reactions", lambda: {**known, "notify.tell": broken})
    at, waits = NOW, []
    for _attempt in range(3):
        cases.run_due(at=at)
        row = Delivery.objects.get(case=first)
        assert row.due_at is not None
        waits.append(row.due_at - at)
        at = row.due_at
    assert waits == deliveries.BACKOFF[:3]
    assert (row.attempts, row.error, row.done_at) == (3, "RuntimeError: no line", None)
    assert set(Message.objects.values_list("case_id", flat=True)) == {second.pk}
    assert not Message.objects.filter(case=Case.objects.get(pk=first.pk)).exists()
