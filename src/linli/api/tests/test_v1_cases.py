"""Requests, disputes, moves and the feed of the JSON API: what each post gets, and nothing more."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.api.tests.asking import PREFIX, Program, program
from linli.api.tests.test_v1_protocol import LAMP, problem
from linli.api.v1 import moves
from linli.cases.models import Case, Event
from linli.cases.procedures import all_procedures
from linli.documents.models import Attachment
from linli.documents.tests.pictures import plain as jpeg
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.mediation.models import Purpose, Sitting
from linli.mediation.tests.story import Story
from linli.orgs.models import is_within
from linli.people.access import Actor
from linli.privacy.models import Group, Read
from linli.service_requests.models import Question

pytestmark = pytest.mark.django_db
Report = Callable[..., Any]


@pytest.fixture
def clerk(cast: Cast) -> Program:
    return program(cast["clerk"])


@pytest.fixture
def dispatcher(cast: Cast) -> Program:
    return program(cast["dispatcher"])


def every_page(asking: Program, path: str, name: str) -> list[Any]:
    """All rows of a list, walked by its Link headers."""
    found: list[Any] = []
    for _page in range(200):
        response = asking.get(path)
        assert response.status_code == 200, response.content.decode()
        found += response.json()[name]
        link = response.get("Link", "")
        assert bool(link) == bool(response.json()["next"])
        if not link:
            return found
        assert link.endswith('; rel="next"')
        path = link[1 : link.index(">")].removeprefix(PREFIX)
    raise AssertionError("the list has no end")


# Requests ---------------------------------------------------------------------------------------


def test_a_request_is_taken_in_as_on_the_desk(clerk: Program, town: Town, cast: Cast) -> None:
    given = {**LAMP, "contact_name": "周女士", "contact_phone": "0712-0000-000", "may_publish": True}
    response = clerk.post("/requests", given)
    made = response.json()
    case = Case.objects.get()
    assert (case.number, case.channel, case.place) == (made["number"], "hotline", town["grid"])
    assert case.due_at is not None
    assert Event.objects.get().person == cast.people["clerk"]
    assert made["suggested_unit"]["code"] == "990001101-cj"
    assert response["Location"] == f"/api/v1/requests/{made['number']}"
    seen = clerk.get(f"/requests/{made['number']}").json()
    assert seen["contact"] == {"name": "周女士", "phone": "0712-0000-000"}
    assert seen["text"] == LAMP["text"]
    assert seen["may_publish"] is True


def test_a_point_is_enough_and_must_agree_with_the_place(clerk: Program) -> None:
    there = {name: value for name, value in LAMP.items() if name != "place"}
    made = clerk.post("/requests", there | {"lon": 114.07, "lat": 31.02}).json()
    assert made["place"]["code"] == "990001101201002"
    for wrong in ({"lon": 0.0, "lat": 0.0}, {"lon": 114.07}, {"lon": 114.07, "lat": 31.02, **LAMP}):
        assert "place" in problem(clerk.post("/requests", there | wrong), 422, "invalid")["errors"]


def test_a_post_that_takes_nothing_in_is_refused(cast: Cast) -> None:
    problem(program(cast["auditor"]).post("/requests", LAMP), 403, "not-allowed")


def test_who_reported_is_kept_from_whoever_need_not_know(cast: Cast, report: Report, move: Any) -> None:
    case = report(contact_name="周女士", contact_phone="0712-0000-000", is_identity_kept=True).case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(cast["handler"].organisation_id))
    for who in ("handler", "auditor"):
        seen = program(cast[who]).get(f"/requests/{case.number}")
        assert seen.json()["contact"] is None
        assert seen.json()["contact_refusal"]
        assert "0712-0000-000" not in seen.content.decode()


def test_photos_are_sent_before_and_read_by_who_sees_the_case(
    clerk: Program, cast: Cast, settings: Any, tmp_path: Any
) -> None:
    settings.ATTACHMENTS = tmp_path

    def send(idempotency: str, data: bytes) -> Any:
        file = SimpleUploadedFile("灯.jpg", data, "image/jpeg")
        headers = clerk.headers({"Idempotency-Key": idempotency})
        return clerk.client.post(f"{PREFIX}/uploads", {"photo": file}, headers=headers)

    sent = send("p", jpeg())
    assert sent.status_code == 201, sent.content
    assert send("p", jpeg()).content == sent.content
    problem(send("p", jpeg() + b"x"), 409, "reused")
    problem(send("q", b"no photo at all"), 415, "media-type")
    made = clerk.post("/requests", LAMP | {"photos": [sent.json()["id"]]}).json()
    assert Attachment.objects.get().case.number == made["number"]
    photo = clerk.get(f"/requests/{made['number']}").json()["photos"][0]
    shown = clerk.get(f"/requests/{made['number']}/photos/{photo}", Accept="image/jpeg")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    other = clerk.post("/requests", LAMP).json()["number"]
    problem(clerk.get(f"/requests/{other}/photos/{photo}", Accept="*/*"), 404, "not-found")
    stranger = program(cast["outsider"])
    problem(stranger.get(f"/requests/{made['number']}/photos/{photo}", Accept="*/*"), 404, "not-found")


def test_lists_narrow_as_on_the_desk(cast: Cast, report: Report, move: Any) -> None:
    lamp, other = report().case, report(category="environment.rubbish").case
    move(lamp, "accept", "dispatcher")
    asking = program(cast["dispatcher"])

    def numbers(query: str) -> set[str]:
        response = asking.get(f"/requests?{query}")
        assert response.status_code == 200, (query, response.content.decode())
        return {row["number"] for row in response.json()["requests"]}

    assert numbers("") == {lamp.number, other.number}
    assert numbers("state=accepted") == {lamp.number}
    assert numbers("category=facility") == {lamp.number}
    assert numbers("category=environment.rubbish") == {other.number}
    assert numbers("place=990001101201002") == set()
    assert numbers("open=closed") == set()
    assert numbers("until=2026-09-29") == set()
    assert numbers("since=2026-09-30&sort=newest") == {lamp.number, other.number}
    assert numbers("due=late") == {lamp.number, other.number}
    assert numbers("board=late") == numbers("board=open") == {lamp.number, other.number}


def test_every_post_lists_exactly_the_visible_cases_page_by_page(
    cast: Cast, town: Town, report: Report, dispute: Any
) -> None:
    """Z2: against an oracle that knows nothing of queries, over random places, holders, partners and accusations."""
    chance = random.Random(31)
    places = [town[name] for name in ("county", "east", "village", "grid", "grid2", "west", "west_grid")]
    units = [town[name] for name in ("east_works", "county_housing", "west_works", "east_committee")]
    for n in range(36):
        at = NOW - timedelta(minutes=chance.randrange(90))
        accused = chance.choice([None, None, town["east"], town["west_works"], town["village"]])
        kind = "accusation" if accused else "help"
        case = report(place=chance.choice(places), request_type=kind, accused=accused, at=at).case
        if chance.random() < 0.6:
            holder = chance.choice(units)
            Case.objects.filter(pk=case.pk).update(holder=holder, holder_path=holder.path)
        if n % 4 == 0:
            case.partners.create(organisation=(unit := chance.choice(units)), path=unit.path, since=at)
    dispute()
    for name in (
        "dispatcher",
        "outsider",
        "handler",
        "officer",
        "auditor",
        "clerk",
        "mediator",
        "supervisor",
    ):
        asking, actor = program(cast[name]), cast[name]
        for order in ("urgent", "newest"):
            path = f"/requests?limit=7&sort={order}"
            listed = [row["number"] for row in every_page(asking, path, "requests")]
            assert len(listed) == len(set(listed)), (name, order)
            assert set(listed) == oracle(actor, {"service_request"}), (name, order)
        rows = every_page(asking, "/disputes?limit=1", "disputes")
        assert {row["number"] for row in rows} == oracle(actor, {"mediation"}), name


def oracle(actor: Actor, kinds: set[str]) -> set[str]:
    """The numbers of the cases a post may see, worked out one by one."""
    found = set()
    for case in Case.objects.filter(kind__in=kinds):
        paths = {"place": [case.place_path], "holder": [case.holder_path]}
        paths["partner"] = [each.path for each in case.partners.filter(ended_at=None)]
        reached = any(is_within(path, actor.path) for axis in actor.reach for path in paths[axis])
        if reached and not (case.accused_path and is_within(actor.path, case.accused_path)):
            found.add(case.number)
    return found


@pytest.mark.parametrize("path", ["/requests", "/disputes", "/events", "/organisations", "/requests?q=路灯"])
def test_a_list_takes_the_same_statements_however_long(
    path: str, dispatcher: Program, report: Report, dispute: Any
) -> None:
    counts = []
    for _round in range(2):
        for _each in range(5):
            report()
            dispute()
        ledger.sequence()
        dispatcher.get(path)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert dispatcher.get(path).status_code == 200
        assert not [each for each in asked.captured_queries if "COUNT(" in each["sql"].upper()]
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[1] <= 12


# Moves ------------------------------------------------------------------------------------------


def test_every_verb_of_the_kernel_has_a_noun_or_a_reason_not_to() -> None:
    """What only a reporter, a party or Linli itself does has none; signatures need a hand, and papers a form."""
    desk_only = {"sign_as_staff", "seal"}
    papers = {"write", "follow_up", "refer"}
    for procedure in [each for each in all_procedures().values() if each.is_enabled]:
        for move in procedure.moves.values():
            theirs = move.may == "system" or move.relation == "reporter"
            assert bool(move.noun) != (theirs or move.verb in desk_only), (procedure.kind, move.verb)
            if move.noun and move.verb not in papers:
                assert procedure.kind in {kind for kind, _move in moves.nouns()[move.noun]}, move.verb


def test_a_request_goes_all_the_way_by_posts_of_nouns(clerk: Program, cast: Cast, town: Town) -> None:
    number = clerk.post("/requests", LAMP).json()["number"]
    works = str(town["east_works"].pk)
    steps: list[tuple[str, str, dict[str, Any], str]] = [
        ("dispatcher", "acceptances", {}, "accepted"),
        ("dispatcher", "dispatches", {"unit": works, "note": "三天内修好"}, "dispatched"),
        ("handler", "acknowledgements", {}, "acknowledged"),
        (
            "handler",
            "extension-requests",
            {"days": 2, "reason": "要等配件，三天才能到。"},
            "extension_requested",
        ),
        ("dispatcher", "extensions", {"days": 2, "reason": "同意延期，配件到了马上装。"}, "in_progress"),
        ("handler", "progress", {"note": "已经到现场看过。"}, "in_progress"),
        ("handler", "feedback", {"result": "三盏灯都换了新的灯泡，已经亮了。"}, "feedback_given"),
        ("dispatcher", "check-arrangements", {}, "verifying"),
        ("verifier", "verifications", {"finding": "现场看过，三盏都亮。"}, "closed"),
    ]
    version = '"1"'
    for who, noun, given, state in steps:
        asking = program(cast[who])
        offered = asking.get(f"/cases/{number}/moves")
        body = next(each for each in offered.json()["moves"] if each["noun"] == noun)
        assert body["href"] == f"{PREFIX}/cases/{number}/{noun}"
        response = asking.post(f"/cases/{number}/{noun}", _fitting(body["body"], given), If_Match=version)
        assert response.status_code == 201, (noun, response.content.decode())
        assert response.json()["state"] == state, noun
        version = response["ETag"]
    case = Case.objects.get()
    assert (case.state, version) == ("closed", f'"{case.version}"')


def _fitting(schema: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The fields the schema names: whatever they are called there, a number goes to the number."""
    names = schema.get("properties", {})
    found = {name: value for name, value in given.items() if name in names}
    for name in schema.get("required", []):
        kind = names[name]["type"]
        spare = [value for value in given.values() if isinstance(value, int if kind == "integer" else str)]
        found.setdefault(name, spare[0] if spare else "")
    return found


