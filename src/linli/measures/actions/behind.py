"""The cases behind a number: which of them added to a count of a view, so that every figure can be looked into."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import IntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL

from linli.measures.actions.reading import View, at_or_above
from linli.measures.formulas import sums
from linli.measures.models import Counted
from linli.orgs.models import PATH_END

POSTGRESQL = """(SELECT coalesce(sum((entry->3->>%s)::int), 0) FROM jsonb_array_elements(measures_counted.adds) entry
 WHERE entry->>0 = %s AND (entry->>1) COLLATE "C" >= %s AND (entry->>1) COLLATE "C" < %s
 AND entry->>2 >= %s AND entry->>2 < %s)"""
SQLITE = """(SELECT coalesce(sum(json_extract(entry.value, '$[3].' || %s)), 0) FROM json_each(measures_counted.adds) entry
 WHERE json_extract(entry.value, '$[0]') = %s AND json_extract(entry.value, '$[1]') >= %s
 AND json_extract(entry.value, '$[1]') < %s AND json_extract(entry.value, '$[2]') >= %s
 AND json_extract(entry.value, '$[2]') < %s)"""


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
        rows = rows.alias(**{f"n{place}": RawSQL(*_sum(view, name), output_field=IntegerField())})
        adds |= ~Q(**{f"n{place}": 0})
    return rows.filter(adds)


def _sum(view: View, name: str) -> tuple[str, list[str]]:
    statement = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    begin, end = view.begin.isoformat(), view.end.isoformat()
    return statement, [name, view.axis, view.path, view.path + PATH_END, begin, end]
