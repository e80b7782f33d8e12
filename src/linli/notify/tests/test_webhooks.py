"""Webhooks: who is told of what, in which words, how often, and what happens when nobody listens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast

from linli.cases.models import Case, Event
from linli.ledger import actions as ledger
from linli.notify.actions import sending, signing, webhooks
from linli.notify.actions.sending import Letter, Outcome
from linli.notify.models import Webhook, WebhookDelivery
from linli.notify.senders import guarded
from linli.notify.senders import webhooks as senders
from linli.notify.tests import listener as behaviours
from linli.notify.tests.listener import Listener
from linli.people.models import Change, Grant

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[4]
OK, DOWN = Outcome(204), Outcome(503, "status")


@pytest.fixture
def hook(cast: Cast) -> Callable[..., Webhook]:
    """Sets up a webhook that sees what the dispatcher of Donghe sees; keyword arguments change it."""

    def make(by: str = "administrator", at: datetime = NOW, **changes: Any) -> Webhook:
        post = changes.pop("post", "dispatcher")
        given = {
            "name": "邻县平台",
            "url": "https://hook.example/linli",
            "kinds": [],
            "events": [],
            "grant": Grant.objects.get(pk=str(cast[post].grant_id)),
            "is_active": True,
            **changes,
        }
        return webhooks.add(changes=given, by=cast[by], at=at)

    return make


def claim(at: datetime = NOW, limit: int = 50, **under_way: Any) -> list[Letter]:
    return sending.claim(at=at, limit=limit, under_way=under_way.get("under_way", {}))


def queue(at: datetime = NOW) -> list[Letter]:
    """Gives places, reads on, and takes what is due."""
    ledger.sequence()
    while sending.fan_out(at=at):
        pass
    return claim(at)


def told(letters: list[Letter]) -> list[dict[str, Any]]:
    return [json.loads(letter.body) for letter in letters]


# Who is told of what ------------------------------------------------------------------------------


def test_an_event_is_told_by_ids_and_kinds_alone(report: Any, move: Any, dispute: Any, hook: Any) -> None:
    hook(post="mediator")
    hook()
    words = "彭建国住在绿林村三组，电话0712-0000-777，井盖坏了。"
    receipt = report(
        text=words, contact_name="李秀英", contact_phone="0712-0000-101", address="绿林村三组12号"
    )
    move(receipt.case, "accept", "dispatcher")
    dispute()
    letters = queue()
    assert len(letters) >= 4
    data = {"position", "event", "case", "case_id", "kind", "state", "url"}
    for letter in letters:
        found = json.loads(letter.body)
        assert set(found) == {"type", "timestamp", "data"}
        assert set(found["data"]) == data
        assert letter.body.isascii()  # nothing anybody wrote, for people here write Chinese
        assert not re.search(rb"0712-?0000|dispatcher|mediator", letter.body)
        case = Case.objects.get(number=found["data"]["case"])
        event = Event.objects.get(case=case, number=found["data"]["event"])
        kept = {
            "type": event.kind,
            "kind": case.kind,
            "case_id": str(case.pk),
            "state": event.state,
            "timestamp": f"{event.received_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        assert {**found, **found["data"]} | kept == {**found, **found["data"]}
        assert found["data"]["url"].endswith(f"/{case.number}")


def test_each_webhook_learns_what_its_post_may_see(report: Any, dispute: Any, hook: Any) -> None:
    names = ("dispatcher", "outsider", "mediator", "auditor")
    made = {name: hook(post=name) for name in names}
    report()
    dispute()
    kinds: dict[Any, set[str]] = {one.pk: set() for one in made.values()}
    for letter in queue():
        kinds[letter.webhook_id].add(json.loads(letter.body)["data"]["kind"])
    assert kinds[made["mediator"].pk] == {"mediation"}
    assert kinds[made["outsider"].pk] == set()
    assert "service_request" in kinds[made["dispatcher"].pk]


def test_kinds_and_events_asked_for_are_the_ones_told(
    report: Any, move: Any, dispute: Any, hook: Any
) -> None:
    hook(post="auditor", kinds=["service_request"], events=["request.accepted"])
    case = report().case
    move(case, "accept", "dispatcher")
    dispute()
    assert [found["type"] for found in told(queue())] == ["request.accepted"]


def test_what_was_before_is_not_told(report: Any, hook: Any) -> None:
    report()
    ledger.sequence()
    hook()
    assert queue() == []


def test_what_the_post_may_no_longer_see_when_it_is_sent_is_not_sent(report: Any, hook: Any) -> None:
    hook()
    case = report().case
    ledger.sequence()
    sending.fan_out(at=NOW)
    Case.objects.filter(pk=case.pk).update(accused_path="990001/990001101/")
    assert claim() == []
    row = WebhookDelivery.objects.get()
    assert (row.error, row.due_at, row.done_at) == ("hidden", None, NOW)


def test_it_ends_with_its_post_and_goes_on_with_another(report: Any, hook: Any, cast: Cast) -> None:
    made = hook()
    report()
    ledger.sequence()
    sending.fan_out(at=NOW)
    report()
    ledger.sequence()
    Grant.objects.filter(pk=made.grant_id).update(valid_until=NOW - timedelta(seconds=1))
    assert (sending.fan_out(at=NOW), claim()) == (0, [])
    other = Grant.objects.get(pk=str(cast["county_dispatcher"].grant_id))
    changes = {
        "name": made.name,
        "url": made.url,
        "kinds": [],
        "events": [],
        "is_active": True,
        "grant": other,
    }
    webhooks.edit(webhook=made, changes=changes, by=cast["administrator"], at=NOW)
    assert len(queue()) == 2
    person = cast.people["county_dispatcher"]
    person.is_active = False
    person.save()
    report()
    assert queue(NOW + timedelta(hours=1)) == []


# How often ----------------------------------------------------------------------------------------


def test_two_workers_never_send_one_letter(report: Any, hook: Any) -> None:
    hook()
    for _n in range(3):
        report()
    first, second = queue(), claim()
    assert (len(first), second) == (3, [])
    again = claim(NOW + sending.LEASE)
    assert len(again) == 3  # the first worker has died
    for letter in first:
        sending.finish(letter=letter, outcome=OK, at=NOW)
    assert WebhookDelivery.objects.filter(done_at=None).count() == 3  # its word counts no more
    for letter in again:
        sending.finish(letter=letter, outcome=OK, at=NOW + sending.LEASE)
    assert WebhookDelivery.objects.filter(done_at=None).count() == 0


def test_the_feed_is_read_once_by_however_many(
    report: Any, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hook()
    report()
    ledger.sequence()
    stale = sending.active()
    assert sending.fan_out(at=NOW) == 2, "its own founding and the report"
    monkeypatch.setattr(sending, "active", lambda: stale)
    assert sending.fan_out(at=NOW) == 0
    assert made.deliveries.count() == 1


def test_failures_wait_longer_and_longer_and_end_as_dead_letters(report: Any, hook: Any, cast: Cast) -> None:
    made = hook()
    report()
    at, waits = NOW, []
    for n in range(1, sending.MOST_ATTEMPTS + 1):
        (letter,) = queue(at)
        sending.finish(letter=letter, outcome=DOWN, at=at)
        row = WebhookDelivery.objects.get()
        assert (row.attempts, row.status, row.error) == (n, 503, "status")
        if row.due_at is not None:
            assert claim(row.due_at - timedelta(seconds=1)) == []
            waits.append(row.due_at - at)
            made.refresh_from_db()
            assert made.rest_until
            at = max(row.due_at, made.rest_until)
    assert (row.due_at, row.dead_at) == (None, at)
    assert claim(at + timedelta(days=9)) == []
    assert waits[:7] == sorted(waits[:7])
    assert timedelta(seconds=8) <= waits[0] <= timedelta(seconds=12)
    assert max(waits) <= 1.2 * sending.LONGEST_WAIT
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=40)
    assert webhooks.replay_dead(webhook=made, by=cast["administrator"], at=at) == 1
    (letter,) = claim(at)
    sending.finish(letter=letter, outcome=OK, at=at)
    row.refresh_from_db()
    made.refresh_from_db()
    assert (row.done_at, row.dead_at, row.attempts, row.status) == (at, None, 1, 204)
    assert (made.failures, made.rest_until) == (0, None)


def test_no_two_wait_equally_long() -> None:
    assert len({sending.wait(UUID(int=key), n) for key in (1, 2) for n in (1, 2)}) == 4


def test_a_bad_target_is_asked_one_thing_at_a_time_and_holds_up_nobody(report: Any, hook: Any) -> None:
    bad, good = hook(name="坏的"), hook(name="好的")
    for _n in range(12):
        report()
    for letter in queue():
        sending.finish(letter=letter, outcome=DOWN if letter.webhook_id == bad.pk else OK, at=NOW)
    bad.refresh_from_db()
    assert bad.failures == sending.PLACES
    for _round in range(2):
        for letter in claim():
            assert letter.webhook_id == good.pk
            sending.finish(letter=letter, outcome=OK, at=NOW)
    assert good.deliveries.filter(done_at=None).count() == 0
    later = NOW + timedelta(hours=1)
    probe = claim(later)
    assert [letter.webhook_id for letter in probe] == [bad.pk]
    assert claim(later, under_way={bad.pk: 1}) == []
    sending.finish(letter=probe[0], outcome=OK, at=later)
    assert len(claim(later)) == sending.PLACES


def test_what_waits_for_a_target_that_is_away_waits_in_the_feed(
    report: Any, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_WAITING", 2)
    made = hook()
    for _n in range(6):
        report()
    ledger.sequence()
    while sending.fan_out(at=NOW, limit=1):
        pass
    assert made.deliveries.count() == 3
    for _round in range(9):
        for letter in claim():
            sending.finish(letter=letter, outcome=OK, at=NOW)
        sending.fan_out(at=NOW, limit=1)
    assert made.deliveries.filter(done_at=NOW).count() == 6


def test_old_deliveries_are_forgotten_and_dead_ones_kept(report: Any, hook: Any) -> None:
    made = hook()
    for _n in range(3):
        report()
    first, *_rest = queue()
    sending.finish(letter=first, outcome=OK, at=NOW)
    WebhookDelivery.objects.filter(webhook=made, done_at=None).update(due_at=None, dead_at=NOW)
    assert sending.sweep(at=NOW + timedelta(days=29)) == 0
    assert sending.sweep(at=NOW + timedelta(days=31)) == 1
    assert WebhookDelivery.objects.filter(dead_at=NOW).count() == 2


# Sent again ---------------------------------------------------------------------------------------


def test_everything_from_a_position_on_is_sent_again_under_the_same_ids(
    report: Any, hook: Any, cast: Cast
) -> None:
    made = hook()
    for _n in range(5):
        report()
    letters = queue() + claim()
    for letter in letters:
        sending.finish(letter=letter, outcome=OK, at=NOW)
    assert claim() == []
    assert made.deliveries.count() == 5
    made.deliveries.filter(position=5).delete()  # forgotten long ago
    by = cast["administrator"]
    for bad in (0, -3, 7, 99):
        with pytest.raises(webhooks.WebhookRefused) as refused:
            webhooks.replay(webhook=made, position=bad, by=by, at=NOW)
        assert set(refused.value.errors) == {"position"}
    assert webhooks.replay(webhook=made, position=4, by=by, at=NOW) == 3
    assert [letter.headers["webhook-id"] for letter in queue()] == ["evt_4", "evt_6", "evt_5"]
    made.refresh_from_db()
    assert made.position == 7, "what was asked to go again is a place of its own"
    assert Change.objects.filter(what="webhook.replayed").count() == 1


def test_a_single_dead_letter_is_sent_again_alone(report: Any, hook: Any, cast: Cast) -> None:
    made, other = hook(), hook()
    report(), report()
    queue()
    WebhookDelivery.objects.update(due_at=None, dead_at=NOW)
    (first, _second), foreign = made.deliveries.order_by("position"), other.deliveries.first()
    chosen = [first, foreign]
    assert webhooks.replay_dead(webhook=made, by=cast["administrator"], at=NOW, deliveries=chosen) == 1
    assert [letter.delivery_id for letter in claim()] == [first.pk]
    assert webhooks.replay_dead(webhook=made, by=cast["administrator"], at=NOW, deliveries=[first]) == 0


# Signatures ---------------------------------------------------------------------------------------


def verifier() -> dict[str, Any]:
    """What docs/webhooks.md tells receivers to use."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.+?)```", page, re.S)
    assert code
    lines = [line for line in code[1].splitlines() if line.strip()]
    assert len(lines) <= 15
    found: dict[str, Any] = {}
    exec(code[1], found)
    return found