def test_moves_out_of_order_by_others_and_of_strangers(clerk: Program, cast: Cast) -> None:
    number = clerk.post("/requests", LAMP).json()["number"]
    dispatcher = program(cast["dispatcher"])
    problem(
        dispatcher.post(f"/cases/{number}/verifications", {"finding": "都亮了，看过。"}), 403, "not-allowed"
    )
    problem(dispatcher.post(f"/cases/{number}/dispatches", {"unit": "x"}), 409, "out-of-order")
    problem(program(cast["auditor"]).post(f"/cases/{number}/acceptances"), 403, "not-allowed")
    for where in (f"/cases/{number}/acceptances", f"/cases/{number}/notes", "/cases/260930-00000/notes"):
        problem(
            program(cast["outsider"]).post(where, {"note": "看过", "reader": "internal"}), 404, "not-found"
        )
    problem(dispatcher.post(f"/cases/{number}/sessions"), 404, "not-found")
    problem(dispatcher.post(f"/cases/{number}/ratings"), 404, "not-found")
    assert Case.objects.get().version == 1


def test_a_field_that_is_wrong_is_named(clerk: Program, dispatcher: Program) -> None:
    number = clerk.post("/requests", LAMP).json()["number"]
    dispatcher.post(f"/cases/{number}/acceptances")
    for unit in ("x", 5, True, ["a"], {"a": 1}, "01923f3c-0000-7000-8000-000000000001"):
        said = problem(dispatcher.post(f"/cases/{number}/dispatches", {"unit": unit}), 422, "invalid")
        assert set(said["errors"]) == {"unit"}
    said = problem(dispatcher.post(f"/cases/{number}/dispatches", {"to": "x"}), 422, "invalid")
    assert set(said["errors"]) == {"unit", "to"}


