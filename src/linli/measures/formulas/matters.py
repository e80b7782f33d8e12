"""The public matters of a month, each with the values it is counted under, and the axes these values lie on.

Accusations, kept identities and mediation are not among them: `apart` counts those as county totals. They are the
requests other systems can read one by one (`service_requests.actions.publishing`), so that comparing the two tells
nothing of those that are kept back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, TextChoices
from django.utils.translation import override

from linli.cases.models import Case, Clock
from linli.measures.formulas import words
from linli.measures.formulas.editions import Facts, Value
from linli.measures.formulas.months import KIND, Cells, counts_once, open_to_all, promises, requests
from linli.orgs.models import Kind, Organisation, within
from linli.service_requests.models import Category, Channel, Request, RequestType

PLACES = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)
UNPLACED = ".0"
DISPUTES = ("mediation",)
TESTS = (Channel.OPEN311_TEST,)
Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Matter:
    """A public request accepted in the month, as it stood when the month had ended."""

    place_path: str
    category: str
    request_type: str
    channel: str
    progress: str


def matters(county: Organisation, period: Period) -> list[Matter]:
    """The public requests of the period, one for each matter, in one statement. What was declined is not counted."""
    begin, end = period
    said = Request.objects.filter(case_id=OuterRef("pk"))
    rows = (
        open_to_all(requests())
        .filter(counts_once(""), within("place_path", county.path))
        .filter(received_at__gte=begin, received_at__lt=end)
        .exclude(state="declined")
        .annotate(said=Subquery(said.values("request_type")[:1]))
        .annotate(is_missed=Exists(missed(end).filter(case_id=OuterRef("pk"))))
    )
    found = rows.values_list("place_path", "category", "said", "channel", "closed_at", "is_missed")
    return [
        Matter(path, category, said or "", channel, _progress(closed_at, is_missed, end))
        for path, category, said, channel, closed_at, is_missed in found.iterator(chunk_size=2000)
    ]


def missed(as_of: datetime) -> QuerySet[Clock]:
    """The reporter's clocks missed by then; where a case was reopened, one missed the first time counts too."""
    stopped = Q(stopped_at__lte=as_of)
    after = stopped & (Q(stopped_at__gt=F("due_at")) | Q(stopped_at=F("due_at")) & ~Q(limit=""))
    return promises().filter(due_at__isnull=False).filter(after | ~stopped & Q(due_at__lte=as_of))


def _progress(closed_at: datetime | None, is_missed: bool, end: datetime) -> str:
    if is_missed:
        return "late"
    return "in_time" if closed_at is not None and closed_at < end else "in_hand"


def apart(county: Organisation, period: Period) -> dict[str, int]:
    """What is counted as a total of the county alone: requests that are not public, and what is mediated."""
    begin, end = period
    received = Case.objects.filter(within("place_path", county.path))
    received = received.filter(received_at__gte=begin, received_at__lt=end)
    every = received.filter(kind=KIND).exclude(channel__in=TESTS)
    return {
        "withheld": every.count() - open_to_all(every).count(),
        "disputes": received.filter(kind__in=DISPUTES).count(),
    }


# The axes ---------------------------------------------------------------------------------------


def axes(county: Organisation, period: Period) -> dict[str, Value]:
    """Places, categories, types, channels and progress, each with every value there is, counted or not."""
    return {
        "place": places(county, period),
        "category": categories(),
        "type": types(),
        "channel": channels(),
        "progress": Value("progress", below=_entries("progress")),
    }


def places(county: Organisation, period: Period) -> Value:
    """The townships, villages and grids of the county that stood in the period, by code."""
    begin, end = (moment.astimezone(county.zone).date() for moment in period)
    units = Organisation.objects.filter(within("path", county.path), kind__in=PLACES).exclude(pk=county.pk)
    standing = units.filter(valid_from__lt=end).filter(Q(valid_until=None) | Q(valid_until__gt=begin))
    paths = {unit.path: unit for unit in standing.order_by("code")}
    below: dict[str, list[str]] = {}
    for path in paths:
        above = _above(path, paths) or county.path
        below.setdefault(above, []).append(path)
    return _place(county, county.path, paths, below)


