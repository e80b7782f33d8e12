"""Fills the demonstration county: units, staff, and two thousand requests of the last ninety days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction
from shapely.geometry import Point, shape

from linli.cases import actions as cases
from linli.cases.models import Case, Delivery
from linli.cases.procedures.calendar import seed_rows
from linli.documents import actions as documents
from linli.documents.models import Purpose
from linli.ops.demo import county as staffing
from linli.ops.demo.stories import Stage, Story, tell
from linli.ops.demo.texts import Report, Texts, load
from linli.orgs import actions as orgs
from linli.orgs.models import Boundary, Kind, Organisation, within
from linli.people.access import Actor
from linli.service_requests import actions as service_requests

SEED = 420921
REQUESTS = 2000
DAYS = 90
BATCH = 50
QUIET = timedelta(days=3)
CHANNELS = (["portal", "grid", "hotline"], [58, 27, 15])
WEIGHTS = {"facility": 26, "environment": 20, "hazard": 11, "livelihood": 14, "works": 8, "policy": 6}
EDGES = {"dispute": 5, "errand": 4, "opinion": 3, "emergency": 2, "other": 2}


def is_seeded() -> bool:
    """Whether the demonstration county is there, whole or in part."""
    return Case.objects.filter(is_demo=True).exists()


def prepare(at: datetime) -> Organisation:
    """The county without requests: calendar, units, boundaries, categories and rules. May be repeated."""
    install_calendar()
    county = orgs.plant(at=at)
    service_requests.install_lists()
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
        for day in seed_rows()
    ]
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)


@dataclass
class Places:
    """Grids by township, each with a point inside."""

    near: list[Organisation]
    far: list[Organisation]
    shapes: dict[Any, Any]

    @classmethod
    def of(cls, county: Organisation) -> Places:
        grids = list(
            Organisation.objects.filter(within("path", county.path), kind=Kind.GRID)
            .select_related("parent")
            .order_by("code")
        )
        staffed = [grid for grid in grids if grid.code[:9] in staffing.TOWNSHIPS]
        return cls(
            near=staffed,
            far=[grid for grid in grids if grid.code[:9] not in staffing.TOWNSHIPS],
            shapes=dict(Boundary.objects.filter(organisation__in=grids).values_list("organisation_id", "geometry")),
        )

    def draw(self, rng: Random) -> tuple[Organisation, float, float]:
        grid = rng.choice(self.near if rng.random() < 0.88 else self.far)
        area = shape(self.shapes[grid.pk])
        west, south, east, north = area.bounds
        for _ in range(40):
            point = Point(rng.uniform(west, east), rng.uniform(south, north))
            if area.contains(point):
                break
        else:
            point = area.representative_point()
        return grid, round(point.x, 6), round(point.y, 6)


def seed(*, at: datetime, requests: int = REQUESTS, progress: Callable[[int], None] = lambda done: None) -> None:
    """Plays every story, in batches that are whole or absent; `progress` is told how many are done."""
    county = prepare(at)
    rng = Random(SEED)  # noqa: S311  (a demonstration, the same each time)
    texts = load()
    with transaction.atomic():
        staff = staffing.hire_staff(county, texts, at, rng)
    stage = Stage(staff, texts, rng, at)
    places = Places.of(county)
    moments = sorted(_moment(rng, at) for _ in range(requests))
    plan = _categories(rng, requests)
    for start in range(0, requests, BATCH):
        with transaction.atomic():
            for number in range(start, min(start + BATCH, requests)):
                _one(stage, places, plan[number], moments[number], number)
            _forget_old_news(at)
        progress(min(start + BATCH, requests))
    while cases.run_due(at=at):
        pass


def _moment(rng: Random, now: datetime) -> datetime:
    """Some day of the last ninety, the last week a little busier, mostly between 7 and 21 o'clock."""
    days = rng.uniform(0.01, 7) if rng.random() < 0.14 else rng.uniform(0.1, DAYS)
    moment = now - timedelta(days=days)
    if not 7 <= (moment + timedelta(hours=8)).hour <= 21:
        moment -= timedelta(hours=9)
    return moment


