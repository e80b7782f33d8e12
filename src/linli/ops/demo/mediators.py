"""Who mediates in the demonstration county: ten committees, their chairs and mediators, and the centre's officers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from linli.mediation.actions import committees
from linli.mediation.models import Committee, CommitteeKind, Duty, Field, Member, Room
from linli.ops.demo.county import PASSWORD, TOWNSHIPS
from linli.orgs.models import Kind, Organisation
from linli.people.access import Actor
from linli.people.models import Grant, Person

FOUNDED = timedelta(days=190)  # before the present
TEXTS = Path(__file__).parent / "texts" / "disputes.toml"


@cache
def texts() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Plan:
    """A committee to be founded: at `place` (county, town1 to town3, village1 and so on)."""

    name: str
    kind: str
    place: str
    mark: str
    fields: tuple[str, ...] = ()
    english: str = "{place} People's Mediation Committee"


# In the order of chair1 to chair10; mediator1 and mediator2 sit in the first, and so on.
PLANS = (
    Plan(
        "{place}人民调解委员会",  # zh: names
        CommitteeKind.TOWNSHIP,
        "town1",
        "演一",  # zh: names
    ),
    Plan("{place}人民调解委员会", CommitteeKind.TOWNSHIP, "town2", "演二"),  # zh: names
    Plan("{place}人民调解委员会", CommitteeKind.TOWNSHIP, "town3", "演三"),  # zh: names
    Plan("{place}人民调解委员会", CommitteeKind.VILLAGE, "village1", "演村一"),  # zh: names
    Plan("{place}人民调解委员会", CommitteeKind.VILLAGE, "village2", "演村二"),  # zh: names
    Plan(
        "{place}道路交通事故人民调解委员会",  # zh: names
        CommitteeKind.PROFESSIONAL,
        "county",
        "演交",  # zh: names
        ("traffic",),
        "{place} People's Mediation Committee for Traffic Accidents",
    ),
    Plan(
        "{place}医疗纠纷人民调解委员会",  # zh: names
        CommitteeKind.PROFESSIONAL,
        "county",
        "演医",  # zh: names
        ("medical",),
        "{place} People's Mediation Committee for Medical Disputes",
    ),
    Plan(
        "{place}劳动人事争议人民调解委员会",  # zh: names
        CommitteeKind.PROFESSIONAL,
        "county",
        "演劳",  # zh: names
        ("labour",),
        "{place} People's Mediation Committee for Labour Disputes",
    ),
    Plan(
        "青禾制衣厂人民调解委员会",  # zh: names
        CommitteeKind.ENTERPRISE,
        "town2",
        "演企",  # zh: names
        ("labour",),
        "Qinghe Garment Factory People's Mediation Committee",
    ),
    Plan(
        "{place}家电家居行业协会人民调解委员会",  # zh: names
        CommitteeKind.ASSOCIATION,
        "county",
        "演协",  # zh: names
        ("consumer",),
        "{place} Home Goods Association People's Mediation Committee",
    ),
)
ROOMS = ("第一调解室", "第二调解室")  # zh: names of demonstration rooms


@dataclass
class Seat:
    """A committee with those who sit in it, as they act."""

    committee: Committee
    place: Organisation
    chair: Actor
    mediators: list[Actor]
    rooms: list[Room]
    fields: tuple[str, ...] = ()


@dataclass
class Bench:
    """All committees of the demonstration, the centre's officers and the places disputes come from."""

    seats: list[Seat] = field(default_factory=list)
    county_officer: Actor | None = None
    town_officer: Actor | None = None
    villages: dict[str, list[Organisation]] = field(default_factory=dict)


