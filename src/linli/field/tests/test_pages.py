"""What a phone may read, the app's own page, and the desk's page of what is held."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import Cast, Town
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.cases.models import Case
from linli.field import actions, wire
from linli.field.models import Held, Phone, Sent
from linli.kit.ids import uuid7
from linli.mediation.actions import screening
from linli.notify.models import PushAddress
from linli.privacy.models import Read

from .device import Device
from .pushing import SUBSCRIPTION

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def as_(cast: Cast) -> Callable[[str], Client]:
    def signed_in(name: str) -> Client:
        client = Client()
        client.force_login(cast.people[name], backend=BACKEND)
        return client

    return signed_in


@pytest.fixture
def fresh(report: Any, town: Town) -> Case:
    """A case that moved just now in the worker's grid."""
    case: Case = report(at=timezone.now()).case
    return case


def carried(client: Client, what: str = "cases") -> Any:
    response = client.get(f"/field/{what}")
    assert response.status_code == 200, response.content
    assert response["Cache-Control"] == "private, no-store"
    return response.json()


def test_a_phone_carries_open_cases_of_its_own_area_that_moved_within_a_week(
    as_: Any, fresh: Case, report: Any, town: Town
) -> None:
    now = timezone.now()
    report(at=now - timedelta(days=8))
    report(at=now, place=town["grid2"])
    report(at=now, place=town["west_grid"])
    found = carried(as_("grid_worker"))["cases"]
    assert [row["number"] for row in found] == [fresh.number]
    assert found[0]["moves"]
    assert len(carried(as_("officer"))["cases"]) == 2


def test_what_a_phone_carries_names_no_reporter(as_: Any, report: Any) -> None:
    report(
        at=timezone.now(),
        text="我是张桂芳，电话 0712-0000-104，门前路灯不亮。",
        contact_name="张桂芳",
        contact_phone="0712-0000-104",
    )
    text = json.dumps(carried(as_("grid_worker")), ensure_ascii=False)
    assert "张桂芳" not in text
    assert "0000-104" not in text


def test_what_a_phone_carries_is_noted_before_it_leaves(as_: Any, fresh: Case) -> None:
    client = as_("grid_worker")
    tag = client.get("/field/cases")["ETag"]
    assert [(read.case_id, read.groups) for read in Read.objects.filter(what="phone")] == [
        (fresh.pk, ["history", "words"])
    ]
    client.get("/field/cases", headers={"If-None-Match": tag})
    assert Read.objects.count() == 1


def test_a_poll_costs_a_304_until_something_changes(as_: Any, fresh: Case, report: Any) -> None:
    client = as_("grid_worker")
    for what in ("cases", "reference"):
        tag = client.get(f"/field/{what}")["ETag"]
        assert client.get(f"/field/{what}", headers={"If-None-Match": tag}).status_code == 304
    tag = client.get("/field/cases")["ETag"]
    report(at=timezone.now())
    assert client.get("/field/cases", headers={"If-None-Match": tag}).status_code == 200


def test_reference_data_holds_places_categories_and_outlines(as_: Any, town: Town) -> None:
    found = carried(as_("officer"), "reference")
    codes = {place["code"] for place in found["places"]}
    assert town["grid"].code in codes
    assert town["west_grid"].code not in codes
    assert any(each["code"] == "facility.street_lamp" for each in found["categories"])
    assert found["boundaries"]["features"]


def test_a_phone_carries_where_to_go_round_and_how_far_this_month_has_come(
    as_: Any, town: Town, cast: Cast
) -> None:
    at = timezone.now()
    month = timezone.localtime(at).date().replace(day=1)

    def carried_now(who: str) -> list[tuple[Any, ...]]:
        rows = carried(as_(who), "reference")["screened"]
        assert {row["month"] for row in rows} == {f"{month:%Y-%m}"}
        return [(row["code"], row["above"], row["is_done"], row["found"]) for row in rows]

    village, grid, other = (town[name].code for name in ("village", "grid", "grid2"))
    tag = as_("officer").get("/field/reference")["ETag"]
    screening.record_round(place=town["grid"], month=month, found=2, by=cast["grid_worker"], at=at)
    assert carried_now("grid_worker") == [(grid, "", True, 2)]
    assert carried_now("sibling_worker") == [(other, "", False, 0)]
    assert carried_now("officer") == [
        (village, "", False, 2),
        (grid, village, True, 2),
        (other, village, False, 0),
    ]
    assert as_("officer").get("/field/reference", headers={"If-None-Match": tag}).status_code == 200
    screening.record_round(place=town["grid2"], month=month, found=0, by=cast["sibling_worker"], at=at)
    assert carried_now("officer")[0] == (village, "", True, 2)


