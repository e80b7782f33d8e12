"""One invented dispute: its words, its people, its moment, and how a step is made in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone

from linli.cases.actions import fire_due_clocks
from linli.cases.models import Case, Clock
from linli.kit.ids import derived, uuid7_at
from linli.mediation import actions as mediations
from linli.mediation.actions.steps import step
from linli.mediation.models import (
    Category,
    CommitteeKind,
    How,
    Paper,
    PaperKind,
    ScreeningRound,
    Signer,
    Source,
)
from linli.ops.demo.mediators import Bench, Seat, texts
from linli.orgs.models import Organisation, is_within
from linli.people.access import Actor

MORNING, NOON, AFTERNOON, EVENING = time(8, 30), time(12, 0), time(14, 0), time(17, 30)
SHORT = frozenset({"in_mediation", "suspended", "agreement_written"})
MINUTE = timedelta(minutes=1)
T = TypeVar("T")


@dataclass
class Tale:
    """A dispute as it goes on; `at` is the moment of the last step, never after `end`."""

    bench: Bench
    seat: Seat
    place: Organisation
    rng: Random
    number: int
    state: str
    now: datetime
    end: datetime
    at: datetime
    began: datetime
    plot: dict[str, Any]
    names: list[str]
    words: dict[str, str]
    money: int
    round: ScreeningRound | None = None
    count: int = 0
    is_any_day: bool = False
    draw: int = 0
    is_replaced: bool = False
    agreement: Paper | None = None
    numbers: list[int] = field(default_factory=list)

    @classmethod
    def begun(
        cls,
        bench: Bench,
        rng: Random,
        number: int,
        state: str,
        now: datetime,
        days: tuple[float, float],
        rounds: list[ScreeningRound],
    ) -> Tale:
        plot = _plot(rng, number)
        seat = _seat(bench, plot, rng, number)
        place = _place(bench, seat, rng)
        names = _names(plot, rng, number, seat)
        low, high = plot["money"]
        money = round(rng.uniform(low, high), -2 if high > 1000 else -1)
        words = {
            "a": names[0],
            "b": names[-1],
            "v": place.name,
            "x": rng.choice(plot["words"]),
            "m": str(int(money)),
        }
        quiet = timedelta(hours=26) if state == "in_mediation" else timedelta(hours=rng.uniform(1, 20))
        if plot["category"] == "labour" and state in SHORT:
            days = (8, 13)  # fifteen days from the application
        began = now - timedelta(days=rng.uniform(*days))
        end = max(now - quiet, began + (now - began) * 0.5)
        tale = cls(
            bench, seat, place, rng, number, state, now, end, began, began, plot, names, words, int(money)
        )
        tale.draw = rng.getrandbits(74)
        tale.at = min(tale.office(began), began + (end - began) * 0.2)
        own = [each for each in rounds if each.place_id == place.pk and each.found and each.at < tale.at]
        tale.round = own[0] if own else None
        return tale

    # Words ---------------------------------------------------------------------------------------

    def say(self, words: str) -> str:
        return words.format(**self.words)

    def pick(self, name: str) -> str:
        return str(self.rng.choice(texts()[name]))

    @property
    def clauses(self) -> list[str]:
        return [self.say(each) for each in self.plot["clauses"]]

    @property
    def facts(self) -> str:
        return self.say(self.plot["facts"])

    @property
    def says(self) -> list[str]:
        return [self.say(each) for each in self.plot["says"]]

    def terms(self, day: date) -> dict[str, Any]:
        """What is to be done until when, and whether a court may confirm it."""
        whats = [self.say(each) for each in self.plot["pay"]]
        payers = self.plot.get("payers", [len(self.names)] * len(whats))
        paid = [place for place, what in enumerate(whats) if _is_money(what)]
        rows = []
        for place, what in enumerate(whats):
            due = day + timedelta(days=14 + 21 * place)
            share = self.money // len(paid) if place in paid else 0
            if paid and place == paid[-1]:
                share = self.money - share * (len(paid) - 1)
            payer = payers[place] if place < len(payers) else len(self.names)
            amount = f"{share}.00" if place in paid else ""
            rows.append({"party": payer, "what": what, "amount": amount, "due_on": due.isoformat()})
        return {"bar": self.plot.get("bar", ""), "instalments": rows}

    # People --------------------------------------------------------------------------------------

    @property
    def chair(self) -> Actor:
        return self.seat.chair

    @property
    def mediator(self) -> Actor:
        return self.seat.mediators[(self.number + self.is_replaced) % 2]

    @property
    def county_officer(self) -> Actor:
        assert self.bench.county_officer is not None
        return self.bench.county_officer

    @property
    def department(self) -> Organisation:
        """A department of the county that can help here."""
        county = self.county_officer.organisation
        return Organisation.objects.standing().get(parent=county, function="natural_resources")

    @property
    def has_body(self) -> bool:
        """Whether the other side is a firm or an institution."""
        return "bodies" in self.plot

    @property
    def officer(self) -> Actor:
        officer = self.bench.town_officer
        assert officer is not None
        if is_within(self.place.path, officer.path):
            return officer
        return self.county_officer

    @property
    def is_thorough(self) -> bool:
        """Whether the record is signed as well."""
        return self.state == "archived" or self.number % 9 == 0

    # Time ----------------------------------------------------------------------------------------

    def wait(self, least: float, most: float) -> None:
        """Lets some days pass; near the end of the tale the steps come closer together."""
        wanted = self.office(self.at + timedelta(days=self.rng.uniform(least, most)))
        room = self.end - self.at
        self.pass_to(min(wanted, self.at + room / 3) if room > MINUTE else self.at + MINUTE / 20)

    def pass_to(self, moment: datetime) -> None:
        """Warnings and missed limits of the time between happen when they are due."""
        self._fire(moment)
        self.at = max(moment.replace(microsecond=0), self.at)

    def rest(self) -> None:
        """Nothing more is done; what is due until the present still comes."""
        self._fire(self.now)

    def _fire(self, until: datetime) -> None:
        for _attempt in range(20):
            due = Clock.objects.filter(case_id=self.id, fires_at__lte=until).order_by("fires_at").first()
            if due is None or due.fires_at is None:
                return
            fire_due_clocks(at=max(due.fires_at, self.at), case_id=self.id)

    def office(self, moment: datetime) -> datetime:
        """The next moment at which somebody works."""
        local = timezone.localtime(moment)
        if local.time() > EVENING:
            local = datetime.combine(local.date() + timedelta(days=1), MORNING, local.tzinfo)
            local += timedelta(minutes=self.rng.randint(0, 90))
        elif local.time() < MORNING:
            local = datetime.combine(local.date(), MORNING, local.tzinfo)
            local += timedelta(minutes=self.rng.randint(0, 90))
        while local.weekday() > 4 and not self.is_any_day:
            local += timedelta(days=1)
        return local

    def opening_hour(self, moment: datetime) -> datetime:
        """A half hour at which a session may begin, in the morning or the afternoon."""
        local = timezone.localtime(moment).replace(second=0, microsecond=0)
        local += timedelta(minutes=-local.minute % 30)
        while not (MORNING <= local.time() <= time(10, 30) or AFTERNOON <= local.time() <= time(16, 30)):
            local += timedelta(minutes=30)
        while local.weekday() > 4 and not self.is_any_day:
            local += timedelta(days=1)
        return local

    # Steps ---------------------------------------------------------------------------------------

    @property
    def id(self) -> UUID:
        return uuid7_at(self.began, self.draw)

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.id)

    def command(self) -> UUID:
        self.count += 1
        return derived(self.id, f"step{self.count}")

    def call(self, action: Callable[..., T], **given: Any) -> T:
        return action(case=self.id, at=self.at, **given)

    def make(self, action: Callable[..., T], **given: Any) -> T:
        return self.call(action, command_id=self.command(), **given)

    def step(self, verb: str, by: Actor, data: Mapping[str, Any] | None = None) -> None:
        step(verb, case=self.id, by=by, at=self.at, command_id=self.command(), data=data)

    def answer(self, party: int, matter: str, answer: bool, how: str, about: UUID | None = None) -> None:
        state = self.case.state
        by = self.chair if state in ("diverted", "consent_check", "accepted") else self.mediator
        self.call(mediations.answer, party=party, matter=matter, answer=answer, how=how, by=by, about=about)

    def register(self, to_committee: bool) -> None:
        plot, rng = self.plot, self.rng
        source = rng.choices([Source.APPLIED, Source.PROACTIVE, Source.ENTRUSTED], [55, 33, 12])[0]
        if self.round is not None and source == Source.APPLIED and rng.random() < 0.5:
            source = Source.PROACTIVE
        channel = "desk" if source != Source.APPLIED else rng.choice(["portal", "window", "window", "phone"])
        by = Actor.reporter(self.id) if channel == "portal" else self.officer
        by = self.chair if source != Source.APPLIED and to_committee else by
        entrusted = rng.choice(ENTRUSTERS) if source == Source.ENTRUSTED else ("", "")
        application = mediations.Application(
            subject=self.say(plot["subject"]),
            brief=self.say(rng.choice(plot["brief"])),
            requests=[self.say(each) for each in plot["requests"]],
            category=plot["category"],
            source=source,
            place=self.place,
            parties=list(self._parties()),
            channel=channel,
            entrusted_by=entrusted[0],
            entrusted_name=entrusted[1],
            committee=self.seat.committee if to_committee else None,
            screening=self.round if source == Source.PROACTIVE else None,
            is_demo=True,
        )
        mediations.register(application=application, by=by, at=self.at, command_id=self.id)
        self.numbers = list(range(1, len(self.names) + 1))

    def _parties(self) -> Iterable[mediations.PartyDetails]:
        for place, name in enumerate(self.names):
            is_last = place == len(self.names) - 1
            is_body = is_last and self.has_body
            yield mediations.PartyDetails(
                name=name,
                side="respondent" if is_last else "applicant",
                is_body=is_body,
                sex="" if is_body else self.rng.choice(["man", "woman"]),
                ethnicity="" if is_body else "汉族",  # zh: an invented person
                born_on=None if is_body else date(self.rng.randint(1948, 2001), self.rng.randint(1, 12), 15),
                occupation="" if is_body else self.rng.choice(OCCUPATIONS),
                address=self.place.name,
                phone=f"0712-0003-{self.number * 3 + place:03d}",
            )

    # Papers --------------------------------------------------------------------------------------

    def write(self, kind: PaperKind, content: dict[str, Any], **more: Any) -> Paper:
        return self.call(mediations.write, kind=kind, content=content, by=self.mediator, **more)

    def sign(self, paper: Paper | None, party: int) -> None:
        """A party under its code or on the tablet before the mediator; 0 is the mediator."""
        assert paper is not None
        own = party > 0 and self.rng.random() < 0.4
        self.call(
            mediations.sign,
            paper=paper.id,
            sha256=paper.sha256,
            signer=Signer.PARTY if party else Signer.MEDIATOR,
            party=party or None,
            how=How.CODE if own else How.TABLET if party else How.SIGN_IN,
            strokes=strokes(self.rng),
            by=Actor.party(self.id) if own else self.mediator,
            command_id=self.command(),
        )

    def sign_all(self, paper: Paper | None) -> None:
        for party in [*self.numbers, 0]:
            self.wait(0.002, 0.02)
            self.sign(paper, party)


ENTRUSTERS = (
    ("court", "县人民法院立案庭"),  # zh: an invented office
    ("police", "派出所"),  # zh: an invented office
    ("government", "镇综治中心"),  # zh: an invented office
)
OCCUPATIONS = ("务农", "务工", "个体户", "退休", "运输", "教师", "待业")  # zh: invented people
SURELY_MONEY = ("款", "费", "笔", "损失", "金", "押金", "余额", "结算")  # zh: what is paid in money


def _is_money(what: str) -> bool:
    return any(word in what for word in SURELY_MONEY) and "修复" not in what  # zh: work is not money


def _plot(rng: Random, number: int) -> dict[str, Any]:
    plots: list[dict[str, Any]] = texts()["plot"]
    return plots[(number * 7 + number // len(plots)) % len(plots)]


def _seat(bench: Bench, plot: dict[str, Any], rng: Random, number: int) -> Seat:
    """The committee of the field; for everything else the townships' and villages', the first one most."""
    field_code = Category.objects.values_list("field_id", flat=True).get(pk=plot["category"])
    own = [seat for seat in bench.seats if field_code and field_code in seat.fields]
    if own:
        return own[number % len(own)]
    if number < 12 or number % 4 == 0:
        return bench.seats[0]
    return bench.seats[number % 5]


def _place(bench: Bench, seat: Seat, rng: Random) -> Organisation:
    if seat.place.path in bench.villages:
        return rng.choice(bench.villages[seat.place.path])
    if seat.place.parent is not None:
        return seat.place
    return rng.choice([village for villages in bench.villages.values() for village in villages])


def _names(plot: dict[str, Any], rng: Random, number: int, seat: Seat) -> list[str]:
    """Two names, or three where two apply together; the last is the other side."""
    count = 3 if number % 7 == 3 else 2
    made: list[str] = []
    while len(made) < count:
        name = rng.choice(texts()["surnames"]) + rng.choice(texts()["given"])
        if name not in made:
            made.append(name)
    if "bodies" in plot:
        is_own = seat.committee.kind == CommitteeKind.ENTERPRISE  # which mediates its own disputes alone
        made[-1] = plot["bodies"][0] if is_own else rng.choice(plot["bodies"])
    return made


def strokes(rng: Random) -> list[list[list[float]]]:
    """A scribble as a finger leaves it on a screen: two or three characters of a few strokes each."""
    lines = []
    for character in range(rng.choice((2, 3, 3))):
        left = 0.06 + character * 0.3
        for _stroke in range(rng.randint(3, 5)):
            x, y = left + rng.uniform(0, 0.2), rng.uniform(0.15, 0.7)
            dx, dy, bend = rng.uniform(-0.08, 0.12), rng.uniform(-0.05, 0.2), rng.uniform(-0.05, 0.05)
            points = [
                [
                    round(min(0.98, max(0.02, x + dx * n / 7 + bend * math.sin(n))), 3),
                    round(min(0.95, max(0.05, y + dy * n / 7)), 3),
                ]
                for n in range(8)
            ]
            lines.append(points)
    return lines
