"""How an invented dispute is told: from registering to the archive, step by step, until it is where it should end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from linli.cases.actions import BadData
from linli.mediation import actions as mediations
from linli.mediation.actions import sittings, talks
from linli.mediation.models import (
    Matter,
    PaperKind,
    ScreeningRound,
    SittingKind,
)
from linli.mediation.rules import QUESTIONS
from linli.mediation.rules.conditions import extension_proposal
from linli.ops.demo import dispute_agreeing as agreeing
from linli.ops.demo.dispute_tale import Tale
from linli.ops.demo.mediators import Bench, texts
from linli.people.access import Actor
from linli.people.models import Person

Step = Callable[[Tale], None]


def tell(
    bench: Bench,
    rng: Random,
    number: int,
    state: str,
    now: datetime,
    days: tuple[float, float],
    rounds: list[ScreeningRound],
) -> None:
    """One dispute, told until it is in that state."""
    tale = Tale.begun(bench, rng, number, state, now, days, rounds)
    for each in PATHS[state]:
        each(tale)
    tale.rest()


# Coming in --------------------------------------------------------------------------------------


def register(tale: Tale) -> None:
    tale.register(to_committee=tale.state != "applied" and tale.number % 5 != 0)


def assign(tale: Tale) -> None:
    """The centre takes it on directly or diverts it, where it did not go to a committee by itself."""
    if tale.case.state != "applied":
        return
    tale.wait(0.05, 0.4)
    tale.step("divert", tale.officer, data={"unit": str(tale.seat.committee.pk), "note": ""})


def ask(tale: Tale) -> None:
    tale.wait(0.1, 0.6)
    tale.step("ask", tale.chair)


def test(tale: Tale) -> None:
    answers = {question.name: question.wanted for question in QUESTIONS}
    tale.call(mediations.set_test, answers=answers, by=tale.chair)


def hear_all(tale: Tale) -> None:
    tale.wait(0.1, 1)
    for party in tale.numbers:
        how = "phone" if party > 1 else "spoken"
        tale.answer(party, Matter.WILLING, True, how)


def hear_one(tale: Tale) -> None:
    """Only who applied has answered; now and then the other side said no already."""
    test(tale)
    if tale.number % 3 == 0:
        tale.answer(2, Matter.WILLING, False, "phone")


def accept(tale: Tale) -> None:
    test(tale)
    hear_all(tale)
    tale.wait(0.05, 0.3)
    tale.make(mediations.accept, by=tale.chair)


def decline(tale: Tale) -> None:
    tale.wait(0.3, 2)
    refused = tale.number % 2 == 0
    if refused:
        tale.answer(2, Matter.WILLING, False, "phone")
    ground, route = (
        ("refused", "court") if refused else (("crime", "police"), ("court", "court"))[tale.number // 2 % 2]
    )
    remark = tale.pick("unwilling") if refused else texts()["refusals"][tale.number // 2 % 2]
    tale.make(mediations.decline, ground=ground, route=route, remark=remark, by=tale.chair)


# Mediating --------------------------------------------------------------------------------------


def appoint(tale: Tale) -> None:
    tale.wait(0.2, 1)
    people = Person.objects.in_bulk([each.person_id for each in tale.seat.mediators])
    first = people[tale.mediator.person_id]
    other = next(person for person in people.values() if person.pk != first.pk)
    recorder = other if tale.rng.random() < 0.5 else None
    chosen = tale.rng.random() < 0.2
    tale.make(
        mediations.appoint, mediators=[first], recorder=recorder, chosen_by_parties=chosen, by=tale.chair
    )


def begin(tale: Tale) -> None:
    tale.wait(0.3, 1.2)
    for party in tale.numbers:
        tale.answer(party, Matter.RIGHTS, True, tale.rng.choice(["spoken", "tablet", "paper"]))
        tale.call(mediations.see_identity, number=party, by=tale.mediator)
    tale.make(mediations.begin, by=tale.mediator)


def talk(tale: Tale) -> None:
    """A separate talk with one side, which leaves no trace for the other."""
    tale.wait(0.2, 1)
    party = tale.rng.choice(tale.numbers)
    tale.call(
        talks.talk,
        party=party,
        text=tale.pick("talks"),
        held_at=tale.at - timedelta(minutes=40),
        by=tale.mediator,
        command_id=tale.command(),
    )


def meet(tale: Tale) -> None:
    """A joint session, planned, held and recorded; nothing comes of it yet."""
    _meet(tale, tale.pick("open_end"), "有待继续调解")  # zh: as printed on the form


def meet_and_agree(tale: Tale) -> None:
    agreed = "；".join(tale.clauses)  # zh: invented words
    _meet(tale, f"双方当场达成协议：{agreed}。", "调解成功")  # zh: written into the record


def meet_in_vain(tale: Tale) -> None:
    _meet(tale, tale.pick("failures"), "调解不成")  # zh: as printed on the form


def _meet(tale: Tale, ending: str, result: str) -> None:
    room = tale.end - tale.at
    tale.is_any_day = room < timedelta(days=5)
    sitting = plan(tale, tale.at + min(timedelta(days=tale.rng.uniform(1, 2.5)), room / 3))
    tale.is_any_day = False
    tale.pass_to(sitting.ends_at)
    tale.make(mediations.hold_session, sitting=sitting.id, by=tale.mediator)
    said = "；".join(  # zh: invented words
        f"{name}：{words}" for name, words in zip(tale.names, tale.says, strict=False)
    )  # zh: who said what
    points = [
        texts()["rights"],
        tale.pick("principles").format(mediator=tale.mediator.name),
        said,
        tale.facts,
        tale.pick("risks"),
        ending,
        texts()["signed"],
    ]
    content = {
        "at": timezone.localtime(sitting.starts_at).isoformat(timespec="minutes"),
        "place": sitting.room.name if sitting.room else sitting.place,
        "invited": [],
        "points": points,
        "result": result,
    }
    paper = tale.write(PaperKind.RECORD, content, sitting=sitting.id, is_joint=True)
    if tale.is_thorough:
        tale.sign_all(paper)


def plan(tale: Tale, wanted: datetime) -> Any:
    """A session at the next whole half hour at which room and mediator are free."""
    start = tale.opening_hour(wanted)
    for _attempt in range(60):
        try:
            return tale.call(
                sittings.plan,
                kind=SittingKind.JOINT,
                starts_at=start,
                ends_at=start + timedelta(minutes=90),
                room=tale.rng.choice(tale.seat.rooms),
                by=tale.mediator,
                command_id=tale.command(),
            )
        except BadData:
            start = tale.opening_hour(start + timedelta(minutes=30))
    raise AssertionError(start)


def plan_ahead(tale: Tale) -> None:
    """The next session: for the first mediators today and in the coming days."""
    day = (tale.number // 2) % 5
    local = timezone.localtime(tale.now).replace(minute=0, second=0, microsecond=0)
    hour = (9, 10, 14, 16)[tale.number % 4]
    wanted = local.replace(hour=hour) + timedelta(days=day)
    tale.is_any_day = True
    sitting = plan(tale, max(wanted, timezone.localtime(tale.at) + timedelta(hours=1)))
    for party in tale.numbers:
        if tale.rng.random() < 0.6:
            answer = "coming" if tale.rng.random() < 0.85 else "unable"
            tale.call(sittings.reply, sitting=sitting.id, party=party, answer=answer, by=Actor.party(tale.id))


def turn_up(tale: Tale) -> None:
    """What happens in some: supervision, a department called in, more time agreed, a mediator objected to."""
    branches = (_supervised, _supervised_and_answered, _coordinated, _extended, _objected)
    if tale.number % 3 == 1:
        branches[tale.number // 3 % len(branches)](tale)


def _supervised(tale: Tale) -> None:
    tale.wait(0.1, 0.5)
    tale.step("supervise", tale.county_officer, {"reason": tale.pick("supervisions")})


def _supervised_and_answered(tale: Tale) -> None:
    _supervised(tale)
    tale.wait(0.2, 0.8)
    tale.step("answer_supervision", tale.mediator, {"note": tale.pick("supervision_answers")})


def _coordinated(tale: Tale) -> None:
    tale.wait(0.1, 0.5)
    data = {"unit": str(tale.department.pk), "reason": tale.pick("coordinations")}
    tale.step("coordinate", tale.county_officer, data)


def _extended(tale: Tale) -> None:
    for party in tale.numbers:
        tale.answer(party, Matter.EXTENSION, True, "spoken", about=extension_proposal(tale.case))
    tale.make(mediations.extend, days=15, by=tale.mediator)


def _objected(tale: Tale) -> None:
    """A party wants another mediator, and gets one; no reason is asked."""
    tale.wait(0.1, 0.4)
    person = Person.objects.get(pk=tale.mediator.person_id)
    tale.make(mediations.bar, person=person, why="objection", by=Actor.party(tale.id))
    tale.is_replaced = True
    tale.wait(0.1, 0.4)
    fresh = Person.objects.get(pk=tale.mediator.person_id)
    tale.make(mediations.appoint, mediators=[fresh], by=tale.chair)


def suspend(tale: Tale) -> None:
    tale.wait(0.5, 2)
    tale.make(mediations.suspend, remark=tale.pick("suspensions"), by=tale.mediator)


def fail(tale: Tale) -> None:
    tale.wait(0.2, 1)
    tale.make(mediations.fail, route="court", remark=tale.pick("failures"), by=tale.mediator)


def leave(tale: Tale) -> None:
    tale.wait(0.5, 2)
    remark = tale.pick("withdrawals")
    if tale.number % 2 and len(tale.numbers) == 2:
        tale.make(mediations.withdraw, party=1, remark=remark, by=Actor.party(tale.id))
    else:
        tale.make(mediations.note_withdrawal, party=tale.numbers[-1], remark=remark, by=tale.mediator)


def tell_routes(tale: Tale) -> None:
    tale.wait(0.2, 1)
    tale.make(mediations.tell_routes, route="court", by=tale.mediator)


IN = (register, assign, ask)
TAKEN = (*IN, accept)
BEGUN = (*TAKEN, appoint, begin)
SETTLED = (*BEGUN, meet_and_agree, agreeing.agree)
DONE = (*SETTLED, agreeing.perform_all)
PATHS: dict[str, tuple[Step, ...]] = {
    "applied": (register,),
    "diverted": (register, assign),
    "consent_check": (*IN, hear_one),
    "accepted": TAKEN,
    "mediator_assigned": (*TAKEN, appoint),
    "in_mediation": (*BEGUN, talk, turn_up, meet, talk, plan_ahead),
    "suspended": (*BEGUN, meet, suspend),
    "agreement_written": (*BEGUN, talk, meet_and_agree, agreeing.draft, agreeing.sign_some),
    "performing": (*SETTLED, agreeing.confirm, agreeing.perform_one),
    "performed": DONE,
    "breached": (*SETTLED, agreeing.breach),
    "followed_up": (*DONE, agreeing.follow_up),
    "failed": (*BEGUN, talk, meet_in_vain, fail),
    "terminated": (*BEGUN, leave, tell_routes),
    "expired": (*BEGUN, meet),
    "not_accepted": (*IN, decline),
    "archived": (*DONE, agreeing.follow_up, agreeing.confirm, agreeing.archive),
}