def test_strangers_and_other_posts_read_nothing(as_: Any, client: Client) -> None:
    for what in ("cases", "reference", "me", f"refused/{uuid7()}"):
        assert client.get(f"/field/{what}").status_code == 302
        assert as_("handler").get(f"/field/{what}").status_code == 404


def test_a_token_reads_nothing(cast: Cast, client: Client) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    headers = {"Authorization": device.authorization}
    for what in ("cases", "reference", "me"):
        assert client.get(f"/field/{what}", headers=headers).status_code == 302


@pytest.mark.parametrize("given", ["", "Phone x", "Phone x.y", "Bearer abc", "Phone 0.0", "Phone .y"])
def test_without_a_token_nothing_is_taken(client: Client, given: str) -> None:
    response = client.post(
        "/field/batches", {"commands": []}, "application/json", headers={"Authorization": given}
    )
    assert response.status_code == 401


def test_a_batch_over_http(cast: Cast, town: Town, client: Client) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    key = device.report(town["grid"].code)
    body = {"commands": [device.as_json(key)]}
    headers = {"Authorization": device.authorization}
    said = [client.post("/field/batches", body, "application/json", headers=headers).json() for _ in range(2)]
    assert said[0]["results"] == said[1]["results"]
    assert (said[0]["results"][0]["state"], said[0]["is_revoked"]) == ("received", False)


def test_a_conflict_says_what_others_did_and_that_it_was_told(
    cast: Cast, town: Town, fresh: Case, move: Any, client: Client
) -> None:
    other = Device.enrol(cast["grid_worker"], timezone.now())
    for verb, more in (("accept", {}), ("dispatch", {"unit": str(town["village"].pk)})):
        move(fresh, verb, "dispatcher", timezone.now(), **more)
    move(fresh, "acknowledge", "officer", timezone.now())
    key = other.move(fresh.pk, "self_handle", 1, result="到现场换了灯泡，试过都亮。")
    body = {"commands": [other.as_json(key)]}
    headers = {"Authorization": other.authorization}
    said = client.post("/field/batches", body, "application/json", headers=headers).json()["results"][0]
    assert (said["state"], len(said["changes"])) == ("conflict", 3)
    assert not any("words" in line for line in said["changes"])  # it lies on the phone as it came
    assert [(read.case_id, read.groups) for read in Read.objects.all()] == [(fresh.pk, ["history"])]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"commands": 1}',
        '{"commands": [1]}',
        '{"commands": [{"id": "x", "version": 1, "sealed": ""}]}',
    ],
)
def test_an_unreadable_batch_is_refused(cast: Cast, client: Client, body: str) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    headers = {"Authorization": device.authorization}
    assert client.post("/field/batches", body, "application/json", headers=headers).status_code == 400


def test_only_the_author_gets_back_what_was_refused(cast: Cast, as_: Any) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    key = device.report("nowhere", text="短")
    device.send(timezone.now())
    assert as_("grid_worker").get(f"/field/refused/{key}").json()["content"]["data"]["text"] == "短"
    assert as_("sibling_worker").get(f"/field/refused/{key}").status_code == 404


def test_only_the_author_gets_back_the_photos_of_what_was_refused(cast: Cast, as_: Any) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    photo = uuid7()
    sealed = wire.seal(b"a picture", photo, device.seal_for)
    actions.put(
        parcel_id=photo,
        phone=device.phone,
        size=len(sealed),
        sha256=hashlib.sha256(sealed).hexdigest(),
        offset=0,
        piece=sealed,
        at=timezone.now(),
    )
    key = device.report("nowhere", text="短", photos=[photo])
    device.send(timezone.now())
    mine = as_("grid_worker").get(f"/field/refused/{key}/photos/{photo}")
    assert (mine.content, mine["Content-Type"]) == (b"a picture", "application/octet-stream")
    assert mine["Cache-Control"] == "private, no-store"
    assert as_("sibling_worker").get(f"/field/refused/{key}/photos/{photo}").status_code == 404
    assert as_("grid_worker").get(f"/field/refused/{key}/photos/{uuid7()}").status_code == 404
    assert as_("grid_worker").get(f"/field/refused/{uuid7()}/photos/{photo}").status_code == 404


