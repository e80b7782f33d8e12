"""Fills the demonstration county: units, staff, and two thousand requests of the last ninety days.

Request number n is told with random numbers of its own, drawn from n and nothing else. An interrupted run goes on
where its last whole batch ended, with the same present, and comes to the same county.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from django.db import models, transaction

from linli.cases.models import Case, Delivery
from linli.cases.procedures import calendar
from linli.cases.reactions import close_members
from linli.mediation.actions import lists as mediation
from linli.notify.models import Message
from linli.notify.reactions import tell
from linli.ops.demo import county as staffing
from linli.ops.demo import scenes, steps
from linli.ops.demo.reports import Desk, Places
from linli.ops.demo.stories import Stage, Story
from linli.ops.demo.texts import load
from linli.orgs import actions as orgs
from linli.orgs.models import Organisation, Revision, within
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Category

SEED = 420921
REQUESTS = 2000
BATCH = 50
NEWS, FRESH = timedelta(days=2), timedelta(hours=10)
TWINS = 0.025  # the share of requests a neighbour makes as well
BEGAN, DONE, WANTED = "demo.began", "demo.done", "demo.wanted"  # seconds since 1970; requests


def is_seeded() -> bool:
    """Whether the demonstration county is there, whole."""
    marks = _marks()
    return WANTED in marks and marks.get(DONE, 0) >= marks[WANTED]


def is_begun() -> bool:
    """Whether an earlier run was interrupted."""
    return BEGAN in _marks() and not is_seeded()


def wanted() -> int:
    """How many requests the run that began is to write; 0 before any."""
    return _marks().get(WANTED, 0)


def is_empty() -> bool:
    """Whether the database holds no cases, so that nobody's real work is mixed with invented requests."""
    return not Case.objects.exists()


def _marks() -> dict[str, int]:
    return dict(Revision.objects.filter(name__in=[BEGAN, DONE, WANTED]).values_list("name", "number"))


def _mark(name: str, number: int) -> None:
    Revision.objects.update_or_create(name=name, defaults={"number": number})


def prepare(at: datetime) -> Organisation:
    """The county without requests: calendar, units, boundaries, categories and rules. May be repeated."""
    install_calendar()
    county = orgs.plant(at=at)
    service_requests.install_lists()
    mediation.install_lists()
    return county


def install_calendar() -> None:
    """Adds the calendar days the package knows; what was edited stays edited."""
    from linli.cases.models import CalendarDay

    rows = [
        CalendarDay(
            date=day.date,
            is_working=day.is_working,
            name_zh=day.name_zh,
            name_en=day.name_en,
            source=day.source,
            is_confirmed=day.is_confirmed,
        )
        for day in calendar.seed_rows()
    ]
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)
    calendar.forget()


def seed(
    *, at: datetime, requests: int = REQUESTS, progress: Callable[[int], None] = lambda done: None
) -> None:
    """Tells every story, in batches that are whole or absent; `progress` is told how many are done.

    Goes on with an interrupted run under its own present and number of requests.
    """
    at, requests = _begin(at.replace(microsecond=0), requests)
    desk = open_desk(at)
    done = _marks().get(DONE, 0)
    while done < requests:
        until = min(done + BATCH, requests)
        with transaction.atomic():
            for number in range(done, until):
                _tell_one(desk, number)
            Delivery.objects.filter(due_at__isnull=False).update(due_at=None, done_at=at)
            _mark(DONE, until)
        done = until
        progress(done)


def _begin(at: datetime, requests: int) -> tuple[datetime, int]:
    """The present and the number of requests, kept from the run that began."""
    marks = _marks()
    if BEGAN in marks:
        return datetime.fromtimestamp(marks[BEGAN], UTC), marks[WANTED]
    county = prepare(at)
    with transaction.atomic():
        staffing.hire_staff(county, load(), at, _random("staff"))
        _mark(BEGAN, int(at.timestamp()))
        _mark(WANTED, requests)
    return at, requests


def demo_county() -> Organisation:
    """The demonstration county."""
    return Organisation.objects.get(code=staffing.TOWNSHIPS[0][:6])


def open_desk(at: datetime) -> Desk:
    """Where stories of the demonstration county begin, with the staff that stands at this moment."""
    units = {unit.pk: unit for unit in Organisation.objects.filter(within("path", demo_county().path))}
    stage = Stage(
        staff=staffing.Staff.read(at),
        texts=load(),
        now=at,
        units=units,
        photo_rules=dict(Category.objects.values_list("code", "photo")),
    )
    return Desk(stage, Places.of(list(units.values())))


def _random(what: object) -> Random:
    return Random(f"{SEED}/{what}")  # noqa: S311  (a demonstration, the same each time)


def _tell_one(desk: Desk, number: int) -> None:
    rng = _random(number)
    scene = scenes.SCENES[number] if number < len(scenes.SCENES) else None
    story, rows = desk.scene(rng, number, scene) if scene else desk.anything(rng, number)
    twin = _twin(desk, story, rows) if _has_twin(scene, rng) else None
    if scene is not None:
        scenes.play_out(scene, story)
    else:
        steps.tell(story)
    story.rest()
    story.play.write(*([] if twin else rows))
    if twin is not None:
        _close_twin(twin, story)
    _bring_news(story)


def _bring_news(story: Story) -> None:
    """Messages of the last days, read but for the newest: nobody wants three months of them on the first morning."""
    now = story.stage.now
    for event in story.play.events:
        if now - event.received_at < NEWS and tell.wants(event, story.case.procedure.move_of(event.kind)):
            tell.run(event, event.received_at)
    Message.objects.filter(case_id=story.case.pk, at__lt=now - FRESH).update(read_at=now - FRESH)


def _has_twin(scene: scenes.Scene | None, rng: Random) -> bool:
    return scene.state == "merged" if scene else rng.random() < TWINS


def _twin(desk: Desk, story: Story, rows: list[models.Model]) -> Story | None:
    """A neighbour reports the same thing; the dispatcher merges it, and both hear the answer."""
    story.play.write(*rows)
    now = desk.stage.now
    later = story.at + (now - story.at) * story.rng.uniform(0.1, 0.3)
    twin, twin_rows = desk.again(story, min(later, story.at + timedelta(minutes=story.rng.uniform(9, 50))))
    twin.play.write(*twin_rows)
    merged_at = min(twin.at + timedelta(minutes=story.rng.uniform(5, 30)), now)
    if twin.dispatcher is not None:
        command_id = twin.command_id()
        twin.play.merge_into(story.play, by=twin.dispatcher, at=merged_at, command_id=command_id)
    twin.at = story.at = merged_at
    return twin


def _close_twin(twin: Story, story: Story) -> None:
    """Lets the twin's time pass, until the case it was merged into was closed."""
    closing = next((event for event in story.play.events if event.verb in ("verify", "decline")), None)
    until = closing.received_at if closing else twin.stage.now
    twin.play.pass_time(twin.at, until)
    twin.play.write()
    if closing is not None:
        close_members.run(closing, until)