def test_the_verifier_of_the_page_believes_us_and_nobody_else(
    report: Any, hook: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = hook()
    report()
    (letter,) = queue()
    verify, body = verifier()["verify"], letter.body
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp() + 60)
    key = webhooks.reveal(webhook=made, by=cast["administrator"], at=NOW)
    good = {name: value for name, value in letter.headers.items() if name.startswith("webhook-")}
    assert verify(body, good, key) == json.loads(body)
    other = signing.written(signing.secret(made, 2))
    wrong = [
        (body.replace(b"request", b"mediate"), good, key),
        (body, {**good, "webhook-id": "evt_3"}, key),
        (body, {**good, "webhook-timestamp": str(int(NOW.timestamp()) + 1)}, key),
        (body, {**good, "webhook-signature": "v1,AAAA"}, key),
        (body, {**good, "webhook-signature": good["webhook-signature"].replace("v1", "v2")}, key),
        (body, good, other),
    ]
    for given in wrong:
        with pytest.raises(ValueError, match="not from Linli"):
            verify(*given)
    for late in (-400, 400):
        monkeypatch.setattr(time, "time", lambda late=late: NOW.timestamp() + late)
        with pytest.raises(ValueError, match="not from Linli"):
            verify(body, good, key)


def test_signatures_are_those_of_the_standard() -> None:
    """The example of the Standard Webhooks specification's reference implementation."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    found = signing.signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_keys_sign_for_a_week_after_a_change(report: Any, hook: Any, cast: Cast) -> None:
    made, by = hook(), cast["administrator"]
    first = signing.secret(made, 1)
    made = webhooks.rotate(webhook=made, by=by, at=NOW)
    report()
    (letter,) = queue()
    ids, signatures = (letter.headers[f"webhook-{name}"].split() for name in ("key-id", "signature"))
    assert ids == [f"{made.pk}.2", f"{made.pk}.1"]
    signed = f"{letter.headers['webhook-id']}.{letter.headers['webhook-timestamp']}.".encode() + letter.body
    for version, found in zip((2, 1), signatures, strict=True):
        mac = hmac.new(signing.secret(made, version), signed, hashlib.sha256).digest()
        assert found == "v1," + base64.b64encode(mac).decode()
    assert signing.secret(made, 1) == first != signing.secret(made, 2)
    assert signing.versions(made, NOW + timedelta(days=8)) == [2]
    made = webhooks.drop_previous(webhook=made, by=by, at=NOW)
    assert signing.versions(made, NOW) == [2]
    with pytest.raises(webhooks.WebhookRefused):
        webhooks.drop_previous(webhook=made, by=by, at=NOW)


def test_no_secret_lies_in_the_database(hook: Any, cast: Cast) -> None:
    made = hook()
    key = webhooks.reveal(webhook=made, by=cast["administrator"], at=NOW)
    raw = signing.secret(made, 1)
    stored = repr([list(model.objects.values()) for model in (Webhook, WebhookDelivery, Change)])
    assert (key[:6], len(raw)) == ("whsec_", 32)
    assert not any(form in stored for form in (key, key[6:], raw.hex(), repr(raw)))
    assert signing.secret(hook(), 1) != raw


# Set up -------------------------------------------------------------------------------------------


def test_every_fault_is_said_by_its_field(hook: Any, cast: Cast, settings: Any) -> None:
    with pytest.raises(webhooks.WebhookRefused) as refused:
        hook(name=" ", url="http://127.0.0.1/", kinds=["gossip"], events=["told"], post="administrator")
    assert set(refused.value.errors) == {"name", "url", "kinds", "events", "grant"}
    assert Webhook.objects.count() == 0


def test_a_post_outside_the_area_or_ended_is_no_choice(hook: Any, cast: Cast) -> None:
    township = replace(cast["administrator"], path=cast["dispatcher"].path)
    offered = set(webhooks.posts(by=township, at=NOW).values_list("pk", flat=True))
    assert cast["dispatcher"].grant_id in offered
    assert not {cast["outsider"].grant_id, cast["county_dispatcher"].grant_id} & offered
    Grant.objects.filter(pk=cast["dispatcher"].grant_id).update(valid_until=NOW)
    with pytest.raises(webhooks.WebhookRefused):
        hook()


def test_every_change_is_noted(hook: Any, cast: Cast) -> None:
    made, by = hook(), cast["administrator"]
    changes = {**webhooks.described(made), "name": made.name, "grant": made.grant}
    with pytest.raises(webhooks.WebhookRefused):
        webhooks.edit(webhook=made, changes=changes, by=by, at=NOW)
    webhooks.edit(webhook=made, changes={**changes, "is_active": False}, by=by, at=NOW)
    made.refresh_from_db()
    with pytest.raises(webhooks.WebhookRefused):
        webhooks.ping(webhook=made, by=by, at=NOW)
    webhooks.rotate(webhook=made, by=by, at=NOW)
    webhooks.reveal(webhook=made, by=by, at=NOW)
    noted = Change.objects.filter(target_kind="webhook", by_id=by.person_id).order_by("id")
    assert [change.what.partition(".")[2] for change in noted] == ["added", "edited", "rotated", "key_shown"]


# To a real address --------------------------------------------------------------------------------


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    made = Listener()
    settings.WEBHOOK_NETWORKS, settings.WEBHOOK_HTTP = ["127.0.0.0/8"], True
    settings.WEBHOOK_PORTS = [80, made.port]
    yield made
    made.close()


def rounds(post: senders.Post, at: datetime = NOW) -> None:
    """The worker's rounds until nothing is left to do."""
    until = time.monotonic() + 60
    while sending.fan_out(at=at) + post.run(at):
        assert time.monotonic() < until


