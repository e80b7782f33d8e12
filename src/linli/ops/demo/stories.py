"""How an invented request goes on, move by move, until the present stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from linli.cases.models import Case, Event
from linli.cases.procedures.calendar import current
from linli.documents import actions as documents
from linli.documents.models import Purpose
from linli.kit.ids import uuid7_at
from linli.ops.demo.county import STAND_INS, Staff, nearest
from linli.ops.demo.pictures import picture
from linli.ops.demo.play import Play
from linli.ops.demo.texts import Texts
from linli.orgs.models import Kind, Organisation, is_within
from linli.people.access import Actor
from linli.service_requests.models import Photo

HOUR = timedelta(hours=1)
RECENT = timedelta(days=9)
MORNING, EVENING = time(8, 30), time(17, 30)
UP, IN_BED = time(7), time(21, 30)
PICTURES = 12  # different drawings a category


class PresentReachedError(Exception):
    """The next move lies in the future: the case stays as it is."""


@dataclass
class Stage:
    """What every story shares."""

    staff: Staff
    texts: Texts
    now: datetime
    units: dict[UUID, Organisation]
    photo_rules: dict[str, str]
    by_function: dict[tuple[str, str], Organisation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for unit in self.units.values():
            if unit.function and unit.valid_until is None:
                self.by_function[unit.path.rsplit("/", 2)[0], unit.function] = unit

    def office(self, function: str, place_path: str) -> Organisation | None:
        """The staffed unit with that function in the place's township or county, or the one that stands in for it."""
        county, _, rest = place_path.partition("/")
        for wanted in (function, STAND_INS.get(function, "")):
            for above in (f"{county}/{rest.split('/')[0]}", county):
                unit = self.by_function.get((above, wanted))
                if unit is not None and unit.path in self.staff.handlers:
                    return unit
        return None


