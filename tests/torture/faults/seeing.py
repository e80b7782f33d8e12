"""Faults in who may see what."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import NOW, START
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import reverse

from linli.cases.models import Case, CaseQuerySet
from linli.cases.models import case as tables
from linli.mediation.actions import reading
from linli.orgs.models import lineage
from linli.people import access
from linli.people.access import Actor, posts_of, roles
from linli.people.models import Grant, GrantQuerySet
from torture.faults import World, fault, refused
from torture.oracle import may_see

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def everybody_sees_exactly_their_own(world: World) -> None:
    """Every post of the cast against an oracle that knows nothing of SQL."""
    town = world.town
    for place in ("grid", "grid2", "village", "east", "west_grid", "county"):
        world.report(place=town[place])
    held = world.dispatched(place=town["grid2"])
    world.move(held, "call_in", "dispatcher", unit=str(town["county_housing"].pk), reason="请协助看线路。")
    for accused in ("east", "east_works", "village", "county_housing"):
        given: dict[str, Any] = {
            "request_type": "accusation",
            "accused": town[accused],
            "text": "收钱不办事，请查一查这个单位。",
        }
        world.report(**given)
    every = list(Case.objects.all())
    for name, post in world.cast.posts.items():
        seen = set(Case.objects.visible_to(post).values_list("pk", flat=True))
        assert seen == {case.pk for case in every if may_see(post, case)}, name


SEEN = "every post sees exactly what an oracle without SQL says"


@fault("access", "the filter of cases is dropped", SEEN, everybody_sees_exactly_their_own)
def filter_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CaseQuerySet, "visible_to", lambda self, *given: self)


@fault("access", "a sibling grid's cases are seen", SEEN, everybody_sees_exactly_their_own)
def sibling_sees(patch: pytest.MonkeyPatch) -> None:
    sound = tables.along
    patch.setattr(tables, "along", lambda axis, path: sound(axis, "/".join(path.split("/")[:-2]) + "/"))


@fault("access", "the unit accused sees the accusation", SEEN, everybody_sees_exactly_their_own)
def accused_sees(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "ancestor_paths", property(lambda self: []))


@fault(
    "access",
    "only the accused unit itself is kept out, not those below it",
    SEEN,
    everybody_sees_exactly_their_own,
)
def below_the_accused_sees(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "ancestor_paths", property(lambda self: [self.path]))


@fault("access", "a list reaches one level too high", SEEN, everybody_sees_exactly_their_own)
def list_one_level_too_high(patch: pytest.MonkeyPatch) -> None:
    def along(axis: str, path: str) -> Q:
        above = path.rstrip("/").rpartition("/")[0]
        start = f"{above}/" if above else path
        return Q(**{f"{'place' if axis == 'partner' else axis}_path__startswith": start})

    patch.setattr(tables, "along", along)


@fault("access", "every role reaches along every path", SEEN, everybody_sees_exactly_their_own)
def every_axis_for_every_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "reach", property(lambda self: frozenset({"place", "holder", "partner"})))


def a_longer_code_is_another_unit(world: World) -> None:
    from linli.orgs.models import Organisation

    grid = world.town["grid"]
    twin = Organisation.objects.get(pk=grid.pk)
    twin.pk, twin.code, twin.path = None, f"{grid.code}9", f"{grid.path.rstrip('/')}9/"
    twin._state.adding = True
    twin.save()
    case = world.report(place=twin)
    assert not Case.objects.visible_to(world.cast["grid_worker"]).filter(pk=case.pk).exists()


@fault("access", "paths are compared as text without their end", "a code that begins like another is another unit",
       a_longer_code_is_another_unit)  # fmt: skip
def path_compared_as_text(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tables, "within", lambda field, path: Q(**{f"{field}__startswith": path.rstrip("/")}))


def _second_post(world: World) -> list[Actor]:
    person = world.cast.people["grid_worker"]
    Grant.objects.create(
        person=person, role="handler", organisation=world.town["west_works"], valid_from=START
    )
    return posts_of(person, NOW)


def one_post_at_a_time(world: World) -> None:
    first, second = _second_post(world)
    assert (first.role, second.role) == ("grid_worker", "handler")
    assert not first.may("case.return")
    assert not second.may("case.self_handle")
    case = world.report(place=world.town["grid"])
    assert not Case.objects.visible_to(second).filter(pk=case.pk).exists()


@fault("access", "somebody with two posts has the rights of both", "rights are those of the chosen post",
       one_post_at_a_time)  # fmt: skip
def union_of_posts(patch: pytest.MonkeyPatch) -> None:
    def may(self: Actor, permission: str) -> bool:
        held = Grant.objects.filter(person=self.person_id).values_list("role", flat=True)
        return any(permission in roles()[role].permissions for role in held)

    patch.setattr(Actor, "may", may)


def any_own_unit_accused_hides_the_case(world: World) -> None:
    first, _second = _second_post(world)
    case = world.report(
        request_type="accusation", accused=world.town["west_works"], place=world.town["grid"],
        text="收钱不办事，请查一查这个单位。",
    )  # fmt: skip
    assert not Case.objects.visible_to(first).filter(pk=case.pk).exists()


@fault("access", "an accusation is shown under the accused's other post", "any own unit accused hides it",
       any_own_unit_accused_hides_the_case)  # fmt: skip
def accused_under_another_post(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Actor, "ancestor_paths", property(lambda self: lineage(self.path)))


def _client(world: World, who: str) -> Client:
    client = Client()
    client.force_login(world.cast.people[who], backend=BACKEND)
    return client


def an_ended_post_opens_nothing(world: World) -> None:
    client = _client(world, "dispatcher")
    address = reverse("web:cases")
    assert client.get(address).status_code == 200
    Grant.objects.filter(person=world.cast.people["dispatcher"]).update(valid_until=NOW - timedelta(days=1))
    assert client.get(address).status_code == 404


@fault(
    "access",
    "a post that has ended still opens pages",
    "an ended post opens nothing",
    an_ended_post_opens_nothing,
)
def ended_post_acts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(GrantQuerySet, "active", lambda self, at: self)


def strangers_are_told_that_there_is_nothing(world: World) -> None:
    case = world.report(place=world.town["grid"])
    client = _client(world, "outsider")
    there, nowhere = (client.get(f"/desk/cases/{number}") for number in (case.number, "260930-ZZZZZ"))
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert case.title not in there.content.decode()


@fault("access", "a page finds a case by its number alone", "a stranger's page does not exist",
       strangers_are_told_that_there_is_nothing)  # fmt: skip
def page_by_number_alone(patch: pytest.MonkeyPatch) -> None:
    from linli.web.views import casefile

    sound = casefile.find
    patch.setattr(casefile, "find", lambda number, post: sound(number, access.SYSTEM))


def a_photo_is_its_reporters(world: World) -> None:
    from linli.documents import actions as documents
    from linli.documents.models import Purpose
    from linli.documents.tests import pictures
    from linli.portal.views.tickets import give_track

    world["settings"].ATTACHMENTS = world.tmp_path
    mine, theirs = world.report(), world.report()
    upload = documents.stage(data=pictures.plain(), name="a.jpg", at=NOW)
    given: dict[str, Any] = {
        "event_number": 1,
        "purpose": Purpose.REPORT,
        "is_public": True,
        "at": NOW,
        "by_label": "反映人",
    }
    documents.attach(upload_ids=[upload.pk], case_id=theirs.pk, **given)
    for case, expected in ((theirs, 200), (mine, 404)):
        client, answer = Client(), HttpResponse()
        give_track(answer, case.pk)
        for name, morsel in answer.cookies.items():
            client.cookies[name] = morsel.value
        address = reverse("portal:photo", args=[upload.pk, "full"])
        assert client.get(address).status_code == expected


@fault("access", "a file is given to whoever knows its id", "a photo is served to its own case alone",
       a_photo_is_its_reporters)  # fmt: skip
def file_by_id_without_owner(patch: pytest.MonkeyPatch) -> None:
    from linli.documents.models import Attachment

    track = import_module("linli.portal.views.track")
    patch.setattr(track, "photos_for", lambda case, head: list(Attachment.objects.all()))


def every_page_has_its_guard(world: World) -> None:
    assert not world.cast["grid_worker"].may("manage.people")
    request: Any = SimpleNamespace(
        user=SimpleNamespace(is_authenticated=True), posts=[world.cast["grid_worker"]], session={}
    )
    view = access.requires("manage.people")(lambda request: HttpResponse())
    refused(Http404, lambda: view(request))


@fault("access", "the guard of a view asks nothing", "a permission not held is a page that does not exist",
       every_page_has_its_guard)  # fmt: skip
def guard_asleep(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(access, "post_of", lambda request: access.SYSTEM)


def mediation_is_its_mediators(world: World) -> None:
    world["committee"]
    made = world["dispute"](by="mediator").case
    for above in (
        "supervisor",
        "county_dispatcher",
        "dispatcher",
        "administrator",
        "auditor",
        "village_chair",
    ):
        assert not reading.may_read(made.pk, world.cast[above]), above


@fault("access", "whoever stands above a mediation reads what is said in it", "nobody reads it for standing above",
       mediation_is_its_mediators)  # fmt: skip
def mediation_read_from_above(patch: pytest.MonkeyPatch) -> None:
    def may_read(case_id: Any, actor: Actor) -> bool:
        return Case.objects.filter(pk=case_id, place_path__startswith=actor.path).exists()

    patch.setattr(reading, "may_read", may_read)


def a_reporters_code_opens_one_case(world: World) -> None:
    mine, theirs = world.report(), world.report()
    seen = set(Case.objects.visible_to(Actor.reporter(mine.pk)).values_list("pk", flat=True))
    assert seen == {mine.pk}
    assert theirs.pk not in seen


@fault("access", "a tracking code opens every case", "one code, one case", a_reporters_code_opens_one_case)
def code_opens_all(patch: pytest.MonkeyPatch) -> None:
    sound = CaseQuerySet.visible_to

    def visible_to(self: Any, actor: Actor) -> Any:
        return self if actor.kind == "reporter" else sound(self, actor)

    patch.setattr(CaseQuerySet, "visible_to", visible_to)


def a_key_ends_with_its_post(world: World) -> None:
    from linli.kit import clock
    from linli.people.actions import keys

    post = world.cast["dispatcher"]
    grant = Grant.objects.get(person=world.cast.people["dispatcher"])
    at = clock.now()
    _key, secret = keys.issue(name="test", scopes=["read"], by=post, at=at, grant=grant)
    assert keys.known(secret=secret, at=at) is not None
    Grant.objects.filter(pk=grant.pk).update(valid_until=at - timedelta(seconds=1))
    assert keys.known(secret=secret, at=at) is None


@fault(
    "access",
    "an API key outlives the post it acts under",
    "a key ends with its post",
    a_key_ends_with_its_post,
)
def key_outlives_its_post(patch: pytest.MonkeyPatch) -> None:
    from linli.people.models import KeyQuerySet

    patch.setattr(KeyQuerySet, "standing", lambda self, at: self.filter(revoked_at=None))
