"""Rules 1 to 9 and 11 of people's mediation after every step, whatever anybody tried.

Seeded random walks: `WALKS=200 pytest …` walks more, a failure names its seed and prints the way it went.
"""

from __future__ import annotations

import itertools
import os
import random
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Cast, Town
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from linli.cases import actions as cases
from linli.cases.models import Clock, Event
from linli.cases.procedures import all_procedures, predicates
from linli.mediation import actions as mediations
from linli.mediation.actions import mediating
from linli.mediation.models import Assignment
from linli.mediation.rules.conditions import extension_proposal
from linli.mediation.rules.forms import FIELDS
from linli.mediation.tests.rules import Broken, Watch
from linli.mediation.tests.story import Story, wait
from linli.mediation.tests.walk import CONTENTS, GOOD_TEST, Walk, agreement, dump
from linli.people.access import SYSTEM

WALKS = int(os.environ.get("WALKS", "9"))
STEPS = 40
BEGINNINGS = ("diverted", "mediator_assigned", "in_mediation", "agreement_written", "performing")
Dispute = Callable[..., Any]


def begun(dispute: Dispute, cast: Cast, seed: int) -> Walk:
    """A dispute of one of the kinds, as a party or the committee brought it in."""
    chance = random.Random(seed)
    parties = [
        mediations.PartyDetails(name="李秀英", phone="0712-0000-101"),
        mediations.PartyDetails(name="陈国强", side="respondent", phone="0712-0000-102"),
    ]
    if chance.random() < 0.3:
        parties.append(mediations.PartyDetails(name="陈国庆", side="respondent"))
    category = ["neighbours", "labour", "medical"][seed % 3]
    made = dispute(parties=parties, category=category, source=chance.choice(["applied", "proactive"]))
    watch = Watch(made.case.pk).look
    story = Story(cast, made.case.pk, after_each=watch).to(BEGINNINGS[seed % len(BEGINNINGS)])
    walk = Walk(cast, story.case_id, chance, story.at + timedelta(minutes=5), after_each=watch)
    walk.form = chance.choice(["written", "written", "oral"])
    walk.boldness = chance.choice([0.1, 0.2, 0.3, 0.5])
    return walk


@pytest.mark.parametrize("seed", range(WALKS))
def test_whatever_anybody_does(seed: int, town: Town, cast: Cast, dispute: Dispute) -> None:
    walk = begun(dispute, cast, seed)
    try:
        for _step in range(STEPS):
            walk.step()
    except BaseException:
        print(f"seed {seed} at {walk.at}", *walk.log, sep="\n  ")
        raise
    assert walk.done > STEPS / 8


# Rule 2: it is free --------------------------------------------------------------------------

MONEY = frozenset(
    "fee fees price payment payments paid charge invoice deposit billing bill cost costs".split()
)
WORDS = re.compile(r"收费|缴费|交费|付费|调解费|手续费|受理费|押金|在线支付")
FREE = re.compile(r"(不|免|没有|无)(予|得|需)?(任何)?(收费|缴费|交费|付费)|不收(取)?(任何)?(费|手续费)")
APP = Path(apps.get_app_config("mediation").path)


