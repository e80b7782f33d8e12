"""The cases behind a number: which of them added to a count of a view, so that every figure can be looked into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Func, IntegerField, Q, QuerySet

from linli.measures.actions.reading import View, at_or_above
from linli.measures.formulas import sums
from linli.measures.models import Counted
from linli.orgs.models import PATH_END

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


def cases_behind(view: View, names: Sequence[str]) -> QuerySet[Counted]:
    """The rows of the cases that add to any of these counts in the view. ValueError for a count there is not."""
    unknown = set(names) - set(sums.NAMES)
    if unknown or not names:
        raise ValueError(f"no such count: {sorted(unknown)}")
    rows = Counted.objects.filter(kind=view.kind, received_on__lt=view.end)
    rows = rows.exclude(accused_path__in=at_or_above(view.path))
    if view.category:
        rows = rows.filter(Q(category=view.category) | Q(category__startswith=f"{view.category}."))
    if view.channel:
        rows = rows.filter(channel=view.channel)
    adds = Q()
    for place, name in enumerate(names):
        rows = rows.alias(**{f"n{place}": Added(view, name)})
        adds |= ~Q(**{f"n{place}": 0})
    return rows.filter(adds)
