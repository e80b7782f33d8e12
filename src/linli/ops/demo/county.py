"""The demonstration county's staff: who sits where, and how to sign in as them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password

from linli.ops.demo.texts import Texts
from linli.orgs.models import Kind, Organisation, lineage, within
from linli.people.access import Actor
from linli.people.models import Grant, Person

PASSWORD = "demo-county-2026"  # noqa: S105  (public on purpose, and only for demonstration accounts)
TOWNSHIPS = ("420921100", "420921102", "420921103")
HELD_SINCE = timedelta(days=200)
COUNTY = (
    ("county-dispatcher", "dispatcher"),
    ("county-leader", "supervisor"),
    ("county-auditor", "auditor"),
    ("county-admin", "administrator"),
    ("county-verifier", "verifier"),
    ("hotline", "clerk"),
)
# Who works, by account: the unit they act for at first, then those they look after as well.
DEPARTMENTS = {
    "housing": ("housing", "natural_resources"),
    "urban-management": ("urban_management", "environment"),
    "power": ("power",),
    "water-supply": ("water_supply",),
    "human-resources": ("human_resources", "medical_insurance"),
    "petitions": ("petitions", "county_centre"),
    "services": ("government_services", "agriculture", "health", "fire"),
}
OFFICES = {
    "construction": ("township_construction", "township_transport"),
    "enforcement": ("township_enforcement", "township_environment", "township_emergency"),
    "social-affairs": ("township_social_affairs", "township_services", "township_justice", "township_centre"),
    "water": ("township_water", "township_agriculture", "township_police"),
}
# Where no office of the township is staffed, the county's department steps in.
STAND_INS = {
    "township_construction": "housing",
    "township_transport": "housing",
    "township_enforcement": "urban_management",
    "township_environment": "urban_management",
    "township_emergency": "fire",
    "township_police": "urban_management",
    "township_social_affairs": "government_services",
    "township_services": "government_services",
    "township_justice": "county_centre",
    "township_centre": "county_centre",
    "township_water": "water_supply",
    "township_agriculture": "agriculture",
}


@dataclass
class Staff:
    """Posts by the path of their unit: who dispatches, works, checks and supervises there, and the hotline."""

    dispatchers: dict[str, Actor] = field(default_factory=dict)
    handlers: dict[str, Actor] = field(default_factory=dict)
    checkers: dict[str, Actor] = field(default_factory=dict)
    supervisors: dict[str, Actor] = field(default_factory=dict)
    clerk: Actor | None = None

    @classmethod
    def read(cls, at: datetime) -> Staff:
        """The staff as hired; of several at one desk the first one acts."""
        staff = cls()
        desks = {
            "dispatcher": [staff.dispatchers],
            "handler": [staff.handlers],
            "grid_worker": [staff.checkers],
            "village_officer": [staff.checkers, staff.handlers],
            "verifier": [staff.checkers],
            "supervisor": [staff.supervisors],
        }
        grants = (
            Grant.objects.active(at).filter(person__is_demo=True).select_related("person", "organisation")
        )
        for grant in grants.order_by("person__username", "valid_from", "organisation__code"):
            post = Actor.from_grant(grant)
            for posts in desks.get(grant.role, []):
                posts.setdefault(post.path, post)
            if grant.role == "clerk":
                staff.clerk = post
        return staff


def nearest(posts: dict[str, Actor], path: str) -> Actor | None:
    """The post at the unit or the nearest one above it."""
    return next((posts[above] for above in reversed(lineage(path)) if above in posts), None)


class Hiring:
    """Makes accounts and posts, one password hash for all of them."""

    def __init__(self, texts: Texts, at: datetime, rng: Random) -> None:
        self.names = iter(_names(texts, rng))
        self.password = make_password(PASSWORD)
        self.since = at - HELD_SINCE
        self.people: list[Person] = []
        self.grants: list[Grant] = []

    def hire(self, username: str, role: str, units: Sequence[Organisation]) -> None:
        """One person with a post in each unit; signed in, they act under the first one."""
        number = len(self.people) + 1
        person = Person(
            username=username,
            name=next(self.names),
            work_phone=f"0712-0001-{number:03d}",
            password=self.password,
            is_demo=True,
        )
        self.people.append(person)
        for place, unit in enumerate(units):
            since = self.since + timedelta(days=place)
            self.grants.append(Grant(person=person, role=role, organisation=unit, valid_from=since))

    def sign(self) -> None:
        Person.objects.bulk_create(self.people)
        Grant.objects.bulk_create(self.grants)


def hire_staff(county: Organisation, texts: Texts, at: datetime, rng: Random) -> None:
    """Some thirty office staff and a grid worker for each village of three townships."""
    hiring = Hiring(texts, at, rng)
    units = list(Organisation.objects.filter(within("path", county.path)).order_by("code"))
    for username, role in COUNTY:
        hiring.hire(username, role, [county])
    for username, functions in DEPARTMENTS.items():
        hiring.hire(username, "handler", _offices(units, county, functions))
    by_code = {unit.code: unit for unit in units}
    for number, code in enumerate(TOWNSHIPS, start=1):
        _staff_township(hiring, units, by_code[code], number)
    hiring.sign()


def _staff_township(hiring: Hiring, units: list[Organisation], township: Organisation, number: int) -> None:
    hiring.hire(f"dispatcher{number}", "dispatcher", [township])
    hiring.hire(f"leader{number}", "supervisor", [township])
    hiring.hire(f"verifier{number}", "verifier", [township])
    for username, functions in OFFICES.items():
        hiring.hire(f"{username}{number}", "handler", _offices(units, township, functions))
    villages = [
        unit
        for unit in units
        if unit.parent_id == township.pk and unit.kind in (Kind.VILLAGE, Kind.COMMUNITY)
    ]
    for index, village in enumerate(villages, start=1):
        grids = [unit for unit in units if unit.parent_id == village.pk and unit.kind == Kind.GRID]
        hiring.hire(f"grid{number}-{index:02d}", "grid_worker", grids)
        if index == 1:
            hiring.hire(f"village{number}", "village_officer", [village])


def _offices(units: list[Organisation], above: Organisation, functions: Sequence[str]) -> list[Organisation]:
    here = {unit.function: unit for unit in units if unit.parent_id == above.pk}
    return [here[function] for function in functions]


def _names(texts: Texts, rng: Random) -> list[str]:
    """The invented names, then new ones made of their parts."""
    names = list(texts.staff)
    rng.shuffle(names)
    plain = [name for name in names if len(name) == 3 and not name.startswith(texts.double_surnames)]
    mixed = [one[0] + other[1:] for one in plain for other in plain]
    rng.shuffle(mixed)
    return list(dict.fromkeys(names + mixed))
