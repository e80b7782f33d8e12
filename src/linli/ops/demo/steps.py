"""The steps stories are made of: each lets time pass, then makes one move as somebody would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from linli.ops.demo.stories import PresentReachedError, Story, stage_picture
from linli.orgs.models import Organisation, is_within

Step = Callable[[Story], None]
EASY = timedelta(days=4)  # with this much time left or more nobody hurries
ON_CALL = timedelta(hours=32)  # with less, work goes on into the evening
LONGEST_WORK = timedelta(days=2.5)
LEAST_WORK = timedelta(hours=1)
LATE_WORK = timedelta(days=1)  # what is late already gets done within days
GRADES = (5, 4, 3, 2, 1)
PROMPT, TARDY = (40, 33, 15, 8, 4), (14, 24, 26, 22, 14)


def desk(story: Story, low: float = 0.2, high: float = 3.0) -> None:
    """A wait at a desk, shorter where little time is left."""
    hurry = max(0.05, min(1.0, _time_left(story) / EASY))
    story.wait(low * hurry, high * hurry, at_office=_time_left(story) > ON_CALL)


def check(story: Story) -> None:
    """A wait until somebody passes by to look, on any day."""
    hours = min(_time_left(story), EASY) / timedelta(hours=1)
    story.wait(hours * 0.02, hours * 0.3, at_office=False)


def work(story: Story, least: float, most: float) -> None:
    """Time for the work, as a share of what is left of it."""
    unit = next((clock for clock in story.play.clocks if clock.name == "unit" and clock.is_running), None)
    left = _time_left(story)
    if unit is not None and unit.due_at is not None and unit.due_at > story.at:
        left = min(left, unit.due_at - story.at)
    hours = max(LEAST_WORK, min(left, LONGEST_WORK)) / timedelta(hours=1) * story.laziness
    story.wait(hours * least, hours * most, at_office=left > ON_CALL)


def _time_left(story: Story) -> timedelta:
    """Until the resident's promised date."""
    due_at = story.case.due_at
    return due_at - story.at if due_at is not None and due_at > story.at else LATE_WORK


def suggested(story: Story) -> Organisation:
    """The unit the routing suggested, or whoever stands in for it where nobody sits there."""
    named = story.play.events[0].facts.get("suggested")
    if named:
        unit = story.stage.units[UUID(named)]
        if unit.path in story.stage.staff.handlers:
            return unit
        stand_in = story.stage.office(unit.function, story.case.place_path)
        if stand_in is not None and not is_within(stand_in.path, story.case.accused_path):
            return stand_in
    return story.other_unit()


# Along the line.


def accept(story: Story) -> None:
    desk(story)
    story.move("accept", story.dispatcher)


def decline(story: Story) -> None:
    desk(story)
    story.move("decline", story.dispatcher, route="elsewhere", reason=story.pick("decline.reasons"))


def dispatch(story: Story) -> None:
    desk(story, 0.1, 2.5)
    note = story.pick("dispatch.notes") if story.chance(0.25) else ""
    story.move("dispatch", story.dispatcher, unit=str(suggested(story).pk), note=note)


def dispatch_elsewhere(story: Story) -> None:
    desk(story)
    story.move("dispatch", story.dispatcher, unit=str(story.other_unit().pk))


def acknowledge(story: Story) -> None:
    desk(story, 0.1, 3)
    story.move("acknowledge", story.handler)


def progress(story: Story) -> None:
    work(story, 0.05, 0.2)
    story.move(
        "progress", story.handler, note=story.pick("progress"), photos=story.photos(0.06, is_after=False)
    )


def feedback(story: Story) -> None:
    work(story, 0.1, 0.5)
    share = 0.25 if story.is_recent else 0.02
    story.move(
        "feedback", story.handler, result=story.pick("feedback"), photos=story.photos(share, is_after=True)
    )


def arrange_check(story: Story) -> None:
    desk(story)
    story.move("arrange_check", story.dispatcher)


def verify(story: Story) -> None:
    check(story)
    photos = story.photos(0.12 if story.is_recent else 0, is_after=True)
    story.move("verify", story.checker, finding=story.pick("verification.passed"), photos=photos)


def fail_check(story: Story) -> None:
    check(story)
    story.move("fail_check", story.checker, reason=story.pick("verification.failed"))


def rate(story: Story) -> None:
    story.wait(1, 40, at_office=False)
    case = story.case
    weights = TARDY if case.is_late or case.reopenings else PROMPT
    grade = story.rng.choices(GRADES, weights)[0]
    comment = story.stage.texts.rating(story.rng, grade) if story.chance(0.55) else ""
    story.move("rate", story.reporter, grade=str(grade), comment=comment)


def reopen(story: Story) -> None:
    story.wait(2, 60, at_office=False)
    story.move("reopen", story.reporter, reason=story.pick("reopen.reasons"))


def self_handle(story: Story) -> None:
    """Solved on the spot by the grid worker who saw it, with the picture that proves it."""
    worker = story.stage.staff.checkers.get(story.case.place_path)
    story.wait(0.1, 0.8, at_office=False)
    photos = [stage_picture(story.case.category, story.rng, story.at, is_after=True)]
    story.move("self_handle", worker, result=story.pick("feedback"), photos=photos)


# Branches.


def give_back(story: Story) -> None:
    desk(story)
    ground = story.rng.choice(["duty", "area", "unclear"])
    story.move("return", story.handler, ground=ground, reason=story.pick(f"return.{ground}"))


