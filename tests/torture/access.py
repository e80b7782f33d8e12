"""Who comes where: each post at each address, each post at each case of others, and lists against an oracle."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from conftest import NOW
from django.http import HttpResponse
from django.test import Client

import test_matrix as matrix
from linli.cases.actions import paging
from linli.cases.models import Case, CaseQuerySet, Partner
from linli.cases.tests.crowd import submit
from linli.kit.ids import uuid7
from linli.orgs.models import Kind, Organisation
from linli.people.access import Actor, roles
from linli.people.models import Grant, Person
from linli.portal.views.tickets import give_track
from linli.service_requests import actions as service_requests
from torture import world
from torture.cluster import Cluster
from torture.oracle import may_see

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NUMBERED = re.compile(r"<str:number>")
ITS_PAGE = "/desk/cases/{number}"
HIDDEN = {302, 401, 404, 405}
SIGN_IN_AGAIN = 403  # to nobody signed in who posts words: they are shown again, to be sent afterwards
CASES_OF_A_TREE = 24


@dataclass
class Count:
    """Checks made, and what was wrong."""

    until: float
    most: int
    checks: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def check(self, kind: str, is_right: bool, what: str) -> None:
        self.checks += 1
        self.kinds[kind] += 1
        if not is_right:
            self.wrong.append(f"{kind}: {what}")

    @property
    def is_enough(self) -> bool:
        return self.checks >= self.most or time.monotonic() > self.until


def run(*, cluster: Cluster, folder: Path, seconds: float, checks: int, plant: str = "") -> dict[str, Any]:
    world.prepare()
    if plant == "list_unfiltered":
        CaseQuerySet.visible_to = lambda self, *given: self  # type: ignore[method-assign]
    begin = time.monotonic()
    count = Count(begin + seconds, checks)
    at_addresses(Count(begin + seconds / 3, checks, 0, count.kinds, count.wrong), count)
    at_objects(count, begin + seconds * 2 / 3, checks * 2 // 3)
    seed = 0
    while not count.is_enough:
        of_a_tree(count, random.Random(seed))
        seed += 1
    return {
        "seconds": round(time.monotonic() - begin),
        "checks": count.checks,
        "kinds": dict(count.kinds),
        "trees": seed,
        "principals": len(world.cast().posts) + 2,
        "objections": {"foreign rows or open doors": len(count.wrong)},
        "examples": count.wrong[:8],
    }


def signed_in(person: Person) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person, backend=BACKEND)
    return client


def at_addresses(limit: Count, count: Count) -> None:
    """The guard of every view, asked by GET and by POST under each post and by nobody."""
    posts = {grant.role: grant.person for grant in Grant.objects.select_related("person")}
    guarded = matrix.guarded()
    with matrix.probed([matrix.guard_of(view) for _address, view in guarded]):
        for role, person in posts.items():
            client = signed_in(person)
            for address, view in guarded:
                if limit.is_enough or time.monotonic() > limit.until:
                    break
                may = view.permission == "signed_in" or view.permission in roles()[role].permissions
                for status in (client.get(address).status_code, client.post(address).status_code):
                    wanted = (matrix.LET_IN, 405) if may else (404,)
                    count.check("doors", status in wanted, f"{role} at {address}: {status}")
    for address, _view in guarded:
        if count.is_enough:
            break
        status = Client().get(address).status_code
        count.check("doors of nobody", status in (302, 401), f"nobody at {address}: {status}")


def _town() -> list[Case]:
    """Cases of one's own, of siblings, of the other township, and accusations against several units."""
    found = [submit(uuid7(), world.unit(place)).case for place in ("grid", "grid2", "village", "west_grid")]
    for accused in ("east", "east_works", "village", "county_housing"):
        submission = service_requests.Submission(
            text="收钱不办事，请查一查这个单位。", category="facility.street_lamp", request_type="accusation",
            channel="portal", place=world.unit("grid"), accused=world.unit(accused),
        )  # fmt: skip
        command = uuid7()
        by = Actor.reporter(command)
        found.append(service_requests.submit(submission=submission, by=by, at=NOW, command_id=command).case)
    return found


def at_objects(count: Count, until: float, most: int) -> None:
    """Every page and every move of every case, by every post: what is not theirs does not exist.

    No more than `most` checks in all, nor after `until`: lists have their turn then.
    """
    cases = _town()
    pages = [(address, view) for address, view in _numbered() if not address.startswith("/api/")]
    clients: list[tuple[str, Actor | None, Client]] = [("nobody", None, Client())]
    for grant in Grant.objects.select_related("person", "organisation"):
        clients.append((grant.person.username, Actor.from_grant(grant), signed_in(grant.person)))
    clients.append(("a reporter", None, _reporter(cases[0])))
    random.Random(5).shuffle(pages)
    pages.sort(key=lambda page: page[0] != ITS_PAGE)
    for address, view in pages:
        for name, post, client in clients:
            for case in cases:
                if count.checks >= most or time.monotonic() > until:
                    return
                _knock(count, client, name, post, case, address, view)


