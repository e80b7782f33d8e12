"""What can be done in a mediation, each verb on its good way and its bad ones."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from pypdf import PdfReader

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.kit.ids import uuid7
from linli.mediation import actions as mediations
from linli.mediation.actions import dossier, sittings
from linli.mediation.models import (
    Assent,
    Assignment,
    Companion,
    Instalment,
    Mediation,
    Paper,
    Party,
    PartyCode,
    Remark,
    Signature,
    Sitting,
)
from linli.mediation.tests.story import Story, wait
from linli.mediation.tests.walk import CONTENTS, GOOD_TEST, STROKES, agreement, dump
from linli.people.access import Actor

Dispute = Callable[..., Any]
Details = mediations.PartyDetails


@pytest.fixture
def story(cast: Cast, dispute: Dispute) -> Story:
    return Story(cast, dispute().case.pk)


def bad(call: Callable[..., Any], *args: Any, **given: Any) -> set[str]:
    """The fields of a refusal, which changed nothing."""
    before = dump()
    with pytest.raises(cases.BadData) as refusal:
        call(*args, **given)
    assert dump() == before
    assert all(refusal.value.errors.values())
    return set(refusal.value.errors)


def refused(error: type[Exception], call: Callable[..., Any], *args: Any, **given: Any) -> Any:
    before = dump()
    with pytest.raises(error) as refusal:
        call(*args, **given)
    assert dump() == before
    return refusal.value


# Registering ----------------------------------------------------------------------------------


def test_a_dispute_comes_in_with_its_parties_codes_and_paper(dispute: Dispute) -> None:
    made = dispute()
    assert (made.case.kind, made.is_new, Case.objects.get(pk=made.case.pk).state) == (
        "mediation",
        True,
        "diverted",
    )
    parties = Party.objects.filter(case=made.case).order_by("number")
    assert [(each.name, each.side) for each in parties] == [("李秀英", "applicant"), ("陈国强", "respondent")]
    paper = Paper.objects.get(case=made.case)
    assert (paper.kind, paper.party, paper.content["requests"]) == (
        "application",
        1,
        ["改接雨水管", "修补墙根"],
    )
    assert list(Assent.objects.filter(case=made.case).values_list("party", "matter", "answer")) == [
        (1, "willing", True)
    ]
    code = mediations.party_code(made.case.pk, 2)
    found = mediations.find_party(f" {code.lower()} ")
    assert found is not None
    assert (found.case_id, found.number) == (made.case.pk, 2)
    assert mediations.find_party("0000000000000") is None


@pytest.mark.parametrize(("source", "kind"), [("applied", "application"), ("proactive", "register")])
def test_the_first_paper_says_who_began(source: str, kind: str, dispute: Dispute) -> None:
    assert Paper.objects.get(case=dispute(source=source).case).kind == kind


def test_every_wrong_field_is_named_at_once(dispute: Dispute, town: Town) -> None:
    wrong = {
        "subject": "纠",
        "brief": "",
        "requests": [],
        "category": "no-such",
        "place": town["east_works"],
        "channel": "pigeon",
        "parties": [
            Details(name=""),
            Details(name="长" * 51, side="nobody", phone="打不通", sex="?", born_on=date(2999, 1, 1)),
        ],
    }
    expected = {"subject", "brief", "requests", "category", "place", "channel", "parties", "parties.0.name"}
    expected |= {f"parties.1.{name}" for name in ("name", "side", "phone", "sex", "born_on")}
    assert bad(dispute, **wrong) == expected
    assert bad(dispute, source="entrusted") == {"entrusted_by", "entrusted_name"}
    assert bad(dispute, parties=[Details(name="一人")]) == {"parties"}
    assert bad(dispute, parties=[Details(name="甲")] * 20 + [Details(name="乙", side="respondent")]) == {
        "parties"
    }


def test_the_same_registration_again_finds_the_first(dispute: Dispute) -> None:
    command = uuid7()
    dispute(command_id=command)
    before = dump()
    assert not dispute(command_id=command).is_new
    assert dump() == before
    refused(cases.CommandReused, dispute, command_id=command, brief="另外一件事，完全不同。")


def test_a_new_code_closes_the_old(story: Story) -> None:
    old = mediations.party_code(story.case_id, 1)
    new = story.give(mediations.renew_code, number=1)
    assert mediations.find_party(old) is None
    assert mediations.find_party(new) is not None
    assert mediations.party_code(story.case_id, 1) == new
    assert PartyCode.objects.filter(case=story.case_id, is_active=True).count() == 2


@pytest.mark.parametrize("name", ["尧", "阿卜杜热合曼·" * 7 + "麦", "䶮㛃"])
def test_names_of_one_and_fifty_characters_reach_the_printed_file(
    name: str, cast: Cast, dispute: Dispute
) -> None:
    parties = [Details(name=name), Details(name="长" * 50, side="respondent")]
    story = Story(cast, dispute(parties=parties).case.pk).to("performed")
    pdf = PdfReader(io.BytesIO(dossier.dossier_pdf(story.case_id, story.at)))
    text = "".join("".join(page.extract_text() for page in pdf.pages).split())
    assert name in text
    assert "长" * 50 in text
    assert story.state == "performed"


def test_somebody_born_on_29_february_is_older_on_1_march(dispute: Dispute) -> None:
    born = date(1964, 2, 29)
    parties = [Details(name="李秀英", born_on=born), Details(name="陈国强", side="respondent")]
    party = Party.objects.get(case=dispute(parties=parties).case, number=1)
    ages = [party.age_on(day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2028, 2, 29))]
    assert ages == [61, 62, 64]
    assert Party(born_on=None).age_on(date(2026, 3, 1)) is None


def test_five_speak_for_a_side_and_no_more(story: Story) -> None:
    add = mediations.add_companion
    for number in range(5):
        story.give(add, role="representative", name=f"代表{number}", party=1)
    assert bad(story.give, add, role="representative", name="第六", party=1) == {"role"}
    story.give(add, role="representative", name="对方代表", party=2)
    assert bad(story.give, add, role="agent", name="") == {"name", "party"}
    assert Companion.objects.filter(case=story.case_id).count() == 6


# Accepting ------------------------------------------------------------------------------------


def test_who_refuses_is_not_mediated_and_may_think_again(story: Story) -> None:
    story.to("consent_check")
    story.give(mediations.set_test, "chair", answers=GOOD_TEST)
    refused(cases.NotAllowed, story.do, mediations.accept, "chair")
    story.say("willing", 2, answer=False)
    refused(cases.NotAllowed, story.do, mediations.accept, "chair")
    story.say("willing", 2)
    story.do(mediations.accept, "chair")
    matter = story.matter
    assert matter.file_number == "〔2026〕东河人调字第1号"
    assert matter.accepted_on == date(2026, 9, 30)
    assert story.paper("rights_notice").is_joint


def test_the_test_is_answered_in_full_and_before_the_acceptance(story: Story) -> None:
    story.to("consent_check")
    given = {**GOOD_TEST, "court": None}
    assert bad(story.give, mediations.set_test, "chair", answers=given) == {"court"}
    story.to("accepted")
    refused(cases.NotAllowed, story.give, mediations.set_test, "chair", answers=GOOD_TEST)


def test_what_is_not_accepted_names_ground_and_route(story: Story) -> None:
    assert bad(story.do, mediations.decline, "chair", ground="?", route="court") == {"ground"}
    story.do(mediations.decline, "chair", ground="court", route="court", remark="法院已经立案")
    assert (story.state, story.matter.outcome) == ("not_accepted", "not_accepted")
    assert Remark.objects.get(case=story.case_id).text == "法院已经立案"
    given = {"party": 1, "matter": "willing", "answer": True, "how": "code"}
    refused(cases.NotAllowed, story.give, mediations.answer, story.party, **given)


def test_an_answer_is_of_a_party_there_is(story: Story) -> None:
    given = {"party": 1, "matter": "willing", "answer": True, "how": "code"}
    assert bad(story.give, mediations.answer, story.party, **{**given, "matter": "?"}) == {"answer"}
    refused(cases.CaseNotFound, story.give, mediations.answer, story.party, **{**given, "party": 7})


# Mediating ------------------------------------------------------------------------------------


def test_mediators_are_of_the_committee_and_not_barred(story: Story, cast: Cast) -> None:
    story.to("accepted")
    people, appoint = cast.people, mediations.appoint
    assert bad(story.do, appoint, "chair", mediators=[]) == {"mediators"}
    assert bad(story.do, appoint, "chair", mediators=[people["village_chair"]]) == {"mediators"}
    twice = {"mediators": [people["mediator"]], "recorder": people["mediator"]}
    assert bad(story.do, appoint, "chair", **twice) == {"recorder"}
    refused(cases.NotAllowed, story.do, appoint, "mediator", mediators=[people["mediator"]])
    story.do(appoint, "chair", mediators=[people["mediator"]], recorder=people["second_mediator"])
    current = Assignment.objects.current().filter(case=story.case_id).values_list("person__name", "role")
    assert set(current) == {("程立新", "mediator"), ("余海波", "recorder")}


def test_an_objection_of_one_party_replaces_the_mediator(story: Story, cast: Cast) -> None:
    story.to("in_mediation")
    mine = cast.people["mediator"]
    why = {"person": mine, "why": "kinship"}
    refused(cases.NotAllowed, story.do, mediations.bar, story.party, **why)
    command = uuid7()
    story.do(mediations.bar, story.party, person=mine, why="objection", command_id=command)
    before = dump()
    story.do(mediations.bar, story.party, person=mine, why="objection", command_id=command)
    assert dump() == before
    assert mine not in [each.person for each in mediations.eligible(story.case, story.at.date())]
    assert bad(story.do, mediations.appoint, "chair", mediators=[mine]) == {"mediators"}
    story.do(mediations.appoint, "chair", mediators=[cast.people["second_mediator"]])
    refused(cases.NotAllowed, story.do, mediations.suspend)
    story.do(mediations.suspend, "second_mediator")


def test_a_party_named_like_its_mediator_is_not_mediated_by_them(cast: Cast, dispute: Dispute) -> None:
    parties = [
        Details(name="某人", person=cast.people["mediator"]),
        Details(name="陈国强", side="respondent"),
    ]
    story = Story(cast, dispute(parties=parties).case.pk).to("accepted")
    assert bad(story.do, mediations.appoint, "chair", mediators=[cast.people["mediator"]]) == {"mediators"}


def test_of_two_parties_one_who_leaves_ends_it(story: Story) -> None:
    story.to("in_mediation")
    start = story.at + timedelta(days=1)
    times: dict[str, Any] = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    story.do(sittings.plan, kind="joint", room=None, place="村委会", **times)
    command = uuid7()
    story.do(mediations.withdraw, story.party, party=2, remark="不想谈了", command_id=command)
    assert (story.state, story.matter.outcome) == ("terminated", "terminated")
    assert Sitting.objects.get(case=story.case_id).state == "cancelled"
    before = dump()
    story.do(mediations.withdraw, story.party, party=2, remark="不想谈了", command_id=command)
    assert dump() == before
    late = {"party": 2, "matter": "willing", "answer": True, "how": "code"}
    refused(cases.CaseNotFound, story.give, mediations.answer, story.party, **late)
    refused(cases.NotAllowed, story.do, mediations.withdraw, story.party, party=2)
    refused(cases.CommandError, story.do, mediations.draft)


def test_of_three_parties_one_who_leaves_leaves_the_others(cast: Cast, dispute: Dispute) -> None:
    parties = [
        Details(name="甲"),
        Details(name="乙", side="respondent"),
        Details(name="丙", side="respondent"),
    ]
    story = Story(cast, dispute(parties=parties).case.pk).to("agreement_written")
    story.sign("party", 3)
    story.do(mediations.note_withdrawal, party=3, remark="他退出")
    assert Event.objects.filter(case=story.case_id).latest("number").verb == "party_left"
    assert story.state == "agreement_written"
    refused(cases.CaseNotFound, story.sign, "party", 3)
    story.to("performing")
    assert story.state == "performing"


def test_whoever_joins_later_is_asked_before_anything_takes_effect(story: Story) -> None:
    story.to("agreement_written")
    story.give(mediations.add_party, details=Details(name="丙", side="respondent"))
    for number in (1, 2):
        story.sign("party", number)
    story.sign("mediator")
    refused(cases.NotAllowed, story.seal)
    refused(cases.NotAllowed, story.do, mediations.redraft)
    story.sign("party", 3)
    story.seal()
    assert story.state == "performing"
    refused(cases.OutOfOrder, story.give, mediations.add_party, details=Details(name="丁"))


def test_failing_tells_the_routes_and_cancels_what_was_planned(story: Story) -> None:
    story.to("in_mediation")
    assert bad(story.do, mediations.fail, route="") == {"route"}
    story.do(mediations.fail, route="court", remark="各说各的")
    assert (story.state, story.matter.outcome) == ("failed", "failed")
    assert story.matter.routes_told_at == story.at


def test_a_session_is_held_once_it_has_begun(story: Story) -> None:
    story.to("in_mediation")
    start = story.at + timedelta(hours=1)
    times: dict[str, Any] = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
    sitting = story.do(sittings.plan, kind="joint", room=None, place="村委会", **times)
    refused(cases.NotAllowed, story.do, mediations.hold_session, sitting=sitting.id)
    story.at += timedelta(hours=3)
    story.do(mediations.hold_session, sitting=sitting.id)
    before = dump()
    assert story.do(mediations.hold_session, sitting=sitting.id) is None
    assert dump() == before


# Papers and signatures ------------------------------------------------------------------------


def test_two_mediators_at_one_record_lose_nothing(story: Story) -> None:
    story.to("in_mediation")
    first = story.write("record", CONTENTS["record"])
    given = {"lineage": first.lineage, "seen": 1}
    second = story.write("record", {**CONTENTS["record"], "result": "有待继续调解"}, **given)
    late = {**CONTENTS["record"], "place": "李家"}
    refused(cases.StaleCase, story.write, "record", late, **given)
    third = story.write("record", late, lineage=first.lineage, seen=2)
    versions = Paper.objects.filter(case=story.case_id, lineage=first.lineage).order_by("version")
    assert [(each.id, each.is_current) for each in versions] == [
        (first.id, False),
        (second.id, False),
        (third.id, True),
    ]
    assert story.write("record", late, lineage=first.lineage, seen=3).id == third.id


def test_two_first_drafts_of_one_agreement_do_not_hide_each_other(story: Story) -> None:
    story.to("in_mediation")
    made = story.write("agreement", agreement(story.case))
    refused(cases.StaleCase, story.write, "agreement", agreement(story.case, facts="另一份"))
    assert story.write("agreement", agreement(story.case)).id == made.id


def test_a_changed_word_voids_every_signature(story: Story) -> None:
    story.to("agreement_written")
    old = story.paper()
    story.sign("party", 1)
    story.sign("mediator")
    story.write("agreement", agreement(story.case, manner="一个月内做完。"), lineage=old.lineage, seen=1)
    assert (
        not Signature.objects.valid()
        .filter(case=story.case_id, paper__in=[old.id, story.paper().id])
        .exists()
    )
    assert Signature.objects.filter(case=story.case_id, paper=old.id).count() == 2
    stale = refused(mediations.StaleText, story.sign, "party", 1, on=old)
    assert stale.paper == story.paper()
    refused(mediations.StaleText, story.sign, "party", 1, sha256="0" * 64)
    story.to("performing")


def test_a_signature_is_drawn_and_given_once(story: Story) -> None:
    story.to("agreement_written")
    wrong: tuple[Any, ...] = ([], [[]], [[[0.1]]], "x", [[["a", "b"]]])
    for strokes in wrong:
        assert bad(story.sign, "party", 1, strokes=strokes) == {"strokes"}
    assert bad(story.sign, "party", 1, how="spoken") == {"how"}
    refused(cases.NotAllowed, story.sign, "mediator", who=story.party)
    refused(cases.NotAllowed, story.sign, "recorder", who="mediator")
    refused(cases.NotAllowed, story.sign, "mediator", who="chair")
    command = uuid7()
    made = story.sign("party", 1, command_id=command)
    before = dump()
    assert story.sign("party", 1, command_id=command) == story.sign("party", 1) == made
    assert dump() == before
    assert made.strokes == STROKES
    assert bytes(made.image).startswith(b"\x89PNG")


def test_the_seal_comes_last_and_from_who_may(story: Story) -> None:
    story.to("in_mediation")
    made = story.write("agreement", agreement(story.case))
    given = {"signer": "party", "party": 1, "how": "code", "strokes": STROKES}
    refused(
        cases.NotAllowed, story.do, mediations.sign, story.party, paper=made.id, sha256=made.sha256, **given
    )
    story.write("record", CONTENTS["record"])
    story.do(mediations.draft)
    refused(cases.NotAllowed, story.seal)
    for number in (1, 2):
        story.sign("party", number)
    refused(cases.NotAllowed, story.seal)
    story.sign("mediator")
    refused(cases.NotAllowed, story.seal, "mediator")
    refused(cases.CaseNotFound, story.seal, "village_chair")
    story.seal()
    matter = story.matter
    assert (story.state, matter.form, matter.effective_at) == ("performing", "written", story.at)
    assert Instalment.objects.get(case=story.case_id).what == "改接雨水管"


def test_a_party_files_only_its_own(story: Story) -> None:
    given = {"kind": "evidence", "content": {"evidence": [{"name": "照片"}]}}
    paper = story.give(mediations.write, story.party, party=1, **given)
    assert (paper.party, paper.is_joint, paper.author_id) == (1, False, None)
    for wrong in ({}, {"party": 1, "is_joint": True}, {"party": 9}):
        refused(cases.CaseNotFound, story.give, mediations.write, story.party, **given, **wrong)


# Agreeing, performing, archiving --------------------------------------------------------------


def test_an_oral_agreement_is_in_effect_from_its_day(story: Story) -> None:
    story.to("in_mediation")
    refused(cases.NotAllowed, story.do, mediations.agree_orally)
    story.write("oral_agreement", agreement(story.case))
    story.say("oral", 1)
    refused(cases.NotAllowed, story.do, mediations.agree_orally)
    story.say("oral", 2)
    story.do(mediations.agree_orally)
    matter = story.matter
    assert (story.state, matter.form, matter.effective_on) == ("performing", "oral", date(2026, 9, 30))
    assert matter.confirmation == "window_open"


def test_performance_is_noted_with_its_day(story: Story) -> None:
    story.to("performing")
    row = Instalment.objects.get(case=story.case_id)
    given = {"instalment": row.id, "done_on": story.at.date() + timedelta(days=2)}
    assert bad(story.do, mediations.perform, **given) == {"done_on"}
    refused(cases.CaseNotFound, story.do, mediations.perform, instalment=uuid7(), done_on=story.at.date())
    refused(cases.NotAllowed, story.do, mediations.complete)
    story.do(mediations.perform, instalment=row.id, done_on=story.at.date(), note="当面验收")
    story.do(mediations.complete)
    assert story.state == "performed"
    assert Instalment.objects.get(case=story.case_id).note == "当面验收"


def test_breach_names_the_routes(story: Story) -> None:
    story.to("performing")
    assert bad(story.do, mediations.breach, route="?") == {"route"}
    story.do(mediations.breach, route="court")
    assert story.state == "breached"
    wait(story, 1)
    story.to_performed()
    assert story.state == "performed"


def test_a_follow_up_keeps_its_paper_once(story: Story) -> None:
    story.to("performing")
    content = {"reason": "回访", "state": "都做到了", "satisfaction": "满意", "visitor": "程", "at": ""}
    command = uuid7()
    for _twice in range(2):
        story.do(mediations.follow_up, content=content, command_id=command)
    assert Paper.objects.filter(case=story.case_id, kind="follow_up").count() == 1
    assert story.state == "performing"


def test_a_court_is_asked_by_everybody_together_and_once(story: Story) -> None:
    story.to("performing")
    ask = mediations.apply_confirmation
    assert bad(story.do, ask, court="") == {"court"}
    story.say("confirmation", 1)
    refused(cases.NotAllowed, story.do, ask, court="青石县人民法院")
    story.say("confirmation", 2)
    refused(cases.NotAllowed, story.do, mediations.note_confirmation, result="confirmed")
    story.do(ask, court="青石县人民法院")
    assert (story.matter.confirmation, story.matter.court) == ("applied", "青石县人民法院")
    refused(cases.NotAllowed, story.do, ask, court="青石县人民法院")
    assert bad(story.do, mediations.note_confirmation, result="?") == {"result"}
    story.do(mediations.note_confirmation, result="confirmed")
    assert story.matter.confirmation == "confirmed"


@pytest.mark.parametrize("missing", ["identity", "record", "rights_notice", "application"])
def test_a_file_with_a_paper_missing_is_not_archived(missing: str, story: Story) -> None:
    story.to("performed")
    story.write("identity", CONTENTS["identity"], is_joint=False)
    Paper.objects.filter(case=story.case_id, kind=missing).update(is_current=False)
    refused(cases.NotAllowed, story.do, mediations.archive)
    listed: dict[str, bool] = {line.kind: line.is_missing for line in dossier.contents(story.matter)}
    assert listed["register" if missing == "application" else missing]
    Paper.objects.filter(case=story.case_id, kind=missing).update(is_current=True)
    story.do(mediations.archive)
    assert (story.state, story.matter.retention) == ("archived", "long")
    refused(cases.NotAllowed, story.write, "record", CONTENTS["record"])
    refused(cases.NotAllowed, story.say, "willing", 1)
    refused(cases.OutOfOrder, story.give, mediations.see_identity, number=1)


def test_a_record_with_an_empty_point_is_no_record(story: Story) -> None:
    story.to("performed")
    story.write("identity", CONTENTS["identity"], is_joint=False)
    record = story.paper("record")
    points = ["写了"] * 5 + ["", ""]
    story.write("record", {**record.content, "points": points}, lineage=record.lineage, seen=1)
    refused(cases.NotAllowed, story.do, mediations.archive)


@pytest.mark.parametrize("way", ["withdraw", "expire"])
def test_without_the_routes_told_nothing_is_archived(way: str, story: Story) -> None:
    story.to("in_mediation")
    story.write("identity", CONTENTS["identity"], is_joint=False)
    if way == "withdraw":
        story.do(mediations.withdraw, story.party, party=1)
    else:
        wait(story, 32)
    refused(cases.NotAllowed, story.do, mediations.archive)
    story.do(mediations.tell_routes, route="court")
    story.do(mediations.archive)
    assert story.state == "archived"


# Every command twice, and reading -------------------------------------------------------------


def test_each_command_sent_twice_has_one_effect(story: Story, cast: Cast) -> None:
    """The whole story once more, each command with an id sent a second time, later."""
    once = story.do
    sent: list[str] = []

    def twice(command: Callable[..., Any], who: str | Actor = "mediator", **given: Any) -> Any:
        values = {"command_id": uuid7(), **given}
        made = once(command, who, **values)
        before = dump()
        again = once(command, who, **values)
        assert dump() == before, command.__name__
        assert again == made
        sent.append(command.__name__)
        return made

    story.do = twice  # type: ignore[method-assign]
    story.to("in_mediation")
    for command in (mediations.suspend, mediations.resume):
        story.do(command)
    story.to("agreement_written")
    story.do(mediations.redraft, remark="再商量")
    story.do(mediations.draft)
    story.to("performing")
    story.do(mediations.breach, route="court", remark="没做")
    story.to_performed()
    story.to("archived")
    assert set(sent) >= {"advance", "accept", "appoint", "begin", "draft", "sign", "perform", "archive"}
    assert Remark.objects.filter(case=story.case_id).count() == 2


def test_whoever_opens_the_content_is_written_down_first(story: Story, cast: Cast) -> None:
    story.to("in_mediation")
    read: dict[str, Any] = {"case": story.case, "purpose": "mediating", "what": "record", "at": NOW}
    mediations.open_content(actor=cast["mediator"], **read)
    with pytest.raises(cases.BadData):
        mediations.open_content(actor=cast["mediator"], **{**read, "purpose": "curiosity"})
    (row,) = mediations.readings_of(story.case_id)
    assert (row.person, row.role, row.purpose) == (cast.people["mediator"], "mediator", "mediating")
    assert bad(story.give, mediations.name_reader, person=cast.people["auditor"], why="") == {"why"}
    first = story.give(mediations.name_reader, person=cast.people["auditor"], why="抽查卷宗")
    again = story.give(mediations.name_reader, person=cast.people["auditor"], why="抽查卷宗")
    assert first.id == again.id


def test_a_move_on_an_older_page_is_refused_whole(story: Story) -> None:
    story.to("in_mediation")
    old = story.case.version
    story.do(mediations.suspend, version=old)
    stale = refused(cases.StaleCase, story.do, mediations.resume, version=old)
    assert stale.case.pk == story.case_id
    story.do(mediations.resume, version=story.case.version)
    assert Mediation.objects.get(pk=story.case_id).outcome == ""
