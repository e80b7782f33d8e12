"""Budgets of the public form: what is over them is held, seen by a person, taken in or declined; nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Page, expect

from linli.cases.models import Case, Event
from linli.kit import clock
from linli.kit.codes import keyed
from linli.kit.ids import uuid7
from linli.people.actions import rates, rough
from linli.people.models import Bucket, Change
from linli.portal import actions
from linli.portal.actions import budget, holding
from linli.portal.forms import new_command
from linli.portal.forms.draft import command_id_of
from linli.portal.models import Held
from linli.service_requests import actions as service_requests

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def solved(challenge: str, bits: int = budget.BITS) -> str:
    return next(
        proof
        for n in count()
        if int.from_bytes(hashlib.sha256(f"{challenge}:{(proof := f'{n:x}')}".encode()).digest())
        >> (256 - bits)
        == 0
    )


def form(command: str, **changes: str) -> dict[str, str]:
    return {
        "step": "contact",
        "go": "next",
        "command": command,
        "request_type": "help",
        "category": "facility.street_lamp",
        "text": "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。",
        "town": "990001101",
        "village": "990001101201",
        "grid": "990001101201001",
        **changes,
    }


def send(address: str = "198.51.100.7", *, proof: bool = False, command: str = "", **changes: str) -> Any:
    command = command or new_command()
    given = form(command, proof=solved(command) if proof else "", **changes)
    return Client().post("/report/", given, REMOTE_ADDR=address)


@pytest.fixture(autouse=True)
def _budgeted(settings: Any, at_noon: None) -> None:
    """No time passes: what a budget holds runs out of it again."""
    settings.REPORT_BUDGETS = True


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets of a few, so that a flood is quickly made."""
    monkeypatch.setattr(budget, "BITS", 6)
    monkeypatch.setattr(budget, "BITS_BUSY", 8)
    for name, burst in (
        ("UNPROVEN_ADDRESS", 2),
        ("UNPROVEN_COUNTY", 8),
        ("ADDRESS", 4),
        ("NEIGHBOURHOOD", 7),
    ):
        known = getattr(budget, name)
        monkeypatch.setattr(budget, name, budget.Budget(known.name, burst, 0.01))


def test_without_script_the_first_few_are_taken_in_and_more_are_held(town: Town, small: None) -> None:
    answers = [send()["Location"] for _n in range(4)]
    assert answers == ["/report/receipt"] * 2 + ["/report/held"] * 2
    assert Case.objects.count() == 2
    assert [row.reasons for row in Held.objects.all()] == [["unproven"]] * 2


def test_this_machine_itself_has_no_budget(town: Town, small: None) -> None:
    """Everybody behind a proxy that nobody named comes from one address."""
    assert [send("127.0.0.1")["Location"] for _n in range(5)] == ["/report/receipt"] * 5


def test_a_browser_that_did_its_sum_may_send_more(town: Town, small: None) -> None:
    assert [send(proof=True)["Location"] for _n in range(4)] == ["/report/receipt"] * 4
    assert send(proof=True)["Location"] == "/report/held"
    assert Held.objects.get().reasons == ["address"]


def test_a_false_sum_counts_for_nothing() -> None:
    """With given challenges: of those made by chance, one in four thousand takes the sum done for another."""
    mine, other = "one challenge", "another"
    for proof in ("", "zz", "0" * 17, "\u00e9", solved(other, 12)):
        assert not budget.is_proven(mine, proof, 12)
    assert budget.is_proven(mine, solved(mine, 12), 12)


def test_a_whole_neighbourhood_has_one_budget(town: Town, small: None) -> None:
    answers = [send(f"198.51.100.{n}", proof=True)["Location"] for n in range(9)]
    assert answers.count("/report/receipt") == 7
    assert {reason for row in Held.objects.all() for reason in row.reasons} == {"neighbourhood"}


def test_a_flood_from_many_addresses_holds_the_flood_and_loses_no_honest_report(
    town: Town, small: None
) -> None:
    """R1 in small: fifty addresses send without sums, while five honest people do theirs."""
    honest, flood = [], []
    for n in range(60):
        flood.append(send(f"203.0.{n % 50}.9", text=f"大减价，快来买，第{n}条，联系某某某。")["Location"])
        if n % 12 == 0:
            honest.append(send(f"198.51.{n}.7", proof=True)["Location"])
    assert honest == ["/report/receipt"] * 5
    assert flood.count("/report/held") >= 50
    assert len(flood) == Held.objects.count() + Case.objects.count() - 5, "every one is a case or waits"
    assert all(row.reasons for row in Held.objects.all())


