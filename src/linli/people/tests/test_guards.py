"""The guards of views and what an actor is: to the letter, because everything else stands behind them."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from allauth.core.context import request_context
from allauth.core.exceptions import ReauthenticationRequired
from conftest import NOW, PASSWORD, Cast, Town
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from linli.kit.ids import uuid7
from linli.people import access, scope
from linli.people.access import Actor, Role
from linli.people.models import Grant

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def given(
    rf: RequestFactory, actor: Actor | None, person: Any = None, method: str = "get", **options: Any
) -> Any:
    """A request under a post, as the middleware would hand it on."""
    request: Any = getattr(rf, method)("/desk/somewhere?a=1", **options)
    request.session = SessionStore()
    request.user = person or AnonymousUser()
    request.posts = [actor] if actor else []
    request.post = actor
    request._messages = SessionStorage(request)
    return request


def seen(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse(f"{scope._wanted.get().kind} {args} {kwargs}")


# Views -------------------------------------------------------------------------------------------


def test_each_guard_says_who_may_and_hands_the_call_on_within_its_scope(
    rf: RequestFactory, cast: Cast
) -> None:
    actor, person, before = cast["dispatcher"], cast.people["dispatcher"], scope._wanted.get()
    open_, inside = access.public(seen), access.signed_in(seen)
    desk = access.requires("requests.read")(seen)
    marks = [view.permission for view in (open_, inside, desk)]  # type: ignore[attr-defined]
    assert marks == ["public", "signed_in", "requests.read"]
    assert {view.__name__ for view in (open_, inside, desk)} == {"seen"}
    permission = sorted(access.roles()["dispatcher"].permissions)[0]
    allowed = access.requires(permission)(seen)
    for view, kind in ((open_, "public"), (inside, "system"), (allowed, "staff")):
        answer = view(given(rf, actor, person), "there", n=7)
        assert answer.content.decode() == f"{kind} ('there',) {{'n': 7}}"
    assert scope._wanted.get() == before


def test_a_stranger_is_sent_to_sign_in_and_somebody_without_the_right_finds_nothing(
    rf: RequestFactory, cast: Cast
) -> None:
    actor, person = cast["dispatcher"], cast.people["dispatcher"]
    desk = access.requires("no.such.permission")(seen)
    for view in (access.signed_in(seen), desk):
        answer = view(given(rf, None))
        assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/desk/somewhere%3Fa%3D1")
        assert view(given(rf, None, headers={"HX-Request": "true"})).status_code == 401
    with pytest.raises(Http404):
        desk(given(rf, actor, person))
    with pytest.raises(Http404):
        desk(given(rf, None, person))


def test_no_cache_keeps_a_page_of_staff_unless_its_view_says_how(rf: RequestFactory, cast: Cast) -> None:
    def kept(request: Any) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "private, max-age=60"})

    permission = sorted(access.roles()["dispatcher"].permissions)[0]
    request = given(rf, cast["dispatcher"], cast.people["dispatcher"])
    for guard in (access.signed_in, access.requires(permission)):
        assert guard(seen)(request)["Cache-Control"] == "no-store, private"
        assert guard(kept)(request)["Cache-Control"] == "private, max-age=60"
    assert not access.public(seen)(request).has_header("Cache-Control")


def test_a_sensitive_act_asks_again_who_is_there_and_looking_does_not(client: Client, cast: Cast) -> None:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    client.force_login(person, backend=BACKEND)
    request: Any = RequestFactory().get("/account/security")
    request.user, request.session = person, client.session
    view = access.confirmed(lambda request: HttpResponse("done"))
    assert view(request).content == b"done"
    request.method = "POST"
    with request_context(request), pytest.raises(ReauthenticationRequired):
        view(request)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"note": "三盏灯都换好了"}, 403),
        ({"note": "two words"}, 403),
        ({"note": "code-123"}, 302),
        ({"note": "  "}, 302),
        ({"password": "三盏灯"}, 302),
        ({"new_secret": "three lamps"}, 302),
        ({"csrfmiddlewaretoken": "three lamps"}, 302),
        ({"note": ["one", "third lamp"]}, 403),
        ({}, 302),
    ],
)
def test_words_somebody_wrote_are_kept_over_signing_in_and_nothing_else_is(
    rf: RequestFactory, typed: dict[str, Any], status: int
) -> None:
    answer = access.signed_in(seen)(given(rf, None, method="post", data=typed))
    assert answer.status_code == status
    if status == 403:
        page = answer.content.decode()
        assert "/desk/somewhere?a=1" in page
        assert all(each in page for each in typed["note"]) if isinstance(typed["note"], list) else True


# Second factor -----------------------------------------------------------------------------------


@pytest.fixture
def _one_role_asks(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.SECOND_FACTOR, settings.SECOND_FACTOR_ALL, settings.DEMO_PASSWORDS = True, False, True
    made = {
        name: Role(name, name, name, frozenset(), frozenset(), frozenset(), second_factor=name == "asked")
        for name in ("asked", "unasked")
    }
    monkeypatch.setattr(access, "roles", lambda: made)


@pytest.mark.usefixtures("_one_role_asks")
@pytest.mark.parametrize(
    ("role", "changes", "shown", "is_due"),
    [
        ("asked", {}, [], True),
        ("asked", {}, [{"method": "password"}], True),
        ("asked", {}, [{"method": "password"}, {"method": "mfa"}], False),
        ("asked", {}, [{}], True),
        ("asked", {"SECOND_FACTOR": False}, [], False),
        ("unasked", {}, [], False),
        ("unasked", {"SECOND_FACTOR_ALL": True}, [], True),
        ("unasked", {"SECOND_FACTOR_ALL": True, "SECOND_FACTOR": False}, [], False),
        ("unknown", {"SECOND_FACTOR_ALL": True}, [], False),
    ],
)
def test_who_is_asked_for_more_than_a_password(
    rf: RequestFactory, settings: Any, role: str, changes: dict[str, bool], shown: list[Any], is_due: bool
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    request = given(rf, None)
    if shown:
        request.session["account_authentication_methods"] = shown
    assert access.is_second_factor_due(request, Actor(kind="staff", role=role)) is is_due
    demo = Actor(kind="staff", role=role, is_demo=True)
    assert access.is_second_factor_due(request, demo) is False
    settings.DEMO_PASSWORDS = False
    assert access.is_second_factor_due(request, demo) is is_due


def test_a_post_that_asks_for_more_is_led_to_set_it_up_and_comes_back(
    rf: RequestFactory, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "is_second_factor_due", lambda request, post: True)
    view = access.requires(sorted(access.roles()["dispatcher"].permissions)[0])(seen)
    answer = view(given(rf, cast["dispatcher"], cast.people["dispatcher"]))
    assert answer.status_code == 302
    path, _mark, where = answer["Location"].partition("?")
    assert (path, where) == (reverse("mfa_index"), "next=/desk/somewhere%3Fa%3D1")
    part = given(rf, cast["dispatcher"], cast.people["dispatcher"], headers={"HX-Request": "true"})
    assert view(part).status_code == 401


# Posts -------------------------------------------------------------------------------------------


def test_what_is_kept_from_somebody_signed_in_leaves_a_line_without_a_name(
    rf: RequestFactory, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    person = cast.people["dispatcher"]
    for status, user, is_noted in (
        (403, person, True),
        (404, person, True),
        (200, person, False),
        (404, None, False),
    ):
        caplog.clear()
        answered = HttpResponse(status=status)
        with caplog.at_level(logging.WARNING, logger="linli.people.access"):
            given_back = access.PostMiddleware(lambda _request, it=answered: it)(given(rf, None, user))  # type: ignore[misc]
        assert given_back is answered
        said = f"Person {person.pk} was answered {status} at GET /desk/somewhere"
        assert [record.getMessage() for record in caplog.records] == ([said] if is_noted else [])


def test_a_session_goes_on_under_the_post_it_chose_or_not_at_all(rf: RequestFactory, cast: Cast) -> None:
    person = cast.people["dispatcher"]
    middleware = access.PostMiddleware(lambda request: HttpResponse())
    request = given(rf, None, person)
    middleware(request)
    first = request.post
    assert (first, list(request.posts)) == (cast["dispatcher"], [cast["dispatcher"]])
    assert first.source == "", "a session that has no key yet"
    request.session[access.CHOSEN] = str(uuid7())
    middleware(request)
    with pytest.raises(access.PostEnded):
        list(request.posts)
    with translation.override("zh-hans"):
        answer = middleware.process_exception(request, access.PostEnded())
    assert answer is not None
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/desk/somewhere%3Fa%3D1")
    assert [str(message) for message in get_messages(request)] == ["您刚才用的岗位已经结束，请重新登录。"]
    assert not request.user.is_authenticated
    assert middleware.process_exception(request, ValueError()) is None


def test_a_session_is_named_so_that_nobody_can_sign_in_with_the_name() -> None:
    named = access.session_source("abc")
    assert re.fullmatch(r"session:[0-9a-f]{16}", named)
    assert named == access.session_source("abc") != access.session_source("abd")
    assert access.session_source("") == ""


def test_of_several_posts_the_chosen_one_acts_and_otherwise_the_first(rf: RequestFactory) -> None:
    one, two = (Actor(kind="staff", role="verifier", grant_id=uuid7()) for _n in range(2))
    request = given(rf, None)
    request.posts = [one, two]
    assert access.chosen_of(request, [one, two]) is one
    assert access.post_of(request) is one
    request.session[access.CHOSEN] = str(two.grant_id)
    assert access.post_of(request) is two
    request.posts = []
    with pytest.raises(Http404):
        access.post_of(request)


def test_a_superuser_acts_for_the_whole_county(town: Town, settings: Any, cast: Cast) -> None:
    settings.COUNTY_CODE = town["county"].code
    person = cast.people["dispatcher"]
    person.is_superuser = True
    person.name = "某某"
    person.save()
    posts = access.posts_of(person, NOW)
    assert [post.role for post in posts] == ["dispatcher", "administrator"]
    administrator, paths = posts[1], frozenset({cast["dispatcher"].path, town["county"].path})
    assert administrator == Actor(
        kind="staff",
        role="administrator",
        name="某某",
        path=town["county"].path,
        person_id=person.pk,
        organisation_id=town["county"].pk,
    )
    assert (administrator.organisation, administrator.is_demo) == (town["county"], person.is_demo)
    assert [post.posted_at for post in posts] == [paths, paths]
    settings.COUNTY_CODE = "nowhere"
    nowhere = access.posts_of(person, NOW)[1]
    assert (nowhere.path, nowhere.organisation_id, nowhere.organisation) == ("", None, None)
    assert nowhere.reach == frozenset()


# Actors ------------------------------------------------------------------------------------------


def test_an_actor_is_what_their_grant_says(cast: Cast) -> None:
    grant = Grant.objects.select_related("organisation", "person").get(pk=cast["dispatcher"].grant_id or "")
    actor = Actor.from_grant(grant)
    assert actor == Actor(
        kind="staff",
        role="dispatcher",
        name=grant.person.name,
        path=grant.organisation.path,
        person_id=grant.person_id,
        grant_id=grant.pk,
        organisation_id=grant.organisation_id,
    )
    assert (actor.organisation, actor.is_demo) == (grant.organisation, grant.person.is_demo)
    with translation.override("zh-hans"):
        assert actor.label == f"{grant.organisation.label} · {access.roles()['dispatcher'].label_zh}"
    with translation.override("en-gb"):
        assert actor.role_label == access.roles()["dispatcher"].label_en
    assert Actor(kind="staff", role="nobody").label == ""


def test_who_comes_by_a_code_acts_for_that_case_alone() -> None:
    case = uuid7()
    for actor, role in ((Actor.reporter(case), "resident"), (Actor.party(case), "party")):
        assert actor == Actor(kind="reporter", role=role, case_id=case)
        assert (actor.path, actor.reach, actor.posted_at) == ("", frozenset(), frozenset())


def test_the_system_may_everything_and_an_unknown_role_nothing() -> None:
    assert Actor(kind="system", role="system", source="command") == access.SYSTEM
    assert access.SYSTEM.source == "command"
    assert access.SYSTEM.may("anything")
    nobody = Actor(kind="staff", role="nobody", path="1/")
    assert not nobody.may("anything")
    assert (nobody.reach, nobody.duties, nobody.role_label) == (frozenset(), frozenset(), "")
    for name, role in access.roles().items():
        actor = Actor(kind="staff", role=name, path="1/")
        assert (actor.reach, actor.duties) == (role.reach, role.duties)
        assert all(actor.may(permission) for permission in role.permissions)
        assert not actor.may("no.such.permission")
        assert Actor(kind="staff", role=name).reach == frozenset(), "a post at no unit reaches nothing"


def test_what_concerns_any_of_somebodys_units_is_named_from_the_root_down() -> None:
    actor = Actor(kind="staff", role="verifier", path="1/2/", posted_at=frozenset({"1/3/4/"}))
    assert actor.ancestor_paths == ["1/", "1/2/", "1/3/", "1/3/4/"]


def test_the_roles_are_those_of_the_file() -> None:
    made = access.roles()
    assert all(role.name == name and role.label_zh and role.label_en for name, role in made.items())
    assert {role.second_factor for role in made.values()} == {True, False}
    for duty in {duty for role in made.values() for duty in role.duties}:
        named = access.roles_with_duty(duty)
        assert named == [name for name, role in made.items() if duty in role.duties] != []
    assert access.roles_with_duty("no such duty") == []
