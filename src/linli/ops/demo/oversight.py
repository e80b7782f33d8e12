"""What leaders of the demonstration county do with its figures: orders, rounds, causes, reports; and a surge."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction

from linli.cases.actions import orders
from linli.cases.models import Case, Delivery
from linli.kit import clock
from linli.measures.actions import previous_month, problems, reports, rounds, surges
from linli.ops.demo import seeding, steps
from linli.ops.demo.county import TOWNSHIPS, Staff
from linli.ops.demo.reports import Desk
from linli.ops.demo.stories import UP
from linli.orgs.models import Kind, Organisation, Revision, within
from linli.people.access import Actor

KIND = "service_request"
DONE = "demo.oversight"
TEXTS = Path(__file__).parent / "texts" / "oversight.toml"
ROUNDS = ("townships_month", "cases_month")
PUBLISHED = timedelta(days=1)
LONG_AGO = timedelta(days=80)
DIGESTS = 12  # of units that read one: enough to look at


@cache
def texts() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def is_seeded() -> bool:
    return Revision.objects.filter(name=DONE).exists()


def seed(*, county: Organisation, at: datetime) -> None:
    """Counts everything, then lets the leaders act on it, at once; where it was done before, nothing happens."""
    if is_seeded():
        return
    at = at.replace(microsecond=0)
    staff = Staff.read(at)
    townships = [Organisation.objects.get(code=code) for code in TOWNSHIPS]
    with transaction.atomic():
        desk = seeding.open_desk(at)
        _come_back(desk, at)
        _break_out(desk, county, at)
        Delivery.objects.filter(due_at__isnull=False).update(due_at=None, done_at=at)
        for number, told in enumerate(texts()["orders"]):
            _order(number, told, staff, county, townships[told["township"]], at)
        reports.settle(at=at)
        surges.watch(at=at)
        _look_for_causes(staff.supervisors[county.path], county, at)
        _assess(staff, county, townships, at)
        reports.make_months(at=at)
        reports.make_weeks(at=at, limit=DIGESTS)
        Revision.objects.create(name=DONE, number=int(at.timestamp()))


def _order(
    number: int,
    told: dict[str, Any],
    staff: Staff,
    county: Organisation,
    township: Organisation,
    at: datetime,
) -> None:
    """An order some days ago, with what was answered and found since; a limit that ran out has gone one level up."""
    is_of_county = told["by"] == "county"
    by = staff.supervisors[(county if is_of_county else township).path]
    among = Case.objects.visible_to(by).filter(within("place_path", township.path), kind=KIND)
    among = (
        among.filter(category__startswith=told["category"])
        if told["category"]
        else among.filter(due_at__lt=at)
    )
    unit = township if is_of_county else _busiest(among, township)
    made_at = at - timedelta(days=told["days"])
    if unit is None or not orders.concerned(among, unit).exists():
        return
    order = orders.order(
        among=among,
        kind=KIND,
        unit=unit,
        title=f"{township.name} · {told['title']}",
        words=told["words"],
        by=by,
        at=made_at,
        command_id=uuid5(NAMESPACE_OID, f"{DONE}/{number}"),
    )
    answers = staff.supervisors.get(unit.path) or staff.handlers.get(unit.path)
    if "reply" in told and answers is not None:
        order = orders.reply(order_=order, words=told["reply"], by=answers, at=made_at + timedelta(days=1))
        checked = made_at + timedelta(days=2)
        if "back" in told:
            orders.send_back(order_=order, words=told["back"], kind=KIND, by=by, at=checked)
        elif "close" in told:
            orders.close(order_=order, words=told["close"], by=by, at=checked)
    orders.fire_due(at=at)


def _busiest(among: Any, township: Organisation) -> Organisation | None:
    """The office of the township with most of these cases."""
    held = among.filter(within("holder_path", township.path), is_open=True).exclude(holder=township)
    counts: dict[Any, int] = {}
    for pk in held.values_list("holder", flat=True):
        counts[pk] = counts.get(pk, 0) + 1
    return Organisation.objects.get(pk=max(counts, key=lambda pk: (counts[pk], str(pk)))) if counts else None


def _come_back(desk: Desk, at: datetime) -> None:
    """The same matter at the same place, again and again over the last months."""
    for told in texts()["problems"]:
        grids = desk.places.named(f"town{told['township'] + 1}")
        grid = next(
            grid for grid in grids if grid.parent_id and desk.stage.units[grid.parent_id].kind == Kind.VILLAGE
        )
        for number in range(told["times"]):
            rng = _random(f"{told['category']}/{number}")
            received = at - LONG_AGO * (1 - number / told["times"]) - timedelta(hours=rng.uniform(0, 9))
            _report(desk, rng, number, told["category"], grid, received)


def _break_out(desk: Desk, county: Organisation, at: datetime) -> None:
    """The same matter all over a township, yesterday and the day before: far above what is usual there."""
    told, rng = texts()["surge"], _random("surge")
    grids = rng.sample(desk.places.named(f"town{told['township'] + 1}"), told["times"])
    today = at.astimezone(county.zone).date()
    for number, grid in enumerate(grids):
        day = today - timedelta(days=1 + number % 2)
        received = datetime.combine(day, UP, county.zone) + timedelta(hours=rng.uniform(0, 14))
        _report(desk, rng, number, told["category"], grid, received.astimezone(at.tzinfo))


def _random(what: str) -> Random:
    return Random(f"{DONE}/{what}")  # noqa: S311  (a demonstration, the same each time)


def _report(
    desk: Desk, rng: Random, number: int, category: str, grid: Organisation, received: datetime
) -> None:
    story, rows = desk.take_in(rng, number, category, grid, "portal", received)
    steps.tell(story)
    story.rest()
    story.play.write(*rows)


def _look_for_causes(boss: Actor, county: Organisation, at: datetime) -> None:
    """One problem remedied and watched, one with a unit that looks for the cause, one as it was found."""
    problems.find(county=county, at=at)
    found = {problem.category: problem for problem in problems.costliest(path=county.path)}
    for told in texts()["problems"]:
        if "cause" not in told or told["category"] not in found:
            continue
        problem = found[told["category"]]
        owned = problems.own(problem=problem, owner=_township_of(problem.organisation), by=boss)
        if told["cause"]:
            problems.remedy(problem=owned, cause=told["cause"], done=told["remedy"], by=boss, at=at)


def _township_of(unit: Organisation) -> Organisation:
    while unit.kind != "township" and unit.parent is not None:
        unit = unit.parent
    return unit


def _assess(staff: Staff, county: Organisation, townships: list[Organisation], at: datetime) -> None:
    """Last month's rounds: of the townships published, objected to and with a bonus; of cases still to be published."""
    boss, said = staff.supervisors[county.path], texts()["round"]
    today = at.astimezone(county.zone).date()
    counted = max(
        at - PUBLISHED, clock.midnight(today.replace(day=1))
    )  # on the first day the month is just over
    made = [
        rounds.compute(county=county, scheme=scheme, begins_on=previous_month(today), by=boss, at=counted)
        for scheme in ROUNDS
    ]
    shown = rounds.publish(round_=made[0], by=boss, at=counted)
    objector = staff.supervisors.get(townships[1].path)
    if objector is not None:
        rounds.object_to(round_=shown, unit=townships[1], words=said["objection"], by=objector, at=at)
    rounds.adjust(
        round_=shown,
        unit=townships[0],
        points=Decimal(said["points"]),
        reason=said["reason"],
        evidence=said["evidence"],
        by=boss,
        at=at,
    )
