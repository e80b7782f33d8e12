"""One table over requests: how many, how many closed, in time or late, and the median time to close, by one heading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef

from linli.cases.models import Case
from linli.measures.formulas import missed, requests
from linli.orgs.models import Kind, Organisation, within
from linli.service_requests.models import Category

HEADINGS = ("department", "neighbourhood", "category", "month")


@dataclass(frozen=True)
class Line:
    """Requests under one heading: all others than the `overdue` are on time. None closed: no median."""

    key: str
    cases: int
    closed: int
    on_time: int
    overdue: int
    median_hours_to_close: float | None


Seen = tuple[bool, float | None]
"""Whether the promise was missed, and the hours to the close if there was one."""


def table(*, by: str, as_of: datetime, county_path: str = "", is_read: bool = False) -> list[Line]:
    """Requests received by a moment, as they stood then, under the names of one heading; '' is where none is known.

    A request is overdue when its promise was missed by then (`formulas.missed`), the rule of `stats`. A department is
    the office right below the county that holds the case; a neighbourhood the area right below it. Names are those
    that are kept, whatever the language; with `is_read` they are in the reader's.
    """
    cases = requests().filter(received_at__lte=as_of)
    if county_path:
        cases = cases.filter(within("place_path", county_path))
    late = Exists(missed(as_of).filter(case_id=OuterRef("pk")))
    name_of = _names(by, county_path, is_read=is_read)
    groups: dict[str, list[Seen]] = defaultdict(list)
    lateness = dict(cases.annotate(late=late).values_list("pk", "late"))
    rows = cases.only("place_path", "holder_path", "category", "received_at", "closed_at")
    for case in rows.iterator(chunk_size=2000):
        groups[name_of(case)].append((lateness[case.pk], _hours(case, as_of)))
    return [_line(key, groups[key]) for key in sorted(groups)]


def _hours(case: Case, as_of: datetime) -> float | None:
    """From receipt to close; None while it was still open."""
    if case.closed_at is None or case.closed_at > as_of:
        return None
    return (case.closed_at - case.received_at).total_seconds() / 3600


def _line(key: str, seen: list[Seen]) -> Line:
    hours = [took for _late, took in seen if took is not None]
    overdue = sum(late for late, _took in seen)
    return Line(
        key=key,
        cases=len(seen),
        closed=len(hours),
        on_time=len(seen) - overdue,
        overdue=overdue,
        median_hours_to_close=median(hours) if hours else None,
    )


def _names(by: str, county_path: str, *, is_read: bool) -> Callable[[Case], str]:
    """What a case is called under a heading."""
    if by == "month":
        county = Organisation.objects.filter(path=county_path).first()
        zone = county.zone if county else ZoneInfo(settings.TIME_ZONE)
        return lambda case: f"{case.received_at.astimezone(zone):%Y-%m}"
    if by == "category":
        labels = {row.code: row.label if is_read else _whole_name(row) for row in Category.objects.all()}
        return lambda case: labels.get(case.category, case.category)
    units = Organisation.objects.exclude(kind=Kind.COUNTY).only("path", "name", "name_en")
    names = {unit.path: unit.label if is_read else unit.name for unit in units}
    field = "holder_path" if by == "department" else "place_path"
    return lambda case: names.get("/".join(getattr(case, field).split("/")[:2]) + "/", "")


def _whole_name(category: Category) -> str:
    """The name, or the English one where the column was too short for it."""
    is_cut = category.name_zh.endswith("…") and category.name_en
    return category.name_en if is_cut else category.name_zh
