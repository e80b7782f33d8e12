"""What nobody learns: a party of the other side's own part, and the tree above of any content at all."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pytest
from conftest import Cast
from django.apps import apps
from django.db import connection
from django.db.models import Model

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.cases.models.search import search
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions import calendars, sittings, talks
from linli.mediation.models import Instalment, Paper, Remark, Sitting, Talk
from linli.mediation.tests.story import Story
from linli.mediation.tests.walk import CONTENTS, agreement
from linli.people.access import Actor
from linli.portal.views.disputes.mine import Mine, find_mine
from linli.service_requests.models import Request

Dispute = Callable[..., Any]
HOUR = timedelta(hours=1)


# One party of the other -----------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Values that can be compared: rows by every column, records by every field."""
    if isinstance(value, Model):
        names = [field.attname for field in value._meta.concrete_fields]
        hidden = {"version", "last_hash"} if isinstance(value, Case) else set()  # no page shows them
        return type(value).__name__, {
            name: plain(getattr(value, name)) for name in names if name not in hidden
        }
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(each) for each in value]
    return repr(value)


def properties(of: type) -> list[str]:
    found = {
        name
        for each in of.__mro__
        for name, value in vars(each).items()
        if isinstance(value, property | cached_property) and not name.startswith("_")
    }
    return sorted(found)


def seen_by(story: Story, number: int) -> dict[str, Any]:
    """Everything a party's page can be made of, at a moment that does not move."""
    mine = find_mine((story.case_id, number), story.at.replace(hour=0, minute=0) + timedelta(days=40))
    assert mine is not None
    found: dict[str, Any] = {}
    for name in sorted(set(properties(Mine)) - {"events"}):  # of these it sees the trail
        with suppress(Request.DoesNotExist):  # what pages of requests are made of
            found[name] = plain(getattr(mine, name))
    assert len(found) > 25
    joint = [each.sitting for each in sittings.sittings_of_party(story.case_id, number)]
    found["ics"] = [calendars.ics_of(sitting, number) for sitting in joint]
    found["trail"] = [plain(replace(line, number=0)) for line in mine.trail]
    found["released"] = plain(talks.released(story.case_id))
    found["talks"] = plain(talks.talks_of_party(story.case_id, number))
    return found


def plan(story: Story, party: int | None, hours: int = 24) -> Sitting:
    start = story.at + hours * HOUR
    kind = "joint" if party is None else "separate"
    given: dict[str, Any] = {
        "kind": kind,
        "party": party,
        "room": None,
        "place": "村委会",
        "starts_at": start,
    }
    sitting: Sitting = story.do(sittings.plan, ends_at=start + HOUR, **given)
    return sitting


def secretly_meet(story: Story, party: int) -> None:
    sitting = plan(story, party, random.randrange(600, 4000, 2))  # when nothing else is planned
    story.give(
        sittings.reply, story.party, sitting=sitting.id, party=party, answer="unable", note="那天走不开"
    )
    story.give(sittings.cancel, sitting=sitting.id)


def secretly_hold(story: Story, party: int) -> None:
    sitting = plan(story, party, 1)
    story.at += 2 * HOUR
    story.do(mediations.hold_session, sitting=sitting.id)


def secretly_talk(story: Story, party: int) -> None:
    story.do(talks.talk, party=party, text="我其实可以让三成。", held_at=story.at)


def secretly_file(story: Story, party: int) -> None:
    own = {"party": party, "is_joint": False}
    paper = story.give(
        mediations.write, story.party, kind="evidence", content={"evidence": [{"name": "录音"}]}, **own
    )
    story.give(
        mediations.write,
        story.party,
        kind="evidence",
        content={"evidence": [{"name": "照片"}]},
        lineage=paper.lineage,
        seen=1,
        **own,
    )


def secretly_sign(story: Story, party: int) -> None:
    paper = story.write("investigation", CONTENTS["investigation"], party=party, is_joint=False)
    story.sign("party", party, on=paper)
    story.sign("mediator", on=paper)


def secretly_answer(story: Story, party: int) -> None:
    story.say("extension", party, about=uuid7())
    story.say("mediator", party)


