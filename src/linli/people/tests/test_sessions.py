"""A session: whose it is, under which post, and how soon it ends."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, PASSWORD, Cast, Town
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import get_hasher
from django.test import Client, RequestFactory

from linli.kit import clock
from linli.people import actions as people
from linli.people import signin
from linli.people.actions import rates, sessions
from linli.people.models import Grant, Person, Session

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def person(cast: Cast) -> Person:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    return person


def signed_in(name: str = "dispatcher", **headers: str) -> Client:
    client = Client(headers={"User-Agent": FIREFOX, **headers})
    assert client.post("/sign-in", {"login": name, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/desk/").status_code == 200


def test_a_key_known_before_signing_in_is_dead_afterwards(person: Person) -> None:
    client = Client()
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    client.cookies["linli_session"] = before or ""
    client.post("/sign-in", {"login": "dispatcher", "password": PASSWORD})
    after = client.session.session_key
    assert before != after
    thief = Client()
    thief.cookies["linli_session"] = before or ""
    assert not is_in(thief)


def test_choosing_another_post_makes_a_new_key(person: Person, town: Town) -> None:
    second = Grant.objects.create(person=person, role="verifier", organisation=town["east"], valid_from=NOW)
    client = signed_in()
    assert is_in(client)
    before = client.session.session_key
    client.post("/post", {"post": str(second.pk)})
    assert client.session.session_key != before
    assert is_in(client)


def test_the_session_ends_with_the_post_it_acts_under_and_goes_on_under_no_other(
    person: Person, town: Town, cast: Cast
) -> None:
    Grant.objects.create(person=person, role="verifier", organisation=town["east"], valid_from=NOW)
    client = signed_in()
    assert is_in(client)
    first = Grant.objects.get(pk=str(cast["dispatcher"].grant_id))
    people.revoke(post=first, by=cast["administrator"], at=clock.now())
    gone = client.get("/desk/")
    assert gone.status_code == 302
    assert gone["Location"].startswith("/sign-in")
    assert not is_in(client)
    assert is_in(signed_in()), "whoever signs in anew acts under the post that is left"


def test_a_closed_account_and_a_new_password_end_every_session_at_the_next_request(
    person: Person, cast: Cast
) -> None:
    one, two = signed_in(), signed_in()
    people.set_initial_password(person=person, by=cast["administrator"], at=NOW)
    assert not is_in(one)
    assert not is_in(two)
    assert not Session.objects.filter(person=person).exists()
    person.set_password(PASSWORD)
    person.password_until = None
    person.save()
    three = signed_in()
    people.close_account(person=person, by=cast["administrator"], at=NOW)
    assert not is_in(three)


def test_changing_ones_password_leaves_this_browser_in_and_puts_the_others_out(person: Person) -> None:
    here, there = signed_in(), signed_in()
    new = "autumn-wheat-7-carts"
    here.post("/password", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(here)
    assert not is_in(there)
    assert Session.objects.filter(person=person).count() == 1


def test_one_sees_where_one_is_signed_in_and_ends_it(person: Person) -> None:
    here = signed_in()
    there = signed_in(**{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/128.0 Safari/537.36"})
    page = here.get("/sign-ins").content.decode()
    assert "Firefox · Linux" in page
    assert "Chrome · Windows" in page
    found = sessions.sign_ins_of(person_id=person.pk, this=here.session.session_key or "", at=clock.now())
    (other,) = [each for each in found if not each.is_this]
    assert here.post(f"/sign-ins/{other.id}/ending").status_code == 302
    assert not is_in(there)
    assert is_in(here)


def test_everywhere_else_at_once(person: Person) -> None:
    here, there, elsewhere = signed_in(), signed_in(), signed_in()
    here.post("/sign-ins/others/ending")
    assert [is_in(each) for each in (here, there, elsewhere)] == [True, False, False]


def test_nobody_sees_or_ends_the_sign_ins_of_another(person: Person, cast: Cast) -> None:
    victim = signed_in()
    (theirs,) = sessions.sign_ins_of(person_id=person.pk, this="", at=clock.now())
    stranger = Client()
    stranger.force_login(
        cast.people["handler"], backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert theirs.browser not in stranger.get("/sign-ins").content.decode()
    for name in (theirs.id, "nothing", "../..", "%00"):
        assert stranger.post(f"/sign-ins/{name}/ending").status_code == 404
    assert is_in(victim)


def test_the_other_browsers_say_that_one_more_has_signed_in(person: Person) -> None:
    here = signed_in()
    assert "刚在另一处登录" not in here.get("/desk/").content.decode()
    there = signed_in(**{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/128.0 Safari/537.36"})
    assert "刚在另一处登录：Chrome · Windows" in here.get("/desk/").content.decode()
    assert "刚在另一处登录" not in there.get("/desk/").content.decode()
    assert here.post("/sign-ins/news")["Location"] == "/sign-ins"
    assert "刚在另一处登录" not in here.get("/desk/").content.decode()


def test_old_sessions_are_swept(person: Person) -> None:
    signed_in()
    assert sessions.sweep(at=clock.now()) == 0
    assert sessions.sweep(at=clock.now() + timedelta(days=1)) == 1


def test_signing_out_needs_a_token_of_ours(person: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/sign-out").status_code == 403
    assert client.get("/sign-out").status_code == 200
    assert is_in(client)


# Guessing -----------------------------------------------------------------------------------------


def guess(name: str, address: str, client: Client | None = None, password: str = "wrong") -> int:
    return (
        (client or Client())
        .post("/sign-in", {"login": name, "password": password}, REMOTE_ADDR=address)
        .status_code
    )


def test_guessing_from_many_addresses_is_slowed_but_not_for_the_owners_own_browser(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(signin.ACCOUNT, "burst", 4)
    own = signed_in()
    own.post("/sign-out")
    codes = [guess("dispatcher", f"198.51.{n}.7") for n in range(5)]
    assert codes == [200, 200, 200, 200, 429]
    assert guess("dispatcher", "203.0.113.9", password=PASSWORD) == 429, "a stranger's browser has to wait"
    assert guess("dispatcher", "203.0.113.9", own, PASSWORD) == 302, "the owner's does not"
    assert guess("handler", "203.0.113.9") == 200, "other accounts are not touched"


def test_a_name_that_does_not_exist_is_slowed_and_answered_like_one_that_does(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(signin.ACCOUNT, "burst", 4)
    answers = {}
    for name in ("dispatcher", "nobody-here"):
        client = Client()
        pages = [
            client.post("/sign-in", {"login": name, "password": "wrong"}, REMOTE_ADDR=f"198.51.{n}.7")
            for n in range(5)
        ]
        answers[name] = [(page.status_code, page.content.decode().count(name)) for page in pages]
    assert answers["dispatcher"] == answers["nobody-here"]


def test_a_password_is_hashed_once_whether_the_name_exists_or_not(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal work, so equal time: what is counted here is what the clock would show."""
    hashed: list[str] = []
    for method in ("encode", "verify"):
        real = getattr(signin.PasswordHasher, method)

        def counting(self: Any, password: str, *rest: Any, _real: Any = real, **more: Any) -> Any:
            hashed.append(password)
            return _real(self, password, *rest, **more)

        monkeypatch.setattr(signin.PasswordHasher, method, counting)
    work = {}
    for name in ("dispatcher", "nobody-here"):
        hashed.clear()
        guess(name, "198.51.100.7")
        work[name] = len(hashed)
    assert work == {"dispatcher": 1, "nobody-here": 1}


