"""The demonstration county's staff: who sits where, and how to sign in as them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password

from linli.ops.demo.texts import Texts
from linli.orgs.models import Kind, Organisation
from linli.people.access import Actor
from linli.people.models import Grant, Person

PASSWORD = "demo-county-2026"  # noqa: S105  (public on purpose, and only for demonstration accounts)
TOWNSHIPS = ("420921100", "420921102", "420921103")
DEPARTMENTS = ("housing", "urban_management", "water", "transport", "power", "water_supply")
OFFICES = ("township_construction", "township_enforcement", "township_social_affairs", "township_water")
HELD_SINCE = timedelta(days=200)


@dataclass
class Staff:
    """Posts by unit: `desks[path]` dispatches, `handlers[path]` works, `checkers[path]` verifies."""

    dispatchers: dict[str, Actor] = field(default_factory=dict)
    handlers: dict[str, Actor] = field(default_factory=dict)
    checkers: dict[str, Actor] = field(default_factory=dict)
    supervisors: dict[str, Actor] = field(default_factory=dict)
    sign_ins: list[tuple[str, str, str]] = field(default_factory=list)

    def nearest(self, posts: dict[str, Actor], path: str) -> Actor | None:
        """The post at the unit or the nearest one above it."""
        parts = path.rstrip("/").split("/")
        above = ["/".join(parts[: n + 1]) + "/" for n in reversed(range(len(parts)))]
        return next((posts[candidate] for candidate in above if candidate in posts), None)


class Hiring:
    """Makes accounts and posts, one password hash for all of them."""

    def __init__(self, texts: Texts, at: datetime, rng: Random) -> None:
        self.names = iter(_names(texts, rng))
        self.password = make_password(PASSWORD)
        self.since = at - HELD_SINCE
        self.staff = Staff()
        self.phone = 0

    def hire(self, username: str, role: str, *units: Organisation, is_listed: bool = True) -> Actor:
        """One person with one post in each unit; returns the first post."""
        self.phone += 1
        person = Person.objects.create(
            username=username,
            name=next(self.names),
            work_phone=f"0712-0001-{self.phone:03d}",
            password=self.password,
            is_demo=True,
        )
        grants = [
            Grant.objects.create(person=person, role=role, organisation=unit, valid_from=self.since)
            for unit in units
        ]
        posts = [Actor.from_grant(grant) for grant in grants]
        if is_listed:
            self.staff.sign_ins.append((username, role, units[0].name))
        self._note(role, posts)
        return posts[0]

    def _note(self, role: str, posts: list[Actor]) -> None:
        kinds = {
            "dispatcher": self.staff.dispatchers,
            "handler": self.staff.handlers,
            "grid_worker": self.staff.checkers,
            "village_officer": self.staff.checkers,
            "verifier": self.staff.checkers,
            "supervisor": self.staff.supervisors,
        }
        for post in posts:
            kinds.get(role, {}).setdefault(post.path, post)


def hire_staff(county: Organisation, texts: Texts, at: datetime, rng: Random) -> Staff:
    """About thirty office staff and a grid worker for each village of three townships."""
    hiring = Hiring(texts, at, rng)
    for username, role in (
        ("county-dispatcher", "dispatcher"),
        ("county-leader", "supervisor"),
        ("county-auditor", "auditor"),
        ("county-admin", "administrator"),
        ("hotline", "clerk"),
        ("county-verifier", "verifier"),
    ):
        hiring.hire(username, role, county)
    for function in DEPARTMENTS:
        unit = Organisation.objects.get(parent=county, function=function)
        hiring.hire(function.replace("_", "-"), "handler", unit)
    for number, code in enumerate(TOWNSHIPS, start=1):
        _staff_township(hiring, Organisation.objects.get(code=code), number)
    return hiring.staff


def _staff_township(hiring: Hiring, township: Organisation, number: int) -> None:
    hiring.hire(f"dispatcher{number}", "dispatcher", township)
    hiring.hire(f"leader{number}", "supervisor", township)
    hiring.hire(f"verifier{number}", "verifier", township)
    for function in OFFICES:
        unit = Organisation.objects.get(parent=township, function=function)
        hiring.hire(f"{function.removeprefix('township_').replace('_', '-')}{number}", "handler", unit)
    villages = Organisation.objects.filter(parent=township, kind__in=(Kind.VILLAGE, Kind.COMMUNITY))
    for index, village in enumerate(villages.order_by("code")):
        grids = list(Organisation.objects.filter(parent=village, kind=Kind.GRID).order_by("code"))
        hiring.hire(f"grid{number}-{index + 1:02d}", "grid_worker", *grids, is_listed=index == 0)
        if index < 1:
            hiring.hire(f"village{number}", "village_officer", village)


def _names(texts: Texts, rng: Random) -> list[str]:
    """The invented names, then new ones made of their parts."""
    names = list(texts.staff)
    rng.shuffle(names)
    surnames = [name[0] for name in names if not name.startswith(("欧阳", "司徒"))]
    given = [name[1:] for name in names if len(name) == 3]
    mixed = [surname + name for surname in surnames for name in given]
    rng.shuffle(mixed)
    return list(dict.fromkeys(names + mixed))
