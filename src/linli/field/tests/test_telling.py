"""People are told on the ways they chose, once, after their quiet hours, and no push or message says what of."""

from __future__ import annotations

import json
import smtplib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.kit import codes
from linli.kit.ids import uuid7
from linli.notify.actions import notices, push
from linli.notify.models import Notice, PushAddress, ReporterWish, Wish
from linli.notify.senders import ways
from linli.notify.senders.ways import Messenger, SmsGateway, Smtp, ToFile, Undelivered, WebPush
from linli.service_requests import actions as service_requests

from .device import Device
from .pushing import SUBSCRIPTION, opened

pytestmark = pytest.mark.django_db


def dispatched(report: Any, move: Any, town: Town, at: datetime = NOW) -> Any:
    case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["village"].pk))
    cases.run_due(at=at + timedelta(hours=1))
    return case


def test_an_order_reaches_the_phone_and_says_only_where_to_look(
    service: Any, report: Any, move: Any, town: Town, cast: Cast
) -> None:
    person_id = cast["officer"].person_id
    assert person_id is not None
    push.subscribe(person_id=person_id, given={**SUBSCRIPTION, "endpoint": f"{service.url}/p"}, at=NOW)
    case = dispatched(report, move, town)
    assert Messenger({"push": WebPush("mailto:x@example.com")}).run(NOW + timedelta(hours=2)) == 2
    _path, headers, body = service.got[0]
    assert json.loads(opened(body)) == {"path": f"/field/#case/{case.pk}"}
    assert headers["Authorization"].startswith("vapid t=")
    assert case.title.encode() not in body
    assert not Notice.objects.filter(person_id=person_id, done_at=None).exists()
    assert Messenger({}).run(NOW + timedelta(hours=3)) == 0


def test_a_browser_that_is_gone_is_forgotten(
    service: Any, report: Any, move: Any, town: Town, cast: Cast
) -> None:
    service.status = 410
    person_id = cast["officer"].person_id
    assert person_id is not None
    push.subscribe(person_id=person_id, given={**SUBSCRIPTION, "endpoint": f"{service.url}/p"}, at=NOW)
    dispatched(report, move, town)
    Messenger({"push": WebPush("mailto:x@example.com")}).run(NOW + timedelta(hours=2))
    assert not PushAddress.objects.exists()
    assert not Notice.objects.filter(person_id=person_id, due_at__isnull=False).exists()


def told_on_two_phones(service: Any, report: Any, move: Any, town: Town, cast: Cast) -> Notice:
    """One order, for somebody who has two phones."""
    person_id = cast["officer"].person_id
    assert person_id is not None
    for name, at in (("older", NOW - timedelta(days=1)), ("newer", NOW)):
        given = {**SUBSCRIPTION, "endpoint": f"{service.url}/{name}"}
        push.subscribe(person_id=person_id, given=given, at=at)
    dispatched(report, move, town)
    Notice.objects.exclude(event_number=3).delete()
    Messenger({"push": WebPush("mailto:x@example.com")}).run(NOW + timedelta(hours=2))
    return Notice.objects.get(person_id=person_id)


def test_an_order_reaches_every_phone_of_whoever_it_is_for(
    service: Any, report: Any, move: Any, town: Town, cast: Cast
) -> None:
    notice = told_on_two_phones(service, report, move, town, cast)
    assert [path for path, _headers, _body in service.got] == ["/newer", "/older"]
    assert len({opened(body) for _path, _headers, body in service.got}) == 1
    assert (notice.due_at, notice.error) == (None, "")