SECRETS = (secretly_meet, secretly_hold, secretly_talk, secretly_file, secretly_sign, secretly_answer)


@pytest.mark.parametrize("stage", ["in_mediation", "agreement_written"])
@pytest.mark.parametrize("secret", SECRETS, ids=lambda each: each.__name__)
def test_nothing_a_party_sees_tells_of_the_other(
    secret: Callable[[Story, int], None], stage: str, cast: Cast, dispute: Dispute
) -> None:
    story = Story(cast, dispute().case.pk).to(stage)
    plan(story, None, 500)
    for mine, other in ((1, 2), (2, 1)):
        before, moment = seen_by(story, mine), story.at
        secret(story, other)
        after_moment, story.at = story.at, moment
        after = seen_by(story, mine)
        story.at = after_moment
        assert after == before


@pytest.mark.parametrize("seed", range(3))
def test_nor_does_any_number_of_them(seed: int, cast: Cast, dispute: Dispute) -> None:
    """A dozen secrets of the other side in any order, and every number and time stays as it was."""
    chance = random.Random(seed)
    story = Story(cast, dispute().case.pk).to("in_mediation")
    moment, before = story.at, seen_by(story, 1)
    for _each in range(12):
        chance.choice(SECRETS)(story, 2)
    story.at = moment
    assert seen_by(story, 1) == before


