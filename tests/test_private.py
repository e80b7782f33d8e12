"""What a browser, a cache and a stranger's link may do with pages of staff: nothing."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from conftest import PASSWORD, Cast
from django.conf import settings as configured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from linli.people.access import requires, signed_in
from linli.people.models import Person

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PAGES = ["/desk/", "/desk/cases", "/desk/inbox", "/desk/board", "/desk/held", "/desk/keys", "/sign-ins",
         "/second-factor", "/password", "/sign-out"]  # fmt: skip
ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example",
    "\\\\elsewhere.example",
    "javascript:alert(1)",
    "https:elsewhere.example",
    " //elsewhere.example",
    "/\t/elsewhere.example",
]


@pytest.fixture
def person(cast: Cast) -> Person:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def inside(client: Client, person: Person) -> Client:
    client.force_login(person, backend=BACKEND)
    return client


@pytest.mark.parametrize("address", PAGES)
def test_no_page_of_staff_is_kept_by_any_cache(inside: Client, address: str) -> None:
    response = inside.get(address)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


def test_a_guard_leaves_alone_what_a_view_says_about_keeping(person: Person) -> None:
    request = RequestFactory().get("/")
    request.user = person

    @signed_in
    def silent(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @signed_in
    def outspoken(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "private, max-age=60"})

    assert silent(request)["Cache-Control"] == "no-store, private"
    assert outspoken(request)["Cache-Control"] == "private, max-age=60"
    assert requires("case.view")(silent) is not None


def test_after_signing_out_the_browser_forgets_the_pages(inside: Client) -> None:
    assert inside.post("/sign-out")["Clear-Site-Data"] == '"cache"'


@pytest.mark.parametrize("wanted", ELSEWHERE)
@pytest.mark.parametrize(
    "way", ["/sign-in", "/second-factor", "/confirmation", "/post", "/language", "/theme"]
)
def test_no_way_leads_to_another_site(client: Client, person: Person, way: str, wanted: str) -> None:
    if way == "/sign-in":
        given = {"login": "dispatcher", "password": PASSWORD, "next": wanted}
        places = [client.post("/sign-in", given).headers.get("Location", "")]
    else:
        client.force_login(person, backend=BACKEND)
        page = client.get(way, {"next": wanted})
        places = re.findall(r'href="([^"]*elsewhere[^"]*)"', page.content.decode())
        given = {"next": wanted, "password": PASSWORD, "language": "en", "theme": "dark", "post": "x"}
        places.append(client.post(way, given).headers.get("Location", ""))
    assert not [place for place in places if "elsewhere" in place and not place.startswith("/confirmation?")]
    assert not [place for place in places if place.startswith("javascript")]


@pytest.mark.parametrize("address", ["/", "/sign-in", "/report/", "/track/", "/nowhere"])
def test_every_page_forbids_scripts_styles_and_frames_of_others(
    client: Client, cast: Cast, address: str
) -> None:
    response = client.get(address)
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    page = response.content.decode()
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
    assert not re.search(r"\s(style|on\w+)=\"", page)
    if "hx-headers" in page:
        for wanted in ('"allowEval":false', '"selfRequestsOnly":true', '"historyCacheSize":0'):
            assert wanted in page


def test_an_error_shows_no_trace(client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(import_module("linli.portal.views.track"), "_case_of", broken)
    client.raise_request_exception = False
    response = client.get("/track/")
    assert response.status_code == 500
    assert "secret of ours" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


@pytest.mark.parametrize(
    "host", ["evil.example", "linli.example.evil.example", "linli.example:80@evil.example"]
)
def test_a_host_that_is_not_ours_is_refused_where_ours_are_named(
    client: Client, settings: Any, host: str
) -> None:
    settings.ALLOWED_HOSTS = ["linli.example"]
    assert client.get("/sign-in", headers={"host": "linli.example"}).status_code == 200
    assert client.get("/sign-in", headers={"host": host}).status_code == 400


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client: Client, person: Person) -> None:
    client.post("/sign-in", {"login": "dispatcher", "password": PASSWORD})
    session = client.cookies[configured.SESSION_COOKIE_NAME]
    known = client.cookies["linli_known"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert known["httponly"]
    assert known["samesite"] == "Strict"
    assert str(person.pk) not in known.value


@pytest.mark.parametrize(
    "path", ["/desk/cases/x.css", "/sign-ins/x.css", "/desk/held/nothing.js", "/second-factor.css"]
)
def test_no_private_page_answers_under_the_name_of_a_file(inside: Client, path: str) -> None:
    assert inside.get(path).status_code == 404


def test_behind_https_names_of_cookies_bind_them_to_this_host() -> None:
    text = (configured.PACKAGE / "config" / "settings.py").read_text(encoding="utf-8")
    assert '"__Host-linli_session" if SECURE' in text
    assert '"__Host-linli_csrf" if SECURE' in text
    assert reverse("account_login") == "/sign-in"