# Disputes ---------------------------------------------------------------------------------------


def test_a_dispute_shows_no_content_before_its_gate(cast: Cast, dispute: Any) -> None:
    case = dispute().case
    Story(cast, case.pk).to("in_mediation")
    words = ("李秀英", "陈国强", "0712-0000-101", "雨水管", "院墙排水")
    for who in ("mediator", "chair", "centre", "supervisor", "auditor", "dispatcher"):
        asking = program(cast[who])
        for path in ("/disputes", f"/disputes/{case.number}", f"/cases/{case.number}/moves"):
            response = asking.get(path)
            assert response.status_code == 200, (who, path)
            assert not [word for word in words if word in response.content.decode()], (who, path)
    problem(program(cast["mediator"]).get(f"/requests/{case.number}"), 404, "not-found")
    shown = {group for read in Read.objects.all() for group in read.groups}
    assert shown <= {Group.HEADLINE, Group.HISTORY}


def test_content_opens_for_its_own_people_and_is_written_down_first(cast: Cast, dispute: Any) -> None:
    case = dispute().case
    story = Story(cast, case.pk).to("in_mediation")
    path = f"/disputes/{case.number}/content"
    asking = program(cast["mediator"])
    assert "purpose" in problem(asking.get(path), 422, "invalid")["errors"]
    assert "purpose" in problem(asking.get(f"{path}?purpose=curiosity"), 422, "invalid")["errors"]
    assert Read.objects.count() == 0
    seen = asking.get(f"{path}?purpose=mediating")
    assert {party["name"] for party in seen.json()["parties"]} == {"李秀英", "陈国强"}
    assert seen["Cache-Control"] == "no-store"
    noted = Read.objects.get()
    assert (noted.person, noted.purpose, noted.what) == (cast.people["mediator"], Purpose.MEDIATING, "api")
    for who in ("centre", "supervisor", "auditor", "dispatcher", "second_mediator", "outsider"):
        problem(program(cast[who]).get(f"{path}?purpose=mediating"), 404, "not-found")
    assert Read.objects.count() == 1
    assert story.state == "in_mediation"