def reassign(story: Story) -> None:
    desk(story)
    unit = str(story.other_unit().pk)
    story.move("reassign", story.dispatcher, unit=unit, reason=story.pick("reassign.notes"))


def rule(story: Story) -> None:
    desk(story)
    story.move("rule", story.dispatcher, unit=str(suggested(story).pk), reason=story.pick("rule.reasons"))


def request_extension(story: Story) -> None:
    story.wait(0.3, 2)
    days = str(story.rng.randint(2, 6))
    story.attempt("request_extension", story.handler, limit=days, reason=story.pick("extension.reasons"))


def decide_extension(story: Story) -> None:
    if story.case.state != "extension_requested":
        return
    desk(story)
    if story.chance(0.75):
        story.move("grant_extension", story.dispatcher, note=story.pick("extension.granted"))
    else:
        story.move("refuse_extension", story.dispatcher, reason=story.pick("extension.refused"))


def request_deferral(story: Story) -> None:
    story.wait(0.3, 4)
    reason, condition = story.pick("defer.reasons"), story.pick("defer.conditions")
    story.move("request_deferral", story.handler, reason=reason, condition=condition)


def defer(story: Story) -> None:
    desk(story)
    story.move("defer", story.dispatcher, reason=story.pick("defer.reasons"))


def refuse_deferral(story: Story) -> None:
    desk(story)
    story.move("refuse_deferral", story.dispatcher, reason=story.pick("defer.refused"))


def resume(story: Story) -> None:
    story.wait(90, 500)
    story.move("resume", story.dispatcher, note=story.pick("defer.resumed"))


def call_in(story: Story) -> None:
    story.wait(0.3, 3)
    story.move(
        "call_in", story.handler, unit=str(story.other_unit().pk), reason=story.pick("co_handle.calls")
    )


def answer_call(story: Story) -> None:
    desk(story)
    task = next(task for task in story.play.tasks if task.why == "called_in")
    partner = story.stage.staff.handlers.get(task.organisation.path)
    story.move("answer_call", partner, note=story.pick("co_handle.replies"))


def supervise(story: Story) -> None:
    story.wait(0.3, 3)
    story.attempt("supervise", story.leader, order=story.pick("supervision.orders"))


def reply_supervision(story: Story) -> None:
    story.wait(1, 9)
    story.attempt("reply_supervision", story.handler, reply=story.pick("supervision.replies"))


def ask_progress(story: Story) -> None:
    story.wait(0.3, 6, at_office=False)
    story.attempt("ask_progress", story.reporter, note=story.pick("urge.messages"))


def answer_asking(story: Story) -> None:
    desk(story)
    story.attempt("note", story.handler, note=story.pick("urge.answers"), reader="public")


def urge(story: Story) -> None:
    story.wait(0.3, 4)
    story.attempt("urge", story.dispatcher, note=story.pick("urge_staff.notes"))


def note(story: Story) -> None:
    desk(story)
    story.attempt("note", story.dispatcher, note=story.pick("note.internal"), reader="internal")


def add(story: Story) -> None:
    story.wait(0.3, 8, at_office=False)
    story.attempt("add", story.reporter, note=story.pick("add.notes"))


BRANCHES: Sequence[tuple[float, Sequence[Step]]] = (
    (0.05, (request_extension, decide_extension)),
    (0.035, (supervise, reply_supervision)),
    (0.05, (ask_progress, answer_asking)),
    (0.04, (call_in, answer_call)),
    (0.03, (urge,)),
    (0.05, (note,)),
    (0.03, (add,)),
    (0.012, (request_deferral, refuse_deferral)),
    (0.018, (request_deferral, defer, resume)),
)


# Whole stories.


def tell(story: Story) -> None:
    """A story as chance has it, up to the present."""
    try:
        _take_in(story)
    except PresentReachedError:
        return


def _take_in(story: Story) -> None:
    if story.case.channel == "grid" and story.case.category in ON_THE_SPOT and story.chance(0.4):
        self_handle(story)
        verify(story)
        _after(story)
        return
    if story.chance(0.03):
        add(story)
    if story.chance(0.03):
        decline(story)
        return
    accept(story)
    dispatch(story)
    _reach_the_unit(story)
    _do_the_work(story)
    _check(story)
    _after(story)


def _reach_the_unit(story: Story) -> None:
    """Acknowledged, or returned and sent elsewhere; twice returned, it is ruled on."""
    if story.chance(0.07):
        give_back(story)
        reassign(story)
        if story.chance(0.25):
            give_back(story)
            rule(story)
    acknowledge(story)


def _do_the_work(story: Story) -> None:
    progress(story)
    for share, branch in BRANCHES:
        if story.chance(share) and story.case.state == "in_progress":
            for step in branch:
                step(story)
    feedback(story)


def _check(story: Story) -> None:
    arrange_check(story)
    if story.chance(0.07):
        fail_check(story)
        feedback(story)
        arrange_check(story)
    verify(story)


def _after(story: Story) -> None:
    if story.chance(0.05):
        reopen(story)
        dispatch_elsewhere(story)
        _reach_the_unit(story)
        _do_the_work(story)
        _check(story)
    if story.chance(0.62):
        rate(story)


ON_THE_SPOT = frozenset(
    {
        "environment.rubbish",
        "environment.burning",
        "hazard.fire",
        "hazard.waterside",
        "livelihood.care",
        "facility.manhole",
    }
)
