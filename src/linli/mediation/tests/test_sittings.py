"""Sessions: nobody and no room twice, each party asked for itself, and calendars that give nothing away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import connection
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from linli.cases import actions as cases
from linli.cases.models import Event
from linli.kit.ids import uuid7
from linli.mediation.actions import calendars, sittings
from linli.mediation.models import Assignment, AssignmentRole, Booking, Invitation, Party, Room, Sitting
from linli.mediation.tests.matters import TOMORROW, assign, first_room, matter, planned
from linli.people.access import SYSTEM, Actor
from linli.people.models import Grant

pytestmark = pytest.mark.django_db
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


@pytest.fixture
def case(town: Town, cast: Cast, committee: Any) -> Any:
    return matter(town, cast)


def refused(call: Any, *args: Any, **changes: Any) -> dict[str, str]:
    with pytest.raises(cases.BadData) as refusal:
        call(*args, **changes)
    return refusal.value.errors


# Planning -------------------------------------------------------------------------------------


def test_a_joint_session_invites_every_party_and_is_part_of_the_story(case: Any, cast: Cast) -> None:
    Party.objects.create(case=case, number=3, side="respondent", name="走了的人", withdrawn_at=NOW)
    sitting = planned(case, cast["mediator"], room=first_room())
    event = Event.objects.get(case=case, verb="plan_session")
    assert event.data == {}
    assert sorted(Invitation.objects.values_list("sitting", "party")) == [(sitting.id, 1), (sitting.id, 2)]
    assert Booking.objects.count() == 2 * 4


def test_a_separate_talk_leaves_no_trace_another_party_could_see(case: Any, cast: Cast) -> None:
    before = sittings.sittings_of_party(case.pk, 1)
    case.refresh_from_db()
    version = case.version
    sitting = planned(case, cast["mediator"], kind="separate", party=2)
    case.refresh_from_db()
    assert case.version == version
    assert not Event.objects.filter(case=case, verb="plan_session").exists()
    assert sittings.sittings_of_party(case.pk, 1) == before
    assert [each.sitting for each in sittings.sittings_of_party(case.pk, 2)] == [sitting]
    assert [row.party for row in Invitation.objects.all()] == [2]


def test_a_room_is_not_used_twice(case: Any, town: Town, cast: Cast) -> None:
    other = matter(town, cast, "second_mediator")
    planned(case, cast["mediator"], room=first_room())
    errors = refused(planned, other, cast["second_mediator"], TOMORROW + HOUR / 2, room=first_room())
    assert list(errors) == ["room"]
    assert not Event.objects.filter(case=other, verb="plan_session").exists()
    assert not Sitting.objects.filter(case=other).exists()
    planned(other, cast["second_mediator"], TOMORROW + HOUR, room=first_room())


def test_a_mediator_is_in_one_place_at_a_time(case: Any, town: Town, cast: Cast) -> None:
    other = matter(town, cast, "mediator")
    sitting = planned(case, cast["mediator"], kind="separate", party=1)
    errors = refused(planned, other, cast["mediator"], TOMORROW + HOUR / 2)
    assert list(errors) == ["starts_at"]
    assert case.number not in errors["starts_at"]
    assert "院墙" not in errors["starts_at"]
    sittings.cancel(case=case.pk, sitting=sitting.id, by=cast["mediator"], at=NOW)
    planned(other, cast["mediator"], TOMORROW + HOUR / 2)


def test_the_recorder_is_booked_too_and_both_clashes_are_named(case: Any, town: Town, cast: Cast) -> None:
    other = matter(town, cast, "second_mediator")
    assign(other, cast, "mediator", AssignmentRole.RECORDER)
    planned(case, cast["mediator"], room=first_room())
    errors = refused(planned, other, cast["second_mediator"], room=first_room())
    assert sorted(errors) == ["room", "starts_at"]


def test_quarters_begun_are_taken_whole(case: Any, town: Town, cast: Cast) -> None:
    other = matter(town, cast, "second_mediator")
    planned(case, cast["mediator"], TOMORROW + timedelta(minutes=10), 0.1, room=first_room())
    assert Booking.objects.count() == 2 * 2
    assert "room" in refused(
        planned, other, cast["second_mediator"], TOMORROW + QUARTER, 0.25, room=first_room()
    )
    planned(other, cast["second_mediator"], TOMORROW + 2 * QUARTER, 0.25, room=first_room())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start": NOW - HOUR}, "starts_at"),
        ({"start": NOW + timedelta(days=400)}, "starts_at"),
        ({"hours": 0}, "ends_at"),
        ({"hours": -2}, "ends_at"),
        ({"hours": 8.1}, "ends_at"),
        ({"place": ""}, "place"),
        ({"place": "村" * 121}, "place"),
        ({"kind": "secret"}, "kind"),
        ({"kind": "separate"}, "party"),
        ({"kind": "separate", "party": 9}, "party"),
        ({"party": 1}, "party"),
    ],
)
def test_says_which_field_is_wrong(case: Any, cast: Cast, changes: dict[str, Any], field: str) -> None:
    assert list(refused(planned, case, cast["mediator"], **changes)) == [field]
    assert not Sitting.objects.exists()
    assert not Booking.objects.exists()


def test_refuses_a_room_that_is_unknown_or_out_of_use(case: Any, cast: Cast) -> None:
    room = first_room()
    stranger = Room(organisation=room.organisation, name="没有的房间")
    assert "room" in refused(planned, case, cast["mediator"], room=stranger)
    Room.objects.filter(pk=room.pk).update(is_active=False)
    assert "room" in refused(planned, case, cast["mediator"], room=room)
    assert sittings.rooms(room.organisation) == []


def test_only_its_mediators_plan(case: Any, cast: Cast) -> None:
    for name in ("second_mediator", "chair", "centre"):
        with pytest.raises(cases.NotAllowed):
            planned(case, cast[name])
    with pytest.raises(cases.NotAllowed):
        planned(case, Actor.party(case.pk))
    with pytest.raises(cases.CaseNotFound):
        planned(case, cast["outsider"])
    assert planned(case, SYSTEM).pk


@pytest.mark.parametrize("state", ["consent_check", "archived"])
def test_not_before_a_mediator_is_found_nor_after_the_end(
    town: Town, cast: Cast, committee: Any, state: str
) -> None:
    found = matter(town, cast, state=state)
    ways: list[dict[str, Any]] = [{}, {"kind": "separate", "party": 1}]
    for changes in ways:
        with pytest.raises(cases.OutOfOrder):
            planned(found, cast["mediator"], **changes)


def test_the_same_command_plans_once(case: Any, cast: Cast) -> None:
    command_id = uuid7()
    first = planned(case, cast["mediator"], command_id=command_id, room=first_room())
    again = planned(case, cast["mediator"], command_id=command_id, room=first_room(), at=NOW + HOUR)
    assert again == first
    assert Event.objects.filter(case=case, verb="plan_session").count() == 1
    with pytest.raises(cases.CommandReused):
        planned(case, cast["mediator"], TOMORROW + HOUR, command_id=command_id, room=first_room())


# Changing -------------------------------------------------------------------------------------


def test_moving_keeps_the_old_one_where_the_new_time_is_taken(case: Any, town: Town, cast: Cast) -> None:
    other = matter(town, cast, "second_mediator")
    planned(other, cast["second_mediator"], TOMORROW + 3 * HOUR, room=first_room())
    old = planned(case, cast["mediator"], room=first_room())

    def moved(start: datetime) -> Sitting:
        return sittings.replan(
            case=case.pk,
            sitting=old.id,
            starts_at=start,
            ends_at=start + HOUR,
            room=first_room(),
            by=cast["mediator"],
            at=NOW,
            command_id=uuid7(),
        )

    assert "room" in refused(moved, TOMORROW + 3 * HOUR)
    old.refresh_from_db()
    assert old.state == "planned"
    assert Booking.objects.filter(sitting=old.id).count() == 8
    new = moved(TOMORROW + HOUR / 2)
    old.refresh_from_db()
    assert (old.state, new.state) == ("cancelled", "planned")
    assert not Booking.objects.filter(sitting=old.id).exists()


def test_a_held_session_is_not_cancelled_and_a_cancelled_one_stays_so(case: Any, cast: Cast) -> None:
    first = planned(case, cast["mediator"])
    for _twice in range(2):
        found = sittings.cancel(case=case.pk, sitting=first.id, by=cast["mediator"], at=NOW)
        assert found.state == "cancelled"
    second = planned(case, cast["mediator"])
    Sitting.objects.filter(case=case, id=second.id).update(state="held")
    with pytest.raises(cases.OutOfOrder):
        sittings.cancel(case=case.pk, sitting=second.id, by=cast["mediator"], at=NOW)
    with pytest.raises(cases.CaseNotFound):
        sittings.cancel(case=case.pk, sitting=uuid7(), by=cast["mediator"], at=NOW)


def test_what_is_to_come_is_called_off_when_the_mediation_ends(case: Any, cast: Cast) -> None:
    planned(case, cast["mediator"])
    planned(case, cast["mediator"], TOMORROW + 2 * HOUR, kind="separate", party=1)
    assert sittings.cancel_coming(case=case.pk, at=TOMORROW + HOUR) == 1
    assert sorted(sitting.state for sitting in sittings.sittings_of(case.pk)) == ["cancelled", "planned"]
    assert Booking.objects.count() == 4


def test_a_new_mediator_takes_over_the_bookings_or_hears_what_clashes(
    case: Any, town: Town, cast: Cast
) -> None:
    free = planned(case, cast["mediator"])
    taken = planned(case, cast["mediator"], TOMORROW + 3 * HOUR)
    planned(matter(town, cast, "second_mediator"), cast["second_mediator"], TOMORROW + 3 * HOUR)
    Assignment.objects.filter(case=case).update(ended_at=NOW)
    assign(case, cast, "second_mediator")
    assert sittings.rebook(case=case.pk, at=NOW) == [taken]
    new = cast.people["second_mediator"].pk
    assert set(Booking.objects.filter(sitting=free.id).values_list("resource", flat=True)) == {new}
    assert not Booking.objects.filter(resource=cast.people["mediator"].pk).exists()


# Answers --------------------------------------------------------------------------------------


def answered(case: Any, sitting: Sitting, party: int, by: Actor, **changes: Any) -> Invitation:
    given: dict[str, Any] = {"answer": "coming", "at": NOW, **changes}
    return sittings.reply(case=case.pk, sitting=sitting.id, party=party, by=by, **given)


def test_a_party_answers_and_the_last_answer_counts(case: Any, cast: Cast) -> None:
    sitting = planned(case, cast["mediator"])
    answered(case, sitting, 1, Actor.party(case.pk))
    answered(case, sitting, 1, Actor.party(case.pk), answer="unable", note="  那天\n要住院 ")
    answered(case, sitting, 2, cast["mediator"])
    (mine,) = sittings.sittings_of_party(case.pk, 1)
    assert (mine.answer, mine.invitation and mine.invitation.note) == ("unable", "那天 要住院")
    assert [row.answer for row in sittings.answers(case.pk)[sitting.id]] == ["unable", "coming"]


def test_a_party_that_joined_later_answers_too(case: Any, cast: Cast) -> None:
    sitting = planned(case, cast["mediator"])
    Party.objects.create(case=case, number=3, side="respondent", name="后来的人")
    assert sittings.sittings_of_party(case.pk, 3)[0].answer == ""
    assert answered(case, sitting, 3, Actor.party(case.pk)).answer == "coming"


def test_nobody_answers_for_a_talk_of_another(case: Any, town: Town, cast: Cast) -> None:
    sitting = planned(case, cast["mediator"], kind="separate", party=2)
    for party in (1, 9):
        with pytest.raises(cases.CaseNotFound):
            answered(case, sitting, party, Actor.party(case.pk))
    stranger = Actor.party(matter(town, cast).pk)
    with pytest.raises(cases.CaseNotFound):
        answered(case, sitting, 2, stranger)
    with pytest.raises(cases.NotAllowed):
        answered(case, sitting, 2, cast["second_mediator"])


def test_an_answer_is_one_of_two_and_in_time(case: Any, cast: Cast) -> None:
    sitting = planned(case, cast["mediator"])
    assert sorted(refused(answered, case, sitting, 1, SYSTEM, answer="", note="长" * 121)) == [
        "answer",
        "note",
    ]
    with pytest.raises(cases.OutOfOrder):
        answered(case, sitting, 1, SYSTEM, at=TOMORROW)
    sittings.cancel(case=case.pk, sitting=sitting.id, by=SYSTEM, at=NOW)
    with pytest.raises(cases.OutOfOrder):
        answered(case, sitting, 1, SYSTEM)


# Calendars ------------------------------------------------------------------------------------


def entries(ics: bytes | None) -> list[Any]:
    assert ics is not None
    return list(Calendar.from_ical(ics).walk("VEVENT"))


def test_a_feed_says_when_and_where_and_nothing_more(case: Any, cast: Cast) -> None:
    room = first_room()
    sitting = planned(case, cast["mediator"], room=room)
    planned(case, cast["mediator"], TOMORROW + 2 * HOUR, kind="separate", party=2, place="当事人2家")
    token = calendars.feed_address(person=cast.people["mediator"], command_id=uuid7())
    ics = calendars.feed(token.lower(), NOW)
    first, second = entries(ics)
    assert str(first["UID"]) == f"{sitting.id}@mediation.linli"
    assert (first.start, first.end) == (TOMORROW, TOMORROW + HOUR)
    assert str(first["SUMMARY"]) == f"调解会面 {case.number}"
    assert str(first["LOCATION"]) == f"{room.name} {room.address}"
    assert str(second["SUMMARY"]) == str(first["SUMMARY"])
    assert ics is not None
    for secret in ("当事人", "院墙", "排水", "邻里", "单独"):
        assert secret not in ics.decode()
    with translation.override("en"):
        assert str(entries(calendars.feed(token, NOW))[0]["SUMMARY"]) == f"Mediation session {case.number}"


def test_a_feed_reaches_thirty_days_back_and_half_a_year_ahead(case: Any, cast: Cast) -> None:
    planned(case, cast["mediator"])
    token = calendars.feed_address(person=cast.people["mediator"], command_id=uuid7())
    days = (-181, -180, 0, 30, 31)
    seen = [len(entries(calendars.feed(token, TOMORROW + timedelta(days=day)))) for day in days]
    assert seen == [0, 1, 1, 1, 0]


def test_a_feed_is_closed_by_renewing_leaving_or_wish(case: Any, cast: Cast) -> None:
    person = cast.people["mediator"]
    assert not calendars.has_feed(person)
    command_id = uuid7()
    first = calendars.feed_address(person=person, command_id=command_id)
    assert calendars.feed_address(person=person, command_id=command_id) == first
    second = calendars.feed_address(person=person, command_id=uuid7())
    assert calendars.feed(first, NOW) is None
    assert calendars.feed("", NOW) is None
    assert calendars.feed(second, NOW) is not None
    Grant.objects.filter(person=person).update(valid_until=NOW)
    assert calendars.feed(second, NOW) is None
    calendars.close_feed(person=person)
    assert not calendars.has_feed(person)


def test_a_feed_follows_who_mediates_now_and_shows_what_is_called_off(case: Any, cast: Cast) -> None:
    person = cast.people["mediator"]
    sitting = planned(case, cast["mediator"])
    token = calendars.feed_address(person=person, command_id=uuid7())
    assert (entries(calendars.feed(token, NOW))[0]["SEQUENCE"]) == 0
    sittings.cancel(case=case.pk, sitting=sitting.id, by=cast["mediator"], at=NOW)
    (entry,) = entries(calendars.feed(token, NOW))
    assert (str(entry["STATUS"]), entry["SEQUENCE"]) == ("CANCELLED", 1)
    Assignment.objects.filter(case=case).update(ended_at=NOW)
    assert entries(calendars.feed(token, NOW)) == []


def test_the_file_of_a_party_is_the_same_for_all_and_refused_to_others(case: Any, cast: Cast) -> None:
    joint = planned(case, cast["mediator"], room=first_room(), place="东门进")
    (entry,) = entries(calendars.ics_of(joint, 1))
    assert str(entry["LOCATION"]) == "第一调解室 办公楼一楼 东门进"
    assert entry.start.tzinfo is not None
    assert calendars.ics_of(joint, 1) == calendars.ics_of(joint, 2)
    separate = planned(case, cast["mediator"], TOMORROW + 2 * HOUR, kind="separate", party=2)
    assert entries(calendars.ics_of(separate, 2))
    for party in (1, 9):
        with pytest.raises(cases.CaseNotFound):
            calendars.ics_of(separate, party)


def test_who_keeps_the_record_learns_nothing_of_separate_talks(case: Any, cast: Cast) -> None:
    assign(case, cast, "second_mediator", AssignmentRole.RECORDER)
    person = cast.people["second_mediator"]
    planned(case, cast["mediator"], kind="separate", party=2)
    joint = planned(case, cast["mediator"], TOMORROW + 2 * HOUR)
    assert calendars.day_of(person, TOMORROW.date()) == [joint]
    assert len(calendars.day_of(cast.people["mediator"], TOMORROW.date())) == 2
    assert set(Booking.objects.filter(resource=person.pk).values_list("sitting", flat=True)) == {joint.id}
    token = calendars.feed_address(person=person, command_id=uuid7())
    assert len(entries(calendars.feed(token, NOW))) == 1


def test_the_day_of_a_mediator_is_a_local_one(case: Any, cast: Cast) -> None:
    person = cast.people["mediator"]
    late = datetime(2026, 10, 2, 15, 30, tzinfo=UTC)  # 23:30 in the county
    planned(case, cast["mediator"], late, 0.25)
    early = planned(case, cast["mediator"], late + HOUR)  # 0:30 of the next day
    gone = planned(case, cast["mediator"], late + 3 * HOUR)
    sittings.cancel(case=case.pk, sitting=gone.id, by=cast["mediator"], at=NOW)
    assert len(calendars.day_of(person, date(2026, 10, 2))) == 1
    assert calendars.day_of(person, date(2026, 10, 3)) == [early]
    assert calendars.day_of(cast.people["second_mediator"], date(2026, 10, 3)) == []
    assert timezone.localtime(early.starts_at).hour == 0


# Always ---------------------------------------------------------------------------------------

PLANS = st.lists(
    st.tuples(
        st.sampled_from(["plan", "plan", "plan", "cancel"]),
        st.integers(0, 2),  # which case
        st.integers(0, 16 * 60),  # minutes from nine
        st.integers(1, 200),  # how long
        st.booleans(),  # in the room, or elsewhere
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLANS)
def test_nothing_is_ever_booked_twice(town: Town, cast: Cast, committee: Any, plans: list[Any]) -> None:
    mediators = ["mediator", "second_mediator", "mediator"]
    found = [matter(town, cast, name) for name in mediators]
    made: list[Sitting] = []
    for verb, which, start, minutes, has_room in plans:
        by = cast[mediators[which]]
        if verb == "cancel" and made:
            sitting = made.pop(start % len(made))
            sittings.cancel(case=sitting.case_id, sitting=sitting.id, by=SYSTEM, at=NOW)
            continue
        begin = TOMORROW + timedelta(minutes=start)
        room = first_room() if has_room else None
        people = {cast.people[mediators[which]].pk}
        overlapping = [
            each
            for each in made
            if set(sittings.slots(each.starts_at, each.ends_at))
            & set(sittings.slots(begin, begin + timedelta(minutes=minutes)))
            and ((room and each.room) or people & sittings._people(each))
        ]
        try:
            made.append(planned(found[which], by, begin, minutes / 60, room=room))
        except cases.BadData:
            assert overlapping
        else:
            assert not overlapping
    kept = [sitting.id for sitting in Sitting.objects.filter(state="planned", case__in=found)]
    assert sorted(kept) == sorted(sitting.id for sitting in made)
    Sitting.objects.filter(case__in=found).delete()
    Booking.objects.all().delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_of_many_at_one_moment_one_gets_the_room(town: Town, cast: Cast, committee: Any) -> None:
    room, names = first_room(), ["mediator", "second_mediator"]
    found = [matter(town, cast, name) for name in names]
    together = Barrier(len(found))

    def attempt(place: int) -> list[str]:
        together.wait()
        try:
            planned(found[place], cast[names[place]], room=room)
        except cases.BadData as error:
            return list(error.errors)
        finally:
            connection.close()
        return []

    with ThreadPoolExecutor(len(found)) as pool:
        assert sorted(pool.map(attempt, range(len(found)))) == [[], ["room"]]