def test_letters_reach_their_addresses_and_bad_ones_hold_up_nobody(
    report: Any, hook: Any, cast: Cast, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = guarded.ask

    def hurried(method: str, url: str, **given: Any) -> guarded.Answer:
        return ask(method, url, seconds=0.3 if url.endswith("/slow") else guarded.TOTAL_SECONDS, **given)

    monkeypatch.setattr(guarded, "ask", hurried)
    url = f"http://127.0.0.1:{listener.port}"
    listener.behaviours = {
        "/slow": behaviours.silent,
        "/away": behaviours.status(302, f"Location: {url}/good\r\n"),
        "/broken": behaviours.status(500),
    }
    made = {name: hook(name=name, url=f"{url}/{name}") for name in ("slow", "away", "broken", "good")}
    inside = hook(name="inside", url=f"http://127.0.0.1:{listener.port}/inside")
    Webhook.objects.filter(pk=inside.pk).update(url="http://10.0.0.1:80/")
    report(), report()
    ledger.sequence()
    began = time.monotonic()
    post = senders.Post()
    rounds(post)
    assert time.monotonic() - began < 20
    ends = {
        name: set(one.deliveries.values_list("status", "error"))
        for name, one in [*made.items(), ("inside", inside)]
    }
    assert ends == {
        "slow": {(None, "timeout")},
        "away": {(302, "redirect")},
        "broken": {(500, "status")},
        "good": {(204, "")},
        "inside": {(None, "refused_address")},
    }
    assert made["good"].deliveries.filter(done_at=NOW).count() == 2
    assert sum(b"POST /good" in request for request in listener.requests) == 2
    webhooks.ping(webhook=made["good"], by=cast["administrator"], at=NOW)
    rounds(post)
    assert json.loads(listener.requests[-1].partition(b"\r\n\r\n")[2])["type"] == "ping"
    post.pool.shutdown()
