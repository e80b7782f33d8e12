"""Which lists can be taken out as files. An app that owns lists names the module that describes them in its AppConfig.

`class LinliConfig(AppConfig): listings = "linli.web.views.listings"`, and in that module `LISTINGS`, a sequence of
Listing. The worker, which knows no pages, finds them by name; rows are asked for under the post of whoever exports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connections, models
from django.db.models import Func, Q, QuerySet
from django.utils.functional import Promise

from linli.documents.render.tables import Column, Rows
from linli.people.access import Actor
from linli.privacy.actions import reads
from linli.privacy.models import Group

CHUNK = 2_500
EXPORT = "export"


@dataclass(frozen=True)
class Asked:
    """Who asks for a list, with which filter (the query string of its page), and when."""

    post: Actor
    query: str
    at: datetime


def noted(asked: Asked, cases: Iterable[UUID], *groups: Group) -> None:
    """Notes that something of these cases goes into a file, before it does; their headlines where no more is said."""
    shown = groups or (Group.HEADLINE,)
    reads.note_takeout(cases=set(cases), by=asked.post, what=EXPORT, groups=shown, at=asked.at)


def _nobody_knows(asked: Asked) -> int | None:
    return None


def _everybody(post: Actor) -> bool:
    return True


@dataclass(frozen=True)
class Listing:
    """A list: what it is called, who may have it, its columns, and its rows in batches.

    `rows` asks the database anew for every batch and filters by the post each time, so that what is taken from a post
    meanwhile is not in the batches to come. Rows of cases are `noted` before they are handed out. `page` is the name
    of its address.
    """

    name: str
    label: str | Promise
    permission: str
    page: str
    columns: Sequence[Column]
    rows: Callable[[Asked], Iterator[Rows]]
    expected: Callable[[Asked], int | None] = _nobody_knows
    admits: Callable[[Actor], bool] = _everybody

    def is_open_to(self, post: Actor) -> bool:
        return post.may(self.permission) and self.admits(post)


@cache
def known() -> dict[str, Listing]:
    """Every list of every app, by name."""
    found: dict[str, Listing] = {}
    for app in apps.get_app_configs():
        module = getattr(app, "listings", "")
        for listing in import_module(module).LISTINGS if module else ():
            add(listing, found)
    return found


def add(listing: Listing, to: dict[str, Listing] | None = None) -> None:
    """Makes a list known; a name belongs to one list."""
    found = known() if to is None else to
    if listing.name in found:
        raise ValueError(f"two lists are called {listing.name}")
    found[listing.name] = listing


def walk(
    rows: QuerySet[Any], key: Sequence[str], fields: Sequence[str] = (), size: int = CHUNK
) -> Iterator[list[Any]]:
    """Rows in batches by a key, each batch a statement of its own: nothing is held open and nothing is skipped over.

    The key is unique and never null; "-name" runs downwards. With `fields`, rows are tuples that end with the key.
    """
    names = [name.lstrip("-") for name in key]
    ordered = rows.order_by(*key)
    swift = _swift(rows, [*fields, *names]) if fields else []
    if fields:
        columns = [*fields, *names]
        ordered = ordered.values_list(*(Instant(n) if i in swift else n for i, n in enumerate(columns)))
    after: Sequence[Any] | None = None
    while True:
        found = list((ordered if after is None else ordered.filter(_after(key, after)))[:size])
        found = _as_moments(found, swift) if swift and found else found
        if found:
            yield found
        if len(found) < size:
            return
        last = found[-1]
        after = last[-len(names) :] if fields else [_value(last, name) for name in names]


class Instant(Func):
    """A moment as microseconds since 1970: PostgreSQL's driver reads whole numbers ten times faster than moments."""

    output_field = models.BigIntegerField()
    template = "(date_part('epoch', %(expressions)s) * 1000000)::bigint"


def _swift(rows: QuerySet[Any], names: Sequence[str]) -> list[int]:
    """Which of the columns are moments that are better asked for as numbers."""
    if connections[rows.db].vendor != "postgresql":
        return []
    return [place for place, name in enumerate(names) if _is_moment(rows.model, name)]


def _is_moment(model: Any, name: str) -> bool:
    *steps, last = name.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model
    return isinstance(model._meta.get_field(last), models.DateTimeField)


def _as_moments(found: list[Any], places: Sequence[int]) -> list[Any]:
    columns: list[Any] = list(zip(*found, strict=True))
    moment = datetime.fromtimestamp
    for place in places:
        columns[place] = [value and moment(value / 1_000_000, UTC) for value in columns[place]]
    return list(zip(*columns, strict=True))


def _after(key: Sequence[str], values: Sequence[Any]) -> Q:
    """(a, b) after (x, y) as a > x or a = x and b > y, with a >= x before it for the index."""
    wanted, same = Q(), Q()
    for name, value in zip(key, values, strict=True):
        bare, way = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        wanted |= same & Q(**{f"{bare}__{way}": value})
        same &= Q(**{bare: value})
    first = key[0]
    bound = "lte" if first.startswith("-") else "gte"
    return wanted & Q(**{f"{first.lstrip('-')}__{bound}": values[0]})


def _value(row: Any, name: str) -> Any:
    for step in name.split("__"):
        row = getattr(row, step)
    return row