def test_a_separate_talk_is_known_to_the_mediators_alone(cast: Cast, dispute: Any) -> None:
    case = dispute().case
    Story(cast, case.pk).to("in_mediation")
    begin = clock.now() + timedelta(days=1)
    given = {"kind": "separate", "party": 1, "place": "村委会", "starts_at": begin.isoformat()}
    asking = program(cast["mediator"])
    wrong = problem(asking.post(f"/cases/{case.number}/sessions", given), 422, "invalid")
    assert set(wrong["errors"]) == {"ends_at"}


def test_a_dispute_goes_on_by_posts_of_nouns(cast: Cast, dispute: Any) -> None:
    from linli.mediation import actions as mediations
    from linli.mediation.tests.walk import GOOD_TEST

    case = dispute(at=clock.now() - timedelta(days=1)).case
    story = Story(cast, case.pk, at=clock.now() - timedelta(hours=20))
    chair, mediator = program(cast["chair"]), program(cast["mediator"])

    def post(asking: Program, noun: str, given: Any = None) -> Any:
        response = asking.post(f"/cases/{case.number}/{noun}", given)
        assert response.status_code == 201, (noun, response.content.decode())
        return response.json()

    assert post(chair, "enquiries")["state"] == "consent_check"
    problem(chair.post(f"/cases/{case.number}/acceptances"), 403, "not-allowed")
    story.say("willing")
    story.give(mediations.set_test, "chair", answers=GOOD_TEST)
    assert post(chair, "acceptances")["state"] == "accepted"
    team = {"mediators": [str(cast.people["mediator"].pk)]}
    assert post(chair, "appointments", team)["state"] == "mediator_assigned"
    story.say("rights")
    assert post(mediator, "beginnings")["state"] == "in_mediation"
    tomorrow = clock.now() + timedelta(days=1)
    times = {"starts_at": tomorrow.isoformat(), "ends_at": (tomorrow + timedelta(hours=1)).isoformat()}
    joint = mediator.post(
        f"/cases/{case.number}/sessions", {"kind": "joint", "place": "村委会", **times}, idempotency="s"
    )
    assert joint.status_code == 201, joint.content.decode()
    assert joint.json()["event"] is not None
    again = mediator.post(
        f"/cases/{case.number}/sessions", {"kind": "joint", "place": "村委会", **times}, idempotency="s"
    )
    assert again.content == joint.content
    apart = {"kind": "separate", "party": 1, "place": "家里"}
    later = tomorrow + timedelta(hours=3)
    times = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(hours=1)).isoformat()}
    assert post(mediator, "sessions", apart | times)["event"] is None
    assert Sitting.objects.filter(case_id=case.pk).count() == 2
    seen = mediator.get(f"/disputes/{case.number}/content?purpose=mediating").json()
    assert {each["kind"] for each in seen["sessions"]} == {"joint", "separate"}
    chairs = chair.get(f"/disputes/{case.number}/content?purpose=sealing").json()
    assert {each["kind"] for each in chairs["sessions"]} == {"joint"}
    assert post(mediator, "suspensions", {"remark": "等鉴定"})["state"] == "suspended"
    problem(program(cast["centre"]).post(f"/cases/{case.number}/resumptions"), 404, "not-found")
    assert post(mediator, "resumptions")["state"] == "in_mediation"
    assert post(mediator, "failures", {"route": "court"})["state"] == "failed"
    offered = mediator.get(f"/cases/{case.number}/moves").json()
    assert {"write", "sign_as_staff"} & set(offered["desk_only"])


