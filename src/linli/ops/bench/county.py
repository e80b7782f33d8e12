"""The county that is measured: the demo's tree with a few posts, and as many cases as wanted.

Ten thousand cases go through the kernel; larger sizes are copies of their rows with other ids, numbers and moments,
made inside PostgreSQL, because a million turns would take longer than everything that is measured.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from linli.cases.actions import Opening, bulk
from linli.cases.models import Case, CaseNumber, CaseText, Clock, Event, Task, TrackingCode
from linli.mediation.actions import lists as mediation
from linli.orgs import actions as orgs
from linli.orgs.models import Kind, Organisation
from linli.people.models import Grant, Person
from linli.service_requests.actions import digest_of, install_lists, tracking_code
from linli.service_requests.models import Category, Request

TEXTS = tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))
BASE = 10_000
# Up to so many days old, this share is still open: about 8 % of a year's cases.
OPEN_UP_TO = ((3, 0.9), (10, 0.5), (30, 0.2), (365, 0.055))
BUSY_SHARE = (
    0.01  # of all cases lie in the grid whose lists are measured, so that it fills a page at every size
)
SENT = (("accept", 0.2), ("dispatch", 0.5), ("acknowledge", 1.0), ("progress", 2.0), ("feedback", 4.0))
OPEN_STAGES = (0, 0, 1, 2, 2, 3, 4, 4, 5)
ACCOUNTS = {"county": "dispatcher", "township": "dispatcher", "grid": "grid_worker"}


def prepare(at: datetime) -> None:
    """The demo county's units, the lists of requests, and staff at every desk."""
    county = orgs.plant(at=at)
    install_lists()
    mediation.install_lists()
    start = at - timedelta(days=800)
    units = Organisation.objects.filter(kind__in=(Kind.COUNTY, Kind.TOWNSHIP, Kind.DEPARTMENT)).order_by(
        "path"
    )
    posts = [(unit, role) for unit in units for role in _roles_of(unit)] + [(busy_grid(), "grid_worker")]
    people = []
    for number, (unit, role) in enumerate(posts):
        person = Person(username=f"{unit.code}.{role}", name=f"{role} {number}", is_demo=county.is_demo)
        person.set_unusable_password()
        people.append(person)
    Person.objects.bulk_create(people)
    Grant.objects.bulk_create(
        Grant(person=person, role=role, organisation=unit, valid_from=start)
        for person, (unit, role) in zip(people, posts, strict=True)
    )


def account(level: str) -> Person:
    """Whose lists are measured: of the county, of a township, of a grid."""
    unit = busy_grid()
    if level != "grid":
        path = unit.ancestor_paths[0 if level == "county" else 1]
        unit = Organisation.objects.get(path=path)
    person: Person = Person.objects.get(username=f"{unit.code}.{ACCOUNTS[level]}")
    return person


def busy_grid() -> Organisation:
    return Organisation.objects.filter(kind=Kind.GRID).order_by("path")[:1].get()


def _roles_of(unit: Organisation) -> list[str]:
    return ["handler"] if unit.kind == Kind.DEPARTMENT else ["dispatcher", "supervisor", "verifier"]


def fill(at: datetime, count: int = BASE, tail: Callable[[random.Random], str] = lambda dice: "") -> None:
    """Cases of the last year through the kernel: most closed after a few days, the rest somewhere on their way.

    `tail` says more in the words of each, for who measures searching.
    """
    dice = random.Random(count)  # noqa: S311  the same county every time
    grids = list(Organisation.objects.filter(kind=Kind.GRID).order_by("path"))
    offices = list(Organisation.objects.filter(kind=Kind.DEPARTMENT).order_by("path"))
    categories = {category.pk: category for category in Category.objects.filter(pk__in=TEXTS["reports"])}
    for begin in range(0, count, 1000):
        histories = [
            _history(dice, at, grids, offices, categories, tail) for _place in range(min(1000, count - begin))
        ]
        batch = bulk.record(histories, at=at)
        for history in histories:
            words = str(history.data["text"])
            batch.add(Request(case_id=history.case_id, request_type="help", text=words))
            digest = digest_of(tracking_code(history.case_id))
            batch.add(TrackingCode(digest=digest, case_id=history.case_id))
        bulk.store(batch)


