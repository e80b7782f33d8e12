"""Looks every day at what was far above its own level the day before, and keeps notices of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from linli.measures.formulas import surges
from linli.measures.models import Progress, Rollup, SurgeNotice
from linli.measures.models.counts import Axis, Grain
from linli.orgs.models import Kind, Organisation, within

WATCH = "surges"
REMEMBERED = timedelta(days=400)  # a year and the season around it
SHOWN = 60  # days
PLACES = (Kind.COUNTY, Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY)
NOT_OF_THINGS = ("dispute", "opinion")  # groups of categories that are about people and what they think
Counts = dict[surges.Key, dict[date, int]]


def replay(*, county: Organisation, first: date, last: date) -> list[surges.Notice]:
    """The notices of a period, each day told from the days before it alone; straight from the daily sums."""
    places = _places(county)
    return surges.replay(_counts(list(places), first - REMEMBERED, last), places, first, last)


def watch(*, at: datetime) -> int:
    """Looks at every day that has ended and was not looked at; returns how many notices there are of them."""
    done = 0
    for county in Organisation.objects.filter(kind=Kind.COUNTY, parent=None):
        yesterday = at.astimezone(county.zone).date() - timedelta(days=1)
        done += _watch(county, yesterday)
    return done


def recent(*, path: str, on: date, days: int = SHOWN) -> list[SurgeNotice]:
    """The notices of a unit and what lies below it, newest first."""
    found = SurgeNotice.objects.filter(
        within("organisation__path", path), last_day__gt=on - timedelta(days=days)
    )
    return list(found.select_related("organisation").order_by("-day", "organisation__path"))


@transaction.atomic
def _watch(county: Organisation, until: date) -> int:
    known, _is_new = Progress.objects.get_or_create(name=f"{WATCH}.{county.code}"[:16])
    since = date.fromordinal(known.position) if known.position else until - timedelta(days=1)
    if since >= until:
        return 0
    units = {unit.path: unit for unit in Organisation.objects.filter(within("path", county.path))}
    fresh = [
        notice
        for notice in replay(county=county, first=since - timedelta(days=SHOWN), last=until)
        if notice.last_day > since
    ]
    for notice in fresh:
        SurgeNotice.objects.update_or_create(
            organisation=units[notice.place],
            day=notice.day,
            defaults={"last_day": notice.last_day, "surges": [_plain(each) for each in notice.surges]},
        )
    Progress.objects.filter(pk=known.pk).update(position=until.toordinal())
    return len(fresh)


def _plain(surge: surges.Surge) -> dict[str, Any]:
    return {
        "category": surge.category,
        "day": surge.day.isoformat(),
        "counts": list(surge.counts),
        "expected": round(surge.expected, 2),
        "probability": surge.probability,
    }


def _places(county: Organisation) -> dict[str, list[str]]:
    """Every place that is watched, with the places right below it."""
    units = Organisation.objects.filter(within("path", county.path), kind__in=PLACES)
    paths = list(units.order_by("path").values_list("path", flat=True))
    found: dict[str, list[str]] = {path: [] for path in paths}
    for path in paths:
        above = path.rstrip("/").rpartition("/")[0] + "/"
        if above in found:
            found[above].append(path)
    return found


def _counts(paths: list[str], first: date, last: date) -> Counts:
    rows = Rollup.objects.filter(
        axis=Axis.PLACE.value,
        path__in=paths,
        grain=Grain.DAY.value,
        channel="",
        kind="service_request",
        day__gte=first,
        day__lte=last,
        category__contains=".",
        received__gt=0,
    )
    found: Counts = defaultdict(dict)
    for path, category, day, n in rows.values_list("path", "category", "day", "received").iterator():
        if category.split(".")[0] not in NOT_OF_THINGS:
            found[path, category][day] = n
    return found
