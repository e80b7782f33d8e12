"""The page of API keys: shown once, one's own, ended at once; and all of them for an administrator."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.test import Client
from django.utils import translation

from linli.kit.ids import uuid7
from linli.people.actions import keys, note_change
from linli.people.models import Grant, Key
from linli.web.tests.conftest import Watch

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Client]
GIVEN = {"name": "乡镇小程序", "scopes": ["read", "write"], "per_minute": "60", "until": ""}
SECRET = re.compile(r"linli_[0-9A-HJKMNP-TV-Z]{32}")


def shown(response: Any) -> str:
    found: str = response.content.decode()
    return found


def test_a_secret_is_shown_once_and_opens_the_post_it_was_issued_for(desk: Desk, cast: Cast) -> None:
    client = desk("dispatcher")
    made = client.post("/desk/keys", GIVEN)
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    secret = SECRET.search(shown(made))
    assert secret is not None
    key = keys.known(secret=secret[0], at=NOW)
    assert key is not None
    assert (key.grant_id, key.scopes, key.per_minute) == (cast["dispatcher"].grant_id, ["read", "write"], 60)
    again = client.get("/desk/keys")
    assert not SECRET.search(shown(again))
    assert "乡镇小程序" in shown(again)


def test_a_key_is_for_its_own_post_and_ended_by_its_own_people(desk: Desk, cast: Cast) -> None:
    desk("dispatcher").post("/desk/keys", GIVEN)
    key = Key.objects.get()
    other = desk("handler")
    assert "乡镇小程序" not in shown(other.get("/desk/keys"))
    assert other.post(f"/desk/keys/{key.pk}/ending").status_code == 404
    ended = desk("dispatcher").post(f"/desk/keys/{key.pk}/ending", follow=True)
    assert "密钥已停用" in shown(ended)
    key.refresh_from_db()
    assert key.revoked_at == NOW
    assert desk("dispatcher").post(f"/desk/keys/{key.pk}/ending", follow=True).status_code == 200


def test_an_administrator_sees_all_and_issues_only_keys_without_a_post(desk: Desk, cast: Cast) -> None:
    desk("dispatcher").post("/desk/keys", GIVEN)
    client = desk("administrator")
    page = shown(client.get("/desk/manage/keys"))
    assert "祝丽华" in page
    assert desk("dispatcher").get("/desk/manage/keys").status_code == 404
    refused = client.post("/desk/manage/keys", GIVEN)
    assert refused.status_code == 422
    made = client.post("/desk/manage/keys", GIVEN | {"scopes": ["open311"]})
    assert made.status_code == 201
    assert Key.objects.get(grant=None).scopes == ["open311"]
    key = Key.objects.get(grant__isnull=False)
    client.post(f"/desk/manage/keys/{key.pk}/ending")
    key.refresh_from_db()
    assert key.revoked_at is not None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["open311"]}, "scopes"),
        ({"per_minute": "0"}, "per_minute"),
        ({"per_minute": "1000000"}, "per_minute"),
        ({"until": "2020-01-01"}, "until"),
    ],
)
def test_what_cannot_be_issued_is_refused_at_its_field(wrong: dict[str, Any], said: str, desk: Desk) -> None:
    response = desk("dispatcher").post("/desk/keys", GIVEN | wrong)
    assert response.status_code == 422
    assert said in response.context["form"].errors
    assert Key.objects.count() == 0


def test_the_page_says_why_a_key_opens_nothing_any_more(desk: Desk, cast: Cast, watch: Watch) -> None:
    client = desk("dispatcher")
    client.post("/desk/keys", GIVEN | {"until": "2026-09-30"})
    watch.on(days=2)
    assert "已到期" in shown(client.get("/desk/keys"))
    desk("handler").post("/desk/keys", GIVEN)
    Grant.objects.filter(person=cast.people["handler"]).update(valid_until=watch.at - timedelta(seconds=1))
    assert "岗位已结束" in shown(desk("administrator").get("/desk/manage/keys"))


def test_the_menu_leads_there(desk: Desk) -> None:
    assert 'href="/desk/keys"' in shown(desk("dispatcher").get("/desk/"))
    assert 'href="/desk/manage/keys"' in shown(desk("administrator").get("/desk/manage"))


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "调度员"), ("en", "Dispatcher")])
def test_the_record_of_changes_names_a_post_by_person_role_and_unit(
    desk: Desk, cast: Cast, town: Town, language: str, said: str, django_assert_max_num_queries: Any
) -> None:
    desk("dispatcher").post("/desk/keys", GIVEN)
    post = cast["dispatcher"]
    client = desk("administrator")
    client.cookies["linli_language"] = language
    with django_assert_max_num_queries(12):
        page = shown(client.get("/desk/manage/changes"))
    assert str(post.grant_id) not in page
    with translation.override(language):
        assert f"{cast.people['dispatcher'].name} · {said} · {town['east'].label}" in page


def test_the_record_of_changes_names_keys_and_everything_else(desk: Desk, cast: Cast) -> None:
    desk("dispatcher").post("/desk/keys", GIVEN)
    desk("dispatcher").post(f"/desk/keys/{Key.objects.get().pk}/ending")
    for kind, what in (("held", "held.released"), ("assessment", "assessment.signed"), ("backup", "restore")):
        note_change(by=cast["administrator"], at=NOW, what=what, target=(kind, uuid7(), ""))
    page = shown(desk("administrator").get("/desk/manage/changes"))
    for said in (
        "发放密钥",
        "停用密钥",
        "乡镇小程序",
        "收下等着看的反映",
        "签发影响评估",
        "用备份恢复数据库",
    ):
        assert said in page
    assert 'href=""' not in page
