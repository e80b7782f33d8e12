"""How an invented request goes on, move by move through the kernel, until the present stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from linli.cases import actions as cases
from linli.cases.models import Case, Clock, Event, Task
from linli.documents import actions as documents
from linli.documents.models import Purpose
from linli.kit.ids import uuid7_at
from linli.ops.demo.county import Staff
from linli.ops.demo.pictures import picture
from linli.ops.demo.texts import Texts
from linli.orgs.models import Organisation
from linli.people.access import Actor

HOUR = timedelta(hours=1)


class PresentReachedError(Exception):
    """The next move lies in the future: the case stays as it is."""


@dataclass
class Stage:
    """What every story shares."""

    staff: Staff
    texts: Texts
    rng: Random
    now: datetime

    def command_id(self, at: datetime) -> Any:
        return uuid7_at(at, self.rng.getrandbits(74))

    def picture(self, case: Case, at: datetime, *, is_after: bool) -> str:
        data = picture(case.category, self.rng.randrange(10_000), is_after=is_after)
        return str(documents.stage(data=data, name="photo.jpg", at=at).pk)


class Story:
    """One case and the moment it has reached."""

    def __init__(self, stage: Stage, case: Case, at: datetime, *, is_slow: bool, with_photos: bool) -> None:
        self.stage, self.case, self.at = stage, case, at
        self.rng, self.texts = stage.rng, stage.texts
        self.is_slow, self.with_photos = is_slow, with_photos

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, pool: str) -> str:
        return self.texts.pick(self.rng, pool, self.case.category)

    def wait(self, low: float, high: float) -> None:
        """Lets office time pass; what comes due meanwhile happens."""
        hours = self.rng.uniform(low, high) * (self.rng.uniform(2.5, 5) if self.is_slow else 1)
        until = _office(self.at + timedelta(hours=hours), self.rng)
        self.sweep(min(until, self.stage.now))
        if until > self.stage.now:
            raise PresentReachedError
        self.at = until

    def sweep(self, until: datetime) -> None:
        while True:
            due = Clock.objects.filter(case_id=self.case.pk, fires_at__lte=until).order_by("fires_at").first()
            if due is None or due.fires_at is None:
                return
            cases.fire_due_clocks(at=max(due.fires_at, self.at), case_id=self.case.pk)

    def move(self, verb: str, by: Actor | None, **data: Any) -> Event:
        if by is None:
            raise PresentReachedError  # nobody sits at that desk
        event = cases.advance(
            case=self.case.pk,
            verb=verb,
            by=by,
            at=self.at,
            command_id=self.stage.command_id(self.at),
            data=data,
        )
        self.case.refresh_from_db()
        if data.get("photos"):
            documents.attach(
                upload_ids=[UUID(photo) for photo in data["photos"]],
                case_id=self.case.pk,
                event_number=event.number,
                purpose=Purpose.FEEDBACK,
                is_public=True,
                at=self.at,
                by_label=by.label,
            )
        return event

    @property
    def dispatcher(self) -> Actor | None:
        task = Task.objects.filter(case_id=self.case.pk, is_stage=True).select_related("organisation").first()
        path = task.organisation.path if task and task.role == "dispatcher" else self.case.place_path
        return self.stage.staff.nearest(self.stage.staff.dispatchers, path)

    @property
    def handler(self) -> Actor | None:
        return self.stage.staff.handlers.get(self.case.holder_path)

    @property
    def checker(self) -> Actor | None:
        task = Task.objects.filter(case_id=self.case.pk, role="verifier").select_related("organisation").first()
        return self.stage.staff.checkers.get(task.organisation.path) if task else None

    @property
    def reporter(self) -> Actor:
        return Actor.reporter(self.case.pk)


def _office(moment: datetime, rng: Random) -> datetime:
    """The same moment, or the next morning when the office is shut (08:30 to 17:30 in UTC+8)."""
    local = moment + timedelta(hours=8)
    minutes = local.hour * 60 + local.minute
    if 510 <= minutes <= 1050:
        return moment
    days = 0 if minutes < 510 else 1
    morning = local.replace(hour=8, minute=30, second=0) + timedelta(days=days, minutes=rng.randrange(90))
    return morning - timedelta(hours=8)


def tell(story: Story, unit: Organisation | None) -> None:
    """Plays the whole story; stops without a sound where the present begins."""
    try:
        _take_in(story, unit)
    except PresentReachedError:
        story.sweep(story.stage.now)


def _take_in(story: Story, unit: Organisation | None) -> None:
    case = story.case
    if case.channel == "grid" and story.with_photos and story.chance(0.5):
        _solve_on_the_spot(story)
        return
    if story.chance(0.06):
        story.wait(1, 9)
        story.move("ask_progress", story.reporter, note=story.pick("urge.messages"))
    story.wait(0.3, 7)
    if story.chance(0.035):
        story.move("decline", story.dispatcher, route="elsewhere", reason=story.pick("decline.reasons"))
        return
    story.move("accept", story.dispatcher)
    story.wait(0.2, 6)
    chosen = unit if unit is not None and unit.path in story.stage.staff.handlers else _any_unit(story)
    story.move("dispatch", story.dispatcher, unit=str(chosen.pk))
    _to_the_unit(story)
    _work(story)
    _check(story)
    _after(story)


def _solve_on_the_spot(story: Story) -> None:
    worker = story.stage.staff.nearest(story.stage.staff.checkers, story.case.place_path)
    story.wait(0.1, 1)
    photo = story.stage.picture(story.case, story.at, is_after=True)
    story.move("self_handle", worker, result=story.pick("feedback"), photos=[photo])
    story.wait(3, 20)
    story.move("verify", story.checker, finding=story.pick("verification.passed"))
    _after(story)


def _any_unit(story: Story) -> Organisation:
    """A staffed unit of the place's township, or of the county."""
    handlers = story.stage.staff.handlers
    township = "/".join(story.case.place_path.split("/")[:2]) + "/"
    near = [post for path, post in handlers.items() if path.startswith(township)]
    far = [post for path, post in handlers.items() if path.count("/") == 2]
    post = story.rng.choice(near or far)
    assert post.organisation is not None
    return post.organisation


