"""Who may come: every address × every role, made from the URLconf itself.

The guard of each view is asked through its real address, session and middleware, with a probe in place of the view
behind it: 299 means let in. A view that names a permission no role file knows, or no guard stands before, fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import CellType
from typing import Any
from uuid import UUID

import pytest
from conftest import Cast
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from linli.people.access import roles
from linli.people.models import Grant

LET_IN = 299
GUARD = "guarded"
SAMPLES = {"uuid": str(UUID(int=7)), "int": "7", "str": "nothing", "slug": "nothing", "path": "nothing"}
KINDS = {"public", "key", "signed_in"}  # key: an API key in a header, whoever is signed in
# What a public address may answer to somebody who is nobody: a page, a way on, or a plain refusal, but no sign-in.
OPEN = {200, 204, 301, 302, 303, 304, 400, 403, 404, 405, 409, 410, 422}


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address with sample arguments, and its view."""
    for entry in patterns:
        written = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, written)
        else:
            yield "/" + re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], written), entry.callback


def guard_of(view: Any) -> Callable[..., HttpResponse] | None:
    """The guard around a view, under whatever else wraps it."""
    while view is not None:
        if getattr(view, "__code__", None) is not None and view.__code__.co_name == GUARD:
            return view  # type: ignore[no-any-return]
        view = getattr(view, "__wrapped__", None)
    return None


def cell_of(guard: Any) -> CellType:
    cell: CellType = guard.__closure__[guard.__code__.co_freevars.index("view")]
    return cell


@contextmanager
def probed(guards: list[Any]) -> Iterator[None]:
    """Behind every guard stands a probe instead of the view."""

    def probe(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(status=LET_IN)

    kept = [(cell_of(guard), cell_of(guard).cell_contents) for guard in guards]
    try:
        for cell, _view in kept:
            cell.cell_contents = probe
        yield
    finally:
        for cell, view in kept:
            cell.cell_contents = view


def known_permissions() -> set[str]:
    return {permission for role in roles().values() for permission in role.permissions}


def guarded() -> list[tuple[str, Any]]:
    found = addresses(get_resolver().url_patterns)
    return [
        (address, view) for address, view in found if getattr(view, "permission", "") not in {"public", "key"}
    ]


def test_every_permission_is_one_that_a_role_can_hold() -> None:
    asked = {view.permission for _address, view in addresses(get_resolver().url_patterns)}
    assert asked - KINDS - known_permissions() == set()


def test_a_guard_stands_before_every_view_that_is_not_public() -> None:
    assert [address for address, view in guarded() if guard_of(view) is None] == []


def test_no_view_is_public_by_mistake() -> None:
    """Below /desk/ nothing is open, and nobody signed in is let past without a post."""
    found = addresses(get_resolver().url_patterns)
    assert [a for a, view in found if a.startswith("/desk/") and view.permission in KINDS] == []


def status(client: Client, address: str) -> int:
    return client.get(address).status_code


@pytest.mark.django_db
def test_each_role_comes_exactly_where_its_permissions_lead(cast: Cast) -> None:
    """One post of each role of staff, at every address: let in, or told that there is nothing."""
    posts = {grant.role: grant.person for grant in Grant.objects.select_related("person")}
    assert set(posts) == set(roles()) - {"resident", "party"}, "every role needs somebody in the cast"
    wrong = []
    with probed([guard_of(view) for _address, view in guarded()]):
        for role, person in posts.items():
            client = Client()
            client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
            for address, view in guarded():
                may = view.permission == "signed_in" or view.permission in roles()[role].permissions
                expected = LET_IN if may else HTTPStatus.NOT_FOUND
                if (found := status(client, address)) != expected:
                    wrong.append(f"{role} at {address}: {found}, not {int(expected)}")
    assert wrong == []


@pytest.mark.django_db
def test_a_resident_who_signs_in_has_no_desk(cast: Cast) -> None:
    """An account without any post is nobody: the desk does not exist for it."""
    person = cast.people["officer"]
    Grant.objects.filter(person=person).delete()
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    with probed([guard_of(view) for _address, view in guarded()]):
        found = {status(client, a) for a, view in guarded() if view.permission != "signed_in"}
    assert found == {HTTPStatus.NOT_FOUND}


@pytest.mark.django_db
def test_the_anonymous_are_asked_to_sign_in(client: Client) -> None:
    for address, _view in guarded():
        response = client.get(address)
        assert response.status_code == HTTPStatus.FOUND, address
        assert response["Location"].startswith("/sign-in?next="), address


@pytest.mark.django_db
def test_public_addresses_ask_nobody_to_sign_in(client: Client, cast: Cast) -> None:
    public = [a for a, view in addresses(get_resolver().url_patterns) if view.permission == "public"]
    for address in public:
        response = client.get(address)
        assert response.status_code in OPEN, (address, response.status_code)
        is_own = address.startswith(("/sign-", "/password/"))  # its way on is to sign in
        assert is_own or not response.get("Location", "").startswith("/sign-in"), address


@pytest.mark.django_db
def test_no_session_opens_what_a_key_opens(client: Client, cast: Cast) -> None:
    client.force_login(
        cast.people["dispatcher"], backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    found = addresses(get_resolver().url_patterns)
    keyed = [re.sub(r"<\w+>", "nothing", a) for a, view in found if view.permission == "key"]
    assert len(keyed) > 50
    for address in keyed:
        answers = {client.get(address).status_code, client.post(address).status_code}
        assert answers <= {401, 405, 429}, (address, answers)


def test_catches_a_view_without_guard() -> None:
    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    bare.permission = "case.view"  # type: ignore[attr-defined]
    assert guard_of(bare) is None
