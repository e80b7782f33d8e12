from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, PASSWORD, Cast, Town
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory

from linli.people.access import PostMiddleware, posts_of
from linli.people.models import Grant, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(cast: Cast) -> Person:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(
    client: Client, password: str = PASSWORD, name: str = "dispatcher", address: str = "/sign-in"
) -> str:
    response = client.post(address, {"login": name, "password": password}, follow=True)
    return str(response.request["PATH_INFO"])


def test_leads_to_my_work(client: Client, person: Person) -> None:
    assert sign_in(client) == "/desk/"


def test_leads_back_to_where_one_was_going(client: Client, person: Person) -> None:
    assert sign_in(client, address="/sign-in?next=/desk/inbox") == "/desk/inbox"


def test_never_leads_to_another_site(client: Client, person: Person) -> None:
    response = client.post(
        "/sign-in?next=https://elsewhere.example/", {"login": "dispatcher", "password": PASSWORD}
    )
    assert response["Location"] == "/desk/"


@pytest.mark.parametrize(("name", "password"), [("dispatcher", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_refuses_wrong_names_and_passwords_alike(
    client: Client, person: Person, name: str, password: str
) -> None:
    assert sign_in(client, password, name) == "/sign-in"
    assert client.get("/desk/").status_code == 302


def test_a_closed_account_does_not_get_in(client: Client, person: Person) -> None:
    person.is_active = False
    person.save()
    assert sign_in(client) == "/sign-in"
    assert client.get("/desk/").status_code == 302


def test_too_many_wrong_passwords_stop_the_guessing(client: Client, person: Person) -> None:
    for _guess in range(8):
        client.post("/sign-in", {"login": "dispatcher", "password": "wrong"})
    response = client.post("/sign-in", {"login": "dispatcher", "password": PASSWORD})
    assert response.status_code in {403, 429}
    assert client.get("/desk/").status_code == 302


def test_signing_out_asks_first_and_ends_the_session(client: Client, person: Person) -> None:
    sign_in(client)
    assert "要退出登录吗" in client.get("/sign-out").content.decode()
    assert client.get("/desk/").status_code == 200
    client.post("/sign-out")
    assert client.get("/desk/").status_code == 302


def test_changes_ones_own_password(client: Client, person: Person) -> None:
    sign_in(client)
    new = "autumn-wheat-7-carts"
    wrong = {"oldpassword": "wrong", "password1": new, "password2": new}
    assert client.post("/password", wrong).status_code == 200
    right = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/password", right).status_code == 302
    person.refresh_from_db()
    assert person.check_password(new)


def test_a_short_password_is_refused(client: Client, person: Person) -> None:
    sign_in(client)
    client.post("/password", {"oldpassword": PASSWORD, "password1": "short", "password2": "short"})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


@pytest.mark.parametrize("address", ["/accounts/signup/", "/signup", "/accounts/login/", "/accounts/email/"])
def test_nothing_else_of_the_library_is_routed(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_post_that_has_ended_opens_nothing(client: Client, person: Person, town: Town) -> None:
    Grant.objects.filter(person=person).update(valid_until=NOW - timedelta(days=1))
    sign_in(client)
    assert client.get("/desk/").status_code == 404


def test_the_post_chooser_takes_only_what_is_posted(client: Client, person: Person) -> None:
    sign_in(client)
    assert client.get("/post").status_code == 405
    assert client.post("/post", {"post": "nonsense"})["Location"] == "/desk/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("next_page", "leads"),
    [
        ("/desk/inbox", "/desk/inbox"),
        ("https://elsewhere.example/", "/desk/"),
        ("help", "help"),
        ("", "/desk/"),
    ],
)
def test_choosing_a_post_leads_to_an_address_of_ours_and_never_to_the_name_of_a_page(
    client: Client, person: Person, next_page: str, leads: str
) -> None:
    sign_in(client)
    answer = client.post("/post", {"post": "", "next": next_page})
    assert (answer.status_code, answer["Location"]) == (302, leads)


def test_who_has_no_password_is_sent_to_whoever_sets_one(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.people["officer"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert not cast.people["officer"].has_usable_password()
    for answer in (client.get("/password"), client.post("/password", {"oldpassword": "x"})):
        assert (answer.status_code, answer["Location"]) == (302, "/password/missing")
    assert client.get("/password/missing")["Location"].startswith("/sign-in")


def test_a_superuser_without_a_post_administers_the_county(town: Town, settings: Any) -> None:
    settings.COUNTY_CODE = town["county"].code
    root = Person.objects.create_superuser("root", password=PASSWORD)
    assert [(post.role, post.path) for post in posts_of(root, NOW)] == [
        ("administrator", town["county"].path)
    ]


def test_whoever_is_not_signed_in_has_no_post(rf: RequestFactory) -> None:
    request: Any = rf.get("/")
    request.user = AnonymousUser()
    PostMiddleware(lambda _request: HttpResponse())(request)
    assert (list(request.posts), bool(request.post)) == ([], False)


def test_what_was_typed_while_the_sign_in_ended_is_shown_again(client: Client) -> None:
    answer = client.post("/desk/cases/260930-00000", {"note": "三盏灯都换好了。", "password": "不该再出现"})
    assert answer.status_code == 403
    assert "三盏灯都换好了。" in answer.content.decode()
    assert "不该再出现" not in answer.content.decode()


def test_a_part_of_a_page_is_not_given_the_sign_in_to_show(client: Client) -> None:
    assert client.get("/desk/", headers={"HX-Request": "true"}).status_code == 401
