"""How the JSON API is spoken: keys, problems, strict bodies, one effect a key, versions, rates, pages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import Cast, Town
from django.db import connection, connections
from django.test import Client

from linli.api.access import ANYBODY_PER_MINUTE
from linli.api.models import Answer
from linli.api.tests.asking import PREFIX, Program, program
from linli.api.v1 import answers
from linli.cases.models import Case, Event
from linli.kit import clock
from linli.ops.working import Rounds
from linli.orgs import actions as orgs
from linli.people import actions as people
from linli.people.actions import keys
from linli.people.models import Bucket, Grant
from linli.service_requests.models import Request

pytestmark = pytest.mark.django_db
LAMP = {
    "text": "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。",
    "category": "facility.street_lamp",
    "place": "990001101201001",
}

NOTE = {"note": "看过现场", "reader": "internal"}


@pytest.fixture
def clerk(cast: Cast) -> Program:
    return program(cast["clerk"])


@pytest.fixture
def dispatcher(cast: Cast) -> Program:
    return program(cast["dispatcher"])


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document an answer must be."""
    assert response.status_code == status, response.content.decode()[:400]
    assert response["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(response.content)
    assert found["type"] == f"/api/v1/docs#{code}"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    assert response["Cache-Control"] == "no-store"
    return found


# Keys -------------------------------------------------------------------------------------------


def test_no_key_a_dead_key_and_another_scheme_get_401(clerk: Program, cast: Cast) -> None:
    for secret, code in (("", "key-missing"), ("linli_" + "0" * 32, "key-unknown"), ("x", "key-unknown")):
        response = Program(secret).get("/requests")
        problem(response, 401, code)
        assert response["WWW-Authenticate"].startswith('Bearer realm="linli"')
    response = Client().get(f"{PREFIX}/requests", headers={"Authorization": "Basic YTpi"})
    problem(response, 401, "key-unknown")


def test_a_session_opens_nothing_and_no_csrf_is_asked_for(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        cast.people["dispatcher"], backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    problem(client.get(f"{PREFIX}/requests"), 401, "key-missing")
    problem(client.post(f"{PREFIX}/requests", b"{}", "application/json"), 401, "key-missing")
    asking = Program(program(cast["clerk"]).secret, client=client)
    assert asking.post("/requests", LAMP).status_code == 201


def test_a_key_to_read_writes_nothing_and_the_other_way_round(cast: Cast) -> None:
    reader, writer = program(cast["clerk"], "read"), program(cast["clerk"], "write")
    response = reader.post("/requests", LAMP)
    problem(response, 403, "scope")
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]
    problem(writer.get("/requests"), 403, "scope")
    assert Case.objects.count() == 0


def test_a_key_without_a_post_reads_only_what_is_public(cast: Cast) -> None:
    _key, secret = keys.issue(name="hotline", scopes=["open311"], by=cast["administrator"], at=clock.now())
    asking = Program(secret)
    problem(asking.get("/requests"), 403, "scope")
    assert asking.get("/categories").status_code == 200


def _revoke_post(key: Any, cast: Cast) -> None:
    people.revoke(post=key.grant, by=cast["administrator"], at=clock.now())


def _close_account(key: Any, cast: Cast) -> None:
    people.close_account(person=cast.people["clerk"], by=cast["administrator"], at=clock.now())


def _revoke_key(key: Any, cast: Cast) -> None:
    keys.revoke(key=key, by=cast["clerk"], at=clock.now())


def _expire(key: Any, cast: Cast) -> None:
    key.expires_at = clock.now()
    key.save(update_fields=["expires_at"])


@pytest.mark.parametrize("end", [_revoke_post, _close_account, _revoke_key, _expire])
def test_a_key_ends_before_its_next_request(end: Callable[..., None], cast: Cast) -> None:
    asking = program(cast["clerk"], expires_at=clock.now() + timedelta(hours=1))
    assert asking.get("/requests").status_code == 200
    end(asking.key, cast)
    problem(asking.get("/requests"), 401, "key-unknown")
    problem(asking.post("/requests", LAMP), 401, "key-unknown")
    problem(asking.get("/categories"), 401, "key-unknown")


def test_a_moved_unit_sees_by_the_new_tree_at_once(
    cast: Cast, town: Town, report: Callable[..., Any]
) -> None:
    asking = program(cast["officer"])
    number = report(place=town["west_grid"]).case.number
    problem(asking.get(f"/requests/{number}"), 404, "not-found")
    orgs.move(organisation=town["west_grid"], to=town["village"], by=None, at=clock.now())
    assert asking.get(f"/requests/{number}").status_code == 200


def test_a_key_hides_what_concerns_any_of_its_holders_units(
    cast: Cast, town: Town, report: Callable[..., Any]
) -> None:
    """An accusation against one unit of a person stays hidden under the key of another post of theirs."""
    accusation = report(request_type="accusation", accused=town["east"], place=town["grid"])
    number = accusation.case.number
    asking = program(cast["county_dispatcher"])
    assert asking.get(f"/requests/{number}").status_code == 200
    Grant.objects.create(
        person=cast.people["county_dispatcher"],
        role="dispatcher",
        organisation=town["east"],
        valid_from=clock.now() - timedelta(days=1),
    )
    problem(asking.get(f"/requests/{number}"), 404, "not-found")


# Problems ---------------------------------------------------------------------------------------


def test_problems_are_in_the_language_asked_for(cast: Cast) -> None:
    chinese, english = program(cast["clerk"]), program(cast["clerk"])
    chinese.language = "de, *;q=0.1"
    said = problem(chinese.post("/requests", {}), 422, "invalid")
    assert said["title"] == "有几项要改"
    assert said["errors"]["text"] == "请填写这一项。"
    english.language = "fr, en-GB;q=0.8, zh;q=0.2"
    response = english.post("/requests", {})
    assert response["Content-Language"] == "en"
    assert all(letter < "\u4e00" for letter in json.dumps(problem(response, 422, "invalid")))


def test_wrong_addresses_methods_and_forms(clerk: Program) -> None:
    problem(clerk.get("/nothing/here"), 404, "not-found")
    problem(clerk.get("/"), 404, "not-found")
    problem(clerk.get("/requests/%00"), 404, "not-found")
    response = clerk.client.delete(f"{PREFIX}/requests", headers=clerk.headers({}))
    problem(response, 405, "method")
    assert response["Allow"] == "GET, POST"
    problem(clerk.get("/requests", Accept="text/xml"), 406, "not-acceptable")
    assert clerk.get("/requests", Accept="text/html, */*;q=0.1").status_code == 200
    problem(clerk.post("/requests", b"text=x", Content_Type="text/plain"), 415, "media-type")
    problem(clerk.post("/requests", b'{"text": "' + b"x" * 300_000 + b'"}'), 413, "too-large")
    assert clerk.client.head(f"{PREFIX}/categories").content == b""


HOSTILE: dict[str, bytes] = {
    "nothing": b" ",
    "no JSON": b"{text",
    "a list": b"[]",
    "a key twice": b'{"text": "a", "text": "b"}',
    "a key twice below": b'{"text": {"a": 1, "a": 2}}',
    "NaN": b'{"lon": NaN}',
    "infinity": b'{"lon": 1e999}',
    "a number too long": b'{"lon": ' + b"9" * 5000 + b"}",
    "2**63": b'{"lon": 9223372036854775808}',
    "too deep": b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "too deep and broken": b"[" * 100_000,
    "half a surrogate": b'{"text": "\\ud800 and more words"}',
    "NUL": b'{"text": "\\u0000 and more words"}',
    "NUL in a name": b'{"te\\u0000xt": 1}',
    "no UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_whole(name: str, clerk: Program) -> None:
    problem(clerk.post("/requests", HOSTILE[name]), 400, "malformed")
    assert Case.objects.count() == 0


def test_a_body_of_very_many_keys_is_refused_quickly(clerk: Program) -> None:
    given = json.dumps({f"k{n}": n for n in range(15_000)}).encode()
    said = problem(clerk.post("/requests", given), 422, "invalid")
    assert len(said["errors"]) > 1


WRONG_TYPES = {
    "is_identity_kept": "true",
    "may_publish": 1,
    "lon": "114.02",
    "lat": True,
    "text": 12345,
    "photos": "all",
    "request_type": "order",
    "category": ["facility"],
    "place": None,
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_a_value_of_another_type_is_refused_by_name(name: str, clerk: Program) -> None:
    said = problem(clerk.post("/requests", LAMP | {name: WRONG_TYPES[name]}), 422, "invalid")
    assert any(field.split(".")[0] == name for field in said["errors"])


OF_MODELS = sorted(
    {field.name for model in (Case, Request, Event) for field in model._meta.get_fields()}
    | {"id", "pk", "org", "owner", "created_at", "is_staff", "tier", "__class__", "__proto__", "by", "at"}
)


def test_no_field_of_a_table_can_be_set_from_outside(clerk: Program) -> None:
    taken = {"text", "category", "request_type", "place", "lon", "lat", "title", "address", "accused"}
    taken |= {"contact_name", "contact_phone", "is_identity_kept", "may_publish"}
    for name in set(OF_MODELS) - taken:
        said = problem(clerk.post("/requests", LAMP | {name: "x"}), 422, "invalid")
        assert name in said["errors"]
    assert Case.objects.count() == 0
    made = clerk.post("/requests", LAMP).json()
    for name in set(OF_MODELS) - {"note", "text"}:
        given = {"note": "看过现场", name: "x"}
        problem(clerk.post(f"/cases/{made['number']}/notes", given), 422, "invalid")
    assert Case.objects.get().version == 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=1000000000",
        "limit=0",
        "limit=-1",
        "limit=NaN",
        "limit=1e400",
        "limit=10&limit=20",
        "after=%00",
        "after=xyz",
        "after=MjAyNi0wOS0zMFQwODo0MjowMH4x",
        "state=none",
        "place=nowhere",
        "unit=%27%20OR%201=1",
        "category=none",
        "sort=id;drop",
        "order_by=number",
        "due=never",
        "since=2026-13-01",
        "q=%00",
        "q=" + "x" * 101,
        "board=all",
        "page=2",
    ],
)
def test_a_wrong_parameter_is_refused_by_name(query: str, clerk: Program) -> None:
    name = query.split("=")[0]
    assert name in problem(clerk.get(f"/requests?{query}"), 422, "invalid")["errors"]


# One effect a key -------------------------------------------------------------------------------


def test_a_write_needs_an_idempotency_key(clerk: Program) -> None:
    problem(clerk.post("/requests", LAMP, idempotency=""), 400, "idempotency-key")
    problem(clerk.post("/requests", LAMP, idempotency="x" * 256), 400, "idempotency-key")
    assert Case.objects.count() == 0


def test_the_same_write_gets_the_same_answer_byte_for_byte(clerk: Program) -> None:
    first = clerk.post("/requests", LAMP, idempotency="a")
    again = clerk.post("/requests", LAMP, idempotency="a", Accept_Language="zh")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert [first[name] for name in ("ETag", "Location")] == [again[name] for name in ("ETag", "Location")]
    assert Case.objects.count() == 1
    refused = clerk.post("/requests", LAMP | {"text": "灯"}, idempotency="b")
    assert clerk.post("/requests", LAMP | {"text": "灯"}, idempotency="b").content == refused.content


def test_no_tracking_code_is_stored_with_an_answer(clerk: Program) -> None:
    code = clerk.post("/requests", LAMP, idempotency="a").json()["tracking_code"]
    assert code not in repr(list(Answer.objects.values_list()))
    assert clerk.post("/requests", LAMP, idempotency="a").json()["tracking_code"] == code


def test_another_body_or_address_under_a_used_key_is_refused(clerk: Program, cast: Cast) -> None:
    made = clerk.post("/requests", LAMP, idempotency="a").json()
    problem(clerk.post("/requests", LAMP | {"title": "路灯"}, idempotency="a"), 409, "reused")
    problem(clerk.post(f"/cases/{made['number']}/notes", {"note": "看过"}, idempotency="a"), 409, "reused")
    other = program(cast["clerk"]).post("/requests", LAMP, idempotency="a")
    assert other.json()["number"] != made["number"], "each key has its own"


def test_a_crash_before_the_answer_was_kept_has_no_second_effect(
    clerk: Program, dispatcher: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clerk.post("/requests", LAMP, idempotency="a")
    accepted = dispatcher.post(f"/cases/{first.json()['number']}/acceptances", idempotency="b")
    Answer.objects.update(status=None, body="", headers={})
    assert clerk.post("/requests", LAMP, idempotency="a").content == first.content
    again = dispatcher.post(f"/cases/{first.json()['number']}/acceptances", idempotency="b")
    assert (again.status_code, again.content) == (201, accepted.content)
    Answer.objects.all().delete()  # a day later
    assert clerk.post("/requests", LAMP, idempotency="a").json() == first.json()
    assert Event.objects.count() == 2


def test_answers_are_forgotten_after_a_day(clerk: Program) -> None:
    clerk.post("/requests", LAMP)
    assert answers.sweep(at=clock.now() + timedelta(hours=23)) == 0
    assert answers.sweep(at=clock.now() + timedelta(hours=25)) == 1
    assert "answers" in {name for name, _interval, _job in Rounds()._jobs()}, "the worker does it"


@pytest.mark.django_db(transaction=True)
def test_the_same_write_at_the_same_moment_has_one_effect(cast: Cast) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("one writer at a time on SQLite")
    asking = program(cast["clerk"])
    found: list[bytes] = []

    def ask() -> None:
        try:
            found.append(Program(asking.secret).post("/requests", LAMP, idempotency="a").content)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert Case.objects.count() == 1


# Versions ---------------------------------------------------------------------------------------


def test_a_version_is_an_etag(clerk: Program, dispatcher: Program) -> None:
    number = clerk.post("/requests", LAMP).json()["number"]
    seen = dispatcher.get(f"/requests/{number}")
    assert seen["ETag"] == '"1"'
    same = dispatcher.get(f"/requests/{number}", If_None_Match='"7", W/"1"')
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", '"1"')
    moved = dispatcher.post(f"/cases/{number}/acceptances", If_Match=seen["ETag"])
    assert moved.status_code == 201
    assert moved["ETag"] == '"2"'
    assert dispatcher.get(f"/requests/{number}", If_None_Match='"1"').status_code == 200


@pytest.mark.parametrize("match", ['"1"', 'W/"2"', '"x"', '"2", "3"', "2"])
def test_a_move_on_another_version_changes_nothing(match: str, clerk: Program, dispatcher: Program) -> None:
    number = clerk.post("/requests", LAMP).json()["number"]
    dispatcher.post(f"/cases/{number}/acceptances")
    response = dispatcher.post(f"/cases/{number}/notes", NOTE, If_Match=match)
    said = problem(response, 412, "stale")
    assert "Nothing was changed" in said["detail"]
    assert said["current"] == {"state": "accepted", "version": 2}
    assert response["ETag"] == '"2"'
    assert Case.objects.get().version == 2
    assert dispatcher.post(f"/cases/{number}/notes", NOTE, If_Match="*").status_code == 201


# Rates and caches -------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_time_passes")
def test_too_many_requests_are_told_when_to_come_back(cast: Cast) -> None:
    asking = program(cast["clerk"], per_minute=6)
    found = [asking.get("/requests") for _ in range(4)]
    assert [each.status_code for each in found] == [200, 200, 429, 429]
    problem(found[-1], 429, "too-many")
    assert 1 <= int(found[-1]["Retry-After"]) <= 10
    assert found[0]["RateLimit-Policy"] == '"key";q=6;w=60'


@pytest.mark.usefixtures("no_time_passes")
def test_guessing_keys_is_counted_by_address(cast: Cast) -> None:
    burst = ANYBODY_PER_MINUTE // 3
    statuses = [Program("linli_" + "0" * 32).get("/requests").status_code for _ in range(burst + 12)]
    assert statuses[:burst] == [401] * burst
    assert 429 in statuses[burst:]
    assert program(cast["clerk"]).get("/requests").status_code == 200, "a key is counted by itself"
    Bucket.objects.all().delete()


def test_what_is_private_is_kept_by_no_cache_and_shown_to_no_other_site(clerk: Program) -> None:
    number = clerk.post("/requests", LAMP).json()["number"]
    for response in (clerk.get("/requests"), clerk.get(f"/requests/{number}"), clerk.get("/events")):
        assert response["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response
    shown = Program().get("/categories")
    assert shown["Cache-Control"].startswith("public")
    assert shown["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in shown["Vary"]
    assert clerk.get("/categories")["Cache-Control"] == "no-store"


def test_a_fault_of_our_own_is_a_problem_without_details(
    clerk: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr("linli.api.v1.requests.submit_with_photos", fail)
    response = clerk.post("/requests", LAMP, idempotency="a")
    assert "secret" not in json.dumps(problem(response, 500, "failed"))
    monkeypatch.undo()
    assert clerk.post("/requests", LAMP, idempotency="a").status_code == 201, "a fault is no answer"
