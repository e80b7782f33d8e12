"""Faults in what is written down of reading, and in what becomes of what is held on people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW
from django.db import DatabaseError
from django.test import Client

from linli.cases.models import CaseQuerySet
from linli.kit import clock
from linli.mediation.actions import reading, talks
from linli.mediation.tests.story import Story
from linli.privacy.actions import erasing, glass, locks, reads, retention, seen
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Hold, Read
from linli.service_requests.models import Request
from torture.faults import World, fault, refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SAID = "银杏树下第三户"


def _desk(world: World, name: str) -> Client:
    world["monkeypatch"].setattr(clock, "now", lambda: NOW)
    client = Client()
    client.force_login(world.cast.people[name], backend=BACKEND)
    return client


def an_opening_is_written_down(world: World) -> None:
    case = world.report()
    _desk(world, "dispatcher").get(f"/desk/cases/{case.number}")
    assert Read.objects.filter(case=case, what="page").count() == 1


NOTED = "every opening is a row"


@fault("looking", "openings are not written down", NOTED, an_opening_is_written_down)
def unnoted_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reads, "_write", lambda rows: None)


@fault("looking", "only the first post somebody holds is noted", NOTED, an_opening_is_written_down)
def reads_of_reporters_alone(patch: pytest.MonkeyPatch) -> None:
    sound = reads._write
    patch.setattr(reads, "_write", lambda rows: sound([row for row in rows if row.role == "resident"]))


def nothing_is_shown_that_cannot_be_noted(world: World) -> None:
    case, client = world.report(text=f"{SAID}门口的路灯坏了三天。"), _desk(world, "dispatcher")

    def fails(rows: Any) -> None:
        raise DatabaseError("no room")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linli.privacy.actions.reads.rows.insert", fails)
        answer = client.get(f"/desk/cases/{case.number}")
    assert answer.status_code == 503
    assert SAID not in answer.content.decode()


@fault("looking", "an opening that could not be written down is shown all the same",
       "nothing is shown that cannot be noted", nothing_is_shown_that_cannot_be_noted)  # fmt: skip
def shown_unnoted(patch: pytest.MonkeyPatch) -> None:
    sound = reads._write

    def write(rows: list[Read]) -> None:
        try:
            sound(rows)
        except reads.NotRecorded:
            return

    patch.setattr(reads, "_write", write)


def a_partys_log_tells_nothing_of_the_other_side(world: World) -> None:
    world["committee"]
    story = Story(world.cast, world["dispute"]().case.pk).to("in_mediation")
    before = list(seen.page(reading.seen_by_parties(story.case)).rows)
    story.give(talks.talk, party=2, text="只对您说。", held_at=story.at)
    opening: dict[str, Any] = {"case": story.case, "purpose": "mediating", "at": story.at}
    reading.open_content(actor=world.cast["mediator"], what="page", **opening)
    assert list(seen.page(reading.seen_by_parties(story.case)).rows) == before


@fault("looking", "a party sees when the mediator works on the case", "a party's log tells nothing of the other side",
       a_partys_log_tells_nothing_of_the_other_side)  # fmt: skip
def log_tells_of_talks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "seen_by_parties", Openings)


def _broken(world: World, **changes: Any) -> Any:
    case = world.report(**changes)
    given: dict[str, Any] = {"number": case.number, "reason": "反映人搬来了", "hours": 1}
    return case, lambda: glass.break_glass(**given, by=world.cast["outsider"], at=NOW)


def broken_glass_ends_by_itself(world: World) -> None:
    case, break_it = _broken(world)
    break_it()
    late = NOW + timedelta(hours=1)
    assert glass.through(world.cast["outsider"], case.number, late) is None


@fault("looking", "broken glass stays open", "it ends by itself", broken_glass_ends_by_itself)
def glass_without_end(patch: pytest.MonkeyPatch) -> None:
    sound = glass.current
    patch.setattr(glass, "current", lambda by, at: sound(by, NOW))


def an_accusation_does_not_break_open(world: World) -> None:
    from linli.cases.actions import BadData

    accused = {"request_type": "accusation", "accused": world.town["west"]}
    _case, break_it = _broken(world, text="收钱不办事，请查一查这个单位。", **accused)
    refused(BadData, break_it)


@fault("looking", "an accusation opens for the accused through broken glass", "it never reaches them",
       an_accusation_does_not_break_open)  # fmt: skip
def glass_for_the_accused(patch: pytest.MonkeyPatch) -> None:
    from linli.cases.models import Case

    patch.setattr(glass, "_case", lambda number, by: Case.objects.numbered(number).first())


def _closed(world: World) -> Any:
    case = world.dispatched(text=f"{SAID}门口的路灯坏了三天。", address=SAID)
    world.move(case, "acknowledge", "handler")
    world.move(case, "feedback", "handler", result="换了灯头，三盏灯都亮了。")
    world.move(case, "arrange_check", "dispatcher")
    world.move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
    case.refresh_from_db()
    return case


def a_locked_case_is_seen_by_no_post(world: World) -> None:
    case = _closed(world)
    locks.lock(case_id=case.pk, why="本人要求", by=world.cast["dispatcher"], at=NOW)
    assert not type(case).objects.visible_to(world.cast["dispatcher"]).filter(pk=case.pk).exists()


@fault("looking", "a locked case is listed and opened", "a locked case is seen by no post",
       a_locked_case_is_seen_by_no_post)  # fmt: skip
def lock_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CaseQuerySet, "visible_to", CaseQuerySet.within_reach)


DUE = NOW.replace(year=NOW.year + 11)


def what_has_had_its_time_is_gone(world: World) -> None:
    case = _closed(world)
    retention.sweep(at=DUE)
    case.refresh_from_db()
    said = [event.data for event in case.events.all()]
    assert SAID not in f"{case.title}{case.address}{Request.objects.get(pk=case.pk).text}{said}"


GONE = "what has had its time is gone whole"


@fault("looking", "a deletion leaves title and address", GONE, what_has_had_its_time_is_gone)
def headline_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing, "headline", lambda case: None)


@fault("looking", "a deletion leaves what events say", GONE, what_has_had_its_time_is_gone)
def events_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing, "events", lambda case, which: 0)


def what_is_held_stays(world: World) -> None:
    case = _closed(world)
    locks.hold(case_id=case.pk, why="行政诉讼", by=world.cast["dispatcher"], at=NOW)
    retention.sweep(at=DUE)
    assert SAID in Request.objects.get(pk=case.pk).text


@fault("looking", "a hold is ignored", "what is held stays", what_is_held_stays)
def hold_ignored(patch: pytest.MonkeyPatch) -> None:
    none: Callable[[Any], Any] = lambda self: self.none()  # noqa: E731
    patch.setattr(type(Hold.objects.all()), "standing", none)
