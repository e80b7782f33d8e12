"""What is said in confidence stays there: one mediator reads it, and only who said it can release it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.kit.ids import uuid7
from linli.mediation.actions import talks
from linli.mediation.models import Assignment, AssignmentRole, Talk
from linli.mediation.tests.matters import assign, matter
from linli.people.access import SYSTEM, Actor

pytestmark = pytest.mark.django_db
SAID = "他家愿意改水管，但是怕以后还要他出钱。"


@pytest.fixture
def case(town: Town, cast: Cast, committee: Any) -> Any:
    return matter(town, cast, "mediator", "second_mediator")


def noted(case: Any, by: Actor, **changes: Any) -> Talk:
    given: dict[str, Any] = {"party": 2, "text": SAID, "held_at": NOW - timedelta(hours=1), "at": NOW}
    return talks.talk(case=case.pk, by=by, **{**given, **changes})


def released(case: Any, talk: Talk, *, party: int = 2, by: Actor | None = None, **changes: Any) -> Event:
    given: dict[str, Any] = {"at": NOW, "command_id": uuid7(), **changes}
    return talks.release_talk(case=case.pk, talk=talk.id, party=party, by=by or Actor.party(case.pk), **given)


def test_its_mediator_and_that_party_alone_read_it(case: Any, cast: Cast) -> None:
    talk = noted(case, cast["mediator"])
    assert talks.talks_for(case.pk, cast.people["mediator"]) == [talk]
    assert talks.talks_for(case.pk, cast.people["second_mediator"]) == []
    assert talks.talks_for(case.pk, cast.people["chair"]) == []
    assert talks.talks_of_party(case.pk, 2) == [talk]
    assert talks.talks_of_party(case.pk, 1) == []
    assert talks.released(case.pk) == []


def test_noting_a_talk_changes_nothing_others_could_see(case: Any, cast: Cast) -> None:
    before = Case.objects.values().get(pk=case.pk)
    events = Event.objects.filter(case=case).count()
    noted(case, cast["mediator"])
    assert Case.objects.values().get(pk=case.pk) == before
    assert Event.objects.filter(case=case).count() == events


def test_who_no_longer_mediates_no_longer_reads(case: Any, cast: Cast) -> None:
    talk = noted(case, cast["mediator"])
    mine = Assignment.objects.filter(case=case, person=cast.people["mediator"])
    mine.update(ended_at=NOW, why_ended="objection")
    assert talks.talks_for(case.pk, cast.people["mediator"]) == []
    assert talks.talks_of_party(case.pk, 2) == [talk]


def test_only_a_mediator_of_the_case_notes_a_talk(case: Any, town: Town, cast: Cast) -> None:
    other = matter(town, cast, "second_mediator")
    assign(other, cast, "mediator", AssignmentRole.RECORDER)
    refused = [(case, "chair"), (case, "centre"), (other, "mediator")]
    for found, name in refused:
        with pytest.raises(cases.NotAllowed):
            noted(found, cast[name])
    for actor in (SYSTEM, Actor.party(case.pk)):
        with pytest.raises(cases.NotAllowed):
            noted(case, actor)
    with pytest.raises(cases.CaseNotFound):
        noted(case, cast["outsider"])
    assert not Talk.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"party": 9}, "party"),
        ({"text": " \n "}, "text"),
        ({"text": "长" * 10_001}, "text"),
        ({"held_at": NOW + timedelta(minutes=1)}, "held_at"),
    ],
)
def test_says_which_field_of_a_talk_is_wrong(
    case: Any, cast: Cast, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(cases.BadData) as refusal:
        noted(case, cast["mediator"], **changes)
    assert list(refusal.value.errors) == [field]


def test_no_talk_is_added_to_a_closed_case(case: Any, cast: Cast) -> None:
    Case.objects.filter(pk=case.pk).update(state="archived", is_open=False, closed_at=NOW)
    with pytest.raises(cases.OutOfOrder):
        noted(case, cast["mediator"])


def test_the_same_command_notes_once(case: Any, cast: Cast) -> None:
    command_id = uuid7()
    first = noted(case, cast["mediator"], command_id=command_id)
    assert noted(case, cast["mediator"], command_id=command_id) == first
    with pytest.raises(cases.CommandReused):
        noted(case, cast["mediator"], command_id=command_id, text="别的话。")
    assert Talk.objects.count() == 1


def test_a_party_releases_its_own_talk_to_everybody(case: Any, cast: Cast) -> None:
    talk, kept = noted(case, cast["mediator"]), noted(case, cast["mediator"], text="这句不公开。")
    command_id = uuid7()
    event = released(case, talk, command_id=command_id)
    assert (event.verb, event.data, event.facts["party"]) == ("release", {}, 2)
    assert released(case, talk, command_id=command_id) == event
    (shown,) = talks.released(case.pk)
    assert (shown, shown.released_at) == (talk, NOW)
    assert kept not in talks.released(case.pk)
    with pytest.raises(cases.OutOfOrder):
        released(case, talk)
    assert Event.objects.filter(case=case, verb="release").count() == 1


def test_nobody_else_releases_it(case: Any, town: Town, cast: Cast) -> None:
    talk = noted(case, cast["mediator"])
    with pytest.raises(cases.CaseNotFound):
        released(case, talk, party=1)
    for actor in (cast["mediator"], SYSTEM):
        with pytest.raises(cases.NotAllowed):
            released(case, talk, by=actor)
    with pytest.raises(cases.CaseNotFound):
        released(case, talk, by=Actor.party(matter(town, cast).pk))
    assert talks.released(case.pk) == []


def test_it_cannot_be_released_once_the_mediation_is_over(case: Any, cast: Cast) -> None:
    talk = noted(case, cast["mediator"])
    Case.objects.filter(pk=case.pk).update(state="failed")
    with pytest.raises(cases.OutOfOrder):
        released(case, talk)
    assert talks.released(case.pk) == []
