"""Making requests over GeoReport v2: the same door as every other channel, and nothing through any gap beside it."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from linli.api import access
from linli.api.tests.open311_world import FORMATS, World, build_world, keep_the_county  # noqa: F401
from linli.cases.models import Case, Clock, Event, Task
from linli.documents.models import Attachment, Upload
from linli.documents.tests.pictures import plain
from linli.people.actions import keys
from linli.people.models import Bucket, Person
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Request

pytestmark = pytest.mark.django_db


@pytest.fixture(params=FORMATS)
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(world: World, number: str) -> Case:
    assert number == world.get(f"requests/{number}", "json").one["service_request_id"]
    return Case.objects.get(number=number)


def codes_of(said: Any) -> list[str]:
    return [str(error["code"]) for error in said.values]


def test_a_good_request_is_answered_with_its_id_a_notice_and_no_account(world: World, suffix: str) -> None:
    said = world.post(suffix)
    assert said.status == 200
    assert list(said.one) == ["service_request_id", "service_notice", "account_id"]
    assert said.one["service_notice"].startswith("We promise")
    assert said.one["account_id"] is None


def test_it_is_routed_timed_and_put_on_a_desk_like_any_other(world: World, suffix: str) -> None:
    case = made(world, world.post(suffix).one["service_request_id"])
    event = Event.objects.get(case_id=case.pk, number=1)
    assert (case.kind, case.state, case.channel) == ("service_request", "reported", "open311")
    assert case.place == world.town["grid"]
    assert event.facts["suggested"] == str(world.town["east_works"].pk)
    assert set(Clock.objects.filter(case_id=case.pk).values_list("name", flat=True)) == {"total", "accepting"}
    task = Task.objects.get(case_id=case.pk)
    assert (task.organisation, task.why) == (world.town["east"], "to_accept")
    assert case.due_at is not None
    assert event.data["via"] == "Hotline"


def test_it_is_found_as_a_likely_duplicate_like_any_other(world: World) -> None:
    words = "桥头第二盏灯的灯罩掉下来了，挂在半空"
    first, second = (world.post("json", description=words).one["service_request_id"] for _ in range(2))
    new = Case.objects.get(number=second)
    alike = service_requests.similar_cases(
        among=Case.objects.all(),
        place=world.town["grid"],
        category=new.category,
        words=words,
        at=new.received_at,
        lon=new.lon,
        lat=new.lat,
        without=new,
    )
    assert first in {likeness.case.number for likeness in alike}


def test_extensions_give_its_creator_the_tracking_code_and_a_token(world: World, suffix: str) -> None:
    said = world.post(suffix, extensions="true").one
    case = service_requests.find_by_code(said["tracking_code"])
    assert case is not None
    assert case.number == said["service_request_id"]
    behind = world.get(f"tokens/{said['token']}", suffix).one
    assert behind == {"service_request_id": case.number, "token": said["token"]}


@pytest.mark.parametrize("token", ["0", "x" * 64, "0" * 64, "%00", "..%2f"])
def test_an_unknown_token_is_404(world: World, suffix: str, token: str) -> None:
    said = world.get(f"tokens/{token}", suffix)
    assert (said.status, codes_of(said)) == (404, ["404"])


def test_a_token_cannot_be_made_from_another(world: World) -> None:
    token = world.post("json", extensions="true").one["token"]
    other = world.cases["kept"].pk.hex + token[32:]
    assert world.get(f"tokens/{other}", "json").status == 404


# Keys ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, "", "wrong", "linli_" + "0" * 32, "\x00", "密钥"])
def test_a_missing_or_wrong_key_is_403(world: World, suffix: str, secret: str | None) -> None:
    before = Case.objects.count()
    said = world.post(suffix, api_key=secret)
    assert (said.status, codes_of(said)) == (403, ["403"])
    assert Case.objects.count() == before


def test_a_key_without_the_scope_is_403(world: World) -> None:
    grant = world.cast.people["clerk"].grants.first()
    by, at = world.cast["clerk"], world.at
    _key, secret = keys.issue(name="Reader", scopes=["read"], by=by, at=at, grant=grant)
    assert world.post("json", api_key=secret).status == 403


def test_a_key_may_come_as_a_bearer_token(world: World) -> None:
    said = world.post("json", api_key=None, headers={"Authorization": f"Bearer {world.secret}"})
    assert said.status == 200


def test_a_revoked_key_opens_nothing_from_the_next_request_on(world: World) -> None:
    key, secret = _key(world)
    assert world.post("json", api_key=secret).status == 200
    keys.revoke(key=key, by=world.cast["administrator"], at=world.at)
    assert world.post("json", api_key=secret).status == 403
    assert world.get("services", "json", api_key=secret).status == 403


@pytest.mark.usefixtures("no_time_passes")
def test_a_key_that_asks_too_often_waits_as_long_as_it_is_told(world: World, suffix: str) -> None:
    _key_, secret = _key(world, per_minute=3)
    statuses = [world.get("services", suffix, api_key=secret).status for _ in range(4)]
    assert statuses == [200, 429, 429, 429]
    said = world.get("services", suffix, api_key=secret)
    assert codes_of(said) == ["429"]
    assert 1 <= int(said.response.headers["Retry-After"]) <= 60


@pytest.mark.usefixtures("no_time_passes")
def test_keys_cannot_be_tried_out_at_any_speed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "ANYBODY_PER_MINUTE", 6)
    statuses = [world.post("json", api_key=f"guess-{n}").status for n in range(4)]
    assert statuses[:2] == [403, 403]
    assert statuses[2:] == [429, 429]
    Bucket.objects.all().delete()


def _key(world: World, per_minute: int = 600) -> tuple[Any, str]:
    by = world.cast["administrator"]
    return keys.issue(name=str(uuid4()), scopes=["open311"], by=by, at=world.at, per_minute=per_minute)


# Parameters ---------------------------------------------------------------------------------------


def test_an_unknown_service_code_is_404_and_a_missing_one_400(world: World, suffix: str) -> None:
    assert codes_of(world.post(suffix, service_code="no.such", **{"attribute[fault]": None})) == ["404"]
    assert world.post(suffix, service_code=None, **{"attribute[fault]": None}).status == 400
    assert world.post(suffix, service_code="facility").status == 404


def test_every_fault_has_an_entry_and_404_comes_first(world: World, suffix: str) -> None:
    said = world.post(
        suffix, service_code="no.such", description="", lat="NaN", phone="call me", is_public="perhaps"
    )
    assert said.status == 404
    assert codes_of(said) == ["404", "400", "400", "400", "400"]
    text = said.response.text
    for name in ("no.such", "lat", "is_public", "description", "phone"):
        assert name in text


@pytest.mark.parametrize(
    ("given", "is_good"),
    [
        ({"lat": None}, False),
        ({"lat": "", "long": ""}, False),
        ({"lat": "30.0", "long": "114.0"}, False),
        ({"lat": "NaN"}, False),
        ({"lat": "1e400"}, False),
        ({"lat": "91"}, False),
        ({"lat": "３１"}, False),
        ({"lat": None, "long": None, "address_string": "东河镇绿林村三组"}, True),
        ({"lat": None, "long": None, "address_string": "somewhere"}, True),
        ({"lat": None, "long": None, "address_id": "990001101201001"}, True),
        ({"lat": None, "long": None, "address_id": "990001101-cj"}, False),
        ({"lat": None, "long": None, "address_id": "990002"}, False),
        ({"address_id": "990001102"}, False),
        ({"address_id": "990001101"}, True),
    ],
)
def test_one_location_is_enough_and_it_lies_in_the_county(
    world: World, given: dict[str, Any], is_good: bool
) -> None:
    said = world.post("json", **given)
    assert said.status == (200 if is_good else 400)
    assert len(said.values) == 1


def test_the_place_is_the_smallest_that_is_known(world: World) -> None:
    def place(**given: Any) -> str:
        said = world.post("json", lat=None, long=None, **given)
        found = Case.objects.select_related("place").get(number=said.one["service_request_id"]).place
        return found.name if found else ""

    assert place(address_string="东河镇绿林村三组晒谷场") == "绿林村"
    assert place(address_string="石桥村小学") == "石桥村"
    assert place(address_string="东河镇街上") == "东河镇"
    assert place(address_string="somewhere") == "青石县"
    assert place(address_id="990001102") == "西山镇"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attribute[lamps]", "many"),
        ("attribute[since]", "yesterday"),
        ("attribute[fault]", "purple"),
        ("attribute[fault]", None),
        ("attribute[colour]", "red"),
        ("attribute[fault", "dark"),
        ("attribute[a][b]", "dark"),
    ],
)
def test_an_attribute_that_does_not_fit_is_400(
    world: World, suffix: str, name: str, value: str | None
) -> None:
    said = world.post(suffix, **{name: value})
    assert (said.status, codes_of(said)) == (400, ["400"])


def test_attributes_single_and_several_are_kept(world: World) -> None:
    single = world.post("json", **{"attribute[lamps]": "3", "attribute[pole]": "D17"})
    several = world.post(
        "json",
        service_code="facility.road",
        **{"attribute[fault]": None, "attribute[damage][]": ["pothole", "edge"]},
    )
    first, second = (_data(said.one["service_request_id"]) for said in (single, several))
    assert first["answers"] == {"fault": "dark", "lamps": "3", "pole": "D17"}
    assert second["answers"] == {"damage": ["pothole", "edge"]}


def _data(number: str) -> dict[str, Any]:
    data: dict[str, Any] = Event.objects.get(case__number=number, number=1).data
    return data


def test_name_and_phone_are_kept_as_contact_and_the_rest_of_the_person_is_not(world: World) -> None:
    given = {
        "first_name": "秀英",
        "last_name": "李",
        "phone": "0712-0000-123",
        "email": "canary@example.org",
        "device_id": "canary-device",
        "account_id": "canary-account",
        "media_url": "http://169.254.169.254/canary",
    }
    case = Case.objects.get(number=world.post("json", **given).one["service_request_id"])
    request = Request.objects.get(pk=case.pk)
    assert (request.contact_name, request.contact_phone) == ("李秀英", "0712-0000-123")
    kept = repr([vars(request), vars(case), _data(case.number)])
    assert "canary" not in kept
    assert not Attachment.objects.filter(case_id=case.pk).exists()


def test_words_are_public_only_where_is_public_says_so(world: World, suffix: str) -> None:
    for said, description in (
        (None, None),
        ("false", None),
        ("true", "The lamp by the school is dark again."),
    ):
        number = world.post(suffix, is_public=said, description="The lamp by the school is dark again.").one[
            "service_request_id"
        ]
        assert world.get(f"requests/{number}", suffix).one["description"] == description


def test_photos_sent_as_files_are_attached(world: World) -> None:
    files = [("media", ("a.jpg", io.BytesIO(plain()), "image/jpeg")) for _ in range(2)]
    number = world.post("json", files=files, is_public="true").one["service_request_id"]
    case = Case.objects.get(number=number)
    assert Attachment.objects.filter(case_id=case.pk, is_public=True).count() == 2
    assert world.get(f"requests/{number}", "json").one["media_url"]


@pytest.mark.parametrize("count", [1, 7])
def test_what_is_no_photo_and_one_too_many_are_400_and_nothing_is_kept(world: World, count: int) -> None:
    before = Case.objects.count(), Upload.objects.count()
    content = b"<svg onload=alert(1)>" if count == 1 else plain()
    files = [("media", ("a.jpg", io.BytesIO(content), "image/jpeg")) for _ in range(count)]
    assert codes_of(world.post("json", files=files)) == ["400"]
    assert (Case.objects.count(), Upload.objects.count()) == before


# Again, and elsewhere ----------------------------------------------------------------------------------


def test_the_same_idempotency_key_gets_the_same_answer(world: World, suffix: str) -> None:
    key, before = str(uuid4()), Case.objects.count()
    answers = [world.post(suffix, headers={"Idempotency-Key": key}, extensions="true") for _ in range(3)]
    assert [said.status for said in answers] == [200] * 3
    assert answers[0].values == answers[1].values == answers[2].values
    assert Case.objects.count() == before + 1


def test_the_same_idempotency_key_with_photos_gets_the_same_answer(world: World) -> None:
    key, uploads = str(uuid4()), Upload.objects.count()
    answers = [
        world.post(
            "json",
            headers={"Idempotency-Key": key},
            files=[("media", ("a.jpg", io.BytesIO(plain()), "image/jpeg"))],
        )
        for _ in range(2)
    ]
    assert answers[0].values == answers[1].values
    assert answers[0].status == 200
    assert Upload.objects.count() == uploads


def test_the_same_idempotency_key_with_other_content_is_400(world: World) -> None:
    key = str(uuid4())
    assert world.post("json", headers={"Idempotency-Key": key}).status == 200
    other = world.post("json", headers={"Idempotency-Key": key}, description="Something else is wrong here.")
    assert codes_of(other) == ["400"]


def test_an_idempotency_key_belongs_to_its_api_key_and_endpoint(world: World) -> None:
    key, before = {"Idempotency-Key": str(uuid4())}, Case.objects.count()
    _other, secret = _key(world)
    numbers = {
        world.post("json", headers=dict(key)).one["service_request_id"],
        world.post("json", headers=dict(key), api_key=secret).one["service_request_id"],
        world.post("json", headers=dict(key), endpoint="test/v2").one["service_request_id"],
    }
    assert len(numbers) == 3
    assert Case.objects.count() == before + 3


def test_tests_are_seen_at_the_test_endpoint_and_real_requests_at_the_real_one(
    world: World, suffix: str
) -> None:
    said = world.post(suffix, endpoint="test/v2", extensions="true", is_public="true").one
    number, token = said["service_request_id"], said["token"]
    case = Case.objects.get(number=number)
    assert (case.channel, case.is_demo, case.title[:6]) == ("open311_test", True, "Test: ")
    assert world.get(f"requests/{number}", suffix, endpoint="test/v2").one["service_request_id"] == number
    assert world.get(f"tokens/{token}", suffix, endpoint="test/v2").status == 200
    for address in (f"requests/{number}", f"tokens/{token}"):
        assert world.get(address, suffix).status == 404
    real = {request["service_request_id"] for request in world.get("requests", suffix).values}
    tests = {
        request["service_request_id"] for request in world.get("requests", suffix, endpoint="test/v2").values
    }
    assert number in tests
    assert not real & tests
    shown = world.cases["shown"].number
    assert world.get(f"requests/{shown}", suffix, endpoint="test/v2").status == 404


def test_a_county_may_have_no_test_endpoint(world: World, settings: Any) -> None:
    settings.OPEN311_TEST = False
    assert world.get("services", "json", endpoint="test/v2").status == 404
    kinds = [endpoint["type"] for endpoint in world.get("discovery", "json").values["endpoints"]]
    assert kinds == ["production"]


# Abuse ----------------------------------------------------------------------------------------------


def test_no_field_of_a_table_can_be_set_by_its_name(world: World) -> None:
    fields = {field.name for model in (Case, Request, Person) for field in model._meta.concrete_fields}
    fields |= {"is_staff", "tier", "__class__", "owner", "org", "created_at", "channel", "place", "accused"}
    asked = {"lat", "long", "service_code", "description", "address", "text"}
    given = {name: "true" for name in sorted(fields - asked)}
    number = world.post("json", **given).one["service_request_id"]
    case = Case.objects.get(number=number)
    request = Request.objects.get(pk=case.pk)
    assert (case.state, case.channel, case.is_demo, case.is_identity_kept) == (
        "reported",
        "open311",
        False,
        False,
    )
    assert (case.version, case.rating, case.holder, case.accused_path) == (1, None, None, "")
    assert (request.may_publish, request.contact_name, request.request_type) == (False, "", "help")
    said = world.post("json", **{f"attribute[{name}]": "true" for name in fields})
    assert codes_of(said) == ["400"] * min(len(fields), 50)


def test_a_flood_of_attributes_is_400(world: World) -> None:
    address = f"{world.url}/open311/v2/requests.json"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for count in (400, 1_000, 1_000_000):
        body = f"api_key={world.secret}&service_code=facility.street_lamp&lat=31.02&long=114.02&description=dark+lamp"
        body += "".join(f"&attribute[a{n}]=1" for n in range(count))
        response = world.http.post(address, content=body, headers=headers)
        assert response.status_code == 400
        assert {error["code"] for error in response.json()} == {400}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"service_code": "x"}'),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--y\r\n"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=b"),
        ("", b""),
    ],
)
def test_a_body_that_is_no_form_is_refused_in_the_format_asked_for(
    world: World, suffix: str, kind: str, body: bytes
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = world.http.post(f"{world.url}/open311/v2/requests.{suffix}", content=body, headers=headers)
    assert response.status_code in (400, 403)
    assert b"passwd" not in response.content
    assert response.headers["Content-Type"].startswith("text/xml" if suffix == "xml" else "application/json")


@pytest.mark.parametrize(
    "words",
    [
        "nul \x00 here",
        "bell \x07 here",
        "half \ud800 pair",
        "'; drop table cases_case; --",
        "]]><x>&amp;",
        "‮evil",
    ],
)
def test_no_character_breaks_anything(world: World, words: str) -> None:
    raw = words.encode("utf-8", "surrogatepass")
    given = {"description": raw + b" and enough more", "address_string": raw, "is_public": "true"}
    said = world.post("json", **given)
    assert said.status == 200
    number = said.one["service_request_id"]
    in_xml = world.get(f"requests/{number}", "xml").one
    in_json = world.get(f"requests/{number}", "json").one
    assert in_xml["description"] == in_json["description"]
    assert "\x00" not in in_json["description"]


def test_a_report_late_by_its_own_account_is_timed_by_the_server(world: World) -> None:
    case = Case.objects.get(
        number=world.post("json", requested_datetime="2020-01-01").one["service_request_id"]
    )
    assert case.received_at - world.at < timedelta(hours=1)
    assert case.opened_at == case.received_at


def test_the_same_request_sent_many_times_at_once_is_made_once(world: World) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("one connection to a database in memory")
    key, before = str(uuid4()), Case.objects.count()
    picture = plain()

    def send(_n: int) -> Any:
        files = [("media", ("a.jpg", io.BytesIO(picture), "image/jpeg"))]
        return world.post("json", headers={"Idempotency-Key": key}, files=files)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert {said.status for said in answers} == {200}
    assert len({said.one["service_request_id"] for said in answers}) == 1
    assert Case.objects.count() == before + 1
