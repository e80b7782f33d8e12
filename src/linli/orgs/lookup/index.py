"""Point look-up: one STRtree per level kept in the process, rebuilt when boundaries change anywhere.

Every change of boundaries raises `Revision("boundaries")`. A process compares that number at most once
a second; the process that made the change forgets its index at once.
"""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from shapely import STRtree
from shapely.geometry import Point, shape

from linli.kit import coordinates
from linli.orgs.models import Boundary, Kind, Revision

RECHECK_SECONDS = 1.0
LEVELS = ((Kind.GRID,), (Kind.VILLAGE, Kind.COMMUNITY), (Kind.TOWNSHIP,), (Kind.COUNTY,))


class Place(NamedTuple):
    """The smallest unit around a point."""

    id: UUID
    code: str
    path: str
    kind: str


class _Level(NamedTuple):
    tree: STRtree
    places: list[Place]


class _Index(NamedTuple):
    number: int
    levels: list[_Level]


class _State:
    """What this process knows. `is_uncommitted` while a change of our own may still be rolled back."""

    index: _Index | None = None
    fresh_until = 0.0
    is_uncommitted = False


_state = _State()
_lock = Lock()


def locate(longitude: float, latitude: float) -> Place | None:
    """The smallest standing unit around a WGS-84 point, a grid before a village before a township; or None.

    On a shared border the lowest code wins, so that the answer is always the same.
    """
    if not coordinates.is_valid(longitude, latitude):
        return None
    point = Point(longitude, latitude)
    for tree, places in _current().levels:
        found = tree.query(point, predicate="intersects")
        if found.size:
            return places[int(found.min())]
    return None


def forget() -> None:
    """Drop the index, because this process has just changed a boundary or the tree."""
    _reset()
    if connection.in_atomic_block:
        _state.is_uncommitted = True
        transaction.on_commit(_reset)


def _reset() -> None:
    with _lock:
        _state.index = None
        _state.fresh_until = 0.0
        _state.is_uncommitted = False


def _current() -> _Index:
    index = _state.index
    if index is not None and monotonic() < _state.fresh_until:
        return index
    if index is not None and not _lock.acquire(blocking=False):
        return index  # another thread is already looking; what we have is a moment old
    if index is None:
        _lock.acquire()
    try:
        return _refresh()
    finally:
        _lock.release()


def _refresh() -> _Index:
    """Compare revisions and rebuild when they differ. Called under the lock."""
    if _state.is_uncommitted and not connection.in_atomic_block:
        _state.index, _state.is_uncommitted = None, False  # our change was rolled back
    number = Revision.objects.filter(name="boundaries").values_list("number", flat=True).first() or 0
    if _state.index is None or _state.index.number != number:
        _state.index = _build(number)
    _state.fresh_until = 0.0 if _state.is_uncommitted else monotonic() + RECHECK_SECONDS
    return _state.index


def _build(number: int) -> _Index:
    levels = []
    for kinds in LEVELS:
        rows = list(
            Boundary.objects.filter(organisation__valid_until=None, organisation__kind__in=kinds)
            .order_by("organisation__code")
            .values_list(
                "organisation_id",
                "organisation__code",
                "organisation__path",
                "organisation__kind",
                "geometry",
            )
        )
        if rows:
            places = [Place(*row[:4]) for row in rows]
            levels.append(_Level(STRtree([shape(row[4]) for row in rows]), places))
    return _Index(number, levels)
