"""The month of mediation, against one a justice bureau printed: Huangshi, Hubei, August 2016."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from conftest import Town
from django.utils import translation

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.measures.formulas import MediationMonth, mediation_month
from linli.measures.formulas.mediations import percent
from linli.mediation.models import Category, Mediation
from linli.orgs.models import Organisation

pytestmark = pytest.mark.django_db
AUGUST = date(2016, 8, 1)
PRINTED = {
    "marriage": 160,
    "neighbours": 278,
    "housing": 67,
    "contract": 44,
    "production": 31,
    "damages": 76,
    "forest_land": 18,
    "demolition": 28,
    "environment": 4,
    "labour": 13,
    "consumer": 7,
    "medical": 55,
    "traffic": 33,
    "property_management": 1,
    "other": 54,
}
SOURCES = ["proactive"] * 455 + ["applied"] * 378 + ["entrusted"] * 36
UNSETTLED = ["", "failed", "terminated", "expired"]
AMOUNT = Decimal(28_738_000)


@pytest.fixture(autouse=True)
def _categories(db: None) -> None:
    """The categories of the check, in the order of the printed list."""
    Category.objects.all().delete()
    Category.objects.bulk_create(
        Category(code=code, name_zh=f"甲{place}", name_en=code.title(), position=place)
        for place, code in enumerate(PRINTED)
    )


def disputes(place: Organisation, rows: list[dict[str, Any]], holder: Organisation | None = None) -> None:
    """Disputes accepted in August 2016, whatever else each row says."""
    at = datetime(2016, 8, 9, tzinfo=UTC)
    found = [
        Case(
            id=uuid7(),
            kind="mediation",
            procedure_version=1,
            number=f"160809-{number:05d}-{place.code[-4:]}",
            title="纠纷",
            channel="window",
            state="performing",
            state_since=at,
            place=place,
            place_path=place.path,
            holder=holder,
            holder_path=holder.path if holder else "",
            opened_at=at,
            received_at=at,
        )
        for number in range(len(rows))
    ]
    Case.objects.bulk_create(found)
    Mediation.objects.bulk_create(
        Mediation(
            **{"case": case, "accepted_on": at.date(), "source": "applied", "category_id": "other"} | row
        )
        for case, row in zip(found, rows, strict=True)
    )


def huangshi() -> list[dict[str, Any]]:
    """869 rows: categories, sources and outcomes run through each other, so that none follows from another."""
    categories = [code for code, count in PRINTED.items() for _ in range(count)]
    rows: list[dict[str, Any]] = [
        {"category_id": code, "source": SOURCES[place * 7 % 869]} for place, code in enumerate(categories)
    ]
    for place, row in enumerate(rows):
        row["entrusted_by"] = "court" if row["source"] == "entrusted" else ""
        is_settled = place * 5 % 869 < 842
        row["outcome"] = "succeeded" if is_settled else UNSETTLED[place % 4]
        row["amount"] = Decimal(34_000) if is_settled else Decimal(999)  # what came to nothing is not counted
    first = next(row for row in rows if row["outcome"] == "succeeded")
    first["amount"] += AMOUNT - 842 * 34_000
    return rows


def shown(month: MediationMonth) -> list[tuple[str, int, str]]:
    return [(line.code, line.accepted, line.share_words) for line in month.sources]


def test_the_printed_month_comes_out_exactly(town: Town, django_assert_num_queries: Any) -> None:
    disputes(town["village"], huangshi())
    with django_assert_num_queries(2):
        month = mediation_month(town["county"], AUGUST)
    assert (month.accepted, month.succeeded, month.rate_words) == (869, 842, "96.9%")
    assert shown(month) == [
        ("proactive", 455, "52.4%"),
        ("applied", 378, "43.5%"),
        ("entrusted", 36, "4.1%"),
    ]
    assert [(line.code, line.accepted) for line in month.categories] == list(PRINTED.items())
    assert month.amount == AMOUNT
    assert month.amount_words == "2873.8"
    assert sum(line.succeeded for line in month.categories) == 842
    with translation.override("en"):
        assert month.amount_words == "28.738"
        assert [line.label for line in mediation_month(town["county"], AUGUST).categories][0] == "Marriage"


def test_a_month_without_a_case_has_dashes_and_no_error(town: Town) -> None:
    month = mediation_month(town["county"], AUGUST)
    assert (month.accepted, month.succeeded, month.rate, month.amount) == (0, 0, None, None)
    assert (month.rate_words, month.amount_words) == ("—", "—")
    assert shown(month) == [("proactive", 0, "—"), ("applied", 0, "—"), ("entrusted", 0, "—")]
    assert [line.share_words for line in month.categories] == ["—"] * len(PRINTED)


def test_only_what_was_accepted_in_the_month_counts(town: Town) -> None:
    days = [date(2016, 7, 31), AUGUST, date(2016, 8, 31), date(2016, 9, 1), None]
    disputes(town["village"], [{"accepted_on": day, "outcome": "succeeded"} for day in days])
    assert mediation_month(town["county"], date(2016, 8, 20)).accepted == 2
    assert mediation_month(town["county"], date(2016, 12, 1)).accepted == 0


def test_a_place_counts_what_is_below_it_and_a_committee_what_it_mediates(town: Town) -> None:
    committee = town["east_committee"]
    disputes(town["village"], [{}], holder=committee)
    disputes(town["west_village"], [{}, {}], holder=committee)
    units = ["county", "east", "west", "village", "west_village", "grid", "east_committee"]
    counted = [mediation_month(town[name], AUGUST).accepted for name in units]
    assert counted == [3, 1, 2, 1, 2, 0, 3]


def test_a_category_out_of_use_stays_where_something_was_counted(town: Town) -> None:
    disputes(town["village"], [{"category_id": "labour"}])
    Category.objects.filter(code__in=["labour", "other"]).update(is_active=False)
    codes = [line.code for line in mediation_month(town["county"], AUGUST).categories]
    assert "labour" in codes
    assert "other" not in codes


def test_shares_are_rounded_half_up_as_printed() -> None:
    assert [str(percent(part, 800)) for part in (2, 794, 798)] == ["0.3", "99.3", "99.8"]
    assert percent(0, 0) is None
