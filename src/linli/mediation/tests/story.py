"""A dispute told straight on, step by step: to any stage of it, with nothing going wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from conftest import NOW, Cast
from django.utils import timezone

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.models import Instalment, Mediation, Paper, Party
from linli.mediation.tests.walk import CONTENTS, GOOD_TEST, POINTS, STROKES, agreement
from linli.people.access import Actor

STAGES = (
    "diverted",
    "consent_check",
    "accepted",
    "mediator_assigned",
    "in_mediation",
    "agreement_written",
    "performing",
    "performed",
    "archived",
)


@dataclass
class Story:
    """One dispute; every verb takes five minutes."""

    cast: Cast
    case_id: UUID
    at: datetime = NOW
    terms: dict[str, Any] | None = None
    after_each: Callable[[], None] = lambda: None

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.case_id)

    @property
    def matter(self) -> Mediation:
        return Mediation.objects.get(pk=self.case_id)

    @property
    def state(self) -> str:
        return self.case.state

    @property
    def party(self) -> Actor:
        return Actor.party(self.case_id)

    def numbers(self) -> list[int]:
        parties = Party.objects.present().filter(case_id=self.case_id).order_by("number")
        return list(parties.values_list("number", flat=True))

    def paper(self, kind: str = "agreement") -> Paper:
        return Paper.objects.current().get(case_id=self.case_id, kind=kind)

    def give(self, command: Callable[..., Any], who: str | Actor = "mediator", **given: Any) -> Any:
        self.at += timedelta(minutes=5)
        by = self.cast[who] if isinstance(who, str) else who
        made = command(case=self.case_id, by=by, at=self.at, **given)
        self.after_each()
        return made

    def do(self, command: Callable[..., Any], who: str | Actor = "mediator", **given: Any) -> Any:
        """The same with an id of its own, for commands that take one."""
        return self.give(command, who, **{"command_id": uuid7(), **given})

    def move(self, verb: str, who: str | Actor, **data: str) -> Any:
        return self.do(cases.advance, who, verb=verb, data=data)

    def say(self, matter: str, *numbers: int, answer: bool = True, about: UUID | None = None) -> None:
        for number in numbers or self.numbers():
            given = {"party": number, "matter": matter, "answer": answer, "how": "code", "about": about}
            self.give(mediations.answer, self.party, **given)

    def write(self, kind: str, content: dict[str, Any], **given: Any) -> Paper:
        made: Paper = self.give(mediations.write, kind=kind, content=content, **{"is_joint": True, **given})
        return made

    def sign(self, signer: str = "party", party: int | None = None, who: Any = None, **given: Any) -> Any:
        paper = given.pop("on", None) or self.paper()
        by = who or (self.party if signer == "party" else "mediator")
        how = "code" if isinstance(by, Actor) else "tablet"
        values = {"sha256": paper.sha256, "how": how, "strokes": STROKES, **given}
        return self.do(mediations.sign, by, paper=paper.id, signer=signer, party=party, **values)

    def seal(self, who: str = "chair") -> Any:
        return self.do(mediations.seal, who, paper=self.paper().id, sha256=self.paper().sha256)

    # Stages -----------------------------------------------------------------------------------

    def to(self, stage: str) -> Story:
        """Goes on to that stage, from wherever it stands."""
        for each in STAGES[STAGES.index(self.state) + 1 : STAGES.index(stage) + 1]:
            getattr(self, "to_" + each)()
            assert self.state == each
        return self

    def to_consent_check(self) -> None:
        self.move("ask", "chair")

    def to_accepted(self) -> None:
        self.say("willing")
        self.give(mediations.set_test, "chair", answers=GOOD_TEST)
        self.do(mediations.accept, "chair")

    def to_mediator_assigned(self) -> None:
        self.do(mediations.appoint, "chair", mediators=[self.cast.people["mediator"]])

    def to_in_mediation(self) -> None:
        self.say("rights")
        self.do(mediations.begin)

    def to_agreement_written(self) -> None:
        self.write("record", {**CONTENTS["record"], "points": POINTS})
        self.write("agreement", self.terms or agreement(self.case))
        self.do(mediations.draft)

    def to_performing(self) -> None:
        for number in self.numbers():
            self.sign("party", number)
        self.sign("mediator")
        self.seal()

    def agree_orally(self) -> None:
        self.write("record", {**CONTENTS["record"], "points": POINTS})
        self.write("oral_agreement", self.terms or agreement(self.case))
        self.say("oral")
        self.do(mediations.agree_orally)

    def to_performed(self) -> None:
        for row in Instalment.objects.filter(case_id=self.case_id, done_on=None):
            day = timezone.localtime(self.at).date()
            self.do(mediations.perform, instalment=row.id, done_on=day)
        self.do(mediations.complete)

    def to_archived(self) -> None:
        self.write("identity", CONTENTS["identity"], is_joint=False)
        self.do(mediations.archive)


def wait(story: Story, days: float, *, hourly: bool = False) -> None:
    """Time passes, and the clocks are looked after: every six hours, or once at the end of it."""
    until = story.at + timedelta(days=days)
    while hourly and story.at + timedelta(hours=6) < until:
        story.at += timedelta(hours=6)
        cases.fire_due_clocks(at=story.at)
    story.at = until
    cases.fire_due_clocks(at=story.at)
