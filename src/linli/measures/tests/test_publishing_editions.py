"""Editions over whole histories: published once, never changed, and nobody is counted in two of them."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from conftest import Town
from django.db import DatabaseError, transaction

from linli.cases import procedures
from linli.cases.models import Case, Clock
from linli.kit.ids import uuid7
from linli.measures import actions as measures
from linli.measures import formulas
from linli.measures.formulas import COLUMNS, TABLES, K, alone, dictionary
from linli.measures.models import Edition, MonthlyFigures
from linli.orgs.models import Organisation
from linli.service_requests.models import Category, Request

pytestmark = pytest.mark.django_db
MONTHS = [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]
LATER = datetime(2026, 11, 3, tzinfo=UTC)
PROMISE = procedures.get("service_request", 1).promise.name
PLACES = ["grid", "grid", "village", "east", "west", "west", "county"]
CATEGORIES = ["facility.street_lamp", "facility.road", "environment.noise", "hazard.electricity", "other"]


class County:
    """A county whose cases are written straight into the tables, and which remembers what it counted."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.rng = town, Random(seed)
        self.codes = list(
            Category.objects.filter(parent__isnull=False, code__in=CATEGORIES).values_list("code", flat=True)
        )

    def receive(self, count: int, month: date) -> None:
        begin, end = formulas.bounds(self.town["county"], month)
        cases, requests, clocks = [], [], []
        for _ in range(count):
            place = self.town[self.rng.choice(PLACES)]
            at = begin + (end - begin) * self.rng.random() * 0.999
            case = Case(
                id=uuid7(),
                kind="service_request",
                procedure_version=1,
                number="",
                title="",
                category=self.rng.choice(self.codes),
                channel=self.rng.choice(["portal", "portal", "grid", "hotline"]),
                state="in_progress",
                state_since=at,
                opened_at=at,
                received_at=at,
                place=place,
                place_path=place.path,
                is_identity_kept=self.rng.random() < 0.1,
            )
            kind = self.rng.choice(["help", "help", "complaint", "enquiry", "accusation"])
            requests.append(Request(case=case, request_type=kind, text="灯不亮"))
            due = at + timedelta(days=self.rng.choice([3, 9, 40]))
            clocks.append(Clock(case=case, number=1, name=PROMISE, limit="5wd", started_at=at, due_at=due))
            cases.append(case)
        Case.objects.bulk_create(cases)
        Request.objects.bulk_create(requests)
        Clock.objects.bulk_create(clocks)

    def live(self) -> None:
        """What happens to cases after they were received, counted already or not."""
        for case in self.rng.choices(list(Case.objects.order_by("id")), k=12):
            change = self.rng.choice(["close", "reopen", "decline", "recategorise", "move", "keep", "merge"])
            if change == "close":
                case.is_open, case.closed_at, case.state = (
                    False,
                    case.received_at + timedelta(days=2),
                    "closed",
                )
            elif change == "reopen":
                case.is_open, case.closed_at, case.state = True, None, "reopened"
            elif change == "decline":
                case.is_open, case.closed_at, case.state = False, case.received_at, "declined"
            elif change == "recategorise":
                case.category = self.rng.choice(self.codes)
            elif change == "move":
                case.place = self.town[self.rng.choice(PLACES)]
                case.place_path = case.place.path
            elif change == "keep":
                case.is_identity_kept = True
            else:
                case.group = self.rng.choice(list(Case.objects.order_by("id").values_list("pk", flat=True)))
            case.save()

    def counted(self, month: date) -> set[UUID]:
        """An oracle in plain Python: whom an edition made now would count in its tables."""
        begin, end = formulas.bounds(self.town["county"], month)
        kinds = dict(Request.objects.values_list("case_id", "request_type"))
        return {
            case.pk
            for case in Case.objects.select_related("place")
            if begin <= case.received_at < end
            and case.state != "declined"
            and case.group in (None, case.pk)
            and not case.is_identity_kept
            and kinds[case.pk] != "accusation"
            and case.place is not None
            and case.place.kind != "county"
        }


def rows_of(edition: Edition) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(edition.json)["rows"]
    return rows


def table_sums(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["table"]] = sums.get(row["table"], 0) + row["matters"]
    sums.pop("apart", None)
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_random_histories_never_show_or_isolate_a_few(town: Town, seed: int) -> None:
    county = County(town, seed)
    counted: dict[date, set[UUID]] = {}
    kept: dict[date, tuple[str, str]] = {}
    for month in MONTHS:
        county.receive(county.rng.choice([9, 40, 90]), month)
        county.live()
        counted[month] = county.counted(month)
        at = formulas.bounds(town["county"], month)[1] + timedelta(hours=1)
        edition = measures.publish_edition(county=town["county"], month=month, at=at)
        kept[month] = edition.csv, edition.json
        rows = rows_of(edition)
        assert all(row["matters"] >= K for row in rows)
        expected = len(counted[month]) if len(counted[month]) >= K else 0
        assert set(table_sums(rows).values()) == ({expected} if expected else set())
        county.live()
        county.receive(
            county.rng.randint(1, 9), county.rng.choice(MONTHS)
        )  # late entries, some to an old month
    for first, second in itertools.combinations(MONTHS, 2):
        assert not counted[first] & counted[second]
    for month in MONTHS:
        again = measures.publish_edition(county=town["county"], month=month, at=LATER)
        assert (again.csv, again.json) == kept[month]
    assert Edition.objects.count() == MonthlyFigures.objects.count() == len(MONTHS)