def _above(path: str, known: Iterable[str]) -> str:
    """The path of the nearest of the known places that lies above; empty where none does."""
    while "/" in (path := path.rstrip("/")):
        path = path[: path.rindex("/") + 1]
        if path in known:
            return path
    return ""


def _place(
    unit: Organisation, path: str, known: dict[str, Organisation], below: dict[str, list[str]]
) -> Value:
    children = [_place(known[child], child, known, below) for child in below.get(path, [])]
    zh, en = unit.name, unit.name_en or unit.name
    if children and path in known:
        unsaid = words.sentence("unplaced", {"place": zh}, {"place": en})
        children.append(Value(unit.code + UNPLACED, *unsaid, level=children[-1].level))
    return Value(unit.code, zh, en, unit.kind, tuple(children))


def categories() -> Value:
    """The groups and the categories below them, in the order of the list."""
    rows = list(Category.objects.order_by("position", "code"))
    groups = [row for row in rows if row.parent_id is None]
    return Value(
        "category",
        below=tuple(
            Value(
                group.code,
                group.name_zh,
                group.name_en or group.name_zh,
                "group",
                tuple(
                    Value(row.code, row.name_zh, row.name_en or row.name_zh, "category")
                    for row in rows
                    if row.parent_id == group.code
                ),
            )
            for group in groups
        ),
    )


def _entries(name: str) -> tuple[Value, ...]:
    return tuple(Value(entry["name"], entry["zh"], entry["en"]) for entry in words.entries(name))


def types() -> Value:
    return Value("type", below=_choices(RequestType, without=(RequestType.ACCUSATION,)))


def channels() -> Value:
    return Value("channel", below=_choices(Channel, without=TESTS))


def _choices(choices: type[TextChoices], without: Collection[str]) -> tuple[Value, ...]:
    """Both languages of an enumeration, in its order."""
    names: dict[str, list[str]] = {}
    for language in ("zh-hans", "en"):
        with override(language):
            for value, label in choices.choices:
                names.setdefault(value, []).append(str(label))
    return tuple(Value(code, zh, en) for code, (zh, en) in names.items() if code not in without)


# Matters on the axes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Month:
    """One reading of the database: everything that is published about a month comes from it."""

    period: Period
    axes: dict[str, Value]
    facts: Facts
    apart: dict[str, int]

    @property
    def accepted(self) -> Cells:
        """Matters by township and category group, for the figures."""
        town = {end: value.code for value in self.axes["place"].below for end in value.ends()}
        group = {end: value.code for value in self.axes["category"].below for end in value.ends()}
        found: Cells = {}
        for (place, category, *_rest), matters_ in self.facts.items():
            found.setdefault((town[place], group[category]), {"n": 0})["n"] += matters_
        return found


def read_month(county: Organisation, period: Period) -> Month:
    along = axes(county, period)
    found = matters(county, period)
    counts = facts(found, along)
    others = apart(county, period)
    return Month(period, along, counts, {**others, "unplaced": len(found) - sum(counts.values())})


def facts(found: Iterable[Matter], along: dict[str, Value]) -> Facts:
    """How many matters there are with each combination of values; without those that lie in no township."""
    ends = [set(root.ends()) for axis, root in along.items() if axis != "place"]
    nodes = {value.code: value for value in _all(along["place"])}
    counts = Counter[tuple[str, ...]]()
    for matter in found:
        place = placed_at(matter.place_path, nodes)
        values = (matter.category, matter.request_type, matter.channel, matter.progress)
        if place and all(value in known for value, known in zip(values, ends, strict=True)):
            counts[place, *values] += 1
    return counts


def placed_at(path: str, places: dict[str, Value]) -> str:
    """The lowest value of the axis of places for a path; empty for one in no township."""
    for code in reversed(path.rstrip("/").split("/")[1:]):
        if code in places:
            return code + UNPLACED if places[code].below else code
    return ""


def _all(value: Value) -> Iterable[Value]:
    for below in value.below:
        yield below
        yield from _all(below)