def test_the_sum_gets_harder_while_the_county_is_flooded(town: Town, small: None) -> None:
    calm = budget.bits_now(clock.now())
    for n in range(12):
        send(f"203.0.{n}.9")
    assert (calm, budget.bits_now(clock.now())) == (6, 8)


def test_sent_twice_it_waits_once_and_keeps_its_code(town: Town, small: None) -> None:
    command = new_command()
    for _n in range(3):
        send()
    first = send(command=command)
    again = send("192.0.2.77", command=command)
    assert first["Location"] == again["Location"] == "/report/held"
    key = command_id_of(command)
    assert key is not None
    assert Held.objects.filter(pk=key).count() == 1
    assert not Case.objects.filter(pk=key).exists()


def test_sent_twice_it_is_charged_once(town: Town, small: None) -> None:
    command = new_command()

    def charged() -> set[int]:
        """Without the budget of everything that is posted, which counts every time."""
        return set(Bucket.objects.exclude(digest=posts).values_list("empty_at", flat=True))

    posts = keyed("rates", b"posts/198.51.100.7")
    assert send(command=command)["Location"] == "/report/receipt"
    once = charged()
    assert [send(command=command)["Location"] for _n in range(3)] == ["/report/receipt"] * 3
    assert charged() == once
    assert send()["Location"] == "/report/receipt", "the second of two that its budget has"


def test_what_was_held_stays_held_when_it_is_sent_again_later(town: Town, small: None) -> None:
    command = new_command()
    for _n in range(2):
        send()
    assert send(command=command)["Location"] == "/report/held"
    Bucket.objects.all().delete()  # some minutes later
    assert send(command=command)["Location"] == "/report/held"
    assert Held.objects.get().reasons == ["unproven"]
    assert Case.objects.count() == 2


def test_in_calm_times_budgets_cost_a_report_no_statement(town: Town, settings: Any) -> None:
    def statements(*, proof: bool) -> int:
        with CaptureQueriesContext(connection) as found:
            assert send(proof=proof)["Location"] == "/report/receipt"
        return len(found)

    statements(proof=True)
    rough.forget()
    calm, many, unproven = statements(proof=True), statements(proof=True), statements(proof=False)
    settings.REPORT_BUDGETS = False
    without = statements(proof=True)
    assert (calm, many, unproven) == (without, without + 1, without + 1)


def test_what_is_wrong_with_a_report_is_said_at_once_and_not_held(town: Town, small: None) -> None:
    for _n in range(3):
        send()
    before = Held.objects.count()
    assert send(text="短").status_code == 422
    assert Held.objects.count() == before


@pytest.fixture
def waiting(town: Town) -> Callable[..., Held]:
    def make(**changes: Any) -> Held:
        given: dict[str, Any] = {
            "text": "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。",
            "category": "facility.street_lamp",
            "request_type": "help",
            "channel": "portal",
            "place": town["grid"],
            "contact_phone": "0712-0000-118",
            **changes,
        }
        return actions.hold(
            submission=service_requests.Submission(**given), reasons=["unproven"], command_id=uuid7(), at=NOW
        )

    return make


def test_what_was_written_lies_sealed(waiting: Callable[..., Held]) -> None:
    row = waiting()
    raw = repr(list(Held.objects.filter(pk=row.pk).values_list()))
    assert "0712-0000-118" not in raw
    assert "路灯" not in raw
    assert Held.objects.get(pk=row.pk).content["contact_phone"] == "0712-0000-118"


def test_taken_in_it_is_a_case_whose_promise_counts_from_when_it_was_sent(
    waiting: Callable[..., Held], cast: Cast
) -> None:
    row = waiting()
    code = service_requests.tracking_code(row.pk)
    later = NOW + timedelta(hours=20)
    receipt = actions.release(held=Held.objects.get(pk=row.pk), by=cast["dispatcher"], at=later)
    assert (receipt.case.pk, receipt.code) == (row.pk, code)
    assert receipt.case.received_at == NOW
    assert service_requests.find_by_code(code) == receipt.case
    assert Change.objects.filter(what="held.released", target_id=str(row.pk)).count() == 1
    with pytest.raises(actions.AlreadyDecided):
        actions.release(held=row, by=cast["dispatcher"], at=later)
    assert Event.objects.filter(case_id=row.pk).count() == 1