def test_a_closed_account_says_no_more_than_a_wrong_password(person: Person) -> None:
    """Only who knows the password learns that the account is closed."""
    person.is_active = False
    person.save()
    page = Client().post("/sign-in", {"login": "dispatcher", "password": "wrong"})
    other = Client().post("/sign-in", {"login": "nobody-here", "password": "wrong"})
    assert page.status_code == other.status_code == 200


def test_only_so_many_passwords_are_checked_at_once(person: Person) -> None:
    busy, seen = threading.Event(), list[int]()
    with signin.turn() as first:
        assert first
        waiting = threading.Thread(target=lambda: _hold(busy))
        waiting.start()
        while signin._entering._value:  # noqa: SLF001  (until the second has come in to wait)
            pass
        response = Client().post("/sign-in", {"login": "dispatcher", "password": PASSWORD})
        seen.append(response.status_code)
        assert response["Retry-After"] == "3"
        assert Client().get("/sign-in").status_code == 200, "nothing but passwords is held up"
    waiting.join(5)
    assert busy.is_set()
    assert seen == [503]
    assert is_in(signed_in())


def _hold(done: threading.Event) -> None:
    with signin.turn() as is_mine:
        assert is_mine
        done.set()


def test_passwords_are_hashed_with_argon2_at_a_tuned_cost() -> None:
    hasher = get_hasher()
    encoded = hasher.encode("x" * 12, "some-salt-of-ours")
    assert encoded.startswith("argon2$argon2id$v=19$m=47104,t=1,p=1$")
    assert get_user_model().objects is not None


# Where a request comes from ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "secure", "nearest", "forwarded", "found"),
    [
        ([], False, "198.51.100.7", "203.0.113.1", "198.51.100.7"),
        ([], True, "10.0.0.1", "203.0.113.1, 198.51.100.7", "198.51.100.7"),
        ([], True, "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], True, "10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        (["10.0.0.0/8"], True, "198.51.100.7", "1.2.3.4", "198.51.100.7"),
        (["10.0.0.0/8"], True, "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], True, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (["10.0.0.0/8"], True, "nonsense", "1.2.3.4", "nonsense"),
    ],
)
def test_an_address_is_what_the_last_trusted_proxy_saw(
    settings: Any, proxies: list[str], secure: bool, nearest: str, forwarded: str, found: str
) -> None:
    import ipaddress

    settings.TRUSTED_PROXIES = [ipaddress.ip_network(each) for each in proxies]
    settings.SECURE = secure
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=nearest, headers=headers)
    assert signin.address_of(request) == found


def test_a_neighbourhood_is_what_one_flooder_owns() -> None:
    assert rates.neighbourhood("198.51.100.7") == rates.neighbourhood("198.51.100.200")
    assert rates.neighbourhood("198.51.100.7") != rates.neighbourhood("198.51.101.7")
    assert rates.neighbourhood("2001:db8:0:1::1") == rates.neighbourhood("2001:db8:0:2::1")
    assert rates.neighbourhood("\x00") == "unknown"
