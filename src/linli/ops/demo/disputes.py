"""A hundred and twenty invented disputes in every state of a mediation, each told by the actions people use.

Dispute number n is told with random numbers drawn from n and nothing else; all of them are written or none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from linli.cases.models import Delivery
from linli.kit import clock
from linli.mediation.actions.screening import record_round
from linli.mediation.models import ScreeningRound
from linli.ops.demo import dispute_steps as steps
from linli.ops.demo import mediators
from linli.ops.demo.mediators import Bench
from linli.orgs.models import Organisation, Revision
from linli.people.access import Actor
from linli.people.models import Grant

SEED = 420921
DONE = "demo.disputes"
SCREENED = 7  # of twelve villages of a township, in a month
BY_GRID = 2  # villages of a township whose grids are gone through one by one instead
# How many disputes end where, and how many days ago they came in.
STATES = (
    ("in_mediation", 18, 8, 26),
    ("applied", 8, 0.3, 2),
    ("diverted", 6, 0.8, 2.5),
    ("consent_check", 6, 1, 3),
    ("accepted", 6, 2, 6),
    ("mediator_assigned", 7, 3, 9),
    ("suspended", 4, 15, 25),
    ("agreement_written", 8, 9, 18),
    ("performing", 14, 16, 60),
    ("performed", 6, 25, 50),
    ("breached", 4, 50, 80),
    ("followed_up", 6, 40, 90),
    ("failed", 5, 18, 50),
    ("terminated", 4, 12, 40),
    ("expired", 3, 55, 80),
    ("not_accepted", 4, 5, 40),
    ("archived", 11, 60, 150),
)


def scenes() -> list[tuple[str, float, float]]:
    return [(state, least, most) for state, count, least, most in STATES for _n in range(count)]


def is_seeded() -> bool:
    return Revision.objects.filter(name=DONE).exists()


def seed(*, at: datetime, progress: Callable[[int], None] = lambda done: None) -> None:
    """Founds the committees and tells every dispute, at once; where it was done before, nothing happens."""
    if is_seeded():
        return
    at = at.replace(microsecond=0)
    with transaction.atomic():
        bench = mediators.found(at)
        rounds = _screen(bench, at)
        for number, (state, least, most) in enumerate(scenes()):
            steps.tell(bench, _random(number), number, state, at, (least, most), rounds)
            progress(number + 1)
        Delivery.objects.filter(due_at__isnull=False).update(due_at=None, done_at=at)
        Revision.objects.create(name=DONE, number=int(at.timestamp()))


def _random(what: object) -> Random:
    return Random(f"{SEED}/dispute/{what}")  # noqa: S311  (a demonstration, the same each time)


def _screen(bench: Bench, at: datetime) -> list[ScreeningRound]:
    """Rounds of this month and the last: some found nothing, some found disputes, some villages were not seen."""
    rng, officer = _random("rounds"), bench.county_officer
    assert officer is not None
    today = timezone.localdate(at)
    months = (_month_before(today), today.replace(day=1))
    rounds = []
    for first in months:
        for villages in bench.villages.values():
            others = villages[BY_GRID:]
            for village in rng.sample(others, min(SCREENED, len(others))):
                rounds.append(_round(village, first, rng, officer, at))
    for villages in bench.villages.values():
        for number, village in enumerate(villages[:BY_GRID]):
            grids = _workers(village)
            for first in months:
                # The first worker shown still has to go round.
                is_missing = number == 0 and first == months[-1]
                for grid, worker in grids[1:] if is_missing else grids:
                    rounds.append(_round(grid, first, rng, worker, at))
    return rounds


def _workers(village: Organisation) -> list[tuple[Organisation, Actor]]:
    """The grids of a village, each with who works in it."""
    posts = Grant.objects.filter(role="grid_worker", organisation__parent=village)
    found = posts.select_related("person", "organisation").order_by("organisation__code")
    return [(post.organisation, Actor.from_grant(post)) for post in found]


def _round(place: Organisation, first: date, rng: Random, by: Actor, at: datetime) -> ScreeningRound:
    day = min(20, 3 + rng.randint(0, 17))
    done = datetime(first.year, first.month, day, 16, 30, tzinfo=timezone.get_current_timezone())
    found = rng.choice((0, 0, 0, 1, 1, 2, 3))
    notes = mediators.texts()["screenings"]
    note = notes[2] if not found else rng.choice([notes[0], notes[1], notes[3]])
    latest = max(at - timedelta(hours=2), clock.midnight(first))  # the month may have begun this midnight
    return record_round(
        place=place,
        month=first,
        found=found,
        note=note,
        by=by,
        at=min(done, latest),
    )


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)