def _reporter(case: Case) -> Client:
    client, answer = Client(), HttpResponse()
    give_track(answer, case.pk)
    for name, morsel in answer.cookies.items():
        client.cookies[name] = morsel.value
    return client


def _numbered() -> Iterator[tuple[str, Any]]:
    from django.urls import get_resolver

    from torture.requests import _addresses

    for template, entry, names in _addresses(get_resolver().url_patterns):
        if template.startswith("/desk/") and template.count("{str}") == 1 and names == ["str"]:
            yield template.replace("{str}", "{number}"), entry.callback


def _knock(
    count: Count, client: Client, name: str, post: Actor | None, case: Case, address: str, view: Any
) -> None:
    path = address.replace("{number}", case.number)
    may = post is not None and may_see(post, case) and post.may(view.permission)
    version = Case.objects.values_list("version", flat=True).get(pk=case.pk)
    hidden = HIDDEN if post else HIDDEN | {SIGN_IN_AGAIN}
    for status in (client.get(path).status_code, client.post(path, {"note": "不是我的事。"}).status_code):
        if not may:
            count.check("objects", status in hidden, f"{name} at {path}: {status}")
    if not may:
        now = Case.objects.values_list("version", flat=True).get(pk=case.pk)
        count.check("objects unmoved", now == version, f"{name} moved {path}")
    elif address == ITS_PAGE:
        status = client.get(path).status_code
        count.check("objects of one's own", status == 200, f"{name} kept from {path}: {status}")


def of_a_tree(count: Count, dice: random.Random) -> None:
    """A random tree with random cases and posts: every list is what the oracle says."""
    from django.db import transaction

    with transaction.atomic():
        units = _plant_tree(dice)
        cases = _plant_cases(dice, units)
        for unit in dice.sample(units, min(6, len(units))):
            for role in roles():
                post = Actor(
                    kind="staff", role=role, path=unit.path, organisation_id=unit.pk,
                    posted_at=frozenset({dice.choice(units).path} if dice.random() < 0.2 else ()),
                )  # fmt: skip
                _lists(count, post, cases)
        transaction.set_rollback(True)


def _plant_tree(dice: random.Random) -> list[Organisation]:
    root = f"{dice.randrange(10**6):06d}"
    made = [_unit(root, None, Kind.COUNTY)]
    for number in range(dice.randrange(4, 14)):
        above = dice.choice(made)
        made.append(_unit(f"{above.code}{dice.choice(('', '0'))}{number}", above, Kind.TOWNSHIP))
    return made


def _unit(code: str, above: Organisation | None, kind: str) -> Organisation:
    return Organisation.objects.create(
        code=f"t{code}", name=code, kind=kind, parent=above, path=(above.path if above else "") + f"t{code}/",
        valid_from=NOW.date() - timedelta(days=900),
    )  # fmt: skip


def _plant_cases(dice: random.Random, units: list[Organisation]) -> list[Case]:
    found = []
    for number in range(CASES_OF_A_TREE):
        place, holder = dice.choice(units), dice.choice([None, *units])
        at = NOW + timedelta(seconds=number)
        found.append(
            Case(
                id=uuid7(), kind="service_request", procedure_version=1, number=f"t{uuid7().hex[-12:]}", title="路灯",
                channel="portal", state="reported", state_since=at, place=place, place_path=place.path,
                holder=holder, holder_path=holder.path if holder else "",
                accused_path=dice.choice(units).path if dice.random() < 0.3 else "", opened_at=at, received_at=at,
            )
        )  # fmt: skip
    Case.objects.bulk_create(found)
    called = [
        Partner(case=case, organisation=unit, path=unit.path, since=NOW, ended_at=dice.choice((None, NOW)))
        for case in dice.sample(found, 6)
        for unit in [dice.choice(units)]
    ]
    Partner.objects.bulk_create(called)
    return found


def _lists(count: Count, post: Actor, cases: list[Case]) -> None:
    expected = {case.pk for case in cases if may_see(post, case)}
    mine = [case.pk for case in cases]
    rows = Case.objects.visible_to(post).filter(pk__in=mine)
    seen = {
        "list": set(rows.values_list("pk", flat=True)),
        "count": rows.count(),
        "page": {case.pk for case in paging.newest(rows, "").rows},
        "open": set(rows.open().values_list("pk", flat=True)),
    }
    for name, found in seen.items():
        wanted: Any = len(expected) if name == "count" else expected
        count.check("lists of random trees", found == wanted, f"{name} of {post.role} at {post.path}")