# The feed ---------------------------------------------------------------------------------------


def test_the_feed_skips_nothing_and_repeats_nothing(cast: Cast, report: Report, move: Any) -> None:
    mine, foreign = report().case, report(place=cast_place(cast)).case
    move(mine, "accept", "dispatcher")
    move(mine, "note", "dispatcher", note="只给本单位看", reader="internal")
    ledger.sequence()
    asking = program(cast["dispatcher"])
    entries = read_all(asking, 0)
    wanted = [(mine.number, event.number) for event in Event.objects.filter(case=mine).order_by("number")]
    assert [(each["case"], each["number"]) for each in entries] == wanted
    assert foreign.number not in json.dumps(entries)
    last = asking.get("/events?after=0&limit=500").json()["next"]
    move(mine, "dispatch", "dispatcher", unit=str(cast["handler"].organisation_id))
    assert asking.get(f"/events?after={last}").json()["events"] == [], "it has no position yet"
    ledger.sequence()
    new = asking.get(f"/events?after={last}").json()
    assert [each["verb"] for each in new["events"]] == ["dispatch"]
    problem(asking.get(f"/events?after={ledger.head() + 1}"), 422, "invalid")
    handler = read_all(program(cast["handler"]), 0)
    assert "只给本单位看" not in json.dumps(handler, ensure_ascii=False)
    assert {each["verb"] for each in handler} == {"open", "accept", "dispatch"}


def cast_place(cast: Cast) -> Any:
    return cast["outsider"].organisation


def read_all(asking: Program, after: int) -> list[dict[str, Any]]:
    """Pages of one place each: the cursor moves on even where nothing on the page may be seen."""
    found: list[dict[str, Any]] = []
    while True:
        page = asking.get(f"/events?after={after}&limit=1").json()
        found += page["events"]
        if page["is_last"]:
            return found
        assert page["next"] > after
        after = page["next"]