def test_the_code_shows_what_became_of_it(waiting: Callable[..., Held], cast: Cast) -> None:
    row = waiting()
    code = service_requests.tracking_code(row.pk)
    client = Client()

    def shown() -> str:
        return client.post("/track/", {"code": code}, follow=True).content.decode()

    assert "收到了，要等一等" in shown()
    actions.decline(held=[row], why="empty", by=cast["dispatcher"], at=NOW)
    assert "没有看出是什么事" in shown()
    other = waiting()
    actions.release(held=Held.objects.get(pk=other.pk), by=cast["dispatcher"], at=NOW)
    found = client.post("/track/", {"code": service_requests.tracking_code(other.pk)}, follow=True)
    assert found.request["PATH_INFO"] == reverse("portal:track")


def test_only_the_desk_of_the_area_sees_it_and_never_the_unit_accused(
    waiting: Callable[..., Held], cast: Cast, town: Town
) -> None:
    row = waiting()
    accusation = waiting(request_type="accusation", accused=town["east"])
    assert list(actions.waiting_for(cast["outsider"])) == []
    assert list(actions.waiting_for(cast["dispatcher"])) == [row]
    assert set(actions.waiting_for(cast["county_dispatcher"])) == {row, accusation}


def test_the_desk_takes_in_and_declines_what_is_ticked(waiting: Callable[..., Held], cast: Cast) -> None:
    rows = [waiting() for _n in range(3)]
    client = Client()
    client.force_login(cast.people["dispatcher"], backend=BACKEND)
    assert "3 份反映等着看" in client.get("/desk/").content.decode()
    page = client.get("/desk/held")
    assert page["Cache-Control"] == "no-store, private"
    assert page.content.decode().count("没有脚本，同一地址发得多") == 3
    client.post("/desk/held/taking", {"held": [str(rows[0].pk)]})
    client.post("/desk/held/declining", {"held": [str(rows[1].pk)], "why": "nonsense"})
    client.post("/desk/held/declining", {"held": [str(rows[1].pk)], "why": "spam"})
    states = dict(Held.objects.values_list("pk", "state"))
    assert [states[row.pk] for row in rows] == ["released", "declined", "waiting"]
    assert Case.objects.filter(pk=rows[0].pk).exists()


@pytest.mark.parametrize("keys", [[], ["nonsense"], [str(uuid7())]])
def test_a_stranger_decides_nothing(waiting: Callable[..., Held], cast: Cast, keys: list[str]) -> None:
    row = waiting()
    client = Client()
    for who, given in (("outsider", [str(row.pk)]), ("handler", [str(row.pk)]), ("dispatcher", keys)):
        client.force_login(cast.people[who], backend=BACKEND)
        for address in ("/desk/held/taking", "/desk/held/declining"):
            assert client.post(address, {"held": given, "why": "spam"}).status_code == 404
    assert Held.objects.get().state == "waiting"


def test_what_was_decided_goes_after_a_month(waiting: Callable[..., Held], cast: Cast) -> None:
    row, other = waiting(), waiting()
    actions.decline(held=[row], why="spam", by=cast["dispatcher"], at=NOW)
    assert holding.sweep(at=NOW + timedelta(days=29)) == 0
    assert holding.sweep(at=NOW + timedelta(days=31)) == 1
    assert Held.objects.get() == other


def test_addresses_are_kept_nowhere(town: Town, small: None) -> None:
    for _n in range(4):
        send("198.51.100.7")
    assert "198.51" not in repr(list(Held.objects.values_list()))
    assert rates.neighbourhood("198.51.100.7") == "198.51.100.0/24"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_browser_does_the_sum_by_itself(window: Callable[..., Page], town: Town) -> None:
    page = window(width=360)
    page.goto("/report/")
    expect(page.locator("input[name=proof]")).not_to_have_value("")
    challenge, bits, proof = page.evaluate(
        "() => { const e = document.querySelector('ll-proof');"
        " return [e.getAttribute('challenge'), Number(e.getAttribute('bits')), e.querySelector('input').value]; }"
    )
    assert budget.is_proven(challenge, proof, bits)
