"""Keeps the rollups up to date from the ordered feed of events, and counts them anew from zero."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet, TextField
from django.db.models.functions import Cast

from linli.cases.models import Case
from linli.ledger import actions as ledger
from linli.ledger.models import Leaf
from linli.measures.formulas import counting, faults, sums
from linli.measures.formulas.story import Story, Tree, read
from linli.measures.models import Counted, Progress, Rollup, Spread
from linli.mediation.models import Mediation, Outcome
from linli.orgs.models import Change, Organisation, OrganisationChange

ROLLUPS = "rollups"
AT_A_TIME = 500
ROWS, SQLITE_ROWS = 20_000, 400  # of one statement
TYPES = {
    **dict.fromkeys((*sums.KEYS, *sums.SPREAD_KEYS), "text"),
    **{"day": "date", "month": "date", "bucket": "smallint"},
}


def count(*, limit: int = AT_A_TIME) -> int:
    """Counts the next events of the feed; returns how many. The position moves on in the same transaction."""
    known = Progress.objects.filter(name=ROLLUPS).first()
    if known is not None and known.tree != moves().count():
        return recount_moved()
    if not ledger.after(known.position if known else 0, 1):
        return 0  # without this, SQLite would stop every writer for a look
    with transaction.atomic():
        progress = hold()
        leaves = ledger.after(progress.position, limit)
        if not leaves:
            return 0
        cases = dict.fromkeys(leaf.case_id for leaf in leaves if leaf.kind == "event")
        recount(list(cases))
        Progress.objects.filter(name=ROLLUPS).update(position=leaves[-1].position)
    return len(leaves)


def recount(case_ids: Sequence[UUID]) -> None:
    """Works out anew what these cases add, and adds the difference. To be called in a transaction."""
    known = {row.pk: row for row in Counted.objects.filter(pk__in=case_ids)}
    deltas, fresh = sums.Deltas(), list(rows_of(case_ids))
    for row in fresh:
        old = known.get(row.pk)
        if old is not None and is_same(old, row):
            continue
        if old is not None:
            deltas.add(old, -1)
        deltas.add(row)
    fields = [field.name for field in Counted._meta.fields if not field.primary_key]
    Counted.objects.bulk_create(fresh, update_conflicts=True, unique_fields=["case"], update_fields=fields)
    add(deltas)


def recount_moved() -> int:
    """After units got other paths: counts the cases anew that were counted under the paths of before."""
    changes = moves()
    known = Progress.objects.get(name=ROLLUPS).tree
    named = Counted.objects.annotate(said=Cast("adds", TextField())).order_by("pk")
    touched = Q()
    for path in {change.path for change in changes[known:]}:
        touched |= Q(said__contains=f'"{path}') | Q(accused_path__startswith=path)
    found = list(named.filter(touched).values_list("pk", flat=True)) if touched else []
    for begin in range(0, len(found), AT_A_TIME):
        with transaction.atomic():
            hold()
            recount(found[begin : begin + AT_A_TIME])
    Progress.objects.filter(name=ROLLUPS).update(tree=len(changes))
    return len(found)


def rebuild(*, at_a_time: int = AT_A_TIME) -> Iterator[int]:
    """Counts everything from zero, batch by batch; yields how many cases are done.

    Meanwhile the worker may go on counting: what it adds for a case is found again and not added twice.
    """
    with transaction.atomic():
        hold()
        for model in (Rollup, Spread, Counted):
            model.objects.all().delete()
        Progress.objects.filter(name=ROLLUPS).update(position=ledger.head(), tree=moves().count())
    done = 0
    for cases in all_cases(at_a_time):
        with transaction.atomic():
            hold()
            recount(cases)
        done += len(cases)
        yield done


def all_cases(at_a_time: int = AT_A_TIME, among: Q | None = None) -> Iterator[list[UUID]]:
    """Every case there is, or those among which is asked, in batches, by id."""
    cases, last = Case.objects.filter(among or Q()).order_by("pk"), UUID(int=0)
    while found := list(cases.filter(pk__gt=last).values_list("pk", flat=True)[:at_a_time]):
        yield found
        last = found[-1]


def is_counted() -> bool:
    """Whether the rollups hold everything that happened."""
    return not ledger.waiting() and position() == ledger.head()


def position() -> int:
    """How far in the ledger's order everything has been counted."""
    return Progress.objects.filter(name=ROLLUPS).values_list("position", flat=True).first() or 0


# One case ---------------------------------------------------------------------------------------


