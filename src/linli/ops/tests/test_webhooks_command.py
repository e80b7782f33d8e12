"""`linli webhooks` shows how webhooks stand and sends again; `linli doctor` says what is wrong with them."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from conftest import NOW, Cast
from django.core.management import CommandError, call_command

from linli.kit import clock
from linli.ledger import actions as ledger
from linli.notify.actions import sending, webhooks
from linli.notify.models import Webhook, WebhookDelivery
from linli.ops import diagnosis, working
from linli.people.models import Grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(cast: Cast, report: Any, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    """A webhook told of three events by a worker, behind its own founding; two are dead letters."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    grant = Grant.objects.get(pk=str(cast["dispatcher"].grant_id))
    given = {"name": "邻县平台", "url": "https://hook.example/", "kinds": [], "events": [], "grant": grant}
    made = webhooks.add(changes={**given, "is_active": True}, by=cast["administrator"], at=NOW)
    for _n in range(3):
        report()
    ledger.sequence()
    sending.fan_out(at=NOW)
    first, *rest = made.deliveries.order_by("position")
    WebhookDelivery.objects.filter(pk=first.pk).update(due_at=None, done_at=NOW)
    gone = {"due_at": None, "dead_at": NOW, "status": 500, "error": "status"}
    WebhookDelivery.objects.filter(pk__in=[one.pk for one in rest]).update(**gone)
    made.refresh_from_db()
    return made


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("webhooks", *arguments, stdout=out)
    return out.getvalue()


def due(hook: Webhook) -> list[int | None]:
    found = hook.deliveries.filter(due_at__isnull=False).order_by("position")
    return list(found.values_list("position", flat=True))


def test_the_list_says_how_each_stands(hook: Webhook) -> None:
    said = run()
    assert str(hook.pk) in said
    assert hook.name in said
    assert said.count(" 2 ") == 1


def test_dead_letters_go_again(hook: Webhook) -> None:
    run("replay", str(hook.pk), "--dead")
    assert due(hook) == [3, 4]


def test_one_goes_again(hook: Webhook) -> None:
    run("replay", str(hook.pk), "--delivery", str(hook.deliveries.get(position=3).pk))
    assert due(hook) == [3]


def test_everything_from_a_position_goes_again(hook: Webhook) -> None:
    run("replay", str(hook.pk), "--from", "1")
    assert due(hook) == [2, 3, 4]


@pytest.mark.parametrize(
    "given",
    [
        ["--dead", "--from", "1"],
        [],
        ["--from", "0"],
        ["--from", "9"],
        ["--delivery", "x"],
        ["--delivery", "done"],
    ],
)
def test_what_makes_no_sense_is_refused(hook: Webhook, given: list[str]) -> None:
    arguments = [str(hook.deliveries.get(position=2).pk) if word == "done" else word for word in given]
    with pytest.raises(CommandError) as refused:
        run("replay", str(hook.pk), *arguments)
    assert refused.value.returncode == 2
    with pytest.raises(CommandError):
        run("replay", "nobody", "--dead")
    assert due(hook) == []


def test_the_doctor_names_dead_letters_and_posts_that_ended(hook: Webhook, cast: Cast) -> None:
    found = diagnosis.webhooks(NOW)
    assert found.is_warning
    assert "2" in found.state
    assert "邻县平台" in found.advice
    assert "status 500" in found.advice
    webhooks.replay_dead(webhook=hook, by=cast["administrator"], at=NOW)
    assert diagnosis.webhooks(NOW).advice == ""
    Grant.objects.filter(pk=hook.grant_id).update(valid_until=NOW)
    assert "邻县平台" in diagnosis.webhooks(NOW + timedelta(seconds=1)).advice


def test_the_doctor_says_how_far_the_feed_is_behind(
    hook: Webhook, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert diagnosis.feed(NOW).advice == ""
    monkeypatch.setattr(diagnosis, "LONG_FEED", 1)
    report(), report()
    found = diagnosis.feed(NOW)
    assert (found.is_warning, found.state.count("2")) == (True, 1)
    ledger.sequence()
    assert diagnosis.feed(NOW).state.count("2") == 1
    sending.fan_out(at=NOW)
    assert diagnosis.feed(NOW).advice == ""


def test_the_worker_gives_places_and_reads_on(
    hook: Webhook, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def post(letter: sending.Letter) -> sending.Outcome:
        sent.append(letter.url)
        return sending.Outcome(204)

    monkeypatch.setattr("linli.notify.senders.webhooks.post", post)
    report()
    rounds = working.Rounds()
    while rounds.run():
        pass
    assert not rounds.failed
    assert sent == ["https://hook.example/"]
    assert hook.deliveries.get(position=5).done_at == NOW
