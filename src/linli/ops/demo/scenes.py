"""Cases that are there for certain: one in every state, and work waiting for everybody who can sign in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from linli.ops.demo import steps
from linli.ops.demo.stories import Story, last_open
from linli.orgs.models import is_within

MOMENT = timedelta(minutes=1)

DISPATCHED = (steps.accept, steps.dispatch)
WORKING = (*DISPATCHED, steps.acknowledge, steps.progress)
REPORTED_BACK = (*WORKING, steps.feedback)
CHECKING = (*REPORTED_BACK, steps.arrange_check)
CLOSED = (*CHECKING, steps.verify)
RETURNED = (*DISPATCHED, steps.give_back)


@dataclass(frozen=True)
class Scene:
    """A story that ends where it is wanted.

    place: "home" (the first grid of the first township), "town1" to "town3", or "far" (no township of these).
    hours: how long ago it was reported. rest: the share of that time nothing has happened since.
    """

    state: str
    category: str
    place: str
    hours: float
    path: Sequence[steps.Step] = ()
    rest: float = 0.3
    channel: str = "portal"
    is_due_today: bool = False


def play_out(scene: Scene, story: Story) -> None:
    """Plays the path of a scene between its report and the present, in office hours where there are any."""
    story.ahead = _moments(story.at, story.stage.now, len(scene.path), scene.rest)
    for step in scene.path:
        step(story)


def _moments(start: datetime, now: datetime, count: int, rest: float) -> Iterator[datetime]:
    span = (now - start) * (1 - rest)
    for number in range(1, count + 1):
        wanted = start + span * number / count
        yield max(last_open(wanted), start + number * MOMENT)


def check_in_the_village(story: Story) -> None:
    _arrange(story, depth=2)


def check_by_the_township(story: Story) -> None:
    _arrange(story, depth=1)


def _arrange(story: Story, depth: int) -> None:
    """Names who checks, instead of leaving it to the nearest."""
    path = story.case.place_path
    checker = next(
        unit for unit in story.stage.units.values() if unit.depth == depth and is_within(path, unit.path)
    )
    steps.desk(story)
    story.move("arrange_check", story.dispatcher, checker=str(checker.pk))


BUILDING, TRENCH, LAMP, ROAD = "hazard.building", "works.excavation", "facility.street_lamp", "facility.road"
WIRES, WATER, RUBBISH, NOISE = (
    "hazard.electricity",
    "livelihood.water",
    "environment.rubbish",
    "environment.noise",
)
NEIGHBOUR, CHANNEL, CARE, COVER = (
    "dispute.neighbour",
    "facility.irrigation",
    "livelihood.care",
    "facility.manhole",
)
ANSWERED = (steps.ask_progress, steps.answer_asking)

SCENES = (
    # Waiting to be accepted or sent on.
    Scene("reported", LAMP, "town1", 1.2),
    Scene("reported", NOISE, "town1", 4),
    Scene("reported", NEIGHBOUR, "home", 7, (steps.ask_progress,)),
    Scene("reported", COVER, "town2", 3, channel="hotline"),
    Scene("reported", RUBBISH, "town3", 2, channel="grid"),
    Scene("reported", ROAD, "far", 5),
    Scene("reported", "opinion.misconduct", "town2", 6),
    Scene("reported", "policy.pension", "town3", 290),
    Scene("accepted", BUILDING, "town1", 6, (steps.accept,)),
    Scene("accepted", CARE, "town2", 9, (steps.accept,)),
    # At a unit.
    Scene("dispatched", BUILDING, "town1", 5, DISPATCHED),
    Scene("dispatched", TRENCH, "town1", 8, DISPATCHED, channel="grid"),
    Scene("dispatched", BUILDING, "town1", 300, DISPATCHED, rest=0.9),
    Scene("dispatched", LAMP, "home", 4, DISPATCHED),
    Scene("in_progress", ROAD, "home", 60, WORKING, is_due_today=True),
    Scene("dispatched", "policy.homestead", "town2", 6, DISPATCHED),
    Scene("dispatched", "errand.delivery", "town3", 5, DISPATCHED, channel="hotline"),
    Scene("acknowledged", TRENCH, "home", 28, (*DISPATCHED, steps.acknowledge)),
    Scene("acknowledged", WIRES, "town2", 5, (*DISPATCHED, steps.acknowledge)),
    Scene("in_progress", TRENCH, "town1", 60, WORKING, is_due_today=True),
    Scene("in_progress", BUILDING, "town1", 80, (*WORKING, steps.supervise), is_due_today=True),
    Scene("in_progress", CHANNEL, "town3", 50, (*WORKING, steps.call_in), is_due_today=True),
    Scene("in_progress", ROAD, "town2", 90, (*WORKING, steps.urge)),
    Scene("in_progress", WATER, "town3", 70, (*WORKING, *ANSWERED)),
    Scene("in_progress", WIRES, "far", 290, WORKING, rest=0.8),
    Scene("in_progress", NOISE, "town3", 210, (*WORKING, steps.supervise, steps.reply_supervision)),
    Scene("returned", ROAD, "town1", 30, RETURNED),
    Scene("returned", RUBBISH, "town2", 20, RETURNED),
    Scene("arbitration", NEIGHBOUR, "town1", 54, (*RETURNED, steps.reassign, steps.give_back)),
    Scene("arbitration", "livelihood.power", "town2", 50, (*RETURNED, steps.reassign, steps.give_back)),
    Scene("extension_requested", TRENCH, "town1", 50, (*WORKING, steps.request_extension)),
    Scene("extension_requested", NEIGHBOUR, "town3", 90, (*WORKING, steps.request_extension)),
    Scene("deferral_requested", CHANNEL, "town2", 70, (*WORKING, steps.request_deferral)),
    Scene("deferral_requested", LAMP, "town1", 60, (*WORKING, steps.request_deferral)),
    Scene("deferred", ROAD, "town1", 600, (*WORKING, steps.request_deferral, steps.defer), rest=0.85),
    Scene("deferred", CHANNEL, "town3", 380, (*WORKING, steps.request_deferral, steps.defer), rest=0.8),
    # Reported back.
    Scene("feedback_given", COVER, "town1", 40, REPORTED_BACK),
    Scene("feedback_given", CARE, "town3", 60, REPORTED_BACK),
    Scene("verifying", RUBBISH, "home", 22, CHECKING),
    Scene("verifying", BUILDING, "home", 46, CHECKING, is_due_today=True),
    Scene("verifying", NOISE, "home", 50, (*REPORTED_BACK, check_in_the_village)),
    Scene("verifying", LAMP, "town1", 70, (*REPORTED_BACK, check_by_the_township)),
    Scene("verifying", RUBBISH, "home", 3, (steps.self_handle,), channel="grid"),
    Scene("verifying", ROAD, "far", 90, CHECKING),
    Scene("rework", TRENCH, "town1", 90, (*CHECKING, steps.fail_check)),
    Scene("rework", RUBBISH, "town2", 40, (*CHECKING, steps.fail_check)),
    Scene("closed", LAMP, "town1", 100, CLOSED, rest=0.1),
    Scene("rated", RUBBISH, "home", 60, (*CLOSED, steps.rate), rest=0.1),
    Scene("declined", "opinion.attitude", "town2", 30, (steps.decline,)),
    Scene("reopened", WATER, "town1", 160, (*CLOSED, steps.reopen), rest=0.08),
    Scene("reopened", "hazard.fire", "town3", 120, (*CLOSED, steps.rate, steps.reopen), rest=0.08),
    Scene("merged", COVER, "town1", 9, (steps.accept,)),
)