def _categories(rng: Random, requests: int) -> list[str]:
    weights = {**WEIGHTS, **EDGES}
    codes = [code for code in load().categories if not code.startswith("emergency.")]
    drawn = [weights.get(code.split(".")[0], 3) / sum(c.split(".")[0] == code.split(".")[0] for c in codes) for code in codes]
    return rng.choices(codes, drawn, k=requests)


def _one(stage: Stage, places: Places, category: str, at: datetime, number: int) -> None:
    rng = stage.rng
    grid, lon, lat = places.draw(rng)
    report = stage.texts.report(rng, category, number)
    receipt = _submit(stage, grid, (lon, lat), report, at)
    is_recent = stage.now - at < timedelta(days=10)
    story = Story(
        stage, receipt.case, at, is_slow=rng.random() < 0.17, with_photos=rng.random() < (0.6 if is_recent else 0.08)
    )
    unit = receipt.routing.unit if receipt.routing else None
    if rng.random() < 0.04:
        _report_again(stage, grid, (lon, lat), report, story, unit)
    else:
        tell(story, unit)


def _report_again(
    stage: Stage,
    grid: Organisation,
    point: tuple[float, float],
    report: Report,
    story: Story,
    unit: Organisation | None,
) -> None:
    """A neighbour reports the same thing; the dispatcher merges it, and both hear the answer."""
    later = story.at + timedelta(minutes=stage.rng.randrange(10, 40))
    if later < stage.now:
        twin = _submit(stage, grid, (point[0] + 0.0004, point[1]), report, later)
        second = Story(stage, twin.case, later + timedelta(minutes=20), is_slow=False, with_photos=False)
        if second.at < stage.now and second.dispatcher is not None:
            second.move("merge", second.dispatcher, head=story.case.number)
            story.case.refresh_from_db()
            story.at = second.at
    tell(story, unit)
    cases.run_due(at=stage.now, limit=20)


def _submit(
    stage: Stage, grid: Organisation, point: tuple[float, float], report: Report, at: datetime
) -> service_requests.Receipt:
    rng = stage.rng
    command_id = stage.command_id(at)
    channel = rng.choices(*CHANNELS)[0]
    photos = []
    if stage.now - at < timedelta(days=10) and rng.random() < 0.5 and channel != "hotline":
        draft = Case(category=report.category)
        photos = [stage.picture(draft, at, is_after=False)]
    is_contact_left = rng.random() < 0.7
    is_accusation = report.category == "opinion.misconduct"
    submission = service_requests.Submission(
        text=report.text,
        category=report.category,
        request_type="accusation" if is_accusation else _type_of(report.category, rng),
        channel=channel,
        place=grid,
        address=report.place,
        lon=point[0],
        lat=point[1],
        contact_name=rng.choice(["王先生", "李女士", "刘师傅", "陈婆婆", "张大哥", "杨老师"]) if is_contact_left else "",
        contact_phone=f"130-0000-{rng.randrange(10_000):04d}" if is_contact_left else "",
        is_identity_kept=rng.random() < 0.12,
        accused=grid.parent if is_accusation else None,
        photos=photos,
        is_demo=True,
    )
    receipt = service_requests.submit(
        submission=submission, by=_reporter(stage, channel, grid, command_id), at=at, command_id=command_id
    )
    if photos:
        documents.attach(
            upload_ids=[UUID(photo) for photo in photos],
            case_id=receipt.case.pk,
            event_number=1,
            purpose=Purpose.REPORT,
            is_public=True,
            at=at,
            by_label="",
        )
    return receipt


def _reporter(stage: Stage, channel: str, grid: Organisation, command_id: Any) -> Actor:
    if channel == "grid":
        worker = stage.staff.checkers.get(grid.path)
        if worker is not None:
            return worker
    return Actor.reporter(command_id)


def _type_of(category: str, rng: Random) -> str:
    group = category.split(".")[0]
    if group == "policy":
        return "enquiry"
    if group == "opinion":
        return rng.choice(["suggestion", "complaint"])
    return rng.choices(["help", "complaint", "suggestion"], [70, 22, 8])[0]


def _forget_old_news(now: datetime) -> None:
    """Nobody wants three months of messages on the first morning."""
    Delivery.objects.filter(reaction="notify.tell", due_at__lt=now - QUIET).update(due_at=None, done_at=now)