def rows_of(
    case_ids: Sequence[UUID], upto: dict[UUID, int] | None = None, tree: Tree | None = None
) -> Iterator[Counted]:
    """What these cases add, as rows: as they stand now, or up to event numbers, under the tree of units then."""
    tree, zones = tree or Tree.standing(), Zones()
    mediations = _mediations(case_ids)
    for story in read(case_ids, tree, upto):
        found = counting.tally(story, zones.of(story.case.place_path))
        faults.count(found)
        for at, is_settled in mediations.get(story.case.pk, []):
            found.here("mediated", at)
            if is_settled:
                found.here("settled", at)
        yield _row(story, found)


def _row(story: Story, found: counting.Tally) -> Counted:
    took = {name: minutes for name, _end, minutes in counting.durations(found)}
    return Counted(
        case_id=story.case.pk,
        number=story.events[-1].number,
        kind=faults.family(story.case.kind),
        category=story.category,
        channel=story.case.channel,
        place_path=story.place,
        holder_path=story.holder,
        accused_path=story.case.accused_path,
        received_on=counting.local(found.received_at, found.zone),
        closed_on=counting.local(found.closed_at, found.zone) if found.closed_at else None,
        contact_minutes=took.get("contact"),
        close_minutes=took.get("close"),
        adds=[[*key, dict(counts)] for key, counts in sorted(found.adds.items())],
        place_around=found.around(counting.PLACE),
        holder_around=found.around(counting.HOLDER),
        last_on=max((date.fromisoformat(day) for _axis, _path, day in found.adds), default=None),
    )


def is_same(old: Counted, new: Counted) -> bool:
    """Whether a case adds the same as before."""
    fields = [field.attname for field in Counted._meta.fields if field.name != "number"]
    return all(getattr(old, name) == getattr(new, name) for name in fields)


def _mediations(case_ids: Sequence[UUID]) -> dict[UUID, list[tuple[date, bool]]]:
    rows = Mediation.objects.filter(pk__in=case_ids, accepted_on__isnull=False)
    found = rows.values_list("pk", "accepted_on", "outcome")
    return {pk: [(on, outcome == Outcome.SUCCEEDED)] for pk, on, outcome in found if on}


class Zones:
    """The time zone of each county, asked for once."""

    def __init__(self) -> None:
        self.known: dict[str, ZoneInfo] = {}

    def of(self, path: str) -> ZoneInfo:
        root = path.split("/")[0]
        if root not in self.known:
            county = Organisation.objects.filter(code=root).first()
            self.known[root] = county.zone if county else ZoneInfo(settings.TIME_ZONE)
        return self.known[root]


# Sums -------------------------------------------------------------------------------------------


def add(deltas: sums.Deltas, rollups: str = "measures_rollup", spreads: str = "measures_spread") -> None:
    """Adds to the sums, a few hundred rows a statement."""
    _upsert(rollups, sums.KEYS, sums.NAMES, deltas.rollups())
    _upsert(spreads, sums.SPREAD_KEYS, ("n",), deltas.buckets())


def _upsert(table: str, keys: Sequence[str], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    columns, is_postgresql = [*keys, *names], connection.vendor == "postgresql"
    given = _as_arrays if is_postgresql else _as_values
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)
    size = ROWS if is_postgresql else SQLITE_ROWS
    for begin in range(0, len(rows), size):
        values, parameters = given(columns, rows[begin : begin + size])
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) {values}"  # noqa: S608  only names
            f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)


def _as_values(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    marks = "(" + ", ".join(["%s"] * len(columns)) + ")"
    return f"VALUES {', '.join([marks] * len(rows))}", [value for row in rows for value in row]


def _as_arrays(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Each column as one array: to write out a million values one by one takes longer than to add them."""
    marks = ", ".join(f"%s::{TYPES.get(name, 'integer')}[]" for name in columns)
    arrays = [
        "{"
        + ",".join(
            json.dumps(each, ensure_ascii=False) if isinstance(each, str) else str(each) for each in column
        )
        + "}"
        for column in zip(*rows, strict=True)
    ]
    return f"SELECT * FROM unnest({marks})", arrays  # noqa: S608  only marks


def hold() -> Progress:
    """Whoever counts holds this row; whoever writes events never touches it."""
    Progress.objects.get_or_create(name=ROLLUPS, defaults={"tree": moves().count()})
    return Progress.objects.select_for_update().get(name=ROLLUPS)


def moves() -> QuerySet[OrganisationChange]:
    """Every change by which units may have got other paths, in the order they were made."""
    return OrganisationChange.objects.exclude(change__in=(Change.FOUNDED, Change.RENAMED)).order_by("pk")


def numbers_at(position: int, case_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The last event of each case that stood in the ledger's order by this position."""
    leaves = Leaf.objects.filter(case_id__in=case_ids, kind="event", position__lte=position)
    return dict(leaves.order_by().values_list("case_id").annotate(Max("number")))
