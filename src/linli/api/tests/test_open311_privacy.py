"""What of a request everybody may read: never more than was agreed to, in any format, by any address."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.api.tests.open311_world import CANARIES, FORMATS, World, build_world, keep_the_county  # noqa: F401
from linli.cases import actions as cases
from linli.cases.models import Case, Referral
from linli.cases.procedures import calendar
from linli.kit import clock
from linli.kit.coordinates import square
from linli.kit.ids import uuid7
from linli.people.access import Actor

pytestmark = pytest.mark.django_db
NEVER = ("name", "phone", "accused", "kept", "note")
HIDDEN = ("accusation", "kept", "quarrel")


@pytest.fixture(params=FORMATS)
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def everything(world: World, suffix: str) -> str:
    """All that can be read: lists, every request by its number, with and without extensions, and the errors."""
    said = [world.get("requests", suffix, extensions=more, page_size="50") for more in ("true", "false")]
    for case in world.cases.values():
        said.append(world.get(f"requests/{case.number}", suffix, extensions="true"))
        said.append(world.get("requests", suffix, service_request_id=case.number))
    return "\n".join(each.response.text for each in said)


def test_names_numbers_accusations_confidences_and_internal_notes_are_nowhere(
    world: World, suffix: str
) -> None:
    told = everything(world, suffix)
    for name in NEVER:
        assert CANARIES[name] not in told, name
    for case in world.cases.values():
        assert str(case.pk) not in told


def test_words_address_and_photos_stand_there_with_consent(world: World, suffix: str) -> None:
    found = world.get(f"requests/{world.cases['shown'].number}", suffix).one
    assert CANARIES["words"] in found["description"]
    assert found["address"] == CANARIES["address"]
    assert (
        "灯亮了"
        in world.get(f"requests/{world.cases['shown'].number}", suffix, extensions="true").response.text
    )
    assert (float(found["lat"]), float(found["long"])) == (31.0233, 114.0212)
    assert found["media_url"]


def test_and_not_without(world: World, suffix: str) -> None:
    case = world.cases["silent"]
    said = world.get(f"requests/{case.number}", suffix, extensions="true")
    for name in ("words", "address"):
        assert CANARIES[name] not in said.response.text
    assert "灯亮了" not in said.response.text
    found = said.one
    assert [found[name] for name in ("description", "address", "media_url", "status_notes")] == [None] * 4
    assert not found["extended_attributes"]["notes"]
    assert not found["extended_attributes"]["photos"]
    assert (float(found["long"]), float(found["lat"])) == square(114.0212, 31.0233)
    assert found["extended_attributes"]["history"]


@pytest.mark.parametrize("name", HIDDEN)
def test_what_was_reported_in_confidence_does_not_exist_here(world: World, suffix: str, name: str) -> None:
    case = world.cases[name]
    assert world.get(f"requests/{case.number}", suffix).status == 404
    assert world.get("requests", suffix, service_request_id=case.number).status == 404
    listed = world.get("requests", suffix, service_code=case.category).response.text
    assert case.number not in listed


@pytest.mark.parametrize("code", ["dispute.neighbour", "livelihood.relief", "opinion.attitude"])
def test_quarrels_hardship_and_opinions_are_published_with_consent_alone(world: World, code: str) -> None:
    given = {"service_code": code, "attribute[fault]": None, "description": CANARIES["words"]}
    silent, agreed = (
        world.post("json", is_public=is_public, **given).one["service_request_id"]
        for is_public in ("false", "true")
    )
    assert world.get(f"requests/{silent}", "json").status == 404
    assert world.get(f"requests/{agreed}", "json").one["description"] == CANARIES["words"]


def test_what_was_referred_to_mediation_is_no_longer_published(world: World) -> None:
    number = world.post("json", is_public="true").one["service_request_id"]
    assert world.get(f"requests/{number}", "json").status == 200
    case = Case.objects.get(number=number)
    Referral.objects.create(case=case, to=world.cases["quarrel"], at=world.at)
    assert world.get(f"requests/{number}", "json").status == 404


def test_a_request_that_exists_in_secret_and_one_that_does_not_get_the_same_answer(
    world: World, suffix: str
) -> None:
    secret, none = world.cases["accusation"].number, "260101-00000"
    answers = [world.get(f"requests/{number}", suffix).response.text for number in (secret, none)]
    assert answers[0].replace(secret, "") == answers[1].replace(none, "")


def test_numbers_tell_nobody_how_many_requests_there_are(world: World) -> None:
    numbers = [world.post("json").one["service_request_id"] for _ in range(4)]
    ends = [int.from_bytes(number[-5:].encode()) for number in numbers]
    gaps = {later - earlier for earlier, later in pairwise(ends)}
    assert len({number[:7] for number in numbers}) == 1
    assert len(set(numbers)) == 4
    assert len(gaps) == 3
    assert all(abs(gap) > 1 for gap in gaps)


def test_an_internal_step_does_not_move_updated_datetime(world: World, suffix: str) -> None:
    number = world.cases["road"].number
    before = world.get(f"requests/{number}", suffix).one["updated_datetime"]
    data = {"note": CANARIES["note"], "reader": "internal"}
    _move(world, "road", "note", world.cast["dispatcher"], data)
    assert world.get(f"requests/{number}", suffix).one["updated_datetime"] == before


def test_a_photo_is_shown_only_with_consent_and_only_at_its_own_endpoint(world: World) -> None:
    address = f"{world.url}/open311/v2/photos/{world.photo}.jpg"
    assert world.http.get(address).status_code == 200
    assert world.http.get(address.replace("/v2/", "/test/v2/")).status_code == 404
    assert world.http.get(address.replace(str(world.photo), str(uuid7()))).status_code == 404


def test_the_number_of_statements_does_not_grow_with_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "RECHECK_SECONDS", 600.0)  # on a busy machine it is asked once more
    counts = []
    Client().get("/open311/v2/requests.json")  # what a process remembers is asked for once
    for size in (8, 50, 400):
        with CaptureQueriesContext(connection) as captured:
            answer = Client().get("/open311/v2/requests.json", {"page_size": size, "extensions": "true"})
        assert len(answer.json()) == size
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2] <= 12


def test_taking_consent_back_hides_words_and_photos_at_once(world: World, suffix: str) -> None:
    shown = world.cases["shown"]
    if not shown.events.filter(verb="keep_private").exists():  # another process may ask the other format
        _move(world, "shown", "keep_private", Actor.reporter(shown.pk), {})
    said = world.get(f"requests/{shown.number}", suffix, extensions="true")
    for name in ("words", "address", "name"):
        assert CANARIES[name] not in said.response.text
    assert said.one["media_url"] is None
    assert world.http.get(f"{world.url}/open311/v2/photos/{world.photo}.jpg").status_code == 404


def _move(world: World, name: str, verb: str, by: Actor, data: dict[str, str]) -> None:
    cases.advance(case=world.cases[name].pk, verb=verb, by=by, at=clock.now(), command_id=uuid7(), data=data)
