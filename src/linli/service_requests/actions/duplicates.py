"""Requests that may be about the same thing: near in place, time, category and words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from linli.cases.models import Case, CaseQuerySet
from linli.kit import coordinates, text
from linli.orgs.models import Organisation, within
from linli.service_requests.models import Channel

WINDOW = timedelta(days=30)
NEAR_METRES = 300.0
ENOUGH = 0.45
LOOKED_AT = 60


@dataclass(frozen=True)
class Likeness:
    """A case that may be the same, how far it is (metres, None when a point is missing) and how alike."""

    case: Case
    metres: float | None
    score: float


def similar_cases(
    *,
    among: CaseQuerySet,
    place: Organisation,
    category: str,
    words: str,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
    without: Case | None = None,
    most: int = 3,
) -> list[Likeness]:
    """The likeliest duplicates among open cases of the same village in the last 30 days, best first."""
    around = place.ancestor_paths[2] if place.depth > 2 else place.path
    candidates = (
        among.filter(kind="service_request", is_open=True, received_at__gte=at - WINDOW)
        .filter(within("place_path", around))
        .filter(category__startswith=category.split(".")[0], accused_path="")
        .exclude(state="merged")
        .exclude(channel=Channel.OPEN311_TEST)
        .order_by("-received_at")
    )
    if without is not None:
        candidates = candidates.exclude(pk=without.pk)
    found = [_likeness(case, category, words, lon, lat) for case in candidates[:LOOKED_AT]]
    return sorted((f for f in found if f.score >= ENOUGH), key=lambda f: -f.score)[:most]


def _likeness(case: Case, category: str, words: str, lon: float | None, lat: float | None) -> Likeness:
    """Half from the words, the rest from nearness and the exact category."""
    metres = None
    nearness = 0.3
    if None not in (lon, lat, case.lon, case.lat):
        metres = coordinates.distance((lon, lat), (case.lon, case.lat))  # type: ignore[arg-type]
        nearness = max(0.0, 1 - metres / NEAR_METRES)
    alike = text.similar(words, case.title + case.address)
    same = 1.0 if case.category == category else 0.3
    return Likeness(case, metres, 0.4 * alike + 0.35 * nearness + 0.25 * same)