@pytest.mark.parametrize(
    ("newer", "older", "left", "is_over", "error"),
    [
        (410, 201, ["older"], True, ""),
        (201, 503, ["newer", "older"], True, ""),
        (503, 410, ["newer"], False, "status_503"),
        (410, 404, [], True, "gone"),
    ],
)
def test_a_phone_that_is_gone_is_forgotten_and_the_order_waits_only_while_no_other_has_it(
    service: Any,
    report: Any,
    move: Any,
    town: Town,
    cast: Cast,
    newer: int,
    older: int,
    left: list[str],
    is_over: bool,
    error: str,
) -> None:
    service.statuses = {"/newer": newer, "/older": older}
    notice = told_on_two_phones(service, report, move, town, cast)
    assert sorted(row.endpoint.rsplit("/")[-1] for row in PushAddress.objects.all()) == left
    assert (notice.due_at is None, notice.error) == (is_over, error)


def test_a_desk_without_the_phone_is_led_to_its_inbox(
    service: Any, report: Any, move: Any, town: Town, cast: Cast
) -> None:
    for name in ("dispatcher", "officer"):
        Wish.objects.create(person=cast.people[name], by_sms=True)
        cast.people[name].work_phone = f"0712-0000-1{len(name)}"
        cast.people[name].save()
    report()
    cases.run_due(at=NOW + timedelta(hours=1))
    dispatched(report, move, town)
    Messenger(ways.ways()).run(NOW + timedelta(hours=2))
    lines = [json.loads(line) for line in (service.folder / "sms.jsonl").read_text().splitlines()]
    pages = {line["to"]: line["body"].rsplit("/", 2)[-2:] for line in lines}
    assert pages == {"0712-0000-110": ["desk", "inbox"], "0712-0000-17": ["field", ""]}


def test_what_fails_is_tried_later_and_later(
    service: Any, report: Any, move: Any, town: Town, cast: Cast
) -> None:
    service.status = 503
    person_id = cast["officer"].person_id
    assert person_id is not None
    push.subscribe(person_id=person_id, given={**SUBSCRIPTION, "endpoint": f"{service.url}/p"}, at=NOW)
    dispatched(report, move, town)
    Notice.objects.exclude(event_number=3).delete()
    at, waits = NOW + timedelta(hours=2), []
    for _ in range(5):
        assert Messenger({"push": WebPush("mailto:x@example.com")}).run(at) == 1
        due = Notice.objects.get(person_id=person_id).due_at
        if due is None:
            break
        waits.append(due - at)
        at = due
    assert waits == [timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6)]


@pytest.mark.parametrize(
    ("begins", "ends", "now", "due"),
    [
        ((22, 0), (7, 0), "2026-09-30T15:30:00+00:00", "2026-09-30T23:00:00+00:00"),  # 23:30 there
        ((22, 0), (7, 0), "2026-09-30T22:59:00+00:00", "2026-09-30T23:00:00+00:00"),  # 6:59 there
        ((22, 0), (7, 0), "2026-09-30T23:00:00+00:00", "2026-09-30T23:00:00+00:00"),
        ((12, 0), (14, 0), "2026-09-30T05:00:00+00:00", "2026-09-30T06:00:00+00:00"),
        ((12, 0), (12, 0), "2026-09-30T04:00:00+00:00", "2026-09-30T04:00:00+00:00"),
    ],
)
def test_quiet_hours_hold_back_until_they_end(begins: Any, ends: Any, now: str, due: str) -> None:
    wish = Wish(quiet_from=time(*begins), quiet_until=time(*ends))
    assert notices.after_quiet(wish, datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_what_is_urgent_does_not_wait(service: Any, report: Any, move: Any, town: Town, cast: Cast) -> None:
    from linli.cases.models import Case

    Wish.objects.create(person=cast.people["officer"], by_sms=True, quiet_from=time(0), quiet_until=time(23))
    case = report().case
    Case.objects.filter(pk=case.pk).update(level="urgent")
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["village"].pk))
    cases.run_due(at=NOW + timedelta(hours=1))
    due = Notice.objects.get(person=cast.people["officer"], event_number=3).due_at
    assert due is not None
    assert due <= NOW + timedelta(hours=1)


