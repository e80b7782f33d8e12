"""How the published figures of a month are counted, and which of them may be shown. They are about requests.

Every figure is a count over cases and their clocks, none is kept by hand. Several reports of one matter count as
one. The same few statements are asked however many cases there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypedDict

from django.db.models import Case as Choose
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from linli.cases import procedures
from linli.cases.models import Case, CaseQuerySet, Clock
from linli.orgs.models import Kind, Organisation, within
from linli.service_requests.actions.publishing import published
from linli.service_requests.models import Category

KIND = "service_request"
K = 10
"""No cell that stands for fewer matters than this is shown (k-anonymity)."""
ELSEWHERE = ""
Cells = dict[tuple[str, str], dict[str, int]]


class Part(TypedDict):
    """The counts of a township or category; `late` are those of `due` not finished in time."""

    code: str
    zh: str
    en: str
    accepted: int
    due: int
    late: int


class Counts(TypedDict):
    """What is kept of a published month."""

    accepted: int
    due: int
    late_closed: int
    late_open: int
    closed: int
    reworked: int
    reopened: int
    on_hold: int
    grades: dict[str, int]
    towns: list[Part]
    categories: list[Part]


def bounds(county: Organisation, month: date) -> tuple[datetime, datetime]:
    """The first instant of a month and of the next, where the county's days begin."""
    first = month.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return datetime.combine(first, time(), county.zone), datetime.combine(following, time(), county.zone)


def month_counts(county: Organisation, month: date, accepted: Cells) -> Counts:
    """The counts of one month, as it stood when the month ended; `accepted` holds those of its open data.

    Both come from one reading of the database, so that neither gives away a matter the other was counted without.
    """
    begin, end = bounds(county, month)
    towns = list(Organisation.objects.filter(parent=county, kind=Kind.TOWNSHIP).order_by("code"))
    heads = open_to_all(requests()).filter(within("place_path", county.path)).filter(counts_once(""))
    promised = _cells(
        _promises(county).filter(due_at__gt=begin, due_at__lte=end),
        "case__",
        towns,
        due=Count("*"),
        late=Count("number", filter=_late()),
        closed=Count("number", filter=_late() & Q(stopped_at__lt=end)),
    )
    finished = heads.filter(closed_at__gte=begin, closed_at__lt=end, state__in=("closed", "rated"))
    rated = {grade: (n, again) for grade, n, again in _grades(finished)}
    late_closed = sum(cell["closed"] for cell in promised.values())
    return Counts(
        accepted=sum(cell["n"] for cell in accepted.values()),
        due=sum(cell["due"] for cell in promised.values()),
        late_closed=late_closed,
        late_open=sum(cell["late"] for cell in promised.values()) - late_closed,
        closed=sum(n for n, _again in rated.values()),
        reworked=sum(again for _n, again in rated.values()),
        reopened=_reopened(county, begin, end).count(),
        on_hold=heads.filter(state="deferred", received_at__lt=end).count(),
        grades={str(grade): rated.get(grade, (0, 0))[0] for grade in (5, 4, 3, 2, 1)},
        towns=_parts([(t.code, t.name, t.name_en) for t in towns], 0, accepted, promised),
        categories=_parts(_groups(), 1, accepted, promised),
    )


def requests() -> CaseQuerySet:
    """What the figures are about: other kinds of case are counted elsewhere, or nowhere."""
    return Case.objects.filter(kind=KIND)


def promises() -> QuerySet[Clock]:
    """Clocks that run for a reporter, under any version of the procedure."""
    known = procedures.all_procedures().items()
    return Clock.objects.filter(name__in={each.promise.name for (kind, _n), each in known if kind == KIND})


def open_to_all(cases: CaseQuerySet) -> CaseQuerySet:
    """The requests that are public one by one; how many others there are in a place nobody may work out."""
    return published(cases)


def counts_once(prefix: str) -> Q:
    """Of the reports of one matter only the one the others were merged into."""
    return Q(**{f"{prefix}group": None}) | Q(**{f"{prefix}group": F(f"{prefix}pk")})


