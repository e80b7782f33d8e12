"""What a phone sends takes effect once, whatever the network does to it."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town

from linli.cases.actions import BadData, CaseNotFound, NotAllowed
from linli.cases.models import Case, Clock, Event
from linli.documents.models import Attachment
from linli.documents.tests.pictures import plain
from linli.field import actions, wire
from linli.field.actions import Envelope, parcels
from linli.field.models import Held, Parcel, Phone, Sent
from linli.kit.ids import uuid7
from linli.mediation.models import ScreeningRound
from linli.people.models import Grant

from .device import Device

LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders(settings: Any, tmp_path: Path) -> None:
    settings.ATTACHMENTS = tmp_path / "attachments"
    settings.PARCELS = settings.ATTACHMENTS / "parcels"
    settings.FIELD_KEY = tmp_path / "field.key"


@pytest.fixture
def device(cast: Cast) -> Device:
    return Device.enrol(cast["grid_worker"], NOW)


@pytest.fixture
def other(cast: Cast) -> Device:
    return Device.enrol(cast["officer"], NOW)


def in_hand(report: Any, move: Any, town: Town, unit: str = "village") -> Case:
    """A case in the hands of a unit."""
    case: Case = report().case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town[unit].pk))
    case.refresh_from_db()
    return case


def test_a_report_sent_five_times_is_one_case(device: Device, town: Town) -> None:
    key = device.report(town["grid"].code)
    envelope = device.outbox[key]
    answers = [actions.receive(phone=device.phone, envelopes=[envelope], at=LATER)[0] for _ in range(5)]
    assert {answer.state for answer in answers} == {"received"}
    assert all(answer.answer == answers[0].answer for answer in answers)
    case = Case.objects.get(pk=key)
    assert (case.channel, case.version, case.place_id) == ("grid", 1, town["grid"].pk)
    assert answers[0].answer["number"] == case.number


def test_limits_count_from_receipt_and_the_claim_stands_beside_it(device: Device, town: Town) -> None:
    key = device.report(town["grid"].code, made_at="2026-09-30T08:00:00+00:00")
    device.send(LATER)
    event = Event.objects.get(case_id=key, number=1)
    assert (event.received_at, event.at.isoformat()) == (LATER, "2026-09-30T08:00:00+00:00")
    assert set(Clock.objects.filter(case_id=key).values_list("started_at", flat=True)) == {LATER}


@pytest.mark.parametrize(
    "claim",
    [
        "2016-09-30T08:00:00Z",
        "2036-09-30T08:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-02-30",
        "",
        "2026-09-30T08:00:00",
    ],
)
def test_a_clock_that_is_wrong_changes_nothing(device: Device, town: Town, claim: str) -> None:
    key = device.report(town["grid"].code, made_at=claim)
    device.send(LATER)
    case = Case.objects.get(pk=key)
    assert (case.received_at, case.opened_at) == (LATER, LATER)
    assert Sent.objects.get(pk=key).claimed_at == claim


def test_a_backdated_move_does_not_precede_the_case(device: Device, town: Town, other: Device) -> None:
    case = device.report(town["grid"].code)
    device.send(LATER)
    note = other.move(
        case, "note", note="上个月就去看过。", reader="internal", made_at="2026-09-20T08:00:00+00:00"
    )
    other.send(LATER + timedelta(minutes=5))
    event = Event.objects.get(case_id=case, command_id=note)
    assert event.at == LATER
    assert event.facts["field"]["made_at"] == "2026-09-20T08:00:00+00:00"


def test_a_command_waits_for_what_it_follows(device: Device, town: Town) -> None:
    photo = device.photo(plain(), NOW)
    case = device.report(town["grid"].code)
    done = device.move(
        case, "self_handle", result="换了灯泡，亮了，和大家说过了。", photos=[photo], after=[case]
    )
    assert device.send(LATER, done)[done].state == "waiting"
    assert not Sent.objects.exists()
    assert device.send(LATER, case)[case].state == "received"
    assert device.send(LATER, done)[done].state == "received"
    assert Case.objects.get(pk=case).state == "verifying"


def test_every_order_of_sending_comes_to_the_same(device: Device, town: Town) -> None:
    dice = random.Random(7)
    seen = set()
    for _ in range(4):
        case = device.report(town["grid"].code)
        photo = device.photo(plain(), NOW)
        device.move(
            case, "self_handle", result="换了灯泡，亮了，和大家说过了。", photos=[photo], after=[case]
        )
        device.move(case, "note", note="灯泡是村里出的钱。", reader="public", after=[case])
        while device.outbox:
            device.send(LATER, *dice.sample(list(device.outbox), k=1))
        found = Case.objects.get(pk=case)
        said = sorted(str(sorted(event.data.items())) for event in found.events.all() if event.verb == "note")
        seen.add((found.state, found.due_at, tuple(said)))
    assert len(seen) == 1


def test_what_two_did_at_once_is_kept_twice_and_asked_about(
    device: Device, other: Device, town: Town, report: Any, move: Any, cast: Cast
) -> None:
    case = in_hand(report, move, town)
    seen = case.version
    move(case, "acknowledge", "officer")
    move(case, "progress", "officer", note="已经围起来了。")
    second = Device.enrol(_colleague(town), NOW)
    key = second.move(case.pk, "feedback", seen, result="围栏装好了，现场清理干净。")
    answer = second.send(LATER)[key]
    assert answer.state == "conflict"
    assert len(answer.answer["changes"]) == 2
    assert "已经围起来了" not in str(answer.answer)  # it lies on the phone as it came
    case.refresh_from_db()
    assert case.state == "in_progress"
    kept = case.events.get(number=answer.answer["kept"])
    assert (kept.verb, kept.data["note"], kept.is_public) == ("note", "围栏装好了，现场清理干净。", False)
    assert kept.facts["late"]["verb"] == "feedback"


def _colleague(town: Town) -> Any:
    from linli.people.access import Actor
    from linli.people.models import Person

    person = Person.objects.create(username="colleague", name="肖红")
    grant = Grant.objects.create(
        person=person,
        role="village_officer",
        organisation=town["village"],
        valid_from=NOW - timedelta(days=9),
    )
    return Actor.from_grant(grant)


@pytest.mark.parametrize(("choice", "state"), [("mine", "feedback_given"), ("theirs", "in_progress")])
def test_the_worker_decides_a_conflict_once(
    town: Town, report: Any, move: Any, cast: Cast, choice: str, state: str
) -> None:
    case = in_hand(report, move, town)
    seen = case.version
    move(case, "acknowledge", "officer")
    move(case, "progress", "officer", note="已经围起来了。")
    phone = Device.enrol(_colleague(town), NOW)
    key = phone.move(case.pk, "feedback", seen, result="围栏装好了，现场清理干净。")
    phone.send(LATER)
    decided = phone.write("decision", case=key, data={"choice": choice})
    assert phone.send(LATER)[decided].state == "received"
    case.refresh_from_db()
    assert case.state == state
    again = phone.write("decision", case=key, data={"choice": "mine"})
    assert phone.send(LATER)[again].state == "refused"


def test_ones_own_earlier_steps_are_no_conflict(other: Device, town: Town, report: Any, move: Any) -> None:
    case = in_hand(report, move, town)
    first = other.move(case.pk, "acknowledge", case.version)
    second = other.move(case.pk, "progress", case.version, note="到现场看了，缺一盏灯。", after=[first])
    third = other.move(case.pk, "feedback", case.version, result="灯装好了，试过三次都亮。", after=[second])
    answers = other.send(LATER)
    assert [answers[key].state for key in (first, second, third)] == ["received"] * 3
    case.refresh_from_db()
    assert case.state == "feedback_given"


def test_a_case_given_to_others_takes_the_late_note_and_shows_nothing_newer(
    other: Device, town: Town, report: Any, move: Any
) -> None:
    case = in_hand(report, move, town)
    move(case, "correct", "dispatcher", place=str(town["grid2"].pk), reason="位置选错了，在第二网格。")
    move(case, "reassign", "dispatcher", unit=str(town["west_works"].pk), reason="这段路归西山镇养护。")
    move(case, "correct", "county_dispatcher", place=str(town["west_grid"].pk), reason="位置在西山镇。")
    key = other.move(case.pk, "progress", case.version, note="到现场看过，先围起来了。")
    answer = other.send(LATER)[key]
    assert (answer.state, answer.answer["late"]) == ("received", True)
    assert set(answer.answer) == {"late", "received_at"}
    event = Event.objects.get(case_id=case.pk, command_id=key)
    assert (event.verb, event.data["note"]) == ("note", "到现场看过，先围起来了。")


def test_a_stranger_to_a_case_leaves_nothing(town: Town, cast: Cast, report: Any) -> None:
    case = report(place=town["west_grid"]).case
    phone = Device.enrol(cast["grid_worker"], NOW)
    key = phone.move(case.pk, "progress", 1, note="我来看看。")
    missing = phone.move(uuid7(), "progress", 1, note="我来看看。")
    answers = phone.send(LATER)
    assert answers[key].answer == answers[missing].answer
    assert answers[key].state == "refused"
    assert case.events.count() == 1


def test_an_accusation_against_ones_own_unit_takes_no_note(town: Town, cast: Cast, report: Any) -> None:
    case = report(request_type="accusation", accused=town["village"]).case
    phone = Device.enrol(cast["officer"], NOW)
    key = phone.move(case.pk, "note", 1, note="这件事不是这样。", reader="internal")
    assert phone.send(LATER)[key].state == "refused"
    assert case.events.count() == 1


def test_a_tampered_command_is_refused_and_the_others_go_on(device: Device, town: Town) -> None:
    good, bad = device.report(town["grid"].code), device.report(town["grid"].code)
    envelope = device.outbox[bad]
    *most, last = envelope.sealed
    device.outbox[bad] = Envelope(bad, envelope.version, bytes([*most, last ^ 1]))
    under_other_id = uuid7()
    device.outbox[under_other_id] = Envelope(under_other_id, envelope.version, envelope.sealed)
    answers = device.send(LATER)
    assert answers[good].state == "received"
    assert answers[bad].answer["code"] == answers[under_other_id].answer["code"] == "damaged"
    device.outbox[bad] = envelope
    assert device.send(LATER)[bad].state == "received"


def test_another_phones_command_id_is_refused_and_tells_nothing(
    device: Device, other: Device, town: Town
) -> None:
    key = device.report(town["grid"].code)
    device.send(LATER)
    other.report(town["grid"].code, text="另一件事，井盖松了。", command_id=key)
    answer = other.send(LATER)[key]
    assert (answer.state, answer.answer["code"]) == ("refused", "reused")
    assert Case.objects.count() == 1


def test_two_with_the_same_words_are_two_cases(device: Device, other: Device, town: Town) -> None:
    device.report(town["grid"].code)
    other.report(town["grid"].code)
    device.send(LATER)
    other.send(LATER)
    assert Case.objects.count() == 2


@pytest.mark.parametrize(
    ("version", "content"),
    [
        (1, {"made": 1790755200000, "photo": None, "after": None}),
        (2, {"made": 1790755200000, "photos": []}),
        (3, {"made_at": "2026-09-30T08:00:00+00:00", "photos": []}),
        (4, {"made_at": "2026-09-30T08:00:00+00:00", "photos": [], "after": []}),
    ],
)
def test_an_app_three_versions_old_still_syncs(
    device: Device, town: Town, version: int, content: dict[str, Any]
) -> None:
    data = {"text": "村口的路灯坏了三天了。", "category": "facility.street_lamp", "place": town["grid"].code}
    key = device.write("report", version=version, **{"made_at": None, **content, "data": data})
    assert device.send(LATER)[key].state == "received"
    if version > 1:
        assert Event.objects.get(case_id=key).at.isoformat() == "2026-09-30T08:00:00+00:00"


def test_an_app_newer_than_the_server_keeps_what_it_has(device: Device, town: Town) -> None:
    key = device.write("report", version=wire.CURRENT + 1, data={"shape": "unknown"})
    assert device.send(LATER)[key].state == "later"
    assert key in device.outbox


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{",
        b'{"kind": "delete"}',
        b'{"kind": "move", "seen": true}',
        b'{"kind":"report","data":{"text":"\\u0000"}}',
        b"\xff",
        b'{"kind":"report","photos":"x"}',
        b'{"kind":"report","data":{"text":NaN}}',
        b'{"kind":"report","data":"\\ud800"}',
    ],
)
def test_what_is_no_command_is_refused(device: Device, content: bytes) -> None:
    key = uuid7()
    device.outbox[key] = Envelope(key, wire.CURRENT, wire.seal(content, key, device.seal_for))
    assert device.send(LATER)[key].answer["code"] == "malformed"


def test_a_refusal_says_why_and_keeps_the_words(device: Device, town: Town) -> None:
    key = device.report(town["grid"].code, text="短")
    answer = device.send(LATER)[key]
    assert (answer.state, list(answer.answer["errors"])) == ("refused", ["text"])
    assert Sent.objects.get(pk=key).content["data"]["text"] == "短"


def test_a_photo_comes_in_pieces_and_is_kept_byte_for_byte(device: Device, town: Town) -> None:
    content = plain()
    photo = device.photo(content, NOW, piece=1000)
    key = device.report(town["grid"].code, photos=[photo])
    assert device.send(LATER)[key].state == "received"
    parcel = Parcel.objects.get(pk=photo)
    assert parcel.photo_sha256 == hashlib.sha256(content).hexdigest()
    assert parcels.content(parcel) == content
    assert Attachment.objects.filter(case_id=key).count() == 1


def test_pieces_may_be_repeated_lost_and_damaged(device: Device) -> None:
    key, content = uuid7(), wire.seal(b"p" * 5000, uuid7(), device.seal_for)
    digest = hashlib.sha256(content).hexdigest()

    def put(offset: int, piece: bytes, sha256: str = digest, size: int = len(content)) -> Parcel:
        return actions.put(
            parcel_id=key, phone=device.phone, size=size, sha256=sha256, offset=offset, piece=piece, at=NOW
        )

    put(0, content[:1000])
    with pytest.raises(actions.WrongPlace) as error:
        put(0, content[:1000])
    assert error.value.got == 1000
    with pytest.raises(actions.Unfit):
        put(1000, content[1000:], sha256="0" * 64)
    with pytest.raises(actions.Unfit):
        put(1000, content[1000:] + b"more")
    assert put(1000, content[1000:-1] + b"!").got == 0
    assert put(0, content).done_at == NOW
    assert put(0, content).done_at == NOW


def test_a_photo_that_is_none_is_named(device: Device, town: Town) -> None:
    photo = device.photo(b"not a photo at all", NOW)
    key = device.report(town["grid"].code, photos=[photo])
    answer = device.send(LATER)[key]
    assert (answer.state, "photos" in answer.answer["errors"]) == ("refused", True)


def test_a_revoked_phone_loses_nothing_and_changes_nothing(device: Device, town: Town, cast: Cast) -> None:
    key = device.report(town["grid"].code)
    actions.revoke(phone=device.phone, at=NOW)
    assert device.send(LATER)[key].state == "held"
    assert not Case.objects.exists()
    held = Held.objects.get()
    with pytest.raises(CaseNotFound):
        actions.release(held_id=held.pk, by=cast["outsider"], at=LATER)
    actions.release(held_id=held.pk, by=cast["dispatcher"], at=LATER + timedelta(hours=1))
    case = Case.objects.get(pk=key)
    assert case.received_at == LATER + timedelta(hours=1)
    event = case.events.get()
    assert event.person_id == cast["grid_worker"].person_id


def test_a_post_that_has_ended_is_held_too_and_may_be_discarded(
    device: Device, town: Town, cast: Cast
) -> None:
    Grant.objects.filter(pk=device.phone.grant_id).update(valid_until=NOW)
    key = device.report(town["grid"].code)
    device.send(LATER)
    held = Held.objects.get(sent=key)
    assert held.why == "post"
    with pytest.raises(BadData):
        actions.discard(held_id=held.pk, reason="", by=cast["dispatcher"], at=LATER)
    actions.discard(held_id=held.pk, reason="本人已经另报过了。", by=cast["dispatcher"], at=LATER)
    sent = Sent.objects.get(pk=key)
    assert (sent.state, sent.content["data"]["text"]) == ("refused", "村口的路灯坏了三天了。")


def test_a_round_recorded_twice_is_asked_about(other: Device, town: Town) -> None:
    data = {"place": town["village"].code, "month": "2026-09", "found": 0, "note": ""}
    first, second = other.write("screening", data=data), other.write("screening", data={**data, "found": 2})
    answers = other.send(LATER)
    assert (answers[first].state, answers[second].state) == ("received", "conflict")
    assert ScreeningRound.objects.get().found == 0
    assert Sent.objects.get(pk=second).content["data"]["found"] == 2


def test_a_grid_worker_sends_the_round_of_the_own_grid_and_of_no_other_place(
    device: Device, town: Town
) -> None:
    def written(place: str, found: int = 1) -> UUID:
        data = {"place": town[place].code, "month": "2026-09", "found": found, "note": ""}
        return device.write("screening", data=data)

    own, others, again = written("grid"), [written("grid2"), written("village")], written("grid", 3)
    answers = device.send(LATER)
    assert (answers[own].state, answers[own].answer["place"]) == ("received", town["grid"].code)
    assert {answers[key].state for key in others} == {"refused"}
    assert answers[again].state == "conflict"
    assert [(row.place, row.found) for row in ScreeningRound.objects.all()] == [(town["grid"], 1)]


def test_a_visit_is_written_into_the_case(device: Device, town: Town, report: Any) -> None:
    case = report().case
    key = device.write("visit", data={"number": case.number, "satisfied": "yes", "note": "灯亮了。"})
    wrong = device.write("visit", data={"number": "260930-ZZZZZ", "satisfied": "yes"})
    answers = device.send(LATER)
    assert (answers[key].state, answers[wrong].state) == ("received", "refused")
    assert case.events.get(number=2).data["note"] == "回访：满意。灯亮了。"


def test_a_visit_to_a_case_that_has_gone_elsewhere_stays_with_it(
    other: Device, cast: Cast, town: Town, report: Any, move: Any
) -> None:
    case = in_hand(report, move, town)
    move(case, "correct", "dispatcher", place=str(town["grid2"].pk), reason="位置选错了，在第二网格。")
    move(case, "reassign", "dispatcher", unit=str(town["west_works"].pk), reason="这段路归西山镇养护。")
    move(case, "correct", "county_dispatcher", place=str(town["west_grid"].pk), reason="位置在西山镇。")
    key = other.write("visit", case=case.pk, data={"satisfied": "no"})
    never = other.write("visit", case=uuid7(), data={"satisfied": "no"})
    answers = other.send(LATER)
    assert (answers[key].state, answers[never].state) == ("received", "refused")
    assert set(answers[key].answer) == {"late", "received_at"}
    assert Event.objects.get(case_id=case.pk, command_id=key).data["note"] == "回访：不满意。"


def test_filing_for_a_resident_asks_for_consent(device: Device, town: Town) -> None:
    told = {"for_resident": True, "contact_name": "张大爷", "contact_phone": "0712-0000-104"}
    without = device.report(town["grid"].code, data=told)
    agreed = device.report(town["grid"].code, data={**told, "consent": True})
    answers = device.send(LATER)
    assert (answers[without].state, answers[agreed].state) == ("refused", "received")
    assert answers[agreed].answer["told"] is True


# PIN and token ---------------------------------------------------------------------------------------


def test_ten_wrong_pins_destroy_the_share(device: Device) -> None:
    right = b"v" * 32
    first = actions.open_with(phone=device.phone, verifier=right, at=NOW)
    assert first.share is not None
    assert [
        actions.open_with(phone=device.phone, verifier=b"x" * 32, at=NOW).guesses_left for _ in range(10)
    ] == list(range(9, -1, -1))
    after = actions.open_with(phone=device.phone, verifier=right, at=NOW)
    assert (after.share, after.guesses_left) == (None, 0)
    assert bytes(Phone.objects.get(pk=device.phone.pk).nonce) == b""


def test_the_right_pin_gives_the_guesses_back(device: Device) -> None:
    for _ in range(9):
        actions.open_with(phone=device.phone, verifier=b"x" * 32, at=NOW)
    assert actions.open_with(phone=device.phone, verifier=b"v" * 32, at=NOW).share is not None
    assert actions.open_with(phone=device.phone, verifier=b"x" * 32, at=NOW).guesses_left == 9


def test_a_fourth_phone_takes_the_place_of_the_oldest(cast: Cast) -> None:
    devices = [Device.enrol(cast["grid_worker"], NOW + timedelta(minutes=n)) for n in range(4)]
    standing = [Phone.objects.get(pk=each.phone.pk).revoked_at is None for each in devices]
    assert standing == [False, True, True, True]


def test_only_field_posts_enrol(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        Device.enrol(cast["handler"], NOW)