def test_a_resident_is_told_as_they_chose_and_by_day(
    service: Any, report: Any, move: Any, town: Town
) -> None:
    case = report().case
    notices.choose(case_id=case.pk, channel="sms", address="0712-0000-104", language="en")
    move(case, "accept", "dispatcher")
    cases.run_due(at=datetime(2026, 9, 30, 16, 0, tzinfo=UTC))  # midnight there
    due = Notice.objects.get(person=None).due_at
    assert due == datetime(2026, 10, 1, 0, 0, tzinfo=UTC)  # 8:00
    Messenger(ways.ways()).run(due)
    line = json.loads((service.folder / "sms.jsonl").read_text())
    assert line["to"] == "0712-0000-104"
    assert line["body"].startswith("Linli: there is news")
    assert case.title not in line["body"]
    notices.choose(case_id=case.pk, channel="", address="", language="en")
    assert not ReporterWish.objects.exists()


def test_a_resident_without_a_phone_gets_their_code_by_text_message(
    service: Any, cast: Cast, town: Town
) -> None:
    device = Device.enrol(cast["grid_worker"], NOW)
    data = {"for_resident": True, "consent": True, "channel": "sms", "contact_phone": "0712-0000-104"}
    key = device.report(town["grid"].code, data=data)
    device.send(NOW)
    Messenger(ways.ways()).run(NOW)
    line = json.loads((service.folder / "sms.jsonl").read_text().splitlines()[0])
    assert codes.pretty(service_requests.tracking_code(key)) in line["body"]
    assert "路灯" not in line["body"]


def test_a_text_message_to_a_resident_takes_a_number(cast: Cast, town: Town) -> None:
    device = Device.enrol(cast["grid_worker"], NOW)
    key = device.report(town["grid"].code, data={"for_resident": True, "consent": True, "channel": "sms"})
    device.send(NOW)
    assert device.answers[key].state == "refused"
    assert "contact_phone" in device.answers[key].answer["errors"]


def letter(to: str = "0712") -> notices.Letter:
    words: dict[str, Any] = {"subject": "s", "body": 'says "hello"\n', "path": "/"}
    return notices.Letter(notice_id=uuid7(), case_id=uuid7(), due_at=NOW, channel="sms", to=to, **words)


def test_a_gateway_gets_json_that_nobody_can_break_out_of(service: Any) -> None:
    SmsGateway(f"{service.url}/sms", '{"to": "{to}", "text": "{text}"}', {"X-Key": "k"}).send(
        letter('1", "x": "')
    )
    _path, headers, body = service.got[0]
    assert json.loads(body) == {"to": '1", "x": "', "text": 'says "hello"\n'}
    assert headers["X-Key"] == "k"


def test_a_gateway_that_refuses_is_a_failure(service: Any) -> None:
    service.status = 500
    with pytest.raises(Undelivered):
        SmsGateway(f"{service.url}/sms", "{}", {}).send(letter())


def test_mail_goes_out_by_smtp(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Line:
        def __init__(self, *_given: Any, **_more: Any) -> None: ...
        def __enter__(self) -> Line:
            return self

        def __exit__(self, *_given: Any) -> None: ...
        def login(self, name: str, password: str) -> None:
            sent.append((name, password))

        def send_message(self, message: Any) -> None:
            sent.append(message)

    monkeypatch.setattr(smtplib, "SMTP", Line)
    Smtp("smtp://me:p%40ss@mail.example:25", "linli@example.com").send(letter("a@example.com"))
    assert sent[0] == ("me", "p@ss")
    assert (sent[1]["To"], sent[1]["From"]) == ("a@example.com", "linli@example.com")


def test_a_file_takes_what_no_gateway_does(tmp_path: Path) -> None:
    ToFile(tmp_path / "a" / "b.jsonl").send(letter())
    assert json.loads((tmp_path / "a" / "b.jsonl").read_text())["to"] == "0712"