def test_the_figures_say_nothing_the_open_data_does_not(town: Town) -> None:
    county = County(town, 7)
    county.receive(120, MONTHS[0])
    edition = measures.publish_edition(county=town["county"], month=MONTHS[0], at=LATER)
    counts = MonthlyFigures.objects.get().counts
    rows = rows_of(edition)
    assert counts["accepted"] == next(row["matters"] for row in rows if row["table"] == "total")
    for parts, table in ((counts["towns"], "place"), (counts["categories"], "category")):
        for part, shown in zip(parts, alone([part["accepted"] for part in parts]), strict=True):
            column = "place_codes" if table == "place" else "value_codes"
            within = [
                row["matters"]
                for row in rows
                if row["table"] == table and all(code.startswith(part["code"]) for code in row[column])
            ]
            assert shown is None or shown == sum(within)
    assert any(alone([part["accepted"] for part in counts["towns"]]))


def test_an_edition_is_never_changed(town: Town) -> None:
    County(town, 1).receive(30, MONTHS[0])
    edition = measures.publish_edition(county=town["county"], month=MONTHS[0], at=LATER)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Edition.objects.update(csv="")
    assert hashlib.sha256(edition.csv.encode()).hexdigest() == edition.csv_digest
    assert hashlib.sha256(edition.json.encode()).hexdigest() == edition.json_digest


def test_only_closed_periods_are_published(town: Town) -> None:
    County(town, 1).receive(30, MONTHS[0])
    end = formulas.bounds(town["county"], MONTHS[0])[1]
    with pytest.raises(measures.MonthRuns):
        measures.publish_edition(county=town["county"], month=MONTHS[0], at=end - timedelta(seconds=1))
    with pytest.raises(measures.NothingYet):
        measures.publish_edition(county=town["county"], month=date(2026, 5, 1), at=LATER)
    assert not MonthlyFigures.objects.exists()
    assert measures.publish_edition(county=town["county"], month=MONTHS[0], at=end).ends_at == end


def test_figures_counted_by_themselves_get_no_open_data_later(town: Town) -> None:
    County(town, 1).receive(30, MONTHS[0])
    MonthlyFigures.objects.create(
        organisation=town["county"], month=MONTHS[0], published_at=LATER, counts={"accepted": 29}
    )
    with pytest.raises(measures.FiguresAlone):
        measures.publish_edition(county=town["county"], month=MONTHS[0], at=LATER)
    assert not Edition.objects.exists()


def test_a_change_of_time_zone_counts_nobody_twice(town: Town) -> None:
    county = town["county"]
    County(town, 1).receive(30, MONTHS[0])
    first = measures.publish_edition(county=county, month=MONTHS[0], at=LATER)
    Organisation.objects.filter(pk=county.pk).update(time_zone="Pacific/Kiritimati")
    county.refresh_from_db()
    begin, _end = formulas.bounds(county, MONTHS[1])
    assert begin < first.ends_at
    second = measures.publish_edition(county=county, month=MONTHS[1], at=LATER)
    assert second.begins_at == first.ends_at


def test_what_is_kept_back_is_a_total_of_ten_or_nothing(town: Town, report: Any) -> None:
    at = datetime(2026, 9, 3, tzinfo=UTC)
    for n in range(21):
        report(at=at)
        if n < 9:
            report(at=at, is_identity_kept=True, contact_name="李秀英", contact_phone="0712-0000-101")
    end = datetime(2026, 10, 2, tzinfo=UTC)
    found = formulas.read_month(town["county"], formulas.bounds(town["county"], date(2026, 9, 1)))
    assert found.apart["withheld"] == 9
    edition = measures.publish_edition(county=town["county"], month=date(2026, 9, 1), at=end)
    assert not [row for row in rows_of(edition) if row["table"] == "apart"]
    assert "李秀英" not in edition.json


def test_both_files_hold_the_same_rows(town: Town) -> None:
    County(town, 3).receive(200, MONTHS[0])
    edition = measures.publish_edition(county=town["county"], month=MONTHS[0], at=LATER)
    assert edition.csv.startswith("\ufeff")
    table = list(csv.DictReader(io.StringIO(edition.csv.removeprefix("\ufeff"))))
    rows = rows_of(edition)
    assert [{**row, "matters": int(row["matters"])} for row in table] == [
        {**row, "place_codes": "+".join(row["place_codes"]), "value_codes": "+".join(row["value_codes"])}
        for row in rows
    ]
    assert {row["table"] for row in rows} <= set(TABLES)
    assert any(row["table"].startswith("place-") for row in rows)


def test_the_dictionary_explains_every_column_table_and_code(town: Town) -> None:
    County(town, 3).receive(200, MONTHS[0])
    edition = measures.publish_edition(county=town["county"], month=MONTHS[0], at=LATER)
    words = dictionary()
    assert [entry["name"] for entry in words["columns"]] == list(COLUMNS)
    assert [entry["name"] for entry in words["tables"]] == list(TABLES)
    every = [*words["columns"], *words["tables"], *itertools.chain(*words["values"].values())]
    assert all(entry["zh"] and entry["en"] for entry in every)
    for row in rows_of(edition):
        axis = row["table"].removeprefix("place-")
        if row["value_codes"]:
            assert set(row["value_codes"]) <= {entry["name"] for entry in words["values"][axis]}
        levels = {entry["name"] for entry in words["values"]["place_level"]}
        assert set(row["place_level"].split("+")) <= levels
