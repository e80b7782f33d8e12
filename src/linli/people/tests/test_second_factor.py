"""Second factors: who must have one, how it is set up, shown and taken away, and what does not pass."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from conftest import PASSWORD, Cast
from django.test import Client
from playwright.sync_api import Page

from linli.kit import clock
from linli.people.access import roles
from linli.people.models import Change, Key, Person, Session
from linli.people.sessions import browser_of, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_for(settings: Any) -> None:
    settings.SECOND_FACTOR = True


@pytest.fixture
def person(cast: Cast) -> Person:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, name: str = "dispatcher") -> str:
    response = client.post("/sign-in", {"login": name, "password": PASSWORD}, follow=True)
    return str(response.request["PATH_INFO"])


def code_now(secret: str, step: int = 0) -> str:
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + step)))


def with_app(person: Person) -> str:
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(person, secret)
    return str(secret)


def test_every_post_may_be_asked_for_more(client: Client, cast: Cast, settings: Any) -> None:
    handler = cast.people["handler"]
    handler.set_password(PASSWORD)
    handler.save()
    assert not roles()["handler"].second_factor
    assert sign_in(client, "handler") == "/desk/"
    settings.SECOND_FACTOR_ALL = True
    assert client.get("/desk/cases")["Location"] == "/second-factor?next=/desk/cases"


def test_a_post_that_asks_for_more_leads_to_setting_it_up_before_anything_else(
    client: Client, person: Person
) -> None:
    assert sign_in(client) == "/second-factor"
    assert "您的岗位要有第二道验证" in client.get("/second-factor").content.decode()
    assert client.get("/desk/cases")["Location"] == "/second-factor?next=/desk/cases"
    assert client.get("/desk/pulse", headers={"HX-Request": "true"}).status_code == 401


def test_the_app_is_set_up_by_its_first_code_and_then_work_begins(client: Client, person: Person) -> None:
    sign_in(client)
    client.get("/desk/cases", follow=True)
    page = client.get("/second-factor/app").content.decode()
    secret = re.findall(r"[A-Z2-7]{32}", page)[0]
    assert client.post("/second-factor/app", {"code": "000000"}).status_code == 200
    done = client.post("/second-factor/app", {"code": code_now(secret)}, follow=True)
    assert done.request["PATH_INFO"] == "/second-factor/codes"
    codes = re.findall(r"<li>(\d{5} \d{5})</li>", done.content.decode())
    assert len(codes) == 10
    assert 'href="/desk/cases"' in done.content.decode()
    assert client.get("/desk/").status_code == 200
    assert not re.findall(r"<li>\d{5} \d{5}</li>", client.get("/second-factor/codes").content.decode())
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert codes[0].replace(" ", "") not in kept


def test_a_code_is_asked_after_the_password_and_opens_once(client: Client, person: Person) -> None:
    secret = with_app(person)
    assert sign_in(client) == "/sign-in/second-factor"
    assert client.get("/desk/").status_code == 302
    code = code_now(secret)
    assert client.post("/sign-in/second-factor", {"code": code})["Location"] == "/desk/"
    assert client.get("/desk/").status_code == 200
    other = Client()
    sign_in(other)
    assert other.post("/sign-in/second-factor", {"code": code}).status_code == 200
    assert other.get("/desk/").status_code == 302, "the same code has been used"


@pytest.mark.parametrize(("step", "opens"), [(-3, False), (-1, True), (0, True), (1, True), (3, False)])
def test_a_clock_may_be_half_a_minute_off_but_not_ninety_seconds(
    client: Client, person: Person, step: int, opens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, secret = time.time(), with_app(person)
    monkeypatch.setattr(time, "time", lambda: moment)  # or the next half minute may begin on the way
    sign_in(client)
    client.post("/sign-in/second-factor", {"code": code_now(secret, step)})
    assert (client.get("/desk/").status_code == 200) is opens


def test_guessing_codes_stops_after_ten_in_every_process(
    client: Client, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, secret = clock.now(), with_app(person)
    monkeypatch.setattr(clock, "now", lambda: moment)  # a minute later one more is let through
    sign_in(client)
    for _guess in range(10):
        client.post("/sign-in/second-factor", {"code": "123456"})
    refused = client.post("/sign-in/second-factor", {"code": code_now(secret)})
    assert "请过一分钟再试" in refused.content.decode()
    assert client.get("/desk/").status_code == 302


def test_a_spare_code_lets_in_once(client: Client, person: Person) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    with_app(person)
    spare = RecoveryCodes.activate(person).generate_codes()[0]
    sign_in(client)
    assert client.post("/sign-in/second-factor", {"code": f"{spare[:5]} {spare[5:]}"}).status_code == 302
    other = Client()
    sign_in(other)
    assert other.post("/sign-in/second-factor", {"code": spare}).status_code == 200


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "[]",
        "null",
        "1",
        "{}",
        '{"id": 1}',
        '{"rawId":"AA","id":"AA","response":{}}',
        "[" * 9000,
        '{"a":' * 3000,
        "x" * 20_000,
    ],  # fmt: skip
)
@pytest.mark.parametrize(
    "address", ["/sign-in/passkey", "/sign-in/second-factor", "/second-factor/passkeys/new"]
)
def test_what_is_no_passkey_is_refused_without_a_fault(
    client: Client, person: Person, address: str, credential: str
) -> None:
    if "new" in address:
        sign_in(client)
    else:
        with_app(person)
        sign_in(client)
    response = client.post(address, {"credential": credential})
    assert response.status_code in {200, 302}
    assert not Authenticator.objects.filter(type="webauthn").exists()
    assert client.get("/desk/").status_code == 302


def test_nobody_removes_somebody_elses_passkey(client: Client, person: Person, cast: Cast) -> None:
    theirs = Authenticator.objects.create(user=cast.people["handler"], type="webauthn", data={"name": "x"})
    sign_in(client)
    for answer in (client.get, client.post):
        assert answer(f"/second-factor/passkeys/{theirs.pk}/removal").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_taking_a_factor_away_asks_again_who_is_there(client: Client, person: Person, settings: Any) -> None:
    secret = with_app(person)
    sign_in(client)
    client.post("/sign-in/second-factor", {"code": code_now(secret)})
    _age(client)
    response = client.post("/second-factor/app/removal")
    assert response["Location"].startswith("/confirmation")
    assert Authenticator.objects.filter(type="totp").exists()
    client.post(response["Location"], {"password": "wrong"})
    assert Authenticator.objects.filter(type="totp").exists()
    client.post(response["Location"], {"password": PASSWORD})
    assert not Authenticator.objects.exists()


def _age(client: Client) -> None:
    """Ten minutes pass since this browser proved who is there."""
    session = client.session
    for shown in session["account_authentication_methods"]:
        shown["at"] -= 600
    session.save()


def test_a_demonstration_account_signs_in_by_password_unless_switched_off(
    client: Client, person: Person, settings: Any
) -> None:
    person.is_demo = True
    person.save()
    assert sign_in(client) == "/desk/"
    settings.DEMO_PASSWORDS = False
    assert client.get("/desk/").status_code == 302


def test_who_reaches_far_or_reads_in_confidence_needs_a_second_factor() -> None:
    far = {"manage.people", "mediation.view", "mediation.mediate", "case.view_internal", "case.supervise"}
    needing = {role.name for role in roles().values() if role.second_factor}
    assert {role.name for role in roles().values() if role.permissions & far} <= needing
    assert "grid_worker" not in needing


def test_secrets_are_sealed_and_an_altered_one_is_refused() -> None:
    sealed = get_adapter().encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DP" not in sealed
    assert sealed != get_adapter().encrypt("JBSWY3DPEHPK3PXP")
    assert get_adapter().decrypt(sealed) == "JBSWY3DPEHPK3PXP"
    with pytest.raises(ValueError, match="not sealed"):
        get_adapter().decrypt(sealed[:-8] + "AAAAAAA=")


def test_an_administrator_clears_what_somebody_has_lost_and_nobody_else_does(
    client: Client, person: Person, cast: Cast, settings: Any
) -> None:
    settings.SECOND_FACTOR = False
    with_app(person)
    address = f"/desk/manage/people/{person.pk}/second-factors/removal"
    for who, status in (("handler", 404), ("administrator", 302)):
        client.force_login(cast.people[who], backend="allauth.account.auth_backends.AuthenticationBackend")
        assert client.post(address).status_code == status
        assert Authenticator.objects.exists() is (status == 404)
    assert Change.objects.filter(what="account.factors_cleared", target_id=str(person.pk)).count() == 1
    assert client.get(address).status_code == 405


def test_a_key_for_programs_is_given_only_to_who_shows_again_who_they_are(
    client: Client, person: Person, settings: Any
) -> None:
    settings.SECOND_FACTOR = False
    sign_in(client)
    _age(client)
    form = {"name": "报表", "scopes": ["read"], "per_minute": "60"}
    asked = client.post("/desk/keys", form)
    assert asked["Location"].startswith("/confirmation?next=")
    assert not Key.objects.exists()
    done = client.post(asked["Location"], {"password": PASSWORD})
    assert done.status_code == 201, "what was posted goes on where it stopped"
    assert Key.objects.get().name == "报表"


def test_a_browser_is_named_by_its_family_alone() -> None:
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/128.0.0.0 Safari/537.36"
    assert browser_of(chrome) == "Chrome · Windows"
    assert (
        browser_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1") == "Safari · iPhone"
    )
    assert browser_of("<script>") == ""


def test_the_table_of_sessions_opens_nothing(client: Client, person: Person) -> None:
    sign_in(client)
    key = client.session.session_key
    assert key is not None
    row = Session.objects.get(person=person)
    assert row.pk == stored(key) != key
    thief = Client()
    thief.cookies["linli_session"] = row.pk
    assert thief.get("/second-factor").status_code == 302


# In a real browser, with an authenticator that Chromium plays ------------------------------------


@pytest.fixture
def authenticator(window: Any) -> Iterator[Page]:
    page: Page = window(width=360)
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})  # fmt: skip
    yield page
    tools.detach()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_made_shown_after_the_password_and_signs_in_alone(
    authenticator: Page, person: Person
) -> None:
    page, wrong = authenticator, list[str]()
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto("/sign-in")
    page.fill("input[name=login]", "dispatcher")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url("**/second-factor**")
    page.click("a[href='/second-factor/passkeys/new']")
    page.click("ll-passkey button")
    page.wait_for_url("**/second-factor/codes")
    page.click("main a.btn-primary")
    page.wait_for_url("**/desk/")
    made = Authenticator.objects.get(type="webauthn")

    page.context.clear_cookies()
    page.goto("/sign-in")
    page.click("ll-passkey button")
    page.wait_for_url("**/desk/")

    page.context.clear_cookies()
    page.goto("/sign-in")
    page.fill("input[name=login]", "dispatcher")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url("**/sign-in/second-factor")
    page.click("ll-passkey button")
    page.wait_for_url("**/desk/")

    made.refresh_from_db()
    assert made.data["counter"] > 0
    Authenticator.objects.filter(pk=made.pk).update(data={**made.data, "counter": 9_999})
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.click("ll-passkey button")
    page.get_by_text(re.compile("像是被复制过|looks copied")).wait_for()
    assert "/sign-in" in page.url
    assert wrong == []