class Story:
    """One case and the moment it has reached. `ahead` sets the moments of the coming moves, instead of chance."""

    def __init__(
        self, stage: Stage, play: Play, rng: Random, *, slowness: float = 1.0, laziness: float = 1.0
    ) -> None:
        self.stage, self.play, self.rng = stage, play, rng
        self.at = play.case.received_at
        self.slowness, self.laziness = slowness, laziness
        self.is_recent = stage.now - self.at < RECENT
        self.ahead: Iterator[datetime] | None = None

    @property
    def case(self) -> Case:
        return self.play.case

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, pool: str) -> str:
        return self.stage.texts.pick(self.rng, pool, self.case.category)

    def wait(self, low: float, high: float, *, at_office: bool = True) -> None:
        """Lets so many hours pass, and the night or weekend after them; what comes due meanwhile happens."""
        if self.ahead is not None:
            until = max(next(self.ahead), self.at + timedelta(minutes=1))
        else:
            hours = self.rng.uniform(low, high) * self.slowness
            until = opening_time(self.at + hours * HOUR, self.rng, at_office=at_office)
        self.play.pass_time(self.at, min(until, self.stage.now))
        if until > self.stage.now:
            raise PresentReachedError
        self.at = until

    def rest(self) -> None:
        """Lets the time until the present pass."""
        self.play.pass_time(self.at, self.stage.now)

    def move(self, verb: str, by: Actor | None, **data: Any) -> Event:
        if by is None:
            raise PresentReachedError  # nobody sits at that desk
        event = self.play.move(verb, by=by, at=self.at, command_id=self.command_id(), data=data)
        if data.get("photos"):
            self.attach(data["photos"], event, PURPOSES.get(verb, Purpose.OTHER), by.label)
        return event

    def attempt(self, verb: str, by: Actor | None, **data: Any) -> bool:
        """Makes a move if it may be made now; whether it was."""
        if by is None or not self.play.may(verb, by, self.at):
            return False
        self.move(verb, by, **data)
        return True

    def command_id(self) -> UUID:
        return uuid7_at(self.at, self.rng.getrandbits(74))

    def photos(self, share: float, *, is_after: bool) -> list[str]:
        """A staged picture as a share of such moves has one, in the categories that take photos."""
        rule = self.stage.photo_rules.get(self.case.category, Photo.NO)
        if rule == Photo.NO or not self.chance(share if rule == Photo.ASK else share / 4):
            return []
        return [stage_picture(self.case.category, self.rng, self.at, is_after=is_after)]

    def attach(self, photos: list[str], event: Event, purpose: Purpose, by_label: str) -> None:
        documents.attach(
            upload_ids=[UUID(photo) for photo in photos],
            case_id=event.case_id,
            event_number=event.number,
            purpose=purpose,
            is_public=True,
            at=event.received_at,
            by_label=by_label,
        )

    # Who acts now.

    @property
    def dispatcher(self) -> Actor | None:
        task = next((task for task in self.play.tasks if task.is_stage), None)
        at_desk = task is not None and task.role == "dispatcher"
        return nearest(
            self.stage.staff.dispatchers, task.organisation.path if task and at_desk else self.case.place_path
        )

    @property
    def handler(self) -> Actor | None:
        return self.stage.staff.handlers.get(self.case.holder_path)

    @property
    def checker(self) -> Actor | None:
        task = next((task for task in self.play.tasks if task.role == "verifier"), None)
        return self.stage.staff.checkers.get(task.organisation.path) if task else None

    @property
    def leader(self) -> Actor | None:
        return nearest(self.stage.staff.supervisors, self.case.holder_path)

    @property
    def reporter(self) -> Actor:
        return Actor.reporter(self.case.pk)

    def other_unit(self) -> Organisation:
        """Another staffed office of the place's township, else of the county; never one below the accused."""
        township = "/".join(self.case.place_path.split("/")[:2]) + "/"
        offices = [
            post.organisation
            for path, post in sorted(self.stage.staff.handlers.items())
            if post.organisation is not None and post.organisation.kind in (Kind.DEPARTMENT, Kind.CENTRE)
            if path != self.case.holder_path and not is_within(path, self.case.accused_path)
        ]
        near = [unit for unit in offices if is_within(unit.path, township)]
        return self.rng.choice(near or [unit for unit in offices if unit.depth == 1])


PURPOSES = {
    "feedback": Purpose.FEEDBACK,
    "self_handle": Purpose.FEEDBACK,
    "progress": Purpose.PROGRESS,
    "verify": Purpose.VERIFICATION,
}


def stage_picture(category: str, rng: Random, at: datetime, *, is_after: bool) -> str:
    data = picture(category, rng.randrange(PICTURES), is_after=is_after)
    return str(documents.stage(data=data, name="photo.jpg", at=at).pk)


def opening_time(moment: datetime, rng: Random, *, at_office: bool) -> datetime:
    """The moment itself while the office (or the day) is open, else some minutes after the next opening."""
    calendar = current()
    first, last = (MORNING, EVENING) if at_office else (UP, IN_BED)
    local = moment.astimezone(calendar.zone)
    day = local.date()
    if local.time() > last:
        day += timedelta(days=1)
    while at_office and not calendar.is_working(day):
        day += timedelta(days=1)
    if day == local.date() and local.time() >= first:
        return moment
    morning = datetime.combine(day, first, calendar.zone) + timedelta(minutes=rng.uniform(2, 95))
    return morning.astimezone(moment.tzinfo)


def last_open(moment: datetime) -> datetime:
    """The moment itself while the office is open, else the end of its last day."""
    calendar = current()
    local = moment.astimezone(calendar.zone)
    day = local.date()
    if local.time() < MORNING:
        day -= timedelta(days=1)
    while not calendar.is_working(day):
        day -= timedelta(days=1)
    if day == local.date() and local.time() <= EVENING:
        return moment
    return datetime.combine(day, EVENING, calendar.zone).astimezone(moment.tzinfo)
