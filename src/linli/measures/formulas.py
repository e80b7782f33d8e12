"""How the published figures of a month are counted, and which of them may be shown.

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
from linli.cases.models import Case, Clock
from linli.orgs.models import Kind, Organisation, within
from linli.service_requests.models import Category

K = 10
"""No cell that stands for fewer matters than this is shown (k-anonymity)."""
ELSEWHERE = ""


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


def month_counts(county: Organisation, month: date) -> Counts:
    """The counts of one month, as it stood when the month ended."""
    begin, end = bounds(county, month)
    towns = list(Organisation.objects.filter(parent=county, kind=Kind.TOWNSHIP).order_by("code"))
    heads = Case.objects.filter(within("place_path", county.path)).filter(_counts_once(""))
    accepted = _cells(
        heads.filter(received_at__gte=begin, received_at__lt=end).exclude(state="declined"), "", towns
    )
    due = _cells(_due(county, begin, end), "case__", towns)
    late = _cells(_due(county, begin, end).filter(_late()), "case__", towns)
    finished = heads.filter(closed_at__gte=begin, closed_at__lt=end, state__in=("closed", "rated"))
    rated = dict(finished.values_list("rating").annotate(n=Count("pk")).order_by("rating"))
    return Counts(
        accepted=sum(accepted.values()),
        due=sum(due.values()),
        late_closed=_due(county, begin, end).filter(_late(), stopped_at__lt=end).count(),
        late_open=_due(county, begin, end).filter(_late()).exclude(stopped_at__lt=end).count(),
        closed=sum(rated.values()),
        reworked=finished.filter(reworks__gt=0).count(),
        reopened=_reopened(county, begin, end).count(),
        on_hold=heads.filter(is_paused=True, received_at__lt=end).count(),
        grades={str(grade): int(rated.get(grade, 0)) for grade in (5, 4, 3, 2, 1)},
        towns=_parts([(t.code, t.name, t.name_en) for t in towns], 0, accepted, due, late),
        categories=_parts(_groups(), 1, accepted, due, late),
    )


def _counts_once(prefix: str) -> Q:
    """Of the reports of one matter only the one the others were merged into."""
    return Q(**{f"{prefix}group": None}) | Q(**{f"{prefix}group": F(f"{prefix}pk")})


def _promises(county: Organisation) -> QuerySet[Clock]:
    names = {procedure.promise.name for procedure in procedures.all_procedures().values()}
    return Clock.objects.filter(
        within("case__place_path", county.path), _counts_once("case__"), name__in=names
    )


def _due(county: Organisation, begin: datetime, end: datetime) -> QuerySet[Clock]:
    """Promises that fell due in the month: from its first instant, exclusive, to the end of its last day."""
    return _promises(county).filter(due_at__gt=begin, due_at__lte=end)


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


def _cells(rows: QuerySet[Any], prefix: str, towns: Sequence[Organisation]) -> dict[tuple[str, str], int]:
    """Counts by township and category group, in one statement."""
    town = Choose(
        *(When(within(f"{prefix}place_path", unit.path), then=Value(unit.code)) for unit in towns),
        default=Value(ELSEWHERE),
        output_field=CharField(),
    )
    found = (
        rows.annotate(town=town).values_list("town", f"{prefix}category").annotate(n=Count("*")).order_by()
    )
    cells: dict[tuple[str, str], int] = {}
    for code, category, count in found:
        key = (code, category.split(".")[0])
        cells[key] = cells.get(key, 0) + count
    return cells


def _groups() -> list[tuple[str, str, str]]:
    groups = Category.objects.filter(parent=None).order_by("position")
    return list(groups.values_list("code", "name_zh", "name_en"))


def _parts(
    names: Iterable[tuple[str, str, str]],
    axis: int,
    accepted: dict[tuple[str, str], int],
    due: dict[tuple[str, str], int],
    late: dict[tuple[str, str], int],
) -> list[Part]:
    def total(cells: dict[tuple[str, str], int], code: str) -> int:
        return sum(count for key, count in cells.items() if key[axis] == code)

    return [
        Part(
            code=code,
            zh=zh,
            en=en or zh,
            accepted=total(accepted, code),
            due=total(due, code),
            late=total(late, code),
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