def _promises(county: Organisation) -> QuerySet[Clock]:
    inside = within("case__place_path", county.path)
    seen = Exists(open_to_all(requests()).filter(pk=OuterRef("case_id")))
    return promises().filter(inside, counts_once("case__"), seen, case__kind=KIND)


def _late() -> Q:
    """Not finished before the due moment; a limit another system gave is itself still in time."""
    in_time = Q(stopped_at__lt=F("due_at")) | Q(stopped_at=F("due_at"), limit="")
    return Q(stopped_at=None) | ~in_time


def _reopened(county: Organisation, begin: datetime, end: datetime) -> QuerySet[Clock]:
    """Reopening starts the promise anew, so a second promise of one case is a reopening."""
    earlier = Clock.objects.filter(
        case_id=OuterRef("case_id"), name=OuterRef("name"), number__lt=OuterRef("number")
    )
    return _promises(county).filter(Exists(earlier), started_at__gte=begin, started_at__lt=end)


def _grades(finished: QuerySet[Case]) -> Iterable[tuple[int | None, int, int]]:
    """Of the finished matters, how many got each grade (None: not rated) and how many of them were redone."""
    counted = finished.values_list("rating").annotate(
        n=Count("pk"), again=Count("pk", filter=Q(reworks__gt=0))
    )
    return counted.order_by("rating")


def _cells(rows: QuerySet[Any], prefix: str, towns: Sequence[Organisation], **counts: Count) -> Cells:
    """Counts by township and category group, in one statement."""
    whens = [When(within(f"{prefix}place_path", unit.path), then=Value(unit.code)) for unit in towns]
    town = Choose(*whens, default=Value(ELSEWHERE), output_field=CharField())
    found = rows.annotate(town=town).values("town", f"{prefix}category").annotate(**counts).order_by()
    cells: Cells = {}
    for row in found:
        cell = cells.setdefault(
            (row["town"], row[f"{prefix}category"].split(".")[0]), dict.fromkeys(counts, 0)
        )
        for name in counts:
            cell[name] += row[name]
    return cells


def _groups() -> list[tuple[str, str, str]]:
    groups = Category.objects.filter(parent=None).order_by("position")
    return list(groups.values_list("code", "name_zh", "name_en"))


def _parts(names: Iterable[tuple[str, str, str]], axis: int, accepted: Cells, promised: Cells) -> list[Part]:
    """One row a township (axis 0) or category group (axis 1)."""

    def total(cells: Cells, code: str, name: str) -> int:
        return sum(cell[name] for key, cell in cells.items() if key[axis] == code)

    return [
        Part(
            code=code,
            zh=zh,
            en=en or zh,
            accepted=total(accepted, code, "n"),
            due=total(promised, code, "due"),
            late=total(promised, code, "late"),
        )
        for code, zh, en in names
    ]


# What may be shown ------------------------------------------------------------------------------


def shown(cells: Sequence[int], k: int = K, also: Iterable[int] = ()) -> list[int | None]:
    """A column or row whose sum is published, with small cells hidden: None for each that may not be shown.

    One hidden cell could be worked out from the sum, and so could a few small ones together: the smallest of the
    others are hidden too until at least two are, which stand for at least `k`. Nothing at all (0) is shown.
    `also` names places hidden for another reason.
    """
    hidden = {n for n, count in enumerate(cells) if 0 < count < k} | set(also)
    others = sorted((count, n) for n, count in enumerate(cells) if count >= k and n not in hidden)
    while hidden and others and (len(hidden) < 2 or sum(cells[n] for n in hidden) < k):
        hidden.add(others.pop(0)[1])
    return [None if n in hidden else count for n, count in enumerate(cells)]


def share(part: int, whole: int, k: int = K) -> float | None:
    """A share in per cent; None when the whole, or either side of the division, stands for too few."""
    if whole < k or 0 < part < k or 0 < whole - part < k:
        return None
    return 100 * part / whole