# The app itself ---------------------------------------------------------------------------------------


def test_the_shell_is_the_same_for_everybody(as_: Any, client: Client, cast: Cast) -> None:
    pages = [each.get("/field/").content for each in (client, as_("grid_worker"), as_("officer"))]
    assert pages[0] == pages[1] == pages[2]
    assert b"csrfmiddlewaretoken" not in pages[0]
    assert cast.people["grid_worker"].name.encode() not in pages[1]


def test_the_shell_may_use_the_microphone_and_nothing_else_may(client: Client) -> None:
    assert "microphone=(self)" in client.get("/field/")["Permissions-Policy"]
    assert "microphone=()" in client.get("/")["Permissions-Policy"]


def test_it_can_be_installed(client: Client) -> None:
    manifest = client.get("/field/app.webmanifest").json()
    assert (manifest["display"], manifest["start_url"], manifest["scope"]) == (
        "standalone",
        "/field/",
        "/field/",
    )
    worker = client.get("/field/worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    entries = json.loads(worker.content.decode().split("\n")[0].removeprefix("self.LINLI = ").rstrip(";"))[
        "entries"
    ]
    assert {entry["url"] for entry in entries} >= {"/field/"}
    assert not any("cases" in entry["url"] or "reference" in entry["url"] for entry in entries)


def test_the_first_load_is_small() -> None:
    """On top of the shared bundle: at most 200 kB, compressed."""
    files = [path for path in configured.DIST.glob("*") if path.name.split(".")[0] in {"field", "sw"}]
    assert len(files) >= 3
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 200_000


# Who decides about what is held -----------------------------------------------------------------------


def test_the_desk_shows_what_is_held_and_lets_a_person_decide(cast: Cast, town: Town, as_: Any) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    key = device.report(town["grid"].code, text="桥头护栏松了，有孩子靠。")
    actions.revoke(phone=device.phone, at=timezone.now())
    device.send(timezone.now())
    held = Held.objects.get()
    assert "桥头护栏松了" in as_("dispatcher").get("/field/held").content.decode()
    assert "桥头护栏松了" not in as_("outsider").get("/field/held").content.decode()
    assert as_("grid_worker").get("/field/held").status_code == 404
    assert as_("outsider").post(f"/field/held/{held.pk}/decision", {"choice": "release"}).status_code == 404
    as_("dispatcher").post(f"/field/held/{held.pk}/decision", {"choice": "discard", "reason": ""})
    assert Held.objects.get().decided_at is None
    as_("dispatcher").post(f"/field/held/{held.pk}/decision", {"choice": "release"})
    assert Case.objects.filter(pk=key).exists()


def test_the_menu_of_the_desk_leads_there(as_: Any) -> None:
    worker, dispatcher, handler = (
        as_(name).get("/desk/").content.decode() for name in ("grid_worker", "dispatcher", "handler")
    )
    assert ('href="/field/"' in worker, 'href="/field/held"' in worker) == (True, False)
    assert ('href="/field/"' in dispatcher, 'href="/field/held"' in dispatcher) == (False, True)
    assert "/field/" not in handler
    assert 'href="/desk/cases"' in as_("dispatcher").get("/field/held").content.decode()


def test_a_lost_phone_is_revoked_at_the_desk(cast: Cast, as_: Any) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    assert as_("outsider").post(f"/field/phones/{device.phone.pk}/revocation").status_code == 404
    as_("dispatcher").post(f"/field/phones/{device.phone.pk}/revocation")
    assert Phone.objects.get().revoked_at is not None


def test_a_lost_phone_ends_the_sign_ins_of_its_owner_and_hears_of_it(cast: Cast, as_: Any) -> None:
    device, worker, dispatcher = (
        Device.enrol(cast["grid_worker"], timezone.now()),
        as_("grid_worker"),
        as_("dispatcher"),
    )
    worker.post("/field/push", SUBSCRIPTION, "application/json")
    headers = {"Authorization": device.authorization}
    assert worker.get("/field/cases", headers=headers).status_code == 200
    dispatcher.post(f"/field/phones/{device.phone.pk}/revocation")
    assert worker.get("/field/cases").status_code == 302
    assert worker.get("/field/cases", headers=headers).status_code == 410
    assert not PushAddress.objects.exists()
    assert dispatcher.get("/field/held").status_code == 200


