"""Zero bytes, line ends and directions in every place of every address and form: refused or left out, never a fault.

SQLite takes a zero byte in a text, PostgreSQL does not; so here every text on its way to the database is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from conftest import Cast
from django.test import Client
from django.urls import get_resolver

from crawl import Answer, Crawl, ask
from linli.kit.tests.strict import ZeroByte, as_strict_as_postgresql, look_at
from linli.people.access import roles
from linli.people.models import Grant
from test_markup import county as county
from test_markup import everybody, walk
from test_matrix import SAMPLES
from torture import world
from torture.requests import _addresses

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ODD = ("%00", "9%00", "%0D%0AX-Seven:%207", "%E2%80%AEgpj.exe", "%ED%A0%80", "..%5C..%2Fetc", "'%22%3B--")
WORDS = "路\x00灯\r\nX-Seven: 7\u202e"
ELSEWHERE = "//elsewhere.example/\r\nX-Seven: 7"
NAMES_NOTHING = {400, 401, 403, 404, 405, 415, 422, 429}
HEADER = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


@pytest.fixture(autouse=True)
def _strict() -> Iterator[None]:
    with as_strict_as_postgresql():
        yield


@pytest.fixture
def by_permission(cast: Cast) -> Callable[[str], Client]:
    """A browser of somebody who is let through a guard, or a program's."""
    people = {grant.role: grant.person for grant in Grant.objects.select_related("person")}
    secret = world.key_of(cast["dispatcher"])
    made: dict[str, Client] = {}

    def client_for(permission: str) -> Client:
        if permission not in made:
            headers = {"Authorization": f"Bearer {secret}"} if permission == "key" else None
            made[permission] = Client(headers=headers)
            held = [role for role in people if permission in roles()[role].permissions]
            if held or permission == "signed_in":
                who = people[sorted(held)[0] if held else "dispatcher"]
                made[permission].force_login(who, backend=BACKEND)
        return made[permission]

    return client_for


def objections(answer: Answer) -> list[str]:
    """A fault of ours, a header that somebody else wrote, or a way to another site."""
    if answer.status >= 500:
        return [f"{answer} fails"]
    odd = [name for name, value in answer.headers.items() if not HEADER.fullmatch(value) or name == "X-Seven"]
    leads = answer.headers.get("Location", "")
    away = (
        ["Location"]
        if leads.startswith(("//", "/\\", "\\")) or re.match(r"[a-z]+:(?!//testserver/)", leads)
        else []
    )
    return [f"{answer} says {name}: {answer.headers[name]!r}" for name in odd + away]


def test_no_odd_address_is_a_fault(by_permission: Callable[[str], Client]) -> None:
    wrong, asked = list[str](), 0
    for template, entry, kinds in _addresses(get_resolver().url_patterns):
        permission = entry.callback.permission
        for odd in ODD if {"str", "path", ""} & set(kinds) else ():
            address = template
            for kind, sample in SAMPLES.items():
                address = address.replace(f"{{{kind}}}", odd if kind in ("str", "path") else sample)
            for method in ("GET", "POST") if odd in ODD[:2] else ("GET",):
                answer = ask(permission, by_permission(permission), method, address)
                wrong += objections(answer)
                if "%00" in odd and answer.status not in NAMES_NOTHING:
                    wrong.append(f"{answer} is taken for something")
                asked += 1
    assert not wrong, "\n".join(wrong)
    assert asked > 1000


def test_no_odd_word_in_any_form_or_question_is_a_fault(cast: Cast, county: dict[str, Any]) -> None:
    crawl = walk(cast, county, 1)
    browsers = {who: client for who, client, _starts in everybody(cast, county)}
    wrong = [
        line
        for who, action, given in odd_forms(crawl)
        for line in objections(ask(who, browsers[who], "POST", action, given))
    ]
    for who, address in odd_questions(crawl):
        wrong += objections(ask(who, browsers[who], "GET", address))
    assert not wrong, "\n".join(wrong)


def odd_forms(crawl: Crawl) -> list[tuple[str, str, dict[str, list[str]]]]:
    """Every field of every form once with odd words in it, the others as they should be."""
    found: dict[tuple[str, str], tuple[str, str, dict[str, list[str]]]] = {}
    for (route, _names), (who, form) in crawl.forms.items():
        for name, _kind, _value in form.fields:
            if name == "csrfmiddlewaretoken" or form.action.startswith(("/sign-ins/", "/password")):
                continue
            given = {**form.filled("村部门前三盏路灯不亮"), name: [ELSEWHERE if name == "next" else WORDS]}
            found.setdefault((route, name), (who, form.action, given))
    assert len(found) > 200
    return list(found.values())


def odd_questions(crawl: Crawl) -> list[tuple[str, str]]:
    """Every page anew, whatever any page may be asked for answered with odd words."""
    pages = [each for each in crawl.answers if each.is_page and each.status == 200]
    names = {name for each in pages for name in re.findall(r' name="([\w-]+)"', each.text)}
    assert len(names) > 60
    asked = "&".join(f"{name}={quote(ELSEWHERE if name == 'next' else WORDS)}" for name in sorted(names))
    return [(each.who, f"{each.address.partition('?')[0]}?{asked}") for each in pages]


@pytest.mark.parametrize(
    ("status", "headers", "is_right"),
    [
        (200, {}, True),
        (500, {}, False),
        (302, {"Location": "/desk/"}, True),
        (302, {"Location": "//elsewhere.example"}, False),
        (302, {"Location": "https://elsewhere.example"}, False),
        (200, {"Content-Disposition": 'inline; filename="a\r\nb"'}, False),
        (200, {"X-Seven": "7"}, False),
    ],
)
def test_catches_what_is_wrong(status: int, headers: dict[str, str], is_right: bool) -> None:
    assert (objections(Answer("nobody", "GET", "/", "", status, headers, b"")) == []) == is_right


@pytest.mark.parametrize("given", ["a\x00", '{"a": "\\u0000"}', ["b", "a\x00"]])
def test_catches_a_zero_byte_on_its_way_to_the_database(given: Any) -> None:
    with pytest.raises(ZeroByte):
        look_at([1, given])