def _history(
    dice: random.Random,
    at: datetime,
    grids: list[Organisation],
    offices: list[Organisation],
    categories: dict[str, Category],
    tail: Callable[[random.Random], str],
) -> bulk.History:
    age = dice.uniform(0.1, 365)
    is_open = dice.random() < next(share for days, share in OPEN_UP_TO if age <= days)
    grid = grids[0] if dice.random() < BUSY_SHARE else dice.choice(grids)
    code = dice.choice(sorted(categories))
    received = at - timedelta(days=age)
    unit = dice.choice(
        [office for office in offices if office.path.startswith(grid.ancestor_paths[1])] or offices
    )
    words = "，".join(  # zh: invented words
        [dice.choice(TEXTS["places"]), dice.choice(TEXTS["reports"][code]), dice.choice(TEXTS["endings"])]
    )
    return bulk.History(
        case_id=_id(received, dice),
        opening=Opening(
            kind="service_request",
            title=words.rsplit("，", 1)[0],
            channel=dice.choice(["portal", "portal", "grid", "hotline"]),
            place=grid,
            category=code,
            address=dice.choice(TEXTS["places"]),
            is_demo=True,
        ),
        at=received,
        due_at=received + timedelta(days=dice.choice([5, 7, 7, 9])),
        steps=_steps(dice, received, unit, is_open=is_open),
        data={"text": words + tail(dice), "type": "help"},
    )


def _steps(dice: random.Random, received: datetime, unit: Organisation, *, is_open: bool) -> list[bulk.Step]:
    if not is_open:
        closed = received + timedelta(days=dice.uniform(0.05, 8))
        return [
            bulk.Step("record_dispatch", received, unit=unit),
            bulk.Step("record_closing", closed, data={"result": dice.choice(TEXTS["endings"])}),
        ]
    return [
        bulk.Step(
            verb,
            received + timedelta(hours=hours),
            data={"note": verb} if verb == "progress" else {},
            unit=unit if verb == "dispatch" else None,
        )
        for verb, hours in SENT[: dice.choice(OPEN_STAGES)]
    ]


def _id(moment: datetime, dice: random.Random) -> UUID:
    milliseconds = int(moment.astimezone(UTC).timestamp() * 1000)
    return UUID(
        int=milliseconds << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 0b10 << 62 | dice.getrandbits(62)
    )


MODELS = (Case, CaseNumber, CaseText, Event, Clock, Task, Request, TrackingCode)
COPY_OF = "(left({column}::text, 24) || left(md5({column}::text || {n}), 12))::uuid"
SHIFT = "interval '1 second' * (311 * {n})"


def grow(until: int, base: int = BASE, shift: str = SHIFT) -> None:
    """Copies the first cases until there are so many; then lets PostgreSQL look at what it has."""
    have = Case.objects.count()
    first, last = have // base, until // base
    for begin in range(first, last, 10):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            if cursor.fetchone() == (True,):  # the copies keep every key, so nobody need look each one up
                cursor.execute("SET LOCAL session_replication_role = replica")
            for model in MODELS:
                cursor.execute(_copy_statement(model, begin, min(begin + 10, last) - 1, shift))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _copy_statement(model: type, first: int, last: int, shift: str) -> str:
    columns = [column for column in model._meta.concrete_fields if column.column]  # type: ignore[attr-defined]
    names = ", ".join(f'"{column.column}"' for column in columns)
    values = ", ".join(_copied(column, model, shift) for column in columns)
    table = model._meta.db_table  # type: ignore[attr-defined]
    key = "id" if model is Case else "case_id"
    return (
        f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" AS old, generate_series({first}, {last}) AS n '  # noqa: S608
        f"WHERE old.{key} IN (SELECT case_id FROM bench_base)"
    )


def _copied(column: object, model: type, shift: str) -> str:
    name, kind = column.column, column.get_internal_type()  # type: ignore[attr-defined]
    quoted = f'old."{name}"'
    if name == ("id" if model is Case else "case_id") or name == "command_id":
        return COPY_OF.format(column=quoted, n="n")
    if name == "number" and kind == "CharField":
        return f"{quoted} || n"
    if name == "digest":
        return f"sha256({quoted} || n::text::bytea)"
    if kind == "DateTimeField":
        return f"{quoted} - {shift.format(n='n')}"
    return quoted


def mark_base() -> None:
    """Notes which cases are copied from."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_base AS SELECT id AS case_id FROM cases_case")
        cursor.execute("ANALYZE")
