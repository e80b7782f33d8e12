"""Every public form has a budget: found through the URLconf itself, so that no new form comes without one."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import NOW, Cast
from django.test import Client
from django.urls import get_resolver

from linli.kit import clock
from linli.people import posting
from test_matrix import addresses

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FLOODER, HONEST = "198.51.100.7", "203.0.113.9"
# Programs are counted by their keys, and without one by address, in `api.access.wait_for`.
OF_PROGRAMS = ("/api/v1/", "/open311/")


@pytest.fixture(autouse=True)
def _flooded(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address has used up what it may post, and no minute passes."""
    settings.REPORT_BUDGETS = True
    monkeypatch.setattr(posting, "BURST", 1)
    monkeypatch.setattr(posting, "PER_MINUTE", 1)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert Client().post("/theme", REMOTE_ADDR=FLOODER).status_code != 429


def public() -> list[str]:
    found = addresses(get_resolver().url_patterns)
    return sorted({address for address, view in found if getattr(view, "permission", "") == "public"})


def test_no_public_address_takes_more_than_its_budget() -> None:
    free = [each for each in public() if Client().post(each, REMOTE_ADDR=FLOODER).status_code != 429]
    assert [each for each in free if not each.startswith(OF_PROGRAMS)] == []
    assert len(public()) - len(free) > 50


def test_what_was_typed_is_on_the_page_to_be_sent_again_but_no_secret() -> None:
    given = {"step": "what", "text": "路灯坏了<b>", "password": "wheat-7"}
    page = Client().post("/disputes/", given, REMOTE_ADDR=FLOODER)
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    said = page.content.decode()
    assert 'value="路灯坏了&lt;b&gt;"' in said
    assert "wheat-7" not in said


def test_others_and_staff_at_work_are_not_held_up(cast: Cast) -> None:
    assert Client().post("/theme", REMOTE_ADDR=HONEST).status_code != 429
    staff = Client()
    staff.force_login(cast.people["dispatcher"], backend=BACKEND)
    assert staff.post("/theme", REMOTE_ADDR=FLOODER).status_code != 429


def test_reading_costs_nothing() -> None:
    assert [Client().get("/privacy/", REMOTE_ADDR=FLOODER).status_code for _time in range(3)] == [200] * 3
