"""Applications for mediation have a budget of their address; what is over it stays on the page, to be sent later."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from linli.cases.models import Case
from linli.people.models import Bucket
from linli.portal.actions import budget
from linli.portal.tests.test_disputes import BRIEF, Applicant
from linli.portal.tests.test_held import solved

pytestmark = pytest.mark.django_db
FLOODER, HONEST = "198.51.100.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def _budgeted(settings: Any, monkeypatch: pytest.MonkeyPatch, committee: Any, at_noon: None) -> None:
    settings.REPORT_BUDGETS = True
    monkeypatch.setattr(budget, "BITS", 6)
    monkeypatch.setattr(budget, "BITS_BUSY", 8)
    for name, burst in (("UNPROVEN_ADDRESS", 1), ("UNPROVEN_COUNTY", 3), ("ADDRESS", 2)):
        known = getattr(budget, name)
        monkeypatch.setattr(budget, name, budget.Budget(known.name, burst, known.per_minute))


def applicant(address: str) -> Applicant:
    return Applicant(Client(REMOTE_ADDR=address))


def sent(address: str, *, bits: int = 0) -> Applicant:
    one = applicant(address)
    one.to("check")
    challenge = one.typed["command"][0]
    one.press(proof=solved(challenge, bits) if bits else "")
    return one


def test_what_is_over_the_budget_is_not_lost_and_comes_in_later() -> None:
    assert sent(FLOODER).page.status_code == 303
    late = sent(FLOODER)
    assert late.page.status_code == 429
    assert "还没有收下" in late.said
    assert late.typed["brief"] == [BRIEF]
    assert Case.objects.count() == 1
    Bucket.objects.all().delete()  # some minutes later
    assert late.press().status_code == 303
    assert Case.objects.count() == 2


def test_a_browser_that_did_the_sum_may_send_more_but_not_without_end() -> None:
    assert [sent(FLOODER, bits=8).page.status_code for _time in range(3)] == [303, 303, 429]


def test_a_flood_from_everywhere_shuts_the_form_to_nobody_who_does_the_sum() -> None:
    flood = [sent(f"192.0.2.{n}").page.status_code for n in range(5)]
    assert flood == [303, 303, 303, 429, 429]
    assert sent(HONEST, bits=8).page.status_code == 303


def test_sent_twice_it_is_charged_once() -> None:
    one = applicant(FLOODER)
    one.to("check")
    form = {**one.typed, "go": "next"}
    assert [one.client.post("/disputes/", form).status_code for _time in range(4)] == [303] * 4
    assert Case.objects.count() == 1


def test_the_page_gives_the_browser_the_sum_to_do() -> None:
    one = applicant(HONEST)
    one.to("check")
    assert f'<ll-proof challenge="{one.typed["command"][0]}" bits="6">' in one.said