def found(at: datetime) -> Bench:
    """Founds the committees and hires everybody, half a year ago."""
    since = at - FOUNDED
    by = Actor.from_grant(
        Grant.objects.select_related("person", "organisation").get(person__username="county-admin")
    )
    places = _places()
    people = _people()
    day = timezone.localdate(since)
    bench = Bench(villages=_villages(places))
    bench.county_officer = _officer(people["centre1"], places["county"], since)
    bench.town_officer = _officer(people["centre2"], places["town1"], since)
    for number, plan in enumerate(PLANS, start=1):
        bench.seats.append(_found(number, plan, places, people, by, since, day))
    return bench


def _places() -> dict[str, Organisation]:
    places = {"county": Organisation.objects.get(code=TOWNSHIPS[0][:6])}
    for number, code in enumerate(TOWNSHIPS, start=1):
        town = Organisation.objects.get(code=code)
        places[f"town{number}"] = town
        village = Organisation.objects.standing().filter(parent=town, kind__in=[Kind.VILLAGE, Kind.COMMUNITY])
        places[f"village{number}"] = village.order_by("code")[0]
    return places


def _villages(places: dict[str, Organisation]) -> dict[str, list[Organisation]]:
    kinds = [Kind.VILLAGE, Kind.COMMUNITY]
    return {
        unit.path: list(
            Organisation.objects.standing().filter(parent=unit, kind__in=kinds).order_by("code")[:12]
        )
        for name, unit in places.items()
        if name.startswith("town")
    }


def _people() -> dict[str, Person]:
    password = make_password(PASSWORD)
    named = {
        f"{kind}{number}": name
        for kind, names in (("mediator", "mediators"), ("chair", "chairs"), ("centre", "officers"))
        for number, name in enumerate(texts()[names], start=1)
    }
    rows = [
        Person(
            username=username,
            name=name,
            work_phone=f"0712-0002-{place:03d}",
            password=password,
            is_demo=True,
        )
        for place, (username, name) in enumerate(named.items(), start=1)
    ]
    Person.objects.bulk_create(rows)
    return {person.username: person for person in rows}


def _officer(person: Person, unit: Organisation, since: datetime) -> Actor:
    grant = Grant.objects.create(person=person, role="centre_officer", organisation=unit, valid_from=since)
    return Actor.from_grant(grant)


def _found(
    number: int,
    plan: Plan,
    places: dict[str, Organisation],
    people: dict[str, Person],
    by: Actor,
    since: datetime,
    day: date,
) -> Seat:
    place = places[plan.place]
    committee = committees.found_committee(
        parent=place,
        name=plan.name.format(place=place.name),
        name_en=plan.english.format(place=place.name_en),
        kind=plan.kind,
        area=place,
        file_mark=plan.mark,
        by=by,
        at=since,
        fields=list(Field.objects.filter(pk__in=plan.fields)),
        established_on=day - timedelta(days=20),
        filed_on=day - timedelta(days=2),
        term_from=day,
        is_demo=True,
    )
    own = [f"chair{number}", f"mediator{2 * number - 1}", f"mediator{2 * number}"]
    actors = []
    for order, username in enumerate(own):
        member = committees.add_member(
            committee=committee,
            person=people[username],
            duty=Duty.MEMBER if order else Duty.CHAIR,
            is_woman=_is_woman(username),
            languages=texts()["languages"][(number + order) % len(texts()["languages"])],
            since=day,
            by=by,
            at=since,
        )
        actors.append(_acting(member))
    rooms = [
        committees.add_room(
            organisation=committee.organisation,
            name=name,
            address=f"{place.name}综治中心{floor}楼",  # zh: an invented address
            by=by,
            at=since,
        )
        for floor, name in enumerate(ROOMS, start=1)
    ]
    return Seat(committee, place, actors[0], actors[1:], rooms, plan.fields)


def _is_woman(username: str) -> bool:
    """Every second name of the lists is a woman's."""
    return int("".join(filter(str.isdigit, username))) % 2 == 0


def _acting(member: Member) -> Actor:
    grants = Grant.objects.select_related("person", "organisation")
    return Actor.from_grant(grants.get(person=member.person, organisation=member.committee.organisation))
