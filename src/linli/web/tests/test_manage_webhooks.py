"""Webhooks as an administrator of the county sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOW, Cast
from django.test import Client
from django.urls import reverse

from linli.ledger import actions as ledger
from linli.notify.actions import sending, signing
from linli.notify.models import Webhook, WebhookDelivery
from linli.people.models import Change, Grant
from linli.web.tests.test_manage_people import administer_east

Desk = Callable[[str], Client]
GIVEN = {
    "name": "邻县平台",
    "url": "https://hook.example/linli",
    "post": "dispatcher",
    "kinds": ["service_request", "mediation"],
    "events": ["request.accepted"],
    "is_active": "on",
}
PAGES = ["manage_webhooks", "manage_webhook_new"]
ONES = ["manage_webhook", "manage_webhook_deliveries"]
DEEDS = ["manage_webhook_key", "manage_webhook_trial", "manage_webhook_replay"]


def url(name: str, webhook: Webhook | None = None) -> str:
    return reverse(f"web:{name}", args=[webhook.pk] if webhook else [])


@pytest.fixture
def hook(desk: Desk) -> Webhook:
    answer = desk("administrator").post(url("manage_webhook_new"), GIVEN)
    assert answer.status_code == 302, answer.content.decode()[:4000]
    return Webhook.objects.get()


@pytest.mark.parametrize("who", ["dispatcher", "supervisor", "auditor", "east_admin"])
def test_refuses_a_stranger(desk: Desk, hook: Webhook, cast: Cast, town: Any, who: str) -> None:
    administer_east(cast, town)
    client = desk(who)
    for name in PAGES:
        assert client.get(url(name)).status_code == 404
    for name in ONES:
        assert client.get(url(name, hook)).status_code == 404
    for name in DEEDS:
        assert client.post(url(name, hook), {"do": "show", "delivery": "all"}).status_code == 404
    assert Client().get(url("manage_webhooks")).status_code == 302


def test_a_webhook_is_set_up_as_asked(hook: Webhook, cast: Cast) -> None:
    assert (hook.name, hook.url, hook.is_active) == (GIVEN["name"], GIVEN["url"], True)
    assert hook.grant_id == cast["dispatcher"].grant_id
    assert hook.kinds == ["mediation", "mediation_labour", "mediation_medical", "service_request"]
    assert hook.events == ["request.accepted"]
    assert hook.made_by == cast.people["administrator"]
    assert Change.objects.get().what == "webhook.added"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("url", "http://hook.example/"),
        ("url", "https://user@hook.example/"),
        ("url", "https://127.1/"),
        ("post", "nobody"),
        ("post", "administrator"),
        ("kinds", ["gossip"]),
        ("events", ["told"]),
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_fault_is_said_beside_its_field(desk: Desk, field: str, value: Any, language: str) -> None:
    client = desk("administrator")
    client.cookies["linli_language"] = language
    answer = client.post(url("manage_webhook_new"), {**GIVEN, field: value})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert Webhook.objects.count() == 0


def test_changes_are_kept_and_shown_in_the_history(desk: Desk, hook: Webhook, cast: Cast) -> None:
    client = desk("administrator")
    shown = client.get(url("manage_webhook", hook))
    initial = {
        **shown.context["form"].initial,
        "is_active": "on",
        "url": "https://new.example/",
        "events": [],
    }
    assert client.post(url("manage_webhook", hook), initial).status_code == 302
    hook.refresh_from_db()
    assert (hook.url, hook.events, hook.grant_id) == ("https://new.example/", [], cast["dispatcher"].grant_id)
    page = client.get(url("manage_webhook", hook)).content.decode()
    assert "修改事件通知" in page
    assert "https://hook.example/linli" in page
    assert client.post(url("manage_webhook", hook), initial).status_code == 422
    assert "邻县平台" in client.get(url("manage_changes")).content.decode()


def test_a_webhook_whose_post_has_ended_keeps_its_form(desk: Desk, hook: Webhook) -> None:
    Grant.objects.filter(pk=hook.grant_id).update(valid_until=NOW)
    client = desk("administrator")
    assert client.get(url("manage_webhook", hook)).context["is_blind"]
    assert "岗位已结束" in client.get(url("manage_webhooks")).content.decode()
    changes = {**GIVEN, "post": "county_dispatcher"}
    assert client.post(url("manage_webhook", hook), changes).status_code == 302
    assert not client.get(url("manage_webhook", hook)).context["is_blind"]


def test_the_key_is_shown_when_asked_for_and_that_is_noted(desk: Desk, hook: Webhook) -> None:
    client = desk("administrator")
    secret = signing.written(signing.secret(hook, 1))
    assert secret not in client.get(url("manage_webhook", hook)).content.decode()
    answer = client.post(url("manage_webhook_key", hook), {"do": "show"})
    assert secret in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert client.get(url("manage_webhook_key", hook)).status_code == 405
    fresh = client.post(url("manage_webhook_key", hook), {"do": "new"}).content.decode()
    assert signing.written(signing.secret(hook, 2)) in fresh
    assert secret not in fresh
    for said in ("旧密钥已停用", "现在只有一个密钥在用"):
        page = client.post(url("manage_webhook_key", hook), {"do": "drop"}, follow=True).content.decode()
        assert said in page
    assert client.post(url("manage_webhook_key", hook), {"do": "guess"}).status_code == 404
    noted = list(Change.objects.order_by("id").values_list("what", flat=True))
    assert noted[1:] == [f"webhook.{what}" for what in ("key_shown", "rotated", "key_shown", "key_dropped")]


def test_a_trial_waits_for_the_worker(desk: Desk, hook: Webhook) -> None:
    client = desk("administrator")
    page = client.post(url("manage_webhook_trial", hook), follow=True).content.decode()
    assert "ping_" in page
    assert len(sending.claim(at=NOW, limit=9, under_way={})) == 1
    hook.is_active = False
    hook.save()
    refused = client.post(url("manage_webhook_trial", hook), follow=True).content.decode()
    assert "先启用再试" in refused
    assert WebhookDelivery.objects.count() == 1


@pytest.fixture
def dead(hook: Webhook, report: Callable[..., Any]) -> list[WebhookDelivery]:
    """Three deliveries, of which two are dead letters."""
    Webhook.objects.update(events=[])
    for _n in range(3):
        report()
    ledger.sequence()
    sending.fan_out(at=NOW)
    first, *rest = hook.deliveries.order_by("position")
    WebhookDelivery.objects.filter(pk=first.pk).update(due_at=None, done_at=NOW, status=204)
    gone = {"due_at": None, "dead_at": NOW, "status": 500, "error": "status", "attempts": 12}
    WebhookDelivery.objects.filter(pk__in=[one.pk for one in rest]).update(**gone)
    hook.refresh_from_db()
    return rest


def test_dead_letters_are_found_and_sent_again(
    desk: Desk, hook: Webhook, dead: list[WebhookDelivery]
) -> None:
    client = desk("administrator")
    assert "2 条一直送不到" in client.get(url("manage_webhook", hook)).content.decode()
    page = client.get(url("manage_webhook_deliveries", hook) + "?show=dead")
    assert len(page.context["lines"]) == 2
    assert "对方没有收下" in page.content.decode()
    assert len(client.get(url("manage_webhook_deliveries", hook) + "?show=%00&after=x").context["lines"]) == 3
    client.post(url("manage_webhook_replay", hook), {"delivery": str(dead[0].pk)})
    assert hook.deliveries.filter(dead_at__isnull=False).count() == 1
    for unknown in ("", "x", str(dead[0].pk), str(hook.pk)):
        assert client.post(url("manage_webhook_replay", hook), {"delivery": unknown}).status_code == 404
    client.post(url("manage_webhook_replay", hook), {"delivery": "all"})
    assert hook.deliveries.filter(dead_at__isnull=False).count() == 0


def test_what_goes_wrong_is_on_the_first_page(desk: Desk, hook: Webhook, dead: list[WebhookDelivery]) -> None:
    client = desk("administrator")
    assert "有 2 条送不到" in client.get(url("manage")).content.decode()
    client.post(url("manage_webhook_replay", hook), {"delivery": "all"})
    assert "送不到" not in client.get(url("manage")).content.decode()
    Grant.objects.filter(pk=hook.grant_id).update(valid_until=NOW)
    assert "邻县平台的岗位已结束" in client.get(url("manage")).content.decode()


def test_everything_from_a_position_is_sent_again(
    desk: Desk, hook: Webhook, dead: list[WebhookDelivery]
) -> None:
    client = desk("administrator")
    for bad in ("", "0", "x", "99"):
        answer = client.post(url("manage_webhook_replay", hook), {"position": bad})
        assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"position"})
    assert client.post(url("manage_webhook_replay", hook), {"position": "1"}).status_code == 302
    assert hook.deliveries.filter(due_at__isnull=False).count() == 3


def test_a_long_log_goes_page_by_page(desk: Desk, hook: Webhook) -> None:
    rows = [WebhookDelivery(webhook=hook, made_at=NOW, due_at=NOW) for _n in range(60)]
    WebhookDelivery.objects.bulk_create(rows)
    client = desk("administrator")
    first = client.get(url("manage_webhook_deliveries", hook))
    second = client.get(url("manage_webhook_deliveries", hook), {"after": first.context["more"]})
    seen = [line["delivery"].pk for page in (first, second) for line in page.context["lines"]]
    assert (len(seen), len(set(seen)), second.context["more"]) == (60, 60, "")


def test_large_numbers_of_events_not_read_yet_are_grouped(
    desk: Desk, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "head", lambda: hook.position + 32_245)
    for page in (url("manage_webhooks"), url("manage_webhook_deliveries", hook)):
        assert "还有 32,245 个事件没看" in desk("administrator").get(page).content.decode()
