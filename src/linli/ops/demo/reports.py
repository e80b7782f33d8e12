"""Who reports what, where, and how: the first moment of a story."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import models
from shapely.geometry import Point, shape

from linli.cases.actions.opening import free_numbers
from linli.cases.models import TrackingCode
from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Limit, due
from linli.documents.models import Purpose
from linli.kit.ids import uuid7_at
from linli.ops.demo.county import TOWNSHIPS
from linli.ops.demo.play import Play
from linli.ops.demo.scenes import Scene
from linli.ops.demo.stories import RECENT, Stage, Story, opening_time, stage_picture
from linli.ops.demo.texts import ANYWHERE, Report, Setting
from linli.orgs.models import Boundary, Kind, Organisation
from linli.people.access import Actor
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Category, Photo, Request

DAYS = 90
BUSY_WEEK = 0.06
STAFFED = 0.93
WEIGHTS = {"facility": 26, "environment": 20, "hazard": 11, "livelihood": 14, "works": 8, "policy": 6}
EDGES = {"dispute": 6, "errand": 4, "opinion": 3, "other": 2}
CHANNELS = {"portal": 58, "grid": 27, "hotline": 15}
NOT_ON_ROUNDS = frozenset(
    {"policy", "opinion", "errand", "dispute", "other"}
)  # what a grid worker does not report
NEIGHBOUR_STEP = 0.0004  # degrees: some forty metres
TODAY = timedelta(days=1)


@dataclass
class Places:
    """The grids, each with a point inside."""

    grids: list[Organisation]
    shapes: dict[Any, Any]

    @classmethod
    def of(cls, units: list[Organisation]) -> Places:
        grids = sorted((unit for unit in units if unit.kind == Kind.GRID), key=lambda unit: unit.code)
        boundaries = Boundary.objects.filter(organisation__kind=Kind.GRID)
        return cls(grids, dict(boundaries.values_list("organisation_id", "geometry")))

    def named(self, name: str) -> list[Organisation]:
        """The grids of a place as scenes name it."""
        if name == "far":
            return [grid for grid in self.grids if grid.code[:9] not in TOWNSHIPS]
        if name == "near":
            return [grid for grid in self.grids if grid.code[:9] in TOWNSHIPS]
        township = TOWNSHIPS[0] if name == "home" else TOWNSHIPS[int(name[-1]) - 1]
        grids = [grid for grid in self.grids if grid.code.startswith(township)]
        return grids[:1] if name == "home" else grids

    def point(self, rng: Random, grid: Organisation) -> tuple[float, float]:
        area = shape(self.shapes[grid.pk])
        west, south, east, north = area.bounds
        for _ in range(40):
            point = Point(rng.uniform(west, east), rng.uniform(south, north))
            if area.contains(point):
                break
        else:
            point = area.representative_point()
        return round(point.x, 6), round(point.y, 6)


class Desk:
    """Takes reports in as every channel does, with what never changes meanwhile looked up once."""

    def __init__(self, stage: Stage, places: Places) -> None:
        self.stage, self.places = stage, places
        self.near, self.far = places.named("near"), places.named("far")
        self.categories = {category.code: category for category in Category.objects.exclude(parent=None)}
        self.codes, self.weights = _weighed(list(self.categories))
        self.rules = service_requests.rules()
        self.routings: dict[tuple[str, ...], service_requests.Routing] = {}

    def anything(self, rng: Random, number: int) -> tuple[Story, list[models.Model]]:
        """A report as chance has it."""
        grid = rng.choice(self.near if rng.random() < STAFFED else self.far)
        unfit = self._setting(grid, "").categories
        category = rng.choices(self.codes, self.weights)[0]
        while category in unfit:
            category = rng.choices(self.codes, self.weights)[0]
        at = _moment(rng, self.stage.now)
        return self.take_in(rng, number, category, grid, _channel(rng, category), at)

    def scene(self, rng: Random, number: int, scene: Scene) -> tuple[Story, list[models.Model]]:
        """The report a scene begins with."""
        at = self.stage.now - timedelta(hours=scene.hours)
        if scene.is_due_today:
            at = _due_today(self.categories[scene.category].limit, self.stage.now) or at
        grids = self.places.named(scene.place)
        if scene.category == "facility.street_lamp" or scene.category == "facility.road":
            villages = [grid for grid in grids if grid.parent_id and self._above(grid).kind == Kind.VILLAGE]
            grids = villages or grids
        return self.take_in(rng, number, scene.category, rng.choice(grids), scene.channel, at)

    def again(self, story: Story, at: datetime) -> tuple[Story, list[models.Model]]:
        """A neighbour reports the same thing from a few steps away."""
        case, rng = story.case, story.rng
        assert case.place is not None
        told = str(story.play.events[0].data["text"])
        report = Report(case.category, told, case.address)
        point = (case.lon or 0) + NEIGHBOUR_STEP, case.lat or 0
        return self._open(rng, report, case.place, "portal", at, point)

    def take_in(
        self, rng: Random, number: int, category: str, grid: Organisation, channel: str, at: datetime
    ) -> tuple[Story, list[models.Model]]:
        texts = self.stage.texts
        if channel == "grid" and grid.path not in self.stage.staff.checkers:
            channel = "portal"
        report = texts.report(rng, category, number, self._setting(grid, channel))
        return self._open(rng, report, grid, channel, at, self.places.point(rng, grid))

    def _above(self, grid: Organisation) -> Organisation:
        assert grid.parent_id is not None
        return self.stage.units[grid.parent_id]

    def _setting(self, grid: Organisation, channel: str) -> Setting:
        settings = self.stage.texts.settings
        here = settings.get(self._above(grid).kind, ANYWHERE)
        return here | settings["grid_worker"] if channel == "grid" else here

    def _open(
        self,
        rng: Random,
        report: Report,
        grid: Organisation,
        channel: str,
        at: datetime,
        point: tuple[float, float],
    ) -> tuple[Story, list[models.Model]]:
        """Submits as `service_requests.submit` does; returns the story and the rows that go with its case."""
        command_id = uuid7_at(at, rng.getrandbits(74))
        by = self._reporter(channel, grid, command_id)
        given = self._submission(rng, report, grid, channel, at, point)
        given = replace(given, may_publish=given.may_publish and command_id.int % 3 == 0)
        submission, category = service_requests.check(given)
        accused_path = submission.accused.path if submission.accused else ""
        routing = self._route(submission, category, accused_path)
        data = {
            "text": submission.text,
            "type": submission.request_type,
            "address": submission.address,
            "photos": submission.photos,
        }
        play = Play(
            self.stage.units,
            service_requests.opening_of(submission, category, accused_path),
            free_numbers([(command_id, at)])[0],
            by=by,
            at=at,
            command_id=command_id,
            data={name: value for name, value in data.items() if value},
            facts=routing.facts,
        )
        request = Request(
            case_id=command_id,
            request_type=submission.request_type,
            text=submission.text,
            contact_name=submission.contact_name,
            contact_phone=submission.contact_phone,
            accused=submission.accused,
            may_publish=submission.may_publish,
        )
        digest = service_requests.digest_of(service_requests.tracking_code(command_id))
        story = Story(self.stage, play, rng, slowness=_slowness(rng), laziness=_laziness(rng))
        if submission.photos:
            story.attach(submission.photos, play.events[0], Purpose.REPORT, by.label)
        return story, [request, TrackingCode(digest=digest, case_id=command_id)]

    def _submission(
        self,
        rng: Random,
        report: Report,
        grid: Organisation,
        channel: str,
        at: datetime,
        point: tuple[float, float],
    ) -> service_requests.Submission:
        is_accusation = report.category == "opinion.misconduct"
        is_named = channel != "grid" and rng.random() < 0.72
        return service_requests.Submission(
            text=report.text,
            title=self.stage.texts.title(report.category, report.text),
            category=report.category,
            request_type="accusation" if is_accusation else _type_of(report.category, rng),
            channel=channel,
            place=grid,
            address=report.place,
            lon=point[0],
            lat=point[1],
            contact_name=self.stage.texts.called(rng) if is_named else "",
            contact_phone=f"130-0000-{rng.randrange(10_000):04d}" if is_named else "",
            is_identity_kept=is_named and rng.random() < 0.12,
            accused=self._above(grid) if is_accusation else None,
            photos=self._photos(rng, report.category, channel, at),
            may_publish=not is_accusation,
            is_demo=True,
        )

    def _photos(self, rng: Random, category: str, channel: str, at: datetime) -> list[str]:
        """Recent reports bring a picture along, most often where one is asked for; nobody sends one by telephone."""
        rule = self.categories[category].photo
        share = {Photo.ASK: 0.6, Photo.MAY: 0.1}.get(Photo(rule), 0)
        if channel == "hotline" or self.stage.now - at > RECENT or rng.random() >= share:
            return []
        return [stage_picture(category, rng, at, is_after=False)]

    def _route(
        self, given: service_requests.Submission, category: Category, accused_path: str
    ) -> service_requests.Routing:
        """The routing of the submission; the same for all grids of a village or community in one township."""
        assert given.place is not None
        kind = self._above(given.place).kind
        key = (
            category.code,
            given.request_type,
            given.channel,
            given.place.ancestor_paths[1],
            kind,
            accused_path,
        )
        if key not in self.routings:
            self.routings[key] = service_requests.route(
                category=category,
                request_type=given.request_type,
                channel=given.channel,
                place=given.place,
                accused_path=accused_path,
                given=self.rules,
            )
        return self.routings[key]

    def _reporter(self, channel: str, grid: Organisation, command_id: UUID) -> Actor:
        """The grid worker of the place, the clerk of the hotline, or a resident known by the code alone."""
        staff = self.stage.staff
        if channel == "grid":
            return staff.checkers[grid.path]
        if channel == "hotline" and staff.clerk is not None:
            return staff.clerk
        return Actor.reporter(command_id)


def _weighed(codes: list[str]) -> tuple[list[str], list[float]]:
    """The categories to draw from; the weight of a group is shared by its categories."""
    weights = {**WEIGHTS, **EDGES}
    groups = [code.partition(".")[0] for code in codes]
    drawn = [
        (code, weights[group] / groups.count(group))
        for code, group in zip(codes, groups, strict=True)
        if group in weights
    ]
    return [code for code, _ in drawn], [weight for _, weight in drawn]


def _moment(rng: Random, now: datetime) -> datetime:
    """Some day of the last ninety, the last week a little busier, while people are up."""
    days = rng.uniform(0.02, 7) if rng.random() < BUSY_WEEK else rng.uniform(0.1, DAYS)
    moment = now - timedelta(days=days)
    shifted = opening_time(moment, rng, at_office=False)
    return shifted if shifted < now else moment


def _due_today(limit: str, now: datetime) -> datetime | None:
    """When something must have been reported to be due within a day; None where weekends leave no such moment."""
    for hours in range(8, 24 * 16, 4):
        start = now - timedelta(hours=hours)
        due_at = due(start, Limit.parse(limit), current()).due_at
        if due_at is not None and now + timedelta(hours=1) < due_at <= now + TODAY:
            return start
    return None


def _channel(rng: Random, category: str) -> str:
    shares = {
        name: share for name, share in CHANNELS.items() if name != "grid" or _is_seen_on_rounds(category)
    }
    return rng.choices(list(shares), list(shares.values()))[0]


def _is_seen_on_rounds(category: str) -> bool:
    return category.partition(".")[0] not in NOT_ON_ROUNDS and category not in (
        "livelihood.relief",
        "livelihood.medical",
    )


def _type_of(category: str, rng: Random) -> str:
    group = category.partition(".")[0]
    if group == "policy":
        return "enquiry"
    if group == "opinion":
        return rng.choice(["suggestion", "complaint"])
    if group in ("errand", "livelihood", "dispute"):
        return "help"
    return rng.choices(["help", "complaint", "suggestion"], [70, 24, 6])[0]


def _slowness(rng: Random) -> float:
    """How much longer than usual the desks take: mostly not, sometimes too long."""
    return rng.uniform(4, 14) if rng.random() < 0.06 else rng.uniform(0.7, 1.2)


def _laziness(rng: Random) -> float:
    """How much longer than usual the unit takes."""
    return rng.uniform(3, 9) if rng.random() < 0.3 else rng.uniform(0.4, 1.1)
