"""What phones send together, or at the same moment: each gets its answer, and the server asks no more than it must."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from conftest import NOW, Cast, Town
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from linli.cases.models import Case, Clock, Event
from linli.field import actions
from linli.field.actions import syncing
from linli.field.models import Sent

from .device import Device

LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders(settings: Any, tmp_path: Path) -> None:
    settings.FIELD_KEY = tmp_path / "field.key"


@pytest.fixture
def device(cast: Cast) -> Device:
    return Device.enrol(cast["officer"], NOW)


def test_a_command_that_stands_twice_in_a_batch_gets_one_answer(device: Device, town: Town) -> None:
    good, bad = device.report(town["grid"].code), device.write("report", data=[])
    batch = [device.outbox[key] for key in (good, bad, good, bad)]
    first, wrong, again, wrong_again = actions.receive(phone=device.phone, envelopes=batch, at=LATER)
    assert (first, wrong) == (again, wrong_again)
    assert (first.state, wrong.state) == ("received", "refused")
    assert Case.objects.filter(pk=good).count() == 1


@pytest.mark.parametrize("kind", ["report", "malformed", "refused"])
def test_what_another_request_settles_meanwhile_is_answered_as_there(
    device: Device, town: Town, kind: str
) -> None:
    key = {
        "report": lambda: device.report(town["grid"].code),
        "malformed": lambda: device.write("report", data=[]),
        "refused": lambda: device.report(town["grid"].code, text="短"),
    }[kind]()
    batch = [device.outbox[key]]
    (first,) = actions.receive(phone=device.phone, envelopes=batch, at=LATER)
    looks = [None, first]
    with mock.patch.object(syncing, "_known", side_effect=looks):
        (second,) = actions.receive(phone=device.phone, envelopes=batch, at=LATER + timedelta(minutes=1))
    assert second == first
    assert Sent.objects.get(pk=key).received_at == LATER


def test_an_answer_that_cannot_be_written_down_for_another_reason_is_no_answer(
    device: Device, town: Town
) -> None:
    device.report(town["grid"].code)
    with mock.patch.object(syncing, "_settle", side_effect=IntegrityError), pytest.raises(IntegrityError):
        device.send(LATER)
    assert len(device.outbox) == 1


def test_many_commands_ask_once_who_sends_them_and_what_was_answered(device: Device, town: Town) -> None:
    for number in range(6):
        device.report(town["grid"].code, text=f"第{number}盏路灯不亮，晚上看不见路。")
    batch = list(device.outbox.values())
    with CaptureQueriesContext(connection) as asked:
        actions.receive(phone=device.phone, envelopes=batch, at=LATER)
    said = [query["sql"] for query in asked.captured_queries]
    assert sum('FROM "field_sent"' in sql for sql in said) == 1
    assert sum('FROM "people_grant"' in sql and "password" in sql for sql in said) == 1
    with CaptureQueriesContext(connection) as asked:
        actions.receive(phone=device.phone, envelopes=batch, at=LATER)
    assert len(asked) == 1


def test_nobody_is_asked_what_others_did_to_a_case_that_stands_as_it_was_seen(
    device: Device, town: Town, report: Any, move: Any
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["village"].pk))
    asked = {}
    for behind in (1, 0):
        seen = Case.objects.get(pk=case.pk).version - behind
        device.move(case.pk, "progress", seen, note="到现场看了，缺一盏灯。")
        with CaptureQueriesContext(connection) as statements:
            device.send(LATER)
        asked[behind] = sum('"cases_event"."number" >' in each["sql"] for each in statements.captured_queries)
    assert asked == {1: 1, 0: 0}


def test_a_conflict_shows_the_case_with_the_note_in_it(
    device: Device, town: Town, report: Any, move: Any
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["village"].pk))
    key = device.move(case.pk, "feedback", 1, result="已经换好灯泡，夜里亮了。")
    answer = device.send(LATER)[key].answer
    stands = Case.objects.get(pk=case.pk)
    assert (answer["version"], answer["kept"]) == (stands.version, stands.version)
    assert Event.objects.get(case_id=case.pk, number=stands.version).verb == "note"


def test_a_limit_that_ended_is_noted_before_the_move_that_came_after_it(
    device: Device, town: Town, report: Any, move: Any
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["village"].pk))
    due = max(clock.due_at for clock in Clock.objects.filter(case_id=case.pk) if clock.due_at)
    key = device.move(case.pk, "note", note="今天又去看过一次。", reader="internal")
    assert device.send(due + timedelta(hours=1))[key].state == "received"
    verbs = list(Event.objects.filter(case_id=case.pk).order_by("number").values_list("verb", flat=True))
    assert verbs[-1] == "note"
    assert "clock_missed" in verbs