def test_a_phone_holds_nothing_of_somebody_else_who_signs_in_on_it(cast: Cast, as_: Any) -> None:
    headers = {"Authorization": Device.enrol(cast["grid_worker"], timezone.now()).authorization}
    assert as_("officer").get("/field/cases", headers=headers).status_code == 401
    assert as_("grid_worker").get("/field/cases", headers=headers).status_code == 200


def test_the_desk_shows_all_that_somebody_wanted_done(
    cast: Cast, town: Town, as_: Any, fresh: Case, move: Any
) -> None:
    now = timezone.now()
    device = Device.enrol(cast["officer"], now)
    device.report(town["grid"].code)
    device.move(fresh.pk, "acknowledge", 1)
    device.write("visit", case=fresh.pk, data={"satisfied": "no"})
    device.write("screening", data={"place": town["village"].code, "month": "2026-09", "found": 2})
    actions.revoke(phone=device.phone, at=now)
    device.send(now)
    page = as_("dispatcher").get("/field/held").content.decode()
    for told in ("路灯", town["grid"].label, "签收", "不满意", town["village"].label, "2026-09", "发现 2 起"):
        assert told in page, told
    assert page.count(f"/desk/cases/{fresh.number}") == 2


def test_the_page_of_what_is_held_asks_the_same_however_much_waits(
    cast: Cast, town: Town, as_: Any, fresh: Case
) -> None:
    now, desk = timezone.now(), as_("dispatcher")

    def hold(count: int) -> int:
        device = Device.enrol(cast["officer"], now)
        for _each in range(count):
            device.report(town["grid"].code)
            device.write("visit", case=fresh.pk, data={"satisfied": "no", "note": "\0"})
            device.write("screening", data={"place": "\0", "month": "2026-09", "found": 2})
        actions.revoke(phone=device.phone, at=now)
        device.send(now)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get("/field/held").status_code == 200
        return len(asked)

    hold(1)
    assert hold(1) == hold(4)


def test_a_worker_enrols_and_gives_up_a_phone(as_: Any) -> None:
    client, key = as_("grid_worker"), str(uuid7())
    body = {"id": key, "verifier": base64.b64encode(b"v" * 32).decode(), "name": "Android"}
    enrolled = client.post("/field/phones", body, "application/json")
    assert set(enrolled.json()) == {"token", "share", "seal_for", "version"}
    assert client.post("/field/phones", body, "application/json").status_code == 422
    gone = client.post("/field/phones/mine", {"id": key}, "application/json").json()
    assert gone["phones"][0]["is_revoked"] is True


# A resident without a phone ---------------------------------------------------------------------------


def test_the_resident_gets_a_paper_with_a_code_once(cast: Cast, town: Town, as_: Any) -> None:
    device = Device.enrol(cast["grid_worker"], timezone.now())
    key = device.report(town["grid"].code, data={"for_resident": True, "consent": True, "channel": "print"})
    device.send(timezone.now())
    from linli.kit import codes
    from linli.service_requests import actions as service_requests

    code = codes.pretty(service_requests.tracking_code(key))
    client = as_("grid_worker")
    assert code not in client.get(f"/field/receipts/{key}").content.decode()
    assert code not in as_("sibling_worker").post(f"/field/receipts/{key}").content.decode()
    assert not Read.objects.exists()
    assert code in client.post(f"/field/receipts/{key}").content.decode()
    assert code not in client.post(f"/field/receipts/{key}").content.decode()
    assert [(read.what, read.case_id) for read in Read.objects.all()] == [("receipt", key)]


def test_a_browser_asks_to_be_told(as_: Any, cast: Cast) -> None:
    client = as_("grid_worker")
    assert client.post("/field/push", SUBSCRIPTION, "application/json").status_code == 201
    assert PushAddress.objects.get().person_id == cast["grid_worker"].person_id
    assert client.post("/field/push", {"endpoint": "x"}, "application/json").status_code == 422
    assert Sent.objects.count() == 0
