"""Whatever anybody does with one dispute, in whatever order: a small driver of random moves.

It mostly goes on as a mediation would, and again and again does something that does not fit: the wrong order, the wrong
person, a changed answer, a new text after the signatures, a jump in time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from conftest import NOW, Cast
from django.apps import apps
from django.utils import timezone

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.kit.ids import derived, uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions import sittings, talks
from linli.mediation.models import (
    Assignment,
    Instalment,
    Paper,
    PaperKind,
    Party,
    Sitting,
    Talk,
)
from linli.mediation.rules.texts import fingerprint
from linli.people.access import SYSTEM, Actor

STROKES = [[[0.1, 0.2], [0.5, 0.4], [0.9, 0.7]]]
GOOD_TEST = {
    "respondent": True,
    "request": True,
    "facts": True,
    "reserved": False,
    "court": False,
    "crime": False,
    "government": False,
    "status": False,
}
POINTS = ["已告知", "已说明", "双方各说了一遍", "水管确实正对墙根", "已告知风险", "改接水管", ""]
STAFF = ("mediator", "mediator", "second_mediator", "chair", "centre", "village_chair", "outsider", "auditor")
Dump = dict[str, list[tuple[Any, ...]]]


def dump(names: tuple[str, ...] = ("cases", "mediation")) -> Dump:
    """Every row of every table a command may touch."""
    tables = [model for name in names for model in apps.get_app_config(name).get_models()]
    quiet = {"CalendarDay", "Category", "Field", "Committee", "Member", "Room"}
    return {
        model.__name__: sorted(model._default_manager.values_list(), key=str)
        for model in tables
        if model.__name__ not in quiet
    }


def agreement(case: Case, **changes: Any) -> dict[str, Any]:
    day = timezone.localtime(NOW).date()
    content: dict[str, Any] = {
        "facts": "雨水管正对墙根，屋里返潮。",
        "clauses": ["陈国强改接雨水管。"],
        "content": "陈国强改接雨水管。",
        "manner": "半个月内做完。",
        "copies": "三份",
        "date": day.isoformat(),
        "bar": "",
        "amount": "300.00",
        "instalments": [
            {"party": 2, "what": "改接雨水管", "amount": "", "due_on": (day + timedelta(days=20)).isoformat()}
        ],
    }
    return {**content, **changes}


CONTENTS: dict[str, dict[str, Any]] = {
    "identity": {"documents": [{"name": "李秀英", "kind": "身份证", "note": "已核对"}], "date": "2026-09-30"},
    "record": {"at": "2026-10-09T09:00", "place": "村委会", "invited": [], "points": POINTS, "result": ""},
    "rights_notice": {"date": "2026-09-30"},
    "investigation": {"at": "2026-10-09T09:00", "place": "村委会", "asked": "邻居", "content": "看了现场。"},
    "application": {"brief": "屋里返潮。", "requests": ["改接雨水管"], "date": "2026-09-30"},
}


@dataclass
class Walk:
    """One dispute, and one random step after another."""

    cast: Cast
    case_id: UUID
    chance: random.Random
    at: datetime = NOW
    form: str = "written"
    boldness: float = 0.3
    log: list[str] = field(default_factory=list)
    done: int = 0
    refused: int = 0
    after_each: Callable[[], None] = lambda: None

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.case_id)

    def step(self) -> None:
        """One step of anybody, or what happens by itself."""
        minutes = [1, 10, 60, 300, 1500] + (
            [15000, 30000] if self.chance.random() < self.boldness / 3 else []
        )
        self.at += timedelta(minutes=self.chance.choice(minutes))
        if self.chance.random() < 0.1:
            self.log.append("sweep")
            cases.fire_due_clocks(at=self.at)
            assert cases.fire_due_clocks(at=self.at) == 0
        elif self.chance.random() < self.boldness:
            getattr(self, "do_" + self.chance.choice(ANYTHING))()
        else:
            self.go_on()
        self.after_each()

    def give(self, command: Callable[..., Any], is_once: bool = True, **given: Any) -> Any:
        """Carried out, it has one effect however often it is sent; refused, it has none."""
        by: Actor = given.setdefault("by", self.somebody())
        if is_once:
            given["command_id"] = uuid7()
        said = f"{command.__name__} by {by.role or by.kind} {self.said(given)} in {self.case.state}"
        before = dump()
        try:
            made = command(case=self.case_id, at=self.at, **given)
        except cases.CommandError as error:
            self.refused += 1
            self.log.append(f"{said}: {type(error).__name__}")
            assert dump() == before
            return None
        self.done += 1
        self.log.append(said)
        if is_once:
            after = dump()
            try:
                command(case=self.case_id, at=self.at + timedelta(seconds=5), **given)
            except cases.CommandError as error:
                self.log.append(f"  again: {type(error).__name__}")
            assert dump() == after
        return made

    @staticmethod
    def said(given: dict[str, Any]) -> str:
        shown = {name: given[name] for name in ("kind", "party", "matter", "answer", "why") if name in given}
        return " ".join(f"{name}={value}" for name, value in shown.items())

    def somebody(self) -> Actor:
        name = self.chance.choice([*STAFF, "party", "stranger"])
        if name == "party":
            return Actor.party(self.case_id)
        return Actor.party(uuid7()) if name == "stranger" else self.cast[name]

    def mediator(self) -> Actor:
        """Somebody who mediates the case now, mostly."""
        current = Assignment.objects.current().filter(case_id=self.case_id, role="mediator")
        people = set(current.values_list("person_id", flat=True))
        mine = [name for name in STAFF if self.cast.posts[name].person_id in people]
        return self.cast[mine[0]] if mine and self.chance.random() < 0.95 else self.somebody()

    # What would come next ---------------------------------------------------------------------

    def go_on(self) -> None:
        steps: dict[str, list[str]] = {
            "applied": ["route"],
            "diverted": ["ask"],
            "consent_check": ["willing", "test", "accept"],
            "accepted": ["appoint"],
            "mediator_assigned": ["rights", "rights", "begin"],
            "in_mediation": ["record", "identity", "write_oral", "oral", "draft"]
            if self.form == "oral"
            else ["record", "identity", "write_agreement", "draft"],
            "suspended": ["resume"],
            "agreement_written": ["sign", "sign", "sign_as_staff", "seal"],
            "performing": ["perform", "complete", "follow_up"],
            "breached": ["tell_routes", "complete", "archive"],
            "performed": ["identity", "archive"],
            "followed_up": ["identity", "record", "archive"],
            "failed": ["identity", "record", "archive"],
            "terminated": ["tell_routes", "identity", "appoint", "archive"],
            "expired": ["tell_routes", "identity", "appoint", "archive"],
        }
        name = self.chance.choice(steps.get(self.case.state, ["close_window"]))
        getattr(self, "do_" + name)()

    def party(self) -> int:
        numbers = list(Party.objects.filter(case_id=self.case_id).values_list("number", flat=True))
        return self.chance.choice([*numbers, *numbers, 9])

    def answer(self, matter: str, about: UUID | None = None) -> None:
        by = self.chance.choice([Actor.party(self.case_id), self.mediator(), self.cast["chair"]])
        said = self.chance.random() < 0.88
        command = mediations.answer
        how = "code" if by.kind == "reporter" else "spoken"
        self.give(
            command,
            False,
            party=self.party(),
            matter=matter,
            about=about,
            answer=said,
            how=how,
            by=by,
        )

    def do_route(self) -> None:
        self.move("accept_directly", self.cast["centre"])

    def do_ask(self) -> None:
        self.move("ask", self.cast["chair"])

    def move(self, verb: str, by: Actor) -> None:
        needs = self.case.procedure.moves[verb].needs
        unit = str(Case.objects.get(pk=self.case_id).holder_id or self.cast["chair"].organisation_id)
        made = {"unit": unit, "text": "请按规定办理，尽快回复。", "choice": None, "limit": "5"}
        data = {need.name: need.choices[0][0] if need.kind == "choice" else made[need.kind] for need in needs}

        def advance(**given: Any) -> Any:
            return cases.advance(verb=verb, data=data, **given)

        advance.__name__ = verb
        self.give(advance, by=by)

    def do_any_move(self) -> None:
        """A move as the generic page would make it, by whoever comes along."""
        verbs = [
            name
            for name, move in self.case.procedure.moves.items()
            if not any(need.kind in ("photos", "case", "category", "place", "line") for need in move.needs)
        ]
        self.move(self.chance.choice(verbs), self.somebody())

    def do_willing(self) -> None:
        self.answer("willing")

    def do_rights(self) -> None:
        papers = Paper.objects.current().filter(case_id=self.case_id, kind=PaperKind.RIGHTS)
        if self.chance.random() < 0.5 and papers:
            self.sign(papers[0], "party", Actor.party(self.case_id))
        else:
            self.answer("rights")

    def do_test(self) -> None:
        answers = dict(GOOD_TEST)
        if self.chance.random() < 0.2:
            name = self.chance.choice(sorted(answers))
            answers[name] = not answers[name]
        self.give(mediations.set_test, False, answers=answers, by=self.cast["chair"])

    def do_accept(self) -> None:
        self.give(mediations.accept, by=self.cast["chair"])

    def do_appoint(self) -> None:
        names = self.chance.choice(
            [["mediator"], ["second_mediator"], ["mediator", "second_mediator"], ["village_chair"], []]
        )
        recorder = self.chance.choice([None, None, self.cast.people["chair"]])
        people = [self.cast.people[name] for name in names]
        self.give(mediations.appoint, mediators=people, recorder=recorder, by=self.cast["chair"])

    def do_bar(self) -> None:
        person = self.cast.people[self.chance.choice(["mediator", "second_mediator", "chair"])]
        by = self.chance.choice([self.mediator(), self.cast["chair"], Actor.party(self.case_id)])
        why = self.chance.choice(["interest", "kinship", "objection", "objection"])
        self.give(mediations.bar, person=person, why=why, by=by)

    def do_begin(self) -> None:
        self.give(mediations.begin, by=self.mediator())

    def do_suspend(self) -> None:
        self.give(mediations.suspend, by=self.mediator(), remark="等鉴定")

    def do_resume(self) -> None:
        self.give(mediations.resume, by=self.mediator())

    def do_extend(self) -> None:
        self.give(mediations.extend, days=self.chance.choice([1, 5, 30, 31]), by=self.mediator())

    def do_extension_answers(self) -> None:
        about = derived(self.case_id, f"extension{self.case.extensions}")
        for number in Party.objects.filter(case_id=self.case_id).values_list("number", flat=True):
            self.give(
                mediations.answer,
                False,
                party=number,
                matter="extension",
                about=about,
                answer=self.chance.random() < 0.9,
                how="spoken",
                by=self.mediator(),
            )
        self.do_extend()

    def write(self, kind: str, content: dict[str, Any], **given: Any) -> None:
        known = Paper.objects.current().filter(case_id=self.case_id, kind=kind).first()
        if known is not None and self.chance.random() < 0.8:
            given |= {"lineage": known.lineage, "seen": known.version - self.chance.choice([0, 0, 0, 1])}
        self.give(mediations.write, False, kind=kind, content=content, by=self.mediator(), **given)

    def do_record(self) -> None:
        points = list(POINTS)
        if self.chance.random() < 0.2:
            points[self.chance.randrange(7)] = ""
        self.write("record", {**CONTENTS["record"], "points": points}, is_joint=True)

    def do_identity(self) -> None:
        self.write("identity", CONTENTS["identity"])

    def do_paper(self) -> None:
        kind = self.chance.choice(sorted(CONTENTS))
        self.write(kind, CONTENTS[kind], is_joint=self.chance.random() < 0.5)

    def do_write_agreement(self) -> None:
        clauses = [f"第{self.chance.randrange(3)}条：改接雨水管。"]
        bar = self.chance.choice(["", "", "", "status", "ownership"])
        self.write("agreement", agreement(self.case, clauses=clauses, bar=bar), is_joint=True)

    def do_write_oral(self) -> None:
        content = agreement(self.case, content=f"改接{self.chance.randrange(3)}根水管。")
        self.write("oral_agreement", content, is_joint=True)

    def do_oral(self) -> None:
        for _each in range(3):
            self.answer("oral")
        self.give(mediations.agree_orally, by=self.mediator())

    def do_draft(self) -> None:
        self.give(mediations.draft, by=self.mediator())

    def do_redraft(self) -> None:
        self.give(mediations.redraft, by=self.mediator())

    def sign(self, paper: Paper, signer: str, by: Actor, **given: Any) -> None:
        text = paper.sha256 if self.chance.random() < 0.95 else fingerprint("别的文字")
        how = "code" if by.kind == "reporter" else "tablet"
        party = self.party() if signer == "party" else None
        self.give(
            mediations.sign,
            paper=paper.id,
            sha256=text,
            signer=signer,
            party=party,
            how=how,
            strokes=STROKES,
            by=by,
        )

    def some_paper(self) -> Paper | None:
        """The agreement mostly, now and then another paper or a version before."""
        papers = list(Paper.objects.filter(case_id=self.case_id))
        agreements = [each for each in papers if each.kind == PaperKind.AGREEMENT and each.is_current]
        if agreements and self.chance.random() < 0.85:
            return agreements[-1]
        return self.chance.choice(papers) if papers else None

    def do_sign(self) -> None:
        paper = self.some_paper()
        if paper is not None:
            by = self.chance.choice([Actor.party(self.case_id), Actor.party(self.case_id), self.mediator()])
            self.sign(paper, "party", by)

    def do_sign_as_staff(self) -> None:
        paper = self.some_paper()
        if paper is not None:
            self.sign(paper, self.chance.choice(["mediator", "mediator", "recorder"]), self.mediator())

    def do_seal(self) -> None:
        paper = self.some_paper()
        if paper is not None:
            by = self.chance.choice([self.cast["chair"], self.cast["chair"], self.somebody()])
            self.give(mediations.seal, paper=paper.id, sha256=paper.sha256, by=by)

    def do_perform(self) -> None:
        row = Instalment.objects.filter(case_id=self.case_id).first()
        if row is not None:
            day = timezone.localtime(self.at).date()
            self.give(mediations.perform, instalment=row.id, done_on=day, by=self.mediator())

    def do_complete(self) -> None:
        self.give(mediations.complete, by=self.mediator())

    def do_breach(self) -> None:
        self.give(mediations.breach, route="court", by=self.mediator())

    def do_follow_up(self) -> None:
        content = {"reason": "回访", "state": "都做到了", "satisfaction": "满意", "visitor": "程", "at": ""}
        self.give(mediations.follow_up, content=content, by=self.mediator())

    def do_fail(self) -> None:
        self.give(mediations.fail, route="court", by=self.mediator())

    def do_tell_routes(self) -> None:
        self.give(mediations.tell_routes, route="court", by=self.cast["chair"])

    def do_withdraw(self) -> None:
        self.give(mediations.withdraw, party=self.party(), by=Actor.party(self.case_id))

    def do_note_withdrawal(self) -> None:
        self.give(mediations.note_withdrawal, party=self.party(), by=self.mediator())

    def do_archive(self) -> None:
        self.give(mediations.archive, by=self.mediator())

    def do_add_party(self) -> None:
        if Party.objects.filter(case_id=self.case_id).count() < 5:
            name = self.chance.choice(["王五", "赵六", "程立新"])
            side = self.chance.choice(["applicant", "respondent"])
            details = mediations.PartyDetails(name=name, side=side)
            self.give(mediations.add_party, False, details=details, by=self.mediator())

    def do_correct_party(self) -> None:
        details = mediations.PartyDetails(name=self.chance.choice(["李秀英", "余海波", "孙七"]))
        self.give(mediations.correct_party, False, number=self.party(), details=details, by=self.mediator())

    def do_plan(self) -> None:
        start = self.at + timedelta(hours=self.chance.choice([1, 30]))
        kind = self.chance.choice(["joint", "separate"])
        party = self.party() if kind == "separate" else None
        hour = timedelta(hours=1)
        times: dict[str, Any] = {"starts_at": start, "ends_at": start + hour}
        self.give(
            sittings.plan, kind=kind, party=party, room=None, place="村委会", by=self.mediator(), **times
        )

    def do_hold(self) -> None:
        sitting = Sitting.objects.filter(case_id=self.case_id).order_by("-starts_at").first()
        if sitting is not None:
            self.give(mediations.hold_session, sitting=sitting.id, by=self.mediator())

    def do_talk(self) -> None:
        given: dict[str, Any] = {"party": self.party(), "text": "我其实愿意让一步。", "held_at": self.at}
        self.give(talks.talk, by=self.mediator(), **given)

    def do_release(self) -> None:
        row = Talk.objects.filter(case_id=self.case_id).first()
        if row is not None:
            by = Actor.party(self.case_id)
            self.give(talks.release_talk, talk=row.id, party=self.party(), by=by)

    def do_confirmation(self) -> None:
        for number in (1, 2, 3):
            how, by = "code", Actor.party(self.case_id)
            given = {"party": number, "matter": "confirmation", "answer": True, "how": how}
            self.give(mediations.answer, False, by=by, **given)
        self.give(mediations.apply_confirmation, court="青石县人民法院", by=self.mediator())

    def do_note_confirmation(self) -> None:
        self.give(mediations.note_confirmation, result="confirmed", by=self.mediator())

    def do_decline(self) -> None:
        if self.chance.random() < 0.2:
            self.give(mediations.decline, ground="refused", route="court", by=self.cast["chair"])

    def do_close_window(self) -> None:
        self.move("close_window", SYSTEM if self.chance.random() < 0.1 else self.somebody())


ANYTHING = sorted(name.removeprefix("do_") for name in vars(Walk) if name.startswith("do_"))