def test_the_feed_holds_no_contact_and_nothing_of_a_mediation(
    cast: Cast, dispute: Any, report: Report
) -> None:
    case = dispute().case
    report(contact_name="周女士", contact_phone="0712-0000-000")
    Story(cast, case.pk).to("performing")
    ledger.sequence()
    for who in ("mediator", "chair", "centre", "dispatcher"):
        response = program(cast[who]).get("/events?limit=500")
        entries = response.json()["events"]
        assert all(each["data"] is None for each in entries if each["kind"] == "mediation")
        for word in ("李秀英", "陈国强", "周女士", "0712-0000"):
            assert word not in response.content.decode(), (who, word)


# What is public ---------------------------------------------------------------------------------


def test_lists_everybody_may_read(cast: Cast, town: Town) -> None:
    asking = Program(language="zh")
    rows = every_page(asking, "/organisations?limit=5", "organisations")
    assert [row["code"] for row in rows] == [
        unit.code for unit in sorted(town.units.values(), key=lambda u: u.path)
    ]
    below = every_page(asking, "/organisations?parent=990001101201&kind=grid", "organisations")
    assert {row["name"] for row in below} == {"第一网格", "第二网格"}
    assert asking.get("/organisations/990001101").json()["name"] == "东河镇"
    problem(asking.get("/organisations/nowhere"), 404, "not-found")
    shapes = asking.get("/organisations/990001101201/boundaries")
    assert len(shapes.json()["features"]) == 2
    tag = shapes["ETag"]
    assert asking.get("/organisations/990001101201/boundaries", If_None_Match=tag).status_code == 304
    place = asking.get("/places?lon=114.02&lat=31.02").json()
    assert place["place"]["code"] == "990001101201001"
    assert [each["code"] for each in place["line"]][0] == "990001"
    problem(asking.get("/places?lon=0&lat=0"), 404, "not-found")
    problem(asking.get("/places?lon=NaN&lat=1e999"), 422, "invalid")
    lamp = next(
        row for row in asking.get("/categories").json()["categories"] if row["code"] == LAMP["category"]
    )
    assert lamp["parent"] == "facility"
    Question.objects.filter(category_id=LAMP["category"]).delete()
    Question.objects.create(
        category_id=LAMP["category"],
        code="colour",
        datatype="singlevaluelist",
        text_zh="什么颜色",
        text_en="Which colour",
        values=[{"key": "red", "zh": "红", "en": "Red"}],
    )
    rows = asking.get("/categories").json()["categories"]
    asked = next(row for row in rows if row["code"] == LAMP["category"])["questions"]
    assert [(each["code"], each["text"], each["values"]) for each in asked] == [
        ("colour", "什么颜色", [{"code": "red", "name": "红"}])
    ]
    clerk = program(cast["clerk"])
    said = problem(clerk.post("/requests", LAMP | {"answers": {"colour": "blue"}}), 422, "invalid")
    assert set(said["errors"]) == {"answers.colour"}
    assert clerk.post("/requests", LAMP | {"answers": {"colour": "red"}}).status_code == 201
    for cursor in ("x", base64.urlsafe_b64encode(b"\xff").decode()):
        problem(asking.get(f"/organisations?after={cursor}"), 422, "invalid")


def test_statistics_are_those_of_the_portal(cast: Cast, report: Report) -> None:
    asking = Program()
    problem(asking.get("/statistics"), 404, "not-found")
    for _each in range(12):
        report()
    shown = asking.get("/statistics?month=2026-09").json()
    assert (shown["month"], shown["accepted"]) == ("2026-09", 12)
    assert shown["closed"] is None or shown["closed"] == 0
    problem(asking.get("/statistics?month=1999-01"), 404, "not-found")
    said = problem(asking.get("/statistics?month=2026-99"), 422, "invalid")
    assert said["errors"] == {"month": "This is not right."}, "it is a text, only not such a one"
    problem(asking.get("/statistics/board"), 401, "key-missing")
    assert program(cast["dispatcher"]).get("/statistics/board").json()["open"] == 12
    problem(program(cast["handler"]).get("/statistics/board"), 403, "not-allowed")