def words_of(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", name.lower()))


def fee_names(names: Iterable[str]) -> list[str]:
    return [name for name in names if words_of(name) & MONEY]


def fee_labels(text: str) -> list[str]:
    return WORDS.findall(FREE.sub("", text))


def templates() -> list[Path]:
    files = [path for name in ("web", "portal") for path in (APP.parent / name).rglob("*.html")]
    return [path for path in files if {"mediations", "disputes"} & set(path.parts)]


def test_there_is_no_fee_anywhere() -> None:
    columns = [
        f"{model.__name__} {field.name}"
        for model in apps.get_app_config("mediation").get_models()
        for field in model._meta.concrete_fields
    ]
    forms = [field.name for fields in FIELDS.values() for each in fields for field in (each, *each.columns)]
    moves = [
        name
        for procedure in all_procedures().values()
        if procedure.kind.startswith("mediation") and not procedure.kind.endswith("commercial")
        for move in procedure.moves.values()
        for name in (move.verb, *(need.name for need in move.needs))
    ]
    assert fee_names(columns + forms + moves) == []
    texts = [*templates(), *APP.glob("models/*.py"), *APP.glob("rules/*.py"), *APP.glob("p*/*.toml")]
    assert len(texts) > 20
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert fee_labels(text) == [], path.name
        assert fee_names(re.findall(r'name="([^"]+)"', text)) == [], path.name


def test_a_fee_would_be_found() -> None:
    assert fee_names(["Mediation fee", "court_costs", "coffee", "feedback"]) == [
        "Mediation fee",
        "court_costs",
    ]
    assert fee_labels("调解费（元）") == ["调解费"]
    assert fee_labels("人民调解不收费，也不收取任何费用。") == []


# Rule 3: what may not be mediated -------------------------------------------------------------


def test_of_all_answers_one_lets_a_dispute_in(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("consent_check")
    story.say("willing")
    let_in = []
    for answers in itertools.product([True, False], repeat=len(GOOD_TEST)):
        given = dict(zip(GOOD_TEST, answers, strict=True))
        with transaction.atomic():
            story.give(mediations.set_test, "chair", answers=given)
            try:
                story.do(mediations.accept, "chair")
            except cases.NotAllowed:
                pass
            else:
                let_in.append(given)
            transaction.set_rollback(True)
    assert let_in == [GOOD_TEST]


# Rules 6 and 8: clocks ------------------------------------------------------------------------


@pytest.mark.parametrize("bar", ["", "status", "ownership"])
def test_the_way_to_the_court_opens_and_closes_by_itself(bar: str, cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    story.terms = agreement(story.case, bar=bar, instalments=[])
    story.to("performing")
    matter = story.matter
    assert matter.effective_on == date(2026, 9, 30)
    clocks = Clock.objects.filter(case_id=story.case_id, name="confirmation")
    if bar:
        assert (matter.confirmation, clocks.count()) == ("barred", 0)
        return
    assert matter.confirmation == "window_open"
    ends = clocks.get().due_at
    assert ends is not None
    assert timezone.localtime(ends - timedelta(seconds=1)).date() == date(2026, 10, 30)
    story.at = ends - timedelta(minutes=1)
    cases.fire_due_clocks(at=story.at)
    assert story.matter.confirmation == "window_open"
    wait(story, 1)
    assert story.matter.confirmation == "window_closed"
    story.say("confirmation")
    with pytest.raises(cases.NotAllowed):
        story.do(mediations.apply_confirmation, court="青石县人民法院")


def test_a_window_that_ends_on_a_weekend_ends_on_monday(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("agreement_written")
    story.at = datetime(2026, 10, 9, 2, tzinfo=UTC)  # thirty days later is Sunday 8 November
    story.to("performing")
    ends = Clock.objects.get(case_id=story.case_id, name="confirmation").due_at
    assert ends is not None
    assert timezone.localtime(ends - timedelta(seconds=1)).date() == date(2026, 11, 9)


LIMITS = [
    ("neighbours", date(2026, 10, 30)),  # a month after the acceptance
    (
        "medical",
        date(2026, 11, 17),
    ),  # thirty working days; the holidays and make-up days of October count as they are
    ("labour", date(2026, 10, 15)),  # fifteen days after the application
]


@pytest.mark.parametrize(("category", "ends"), LIMITS)
def test_a_time_limit_warns_and_then_ends_the_mediation(
    category: str, ends: date, cast: Cast, dispute: Dispute
) -> None:
    story = Story(cast, dispute(category=category).case.pk).to("in_mediation")
    due = Clock.objects.get(case_id=story.case_id, name="term", stopped_at=None).due_at
    assert due is not None
    assert timezone.localtime(due - timedelta(seconds=1)).date() == ends
    wait(story, (due - story.at) / timedelta(days=1) - 0.01, hourly=True)
    assert story.state == "in_mediation"
    warned = [e for e in verbs(story) if e in ("clock_warned", "expire")]
    assert warned == ["clock_warned"]
    wait(story, 0.02)
    assert story.state == "expired"
    assert verbs(story)[-2:] == ["clock_missed", "expire"]
    with pytest.raises(cases.OutOfOrder):
        story.do(mediations.draft)


def verbs(story: Story) -> list[str]:
    return list(Event.objects.filter(case_id=story.case_id).order_by("number").values_list("verb", flat=True))


@pytest.mark.parametrize("category", ["neighbours", "medical"])
def test_the_time_of_an_appraisal_does_not_count(category: str, cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute(category=category).case.pk).to("in_mediation")
    before = Clock.objects.get(case_id=story.case_id, name="term", stopped_at=None).due_at
    story.do(mediations.suspend)
    wait(story, 60)
    assert story.state == "suspended"
    story.do(mediations.resume)
    after = Clock.objects.get(case_id=story.case_id, name="term", stopped_at=None).due_at
    assert before is not None
    assert after is not None
    assert after - before > timedelta(days=50)
    assert story.state == "in_mediation"


def test_each_extension_needs_everybodys_yes_anew(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")

    def due() -> datetime:
        found = Clock.objects.get(case_id=story.case_id, name="term", stopped_at=None).due_at
        assert found is not None
        return found

    first = due()
    refused(story, lambda: story.do(mediations.extend, days=10))
    story.say("extension")  # to no extension in particular
    refused(story, lambda: story.do(mediations.extend, days=10))
    proposal = extension_proposal(story.case)
    story.say("extension", 1, about=proposal)
    refused(story, lambda: story.do(mediations.extend, days=10))
    story.say("extension", 2, about=proposal)
    story.do(mediations.extend, days=10)
    assert due() == first + timedelta(days=10)
    refused(story, lambda: story.do(mediations.extend, days=10))  # they agreed to one
    assert due() == first + timedelta(days=10)


def refused(story: Story, attempt: Callable[[], Any]) -> None:
    before = dump()
    with pytest.raises(cases.CommandError):
        attempt()
    assert dump() == before


# Planted faults: each condition patched away, its rule must notice ----------------------------


def unwilling(story: Story) -> None:
    story.to("mediator_assigned")
    story.say("rights")
    story.say("willing", 2, answer=False)
    story.do(mediations.begin)


def untold(story: Story) -> None:
    story.to("mediator_assigned")
    story.say("rights", 1)
    story.do(mediations.begin)


def untested(story: Story) -> None:
    story.to("consent_check")
    story.say("willing")
    story.give(mediations.set_test, "chair", answers={**GOOD_TEST, "court": True})
    story.do(mediations.accept, "chair")


def unsealed(story: Story) -> None:
    story.to("agreement_written")
    story.sign("party", 1)
    story.sign("party", 2)
    story.sign("mediator")
    story.move("take_effect", SYSTEM)


def unheard(story: Story) -> None:
    story.to("in_mediation")
    story.write("oral_agreement", agreement(story.case))
    story.say("oral", 1)
    story.do(mediations.agree_orally)


def related(story: Story) -> None:
    story.to("accepted")
    person = story.cast.people["mediator"]
    story.do(mediations.bar, "chair", person=person, why="kinship")
    story.do(mediations.appoint, "chair", mediators=[person])


def unasked(story: Story) -> None:
    story.to("in_mediation")
    story.do(mediations.extend, days=5)


def unadvised(story: Story) -> None:
    story.to("in_mediation")
    story.write("identity", CONTENTS["identity"], is_joint=False)
    story.do(mediations.withdraw, story.party, party=1)
    story.do(mediations.archive)


def unfiled(story: Story) -> None:
    story.to("performed")
    story.do(mediations.archive)


FAULTS = [
    (1, unwilling, ("all_willing",)),
    (3, untested, ("test_passed",)),
    (4, untold, ("rights_known",)),
    (5, unsealed, ("fully_signed",)),
    (5, unheard, ("oral_recorded",)),
    (7, unadvised, ("routes_told",)),
    (8, unasked, ("extension_agreed",)),
    (9, related, ("mediators_fit",)),
    (11, unfiled, ("papers_complete",)),
]


@pytest.mark.parametrize(
    ("rule", "attempt", "conditions"), FAULTS, ids=lambda each: getattr(each, "__name__", None)
)
def test_a_rule_notices_when_its_condition_is_gone(
    rule: int,
    attempt: Callable[[Story], None],
    conditions: tuple[str, ...],
    cast: Cast,
    dispute: Dispute,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(cases.CommandError):
        attempt(told(cast, dispute))
    for name in conditions:
        monkeypatch.setitem(predicates.PREDICATES, name, lambda case, clocks, at: True)
    monkeypatch.setattr(mediating, "is_barred", lambda case_id, person: False)
    with pytest.raises(Broken) as broken:
        attempt(told(cast, dispute))
    assert broken.value.rule == rule


def told(cast: Cast, dispute: Dispute) -> Story:
    """A dispute that is watched after every step."""
    story = Story(cast, dispute().case.pk)
    story.after_each = Watch(story.case_id).look
    return story


def test_an_agreement_in_effect_is_left_alone(cast: Cast, dispute: Dispute) -> None:
    story = told(cast, dispute)
    story.to("performing")
    terms = agreement(story.case, facts="另一回事")
    refused(story, lambda: story.write("agreement", terms))
    refused(story, lambda: story.write("oral_agreement", terms))


def test_a_mediator_found_to_be_a_party_steps_aside(cast: Cast, dispute: Dispute) -> None:
    story = told(cast, dispute)
    story.to("in_mediation")
    details = mediations.PartyDetails(name="程", side="respondent", person=cast.people["mediator"])
    story.give(mediations.add_party, "chair", details=details)
    assert not Assignment.objects.current().filter(case_id=story.case_id).exists()
    assert verbs(story)[-1] == "recuse"