def _to_the_unit(story: Story) -> None:
    """Acknowledged, or returned and sent elsewhere; twice returned, it is ruled on."""
    for again in range(2):
        story.wait(0.3, 4)
        if not story.chance(0.09 if again == 0 else 0.25):
            break
        ground = story.rng.choice(["duty", "area", "unclear"])
        story.move("return", story.handler, ground=ground, reason=story.pick(f"return.{ground}"))
        story.wait(0.5, 5)
        unit = str(_any_unit(story).pk)
        if story.case.state == "arbitration":
            story.move("rule", story.dispatcher, unit=unit, reason="按职责清单和所在地，由该单位承办，不再退回。")
        else:
            story.move("reassign", story.dispatcher, unit=unit, reason=story.pick("reassign.notes"))
    story.wait(0.3, 4)
    story.move("acknowledge", story.handler)


def _work(story: Story) -> None:
    story.wait(1, 12)
    story.move("progress", story.handler, note=story.pick("progress"))
    for share, branch in BRANCHES:
        if story.chance(share):
            branch(story)
    story.wait(2, 18)
    photos = [story.stage.picture(story.case, story.at, is_after=True)] if story.with_photos else []
    story.move("feedback", story.handler, result=story.pick("feedback"), photos=photos)


def _extend(story: Story) -> None:
    unit = Clock.objects.filter(case_id=story.case.pk, name="unit", stopped_at=None).first()
    if unit is None or unit.due_at is None or unit.due_at <= story.at:
        return
    days = str(story.rng.randint(2, 8))
    story.move("request_extension", story.handler, limit=days, reason=story.pick("extension.reasons"))
    story.wait(0.5, 6)
    if story.chance(0.75):
        story.move("grant_extension", story.dispatcher, note=story.pick("extension.granted"))
    else:
        story.move("refuse_extension", story.dispatcher, reason=story.pick("extension.refused"))


def _put_on_hold(story: Story) -> None:
    condition = "等枯水期或资金到位后恢复办理。"
    story.move("request_deferral", story.handler, reason=story.pick("defer.reasons"), condition=condition)
    story.wait(1, 6)
    story.move("defer", story.dispatcher, reason=story.pick("defer.reasons"))
    story.wait(100, 600)
    story.move("resume", story.dispatcher, note=story.pick("defer.resumed"))


def _call_in(story: Story) -> None:
    unit = _any_unit(story)
    if unit.pk == story.case.holder_id:
        return
    story.move("call_in", story.handler, unit=str(unit.pk), reason=story.pick("co_handle.calls"))
    story.wait(1, 8)
    story.move("answer_call", story.stage.staff.handlers.get(unit.path), note=story.pick("co_handle.replies"))


def _supervise(story: Story) -> None:
    leader = story.stage.staff.nearest(story.stage.staff.supervisors, story.case.place_path)
    story.move("supervise", leader, order=story.pick("supervision.orders"))
    story.wait(2, 14)
    story.move("reply_supervision", story.handler, reply=story.pick("supervision.replies"))


def _urge(story: Story) -> None:
    story.move("ask_progress", story.reporter, note=story.pick("urge.messages"))
    story.wait(1, 6)
    story.move("note", story.handler, note=story.pick("urge.answers"), reader="public")


def _note(story: Story) -> None:
    story.move("note", story.dispatcher, note=story.pick("note.internal"), reader="internal")


BRANCHES: list[tuple[float, Callable[[Story], None]]] = [
    (0.06, _extend),
    (0.05, _supervise),
    (0.05, _urge),
    (0.04, _call_in),
    (0.05, _note),
    (0.025, _put_on_hold),
]


def _check(story: Story) -> None:
    story.wait(0.5, 8)
    story.move("arrange_check", story.dispatcher)
    story.wait(1, 16)
    if story.chance(0.08):
        story.move("fail_check", story.checker, reason=story.pick("verification.failed"))
        story.wait(2, 20)
        story.move("feedback", story.handler, result=story.pick("feedback"))
        story.wait(0.5, 6)
        story.move("arrange_check", story.dispatcher)
        story.wait(1, 12)
    story.move("verify", story.checker, finding=story.pick("verification.passed"))


def _after(story: Story) -> None:
    story.wait(1, 30)
    if story.chance(0.06):
        story.move("reopen", story.reporter, reason=story.pick("reopen.reasons"))
        story.wait(0.5, 6)
        story.move("dispatch", story.dispatcher, unit=str(_any_unit(story).pk))
        _to_the_unit(story)
        _work(story)
        _check(story)
        story.wait(1, 30)
    if story.chance(0.6):
        grade = story.rng.choices([5, 4, 3, 2, 1], [38, 32, 15, 10, 5])[0]
        comment = story.texts.rating(story.rng, grade) if story.chance(0.6) else ""
        story.move("rate", story.reporter, grade=str(grade), comment=comment)