def test_the_comparison_sees_what_is_for_all(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    talk = story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    moment, before = story.at, seen_by(story, 1)
    story.do(talks.release_talk, story.party, talk=talk.id, party=2)
    plan(story, None)
    story.write("record", CONTENTS["record"])
    story.at = moment
    after = seen_by(story, 1)
    differing = {name for name in before if before[name] != after[name]}
    assert {"released", "meetings", "papers"} <= differing


def test_a_talk_is_its_mediators_alone(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    talk = story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    assert talks.talks_for(story.case_id, cast.people["mediator"]) == [talk]
    assert talks.talks_for(story.case_id, cast.people["chair"]) == []
    assert talks.talks_of_party(story.case_id, 1) == talks.released(story.case_id) == []
    with pytest.raises(cases.CaseNotFound):
        story.do(talks.release_talk, story.party, talk=talk.id, party=1)
    for who in ("mediator", "chair", "centre"):
        with pytest.raises(cases.NotAllowed):
            story.do(talks.release_talk, who, talk=talk.id, party=2)


# The tree above -------------------------------------------------------------------------------

CANARY = "金丝雀"


def tell_everything(cast: Cast, dispute: Dispute) -> Story:
    """A dispute from the first word to the archive, a canary in every field that holds content."""
    told: list[str] = []

    def bird(name: str) -> str:
        told.append(name)
        return f"{CANARY}{len(told)}"

    details: dict[str, Any] = {"ethnicity": bird("e"), "occupation": bird("o"), "address": bird("a")}
    parties = [
        mediations.PartyDetails(
            name=bird("n"), born_on=date(1964, 2, 29), sex="woman", phone="0712-7777-101", **details
        ),
        mediations.PartyDetails(name=bird("n"), side="respondent", phone="0712-7777-102"),
    ]
    made = dispute(
        subject=bird("s"),
        brief=bird("b") + "说了很久",
        requests=[bird("r")],
        parties=parties,
        source="entrusted",
        entrusted_by="court",
        entrusted_name=bird("court"),
    )
    story = Story(cast, made.case.pk).to("in_mediation")
    story.give(mediations.add_companion, role="agent", name=bird("c"), party=1, relation=bird("r"))
    story.give(mediations.name_reader, "chair", person=cast.people["auditor"], why=bird("why"))
    story.do(mediations.suspend, remark=bird("remark"))
    story.do(mediations.resume)
    sitting = plan(story, None)
    story.give(sittings.reply, story.party, sitting=sitting.id, party=1, answer="coming", note=bird("note"))
    talk = story.do(talks.talk, party=1, text=bird("talk"), held_at=story.at)
    story.do(talks.release_talk, story.party, talk=talk.id, party=1)
    story.write("evidence", {"evidence": [{"name": bird("e"), "from": bird("f"), "note": ""}]})
    rows = [{"party": 2, "what": bird("what"), "amount": "7777.77", "due_on": "2026-10-09"}]
    story.terms = agreement(
        story.case, facts=bird("facts"), clauses=[bird("clause")], manner=bird("manner"), instalments=rows
    )
    story.to("agreement_written")
    story.sign("party", 1, agent=bird("agent"))
    story.sign("party", 2)
    story.sign("mediator")
    story.seal()
    story.say("confirmation")
    story.do(mediations.apply_confirmation, court=bird("court"))
    row = Instalment.objects.get(case_id=story.case_id)
    story.do(mediations.perform, instalment=row.id, done_on=story.at.date(), note=bird("done"))
    content = {"reason": bird("r"), "state": bird("s"), "satisfaction": bird("s"), "visitor": bird("v")}
    story.do(mediations.follow_up, content={**content, "at": ""})
    cases.fire_due_clocks(at=story.at + timedelta(days=20))
    story.do(mediations.complete)
    story.to("archived")
    cases.run_due(at=story.at)
    return story


def tables(prefixes: tuple[str, ...]) -> list[str]:
    return [name for name in connection.introspection.table_names() if name.startswith(prefixes)]


def spellings(word: str) -> tuple[str, str]:
    """As JSON and as Python write it out."""
    return json.dumps(word)[1:-1], repr(word.encode())[2:-1]


def _whole(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


# Made up by chance, so that any four digits may stand in them.
IDS = re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b")


def every_column(prefixes: tuple[str, ...]) -> str:
    found = []
    with connection.cursor() as cursor:
        for name in tables(prefixes):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")  # noqa: S608
            found += [repr([_whole(value) for value in row]) for row in cursor.fetchall()]
    return "\n".join(found)


def opened() -> str:
    """Everything the server itself reads of mediations."""
    found = [
        plain(row)
        for model in apps.get_app_config("mediation").get_models()
        for row in model._default_manager.all()
    ]
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


def test_the_tree_above_reads_no_word_of_it(
    cast: Cast, dispute: Dispute, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    story = tell_everything(cast, dispute)
    assert opened().count(CANARY) > 40  # the birds are where they belong
    assert "cases_casetext" in " ".join(tables(("cases_",)))
    held = every_column(("mediation_",))
    assert not any(secret in held for secret in (CANARY, *spellings(CANARY), "0712-7777"))
    outside = IDS.sub("", every_column(("cases_", "ledger_", "notify_", "orgs_", "service_requests_")))
    assert story.case.number in outside
    for secret in (CANARY, *spellings(CANARY), "0712-7777", "7777.77", "1964-02-29", "1964, 2, 29"):
        assert secret not in outside
    assert CANARY not in caplog.text
    assert not search(Case.objects.all(), CANARY).exists()
    assert CANARY not in story.case.title


ABOVE = ("county_dispatcher", "dispatcher", "supervisor", "township_supervisor", "centre", "officer", "clerk")


def test_the_tree_above_opens_nothing(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    for who in (*ABOVE, "auditor", "administrator", "second_mediator", "outsider", "village_chair"):
        assert not mediations.may_read(story.case_id, cast[who]), who
        with pytest.raises(cases.CaseNotFound):
            mediations.open_content(
                case=story.case, actor=cast[who], purpose="checking", what="file", at=story.at
            )
    assert mediations.readings_of(story.case_id) == []
    story.give(mediations.name_reader, "chair", person=cast.people["auditor"], why="抽查卷宗")
    mediations.open_content(
        case=story.case, actor=cast["auditor"], purpose="checking", what="file", at=story.at
    )
    (reading,) = mediations.readings_of(story.case_id)
    assert (reading.person, reading.purpose, reading.what) == (cast.people["auditor"], "checking", "file")


# Strangers ------------------------------------------------------------------------------------


def commands(story: Story) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Every command with arguments that would do, were it the right person who gives it."""
    paper, person = story.paper("rights_notice"), story.cast.people["second_mediator"]
    sitting = Sitting.objects.get(case_id=story.case_id)
    talk = Talk.objects.get(case_id=story.case_id)
    details = mediations.PartyDetails(name="王五", side="respondent")
    said = {"party": 1, "matter": "willing", "answer": False, "how": "code"}
    signed = {"paper": paper.id, "sha256": paper.sha256, "signer": "party", "party": 1, "how": "code"}
    day = story.at.date()
    once: dict[str, dict[str, Any]] = {
        "accept": {},
        "decline": {"ground": "refused", "route": "court"},
        "appoint": {"mediators": [person]},
        "bar": {"person": story.cast.people["mediator"], "why": "objection"},
        **{name: {} for name in ("begin", "suspend", "resume", "draft", "redraft", "agree_orally")},
        **{name: {"route": "court"} for name in ("fail", "tell_routes", "breach")},
        "extend": {"days": 3},
        "withdraw": {"party": 1},
        "note_withdrawal": {"party": 1},
        "hold_session": {"sitting": sitting.id},
        "sign": {**signed, "strokes": [[[0.1, 0.1], [0.9, 0.9]]]},
        "seal": {"paper": paper.id, "sha256": paper.sha256},
        "perform": {"instalment": uuid7(), "done_on": day},
        **{name: {} for name in ("complete", "archive")},
        "follow_up": {"content": {}},
        "apply_confirmation": {"court": "某某法院"},
        "note_confirmation": {"result": "confirmed"},
    }
    plainly: dict[str, dict[str, Any]] = {
        "answer": said,
        "set_test": {"answers": dict.fromkeys(("x",), True)},
        "write": {"kind": "record", "content": CONTENTS["record"]},
        "add_party": {"details": details},
        "correct_party": {"number": 1, "details": details},
        "see_identity": {"number": 1},
        "add_companion": {"role": "agent", "name": "钱八", "party": 1},
        "renew_code": {"number": 1},
        "name_reader": {"person": person, "why": "抽查卷宗"},
    }
    found: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        name: (getattr(mediations, name), {**given, "command_id": uuid7()}) for name, given in once.items()
    }
    found |= {name: (getattr(mediations, name), given) for name, given in plainly.items()}
    found["cancel"] = (sittings.cancel, {"sitting": sitting.id})
    found["talk"] = (talks.talk, {"party": 1, "text": "话", "held_at": story.at})
    release = {"talk": talk.id, "party": 2, "command_id": uuid7()}
    return {**found, "release_talk": (talks.release_talk, release)}


def test_a_stranger_finds_no_case(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    plan(story, 2)
    secretly_talk(story, 2)
    other = Actor.party(dispute(command_id=uuid7()).case.pk)
    before = every_column(("cases_", "mediation_"))
    for name, (command, given) in commands(story).items():
        for by in (Actor.party(uuid7()), other, cast["village_chair"], cast["outsider"]):
            values = {"answers": dict.fromkeys(QUESTION_NAMES, True)} if name == "set_test" else {}
            with pytest.raises(cases.CaseNotFound):
                command(case=story.case_id, by=by, at=story.at, **{**given, **values})
    assert every_column(("cases_", "mediation_")) == before


QUESTION_NAMES = "respondent request facts reserved court crime government status".split()


def test_nobody_who_sees_the_case_only_from_above_changes_it(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    plan(story, 2)
    secretly_talk(story, 2)
    before = every_column(("cases_", "mediation_"))
    for name, (command, given) in commands(story).items():
        values = {"answers": dict.fromkeys(QUESTION_NAMES, True)} if name == "set_test" else {}
        for who in ("auditor", "centre", "second_mediator"):
            with pytest.raises(cases.CommandError):
                command(case=story.case_id, by=cast[who], at=story.at, **{**given, **values})
    assert every_column(("cases_", "mediation_")) == before
    assert Event.objects.filter(case_id=story.case_id, verb="write").count() == 0
    assert not Remark.objects.filter(case_id=story.case_id).exists()
    assert Paper.objects.filter(case_id=story.case_id).count() == 2
