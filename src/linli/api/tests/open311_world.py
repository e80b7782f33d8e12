"""A county with requests of every kind behind a running server, built once for a module of tests."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from conftest import Cast, Town, build_cast, build_town
from django.core.management import call_command
from django.test.utils import override_settings
from pytest_django.live_server_helper import LiveServer

from linli.api import access
from linli.cases import actions as cases
from linli.cases.models import Case
from linli.documents import actions as documents
from linli.documents.tests.pictures import plain
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.orgs import lookup
from linli.people.access import Actor
from linli.people.actions import keys
from linli.portal import actions as portal
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Request

LISTS = "attributes endpoints errors formats history notes photos service_requests services values".split()
FORMATS = ("xml", "json")
CROWD = 1_050  # more than one answer holds
CANARIES = {
    "name": "欧阳金丝雀",
    "phone": "13800009471",
    "words": "院墙边那棵大槐树倒了压住电线",
    "address": "绿林村七组晒谷场北边",
    "accused": "举报说的绝不外传的话",
    "kept": "保密反映里的一句话",
    "note": "内部备注里的一句话",
}


@dataclass
class Said:
    """An answer: its status, its values whatever the format, and all of it."""

    status: int
    values: Any
    response: httpx.Response

    @property
    def one(self) -> dict[str, Any]:
        assert len(self.values) == 1
        found: dict[str, Any] = self.values[0]
        return found


@dataclass
class World:
    """The county, its keys, its requests by name, and the way to the server."""

    url: str
    at: datetime
    town: Town
    cast: Cast
    secret: str = ""
    cases: dict[str, Case] = field(default_factory=dict)
    photo: UUID | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))

    def get(self, address: str, suffix: str, **options: Any) -> Said:
        endpoint = options.pop("endpoint", "v2")
        headers = {"Accept-Language": "en", **options.pop("headers", {})}
        return self._ask("GET", f"{endpoint}/{address}", suffix, params=options, headers=headers)

    def post(self, suffix: str, **given: Any) -> Said:
        """Posts a good request of a dark lamp, with changes; None leaves a parameter out."""
        headers = {"Accept-Language": "en", **given.pop("headers", {})}
        endpoint, files = given.pop("endpoint", "v2"), given.pop("files", None)
        data = {
            "api_key": self.secret,
            "service_code": "facility.street_lamp",
            "lat": "31.02",
            "long": "114.02",
            "description": "The lamp by the school has been dark for three nights.",
            "attribute[fault]": "dark",
            **given,
        }
        data = {name: value for name, value in data.items() if value is not None}
        return self._ask("POST", f"{endpoint}/requests", suffix, data=data, files=files, headers=headers)

    def _ask(self, method: str, address: str, suffix: str, **options: Any) -> Said:
        response = self.http.request(method, f"{self.url}/open311/{address}.{suffix}", **options)
        return Said(response.status_code, parsed(response, suffix), response)


def parsed(response: httpx.Response, suffix: str) -> Any:
    """The values of an answer; XML as a strict reader of the standard sees it, with lists where it has lists."""
    if suffix == "json":
        return response.json()
    return _value(ElementTree.fromstring(response.content))


def _value(element: ElementTree.Element) -> Any:
    if element.tag in LISTS:
        return [_value(child) for child in element]
    if len(element):
        return {child.tag: _value(child) for child in element}
    return element.text


def as_xml(value: Any) -> Any:
    """What the XML says where the JSON says `value`."""
    if isinstance(value, dict):
        return {name: as_xml(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_xml(each) for each in value]
    return None if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(name="_django_db_marker", autouse=True)
def keep_the_county() -> None:
    """In place of the fixture that takes back what a test wrote: the county stands for the whole module."""


@pytest.fixture(name="world", scope="module")
def build_world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    """One county and one server for all tests of the module."""
    with (
        django_db_blocker.unblock(),
        override_settings(ATTACHMENTS=tmp_path_factory.mktemp("photos"), COUNTY_CODE="990001"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(access, "ANYBODY_PER_MINUTE", 1_000_000)
        lookup.forget()
        town = build_town()
        server = LiveServer("127.0.0.1")
        made = World(server.url, clock.now(), town, build_cast(town))
        try:
            _fill(made)
            yield made
        finally:
            made.http.close()
            server.stop()
            call_command("flush", interactive=False, verbosity=0)
            lookup.forget()


def _fill(world: World) -> None:
    by, at = world.cast["administrator"], world.at
    _key, world.secret = keys.issue(name="Hotline", scopes=["open311"], by=by, at=at, per_minute=6000)
    words, address = CANARIES["words"], CANARIES["address"]
    contact = {"contact_name": CANARIES["name"], "contact_phone": CANARIES["phone"]}
    told = f"{CANARIES['name']}说{words}，电话{CANARIES['phone']}，请快来看看。"
    point = {"lon": 114.0212, "lat": 31.0233, "address": address}
    photo = str(documents.stage(data=plain(), name="tree.jpg", at=at).id)
    report(world, "shown", told, hours=50, may_publish=True, photos=[photo], **contact, **point)
    report(world, "silent", told, hours=40, **contact, **point)
    accused = {"request_type": "accusation", "accused": world.town["village"]}
    report(world, "accusation", CANARIES["accused"], hours=30, may_publish=True, **accused)
    report(world, "kept", CANARIES["kept"], hours=29, is_identity_kept=True, may_publish=True)
    report(world, "quarrel", told, hours=28, category="dispute.neighbour", **contact)
    report(world, "old", told, hours=24 * 95)
    report(world, "road", told, hours=20, category="facility.road", **contact)
    world.photo = UUID(photo)
    _work(world, "shown")
    _work(world, "silent")
    _note(world, "shown")
    _crowd(world)


def report(world: World, name: str, words: str, *, hours: float, **given: Any) -> None:
    """A request on the portal so many hours ago."""
    details: dict[str, Any] = {
        "category": "facility.street_lamp",
        "request_type": "help",
        "channel": "portal",
        "place": world.town["grid"],
        **given,
    }
    submission = service_requests.Submission(text=words, **details)
    at = world.at - timedelta(hours=hours)
    world.cases[name] = portal.take_in(submission=submission, command_id=uuid7(), at=at).case


def _work(world: World, name: str) -> None:
    """Takes a request from its acceptance to its closing and rating."""
    case, at = world.cases[name], world.cases[name].received_at
    said = f"已换灯泡，{CANARIES['name']}在场，电话{CANARIES['phone']}，灯亮了。"
    steps: list[tuple[str, Any, dict[str, Any]]] = [
        ("accept", "dispatcher", {}),
        ("dispatch", "dispatcher", {"unit": str(world.town["east_works"].pk)}),
        ("acknowledge", "handler", {}),
        ("feedback", "handler", {"result": said}),
        ("arrange_check", "dispatcher", {}),
        ("verify", "grid_worker", {"finding": "现场看过，三盏灯都亮了。"}),
        ("rate", Actor.reporter(case.pk), {"grade": "5", "comment": CANARIES["note"]}),
    ]
    for hours, (verb, who, data) in enumerate(steps, start=1):
        actor = world.cast[who] if isinstance(who, str) else who
        moment = at + timedelta(hours=hours)
        cases.advance(case=case.pk, verb=verb, by=actor, at=moment, command_id=uuid7(), data=data)
    world.cases[name] = Case.objects.get(pk=case.pk)


def _note(world: World, name: str) -> None:
    data = {"note": CANARIES["note"], "reader": "internal"}
    by = world.cast["dispatcher"]
    cases.advance(case=world.cases[name].pk, verb="note", by=by, at=world.at, command_id=uuid7(), data=data)


def _crowd(world: World) -> None:
    """More requests than one answer holds, eighty days old, many at the same moment."""
    model, at = world.cases["road"], world.at - timedelta(days=80)
    fields = {f.attname: getattr(model, f.attname) for f in Case._meta.concrete_fields}
    crowd = [
        Case(
            **{
                **fields,
                "id": uuid7(),
                "number": f"{at:%y%m%d}-{n:05d}",
                "received_at": at + timedelta(seconds=n // 50),
            }
        )
        for n in range(CROWD)
    ]
    Case.objects.bulk_create(crowd)
    Request.objects.bulk_create(
        Request(case_id=case.pk, request_type="help", text="路坏了") for case in crowd
    )
