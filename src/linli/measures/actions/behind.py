"""The cases behind a number: which of them added to a count of a view, so that every figure can be looked into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Func, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from linli.cases.models import Case
from linli.measures.actions.reading import View, closed
from linli.measures.formulas import sums
from linli.measures.formulas.indicators import Formula
from linli.measures.models import Counted
from linli.orgs.models import PATH_END, lineage, within

POSTGRESQL = """(SELECT coalesce(sum((entry->3->>%s)::int), 0) FROM jsonb_array_elements({adds}) entry
 WHERE entry->>0 = %s AND (entry->>1) COLLATE "C" >= %s AND (entry->>1) COLLATE "C" < %s
 AND entry->>2 >= %s AND entry->>2 < %s)"""
SQLITE = """(SELECT coalesce(sum(json_extract(entry.value, '$[3].' || %s)), 0) FROM json_each({adds}) entry
 WHERE json_extract(entry.value, '$[0]') = %s AND json_extract(entry.value, '$[1]') >= %s
 AND json_extract(entry.value, '$[1]') < %s AND json_extract(entry.value, '$[2]') >= %s
 AND json_extract(entry.value, '$[2]') < %s)"""


class Added(Func):
    """What the row of a case adds to one count of a view."""

    output_field = IntegerField()

    def __init__(self, view: View, name: str) -> None:
        super().__init__(F("adds"))
        begin, end = view.begin.isoformat(), view.end.isoformat()
        self.given = (name, view.axis, view.path, view.path + PATH_END, begin, end)

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[Any, ...]]:
        adds, _no_params = compiler.compile(self.source_expressions[0])
        statement = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
        return statement.format(adds=adds), self.given


def signed(names: Sequence[str]) -> Formula:
    """The sum of these counts; one with a minus before it is taken away. ValueError for a count there is not."""
    terms = tuple((-1 if name.startswith("-") else 1, name.removeprefix("-")) for name in names)
    unknown = {name for _sign, name in terms} - set(sums.NAMES)
    if unknown or not terms:
        raise ValueError(f"no such count: {sorted(unknown)}")
    return Formula(terms)


def cases_behind(view: View, names: Sequence[str]) -> QuerySet[Counted]:
    """The rows of the cases that add to the sum of these counts in the view (`signed`)."""
    rows = Counted.objects.filter(_may_add(view), kind=view.kind, received_on__lt=view.end)
    rows = rows.exclude(accused_path__in=lineage(view.path))
    if view.category:
        rows = rows.filter(Q(category=view.category) | Q(category__startswith=f"{view.category}."))
    if view.channel:
        rows = rows.filter(channel=view.channel)
    return rows.alias(added=_added(view, names)).exclude(added=0)


def made_up(view: View, names: Sequence[str], among: QuerySet[Case]) -> int:
    """How much of the sum of these counts in the view is made up by these cases."""
    rows = Counted.objects.filter(case_id__in=among.order_by().values("pk"))
    made: int = rows.aggregate(made=Coalesce(Sum(_added(view, names)), 0))["made"]
    return made


def _added(view: View, names: Sequence[str]) -> Any:
    return sum(sign * Added(view, name) for sign, name in signed(names).terms)


def _may_add(view: View) -> Q:
    """Those that may add to it: all they add to lies in the unit, or some of it may, and not all of it was before."""
    field = f"{view.axis}_around"
    there = within(field, view.path) | Q(**{f"{field}__in": lineage(view.path)})
    return there & Q(last_on__gte=view.begin) | Q(**{field: ""})


def cases_timed(view: View, measure: str) -> QuerySet[Counted]:
    """The rows of the cases whose time to the first answer (`contact`) or to close (`close`) a view holds."""
    return closed(view, (view.begin, view.end)).exclude(**{sums.MEASURES[measure]: None})
