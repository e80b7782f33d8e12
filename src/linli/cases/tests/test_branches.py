"""What happens beside the main line: who is asked, whose clock runs, and what passes on with the case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, START, Cast, Town

from linli.cases import actions as cases
from linli.cases.actions.integrity import verify
from linli.cases.models import Case, Clock, Event, Partner, Task
from linli.cases.models.search import search
from linli.kit.ids import uuid7
from linli.orgs import actions as orgs
from linli.people.access import SYSTEM, Actor
from linli.people.models import Grant

Move = Callable[..., Event]
Report = Callable[..., Any]
WORK = "更换了损坏的灯头和空气开关，三盏灯都亮了。"


def now_of(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def tasks_of(case: Case) -> set[tuple[str, str]]:
    """Where the case waits, and why."""
    return set(Task.objects.filter(case=case).values_list("organisation__name", "why"))


def running(case: Case, name: str) -> Clock:
    return Clock.objects.get(case=case, name=name, stopped_at=None)


def dispatched(report: Report, move: Move, town: Town, unit: str = "east_works", **changes: Any) -> Case:
    case: Case = report(**changes).case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town[unit].pk))
    return case


def in_progress(
    report: Report, move: Move, town: Town, unit: str = "east_works", who: str = "handler"
) -> Case:
    case = dispatched(report, move, town, unit)
    move(case, "acknowledge", who)
    move(case, "progress", who, note="控制箱进水，已订空气开关。")
    return case


# Handing over ---------------------------------------------------------------------------------


def test_reassigning_before_it_is_acknowledged_takes_the_work_off_the_first_desk(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = dispatched(report, move, town)
    first = running(case, "unit")
    move(case, "reassign", "dispatcher", unit=str(town["county_housing"].pk), reason="按清单改派。")
    assert tasks_of(case) == {("县住建局", "to_acknowledge")}
    first.refresh_from_db()
    second = running(case, "unit")
    assert first.stopped_at is not None
    assert (second.organisation, second.started_at > first.started_at) == (town["county_housing"], True)


def test_reassigning_to_the_same_unit_would_only_win_it_time(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = dispatched(report, move, town)
    with pytest.raises(cases.BadData, match="它就是承办单位"):
        move(case, "reassign", "dispatcher", unit=str(town["east_works"].pk), reason="再派一次。")


def test_the_county_itself_handles_nothing_because_nobody_could_verify_it(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    with pytest.raises(cases.BadData, match="具体的单位"):
        move(case, "dispatch", "dispatcher", unit=str(town["county"].pk))


def test_a_closed_unit_gets_nothing(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    orgs.close(organisation=town["west_works"], by=None, at=NOW)
    with pytest.raises(cases.BadData, match="没有这个单位"):
        move(case, "dispatch", "dispatcher", unit=str(town["west_works"].pk))


def test_a_unit_that_is_a_whole_township_does_not_decide_about_its_own_work(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    Grant.objects.create(
        person=cast.people["petitions_handler"], role="handler", organisation=town["east"], valid_from=START
    )
    township = Actor.from_grant(Grant.objects.get(role="handler", organisation=town["east"]))
    case = dispatched(report, move, town, "east")
    move(case, "acknowledge", township)
    move(case, "request_extension", township, limit="2", reason="要等配件从省里发货。")
    assert ("青石县", "to_decide_extension") in tasks_of(case)
    with pytest.raises(cases.NotAllowed):
        move(case, "grant_extension", "dispatcher", note="同意延期。")
    move(case, "grant_extension", "county_dispatcher", note="同意延期。")


def test_a_returned_case_leaves_nothing_at_the_unit_that_returned_it(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "supervise", "supervisor", order="三天内修好。")
    move(case, "urge", "dispatcher", note="居民又来电。")
    move(case, "return", "handler", ground="duty", reason="按职责清单，路灯由县住建局管护。")
    assert tasks_of(case) == {("东河镇", "returned")}
    assert not Case.objects.visible_to(cast["handler"]).filter(pk=case.pk).exists()


def test_a_supervision_order_follows_the_case_to_the_next_unit_with_its_own_time(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "supervise", "supervisor", order="三天内修好。")
    first = running(case, "supervision")
    move(case, "return", "handler", ground="duty", reason="按职责清单，路灯由县住建局管护。")
    move(
        case,
        "reassign",
        "dispatcher",
        at=NOW + timedelta(days=1),
        unit=str(town["county_housing"].pk),
        reason="按清单改派。",
    )
    second = running(case, "supervision")
    assert second.number != first.number
    assert (second.organisation, second.started_at) == (town["county_housing"], NOW + timedelta(days=1))
    assert tasks_of(case) == {("县住建局", "to_acknowledge"), ("县住建局", "supervised")}
    move(case, "reply_supervision", "housing_handler", reply="已安排抢修队明天一早到场。")
    assert tasks_of(case) == {("县住建局", "to_acknowledge")}
    assert not Clock.objects.filter(case=case, name="supervision", stopped_at=None).exists()


def test_who_supervises_stands_over_the_unit(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town, "county_housing", "housing_handler")
    with pytest.raises(cases.NotAllowed):
        move(case, "supervise", "township_supervisor", order="三天内修好。")
    move(case, "supervise", "supervisor", order="三天内修好。")


def test_a_unit_called_in_that_gets_the_case_is_a_partner_no_longer(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "call_in", "handler", unit=str(town["county_housing"].pk), reason="请协助断电。")
    assert Case.objects.visible_to(cast["housing_handler"]).filter(pk=case.pk).exists()
    move(case, "reassign", "dispatcher", unit=str(town["county_housing"].pk), reason="改由县局办理。")
    assert tasks_of(case) == {("县住建局", "to_acknowledge")}
    assert not Partner.objects.filter(case=case, ended_at=None).exists()


def test_partners_are_let_go_when_the_case_closes(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town)
    move(case, "call_in", "handler", unit=str(town["west_works"].pk), reason="请支援一台登高车。")
    move(case, "answer_call", "west_handler", note="登高车已派出。")
    move(case, "feedback", "handler", result=WORK)
    move(case, "arrange_check", "dispatcher")
    closing = move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
    assert Partner.objects.get(case=case).ended_at == closing.received_at
    assert not Case.objects.visible_to(cast["west_handler"]).filter(pk=case.pk).exists()


def test_only_the_unit_and_the_desk_call_others_in(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "call_in", "handler", unit=str(town["west_works"].pk), reason="请支援一台登高车。")
    with pytest.raises(cases.NotAllowed):
        move(case, "call_in", "west_handler", unit=str(town["county_housing"].pk), reason="请县局也来。")


def test_urging_twice_waits_once_and_the_answer_settles_it(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    move(case, "urge", "dispatcher", note="居民又来电。")
    move(case, "urge", "supervisor", note="请今天就去。")
    assert Task.objects.filter(case=case, why="urged").count() == 1
    assert now_of(case).urgings == 2
    move(case, "progress", "handler", note="配件今天下午到。")
    assert tasks_of(case) == {("东河镇村镇建设办", "to_work")}


def test_a_ruling_names_the_unit_of_this_round_only(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    """Returns before a reopening do not raise the superior of the returns after it."""
    case = dispatched(report, move, town, "county_housing")
    move(case, "return", "housing_handler", ground="duty", reason="农村路灯由乡镇负责管护。")
    move(case, "reassign", "dispatcher", unit=str(town["east_works"].pk), reason="按清单改派。")
    move(case, "acknowledge", "handler")
    move(case, "feedback", "handler", result=WORK)
    move(case, "arrange_check", "dispatcher")
    move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
    move(case, "reopen", Actor.reporter(case.pk), reason="昨晚又不亮了。")
    for unit, verb in (("east_works", "dispatch"), ("east_centre", "reassign")):
        given = {"unit": str(town[unit].pk)} | ({"reason": "再派一次。"} if verb == "reassign" else {})
        move(case, verb, "dispatcher", **given)
        post = Actor(kind="staff", role="handler", path=town[unit].path, organisation_id=town[unit].pk)
        move(case, "return", post, ground="duty", reason="这件事不归我们管，请另派。")
    assert ("东河镇", "to_rule") in tasks_of(case)


# Clocks ---------------------------------------------------------------------------------------


def test_a_step_after_the_limit_reports_the_miss_first(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    """The worker was away; the case must not slip through closed and on time."""
    case = in_progress(report, move, town)
    late = NOW + timedelta(days=30)
    move(case, "feedback", "handler", at=late, result=WORK)
    case = now_of(case)
    assert case.is_late
    kinds = list(Event.objects.filter(case=case).order_by("-number").values_list("kind", flat=True)[:3])
    assert kinds == ["request.feedback_given", "clock.missed", "clock.missed"]
    assert cases.fire_due_clocks(at=late) == 0
    assert ("青石县", "escalated") in tasks_of(case) or ("东河镇", "escalated") in tasks_of(case)


def test_a_refused_step_reports_nothing(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town)
    late = NOW + timedelta(days=30)
    with pytest.raises(cases.BadData):
        move(case, "feedback", "handler", at=late, result="短")
    assert not now_of(case).is_late
    assert cases.fire_due_clocks(at=late) == 2


def test_a_case_on_hold_is_due_at_no_known_moment(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town)
    move(
        case, "request_deferral", "handler", reason="塘坝要等枯水期才能动工。", condition="水位降到坝脚以下。"
    )
    move(case, "defer", "dispatcher", reason="情况属实，等枯水期再办。")
    held = now_of(case)
    assert (held.is_paused, held.due_at, held.urgent_at) == (True, None, None)
    clock = running(case, "total")
    assert (clock.due_at, clock.fires_at) == (None, None)
    assert cases.fire_due_clocks(at=NOW + timedelta(days=90)) == 0
    move(case, "resume", "dispatcher", at=NOW + timedelta(days=90))
    again = now_of(case)
    assert again.due_at is not None
    assert again.due_at > NOW + timedelta(days=90)
    events = list(Event.objects.filter(case=case).order_by("number"))
    assert cases.derive(case.pk, running(case, "total"), events).due_at == again.due_at


def test_a_missed_promise_stays_missed_whatever_is_granted_or_held_afterwards(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    asked = running(case, "unit").due_at
    assert asked is not None
    move(
        case,
        "request_extension",
        "handler",
        at=asked - timedelta(hours=1),
        limit="9",
        reason="等镇里拨下来的配件到货。",
    )
    late = NOW + timedelta(days=30)
    cases.fire_due_clocks(at=late)
    missed = running(case, "total")
    move(case, "grant_extension", "dispatcher", at=late + timedelta(hours=1), note="同意，请抓紧。")
    move(case, "defer", "dispatcher", at=late + timedelta(hours=2), reason="情况属实，等枯水期再办。")
    assert running(case, "total").due_at == missed.due_at
    assert now_of(case).due_at == missed.due_at
    assert now_of(case).is_late


def test_an_extension_comes_too_late_at_the_very_moment_the_limit_ends(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    due = running(case, "unit").due_at
    assert due is not None
    with pytest.raises(cases.NotAllowed, match="到期后不能再申请延期"):
        move(case, "request_extension", "handler", at=due, limit="3", reason="等镇里拨下来的配件到货。")
    move(
        case,
        "request_extension",
        "handler",
        at=due - timedelta(microseconds=1),
        limit="3",
        reason="等配件到货以后才能修。",
    )


def test_whoever_has_the_case_answers_for_the_residents_clock(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town, "county_housing", "housing_handler")
    cases.fire_due_clocks(at=NOW + timedelta(days=30))
    missed = Event.objects.filter(case=case, verb="clock_missed").order_by("number")
    assert {event.facts["owner"] for event in missed} == {str(town["county_housing"].pk)}
    assert Task.objects.get(case=case, why="escalated").organisation == town["county"]


def test_two_servers_may_disagree_about_the_time(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = in_progress(report, move, town)
    move(
        case, "request_deferral", "handler", reason="塘坝要等枯水期才能动工。", condition="水位降到坝脚以下。"
    )
    move(case, "defer", "dispatcher", at=NOW + timedelta(hours=5), reason="情况属实，等枯水期再办。")
    move(case, "resume", "dispatcher", at=NOW + timedelta(hours=5) - timedelta(seconds=3))
    clock = running(case, "total")
    events = list(Event.objects.filter(case=case).order_by("number"))
    assert cases.derive(case.pk, clock, events).due_at == clock.due_at
    assert clock.due_at is not None


def test_a_reopened_case_gets_a_new_promise_and_keeps_the_verdict_on_the_first(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    late = NOW + timedelta(days=30)
    move(case, "feedback", "handler", at=late, result=WORK)
    move(case, "arrange_check", "dispatcher")
    move(case, "verify", "grid_worker", finding="三盏灯都亮着。")
    assert not Clock.objects.filter(case=case, stopped_at=None).exists()
    move(case, "reopen", Actor.reporter(case.pk), reason="昨晚又不亮了。")
    again = now_of(case)
    assert (again.is_open, again.closed_at, again.is_late) == (True, None, True)
    assert again.due_at == running(case, "total").due_at
    assert again.due_at is not None
    assert again.due_at > late
    assert [
        clock.missed_at is None for clock in Clock.objects.filter(case=case, name="total").order_by("number")
    ] == [
        False,
        True,
    ]


# Groups ---------------------------------------------------------------------------------------


def test_merging_into_a_closed_case_or_an_accusation_is_refused(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    head, member = in_progress(report, move, town), report().case
    accusation = report(
        request_type="accusation", category="opinion.misconduct", accused=town["east_works"]
    ).case
    with pytest.raises(cases.BadData, match="举报单独办理"):
        move(member, "merge", "dispatcher", head=accusation.number)
    with pytest.raises(cases.BadData, match="举报单独办理"):
        move(accusation, "merge", "dispatcher", head=head.number)
    move(head, "feedback", "handler", result=WORK)
    move(head, "arrange_check", "dispatcher")
    move(head, "verify", "grid_worker", finding="三盏灯都亮着。")
    with pytest.raises(cases.NotAllowed, match="已经办结"):
        move(member, "merge", "dispatcher", head=head.number)


def test_an_unseen_number_and_none_at_all_look_the_same(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    member, elsewhere = report().case, report(place=town["west_grid"]).case
    said = []
    for number in (elsewhere.number, "LL-0000-000000"):
        with pytest.raises(cases.BadData) as refused:
            move(member, "merge", "dispatcher", head=number)
        said.append(refused.value.errors)
    assert said[0] == said[1]


def test_a_case_taken_out_of_its_group_is_dispatched_anew(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    head, member = report().case, in_progress(report, move, town)
    move(member, "supervise", "supervisor", order="三天内修好。")
    move(member, "merge", "dispatcher", head=head.number)
    assert tasks_of(member) == set()
    assert now_of(head).group == head.pk
    move(member, "unmerge", "dispatcher", reason="不是同一处路灯。")
    again = now_of(member)
    assert (again.state, again.holder, again.group) == ("accepted", None, None)
    move(member, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(head, "merge", "dispatcher", head=member.number)
    assert now_of(head).state == "merged"


def test_every_reporter_of_a_group_is_told(report: Report, move: Move, town: Town, cast: Cast) -> None:
    from linli.notify.models import Message

    head, member = report().case, report().case
    move(member, "merge", "dispatcher", head=head.number)
    event = move(head, "accept", "dispatcher")
    for _again in range(2):
        cases.run_due(at=event.received_at)
    told = Message.objects.filter(source=head.pk, event_number=event.number, person=None)
    assert set(told.values_list("case_id", flat=True)) == {head.pk, member.pk}
    assert told.count() == 2


# Corrections ----------------------------------------------------------------------------------


def test_a_corrected_place_takes_the_case_to_the_desk_there(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = report().case
    move(case, "correct", "dispatcher", place=str(town["west_grid"].pk), reason="居民说的是西山镇那一处。")
    assert tasks_of(case) == {("西山镇", "to_accept")}
    assert not Case.objects.visible_to(cast["dispatcher"]).filter(pk=case.pk).exists()
    move(case, "accept", "outsider")


def test_a_corrected_title_is_what_is_found(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = report().case
    move(case, "correct", "dispatcher", title="健身器材松动", reason="与照片不符，更正。")
    mine = Case.objects.visible_to(cast["dispatcher"])
    assert search(mine, "健身器材").get() == case
    assert search(mine, "路灯").get() == case  # it is still what the resident wrote


@pytest.mark.parametrize("wrong", ["nonsense", "facility", "facility.street_lamp.no"])
def test_a_category_that_is_none_is_refused(
    report: Report, move: Move, town: Town, cast: Cast, wrong: str
) -> None:
    with pytest.raises(cases.BadData, match="没有这一类"):
        move(report().case, "correct", "dispatcher", category=wrong, reason="更正类别。")


def test_a_place_is_not_an_office(report: Report, move: Move, town: Town, cast: Cast) -> None:
    with pytest.raises(cases.BadData, match="是一个地方"):
        move(report().case, "correct", "dispatcher", place=str(town["east_works"].pk), reason="更正位置。")
    with pytest.raises(cases.BadData) as refused:
        report(place=town["east_works"])
    assert set(refused.value.errors) == {"place"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"note": 3},
        {"note": ["a", "b"]},
        {"note": {"a": 1}},
        {"note": "   \u200b "},
        {"note": "更换灯头", "state": "closed"},
    ],
)
def test_words_that_are_none_are_refused_by_name(
    report: Report, move: Move, town: Town, cast: Cast, wrong: dict[str, Any]
) -> None:
    case = in_progress(report, move, town)
    with pytest.raises(cases.BadData) as refused:
        move(case, "progress", "handler", **wrong)
    assert set(refused.value.errors) <= {"note", "state"}


@pytest.mark.parametrize("wrong", [5, {"a": 1}, "no", ["no"], [str(UUID(int=n)) for n in range(7)]])
def test_photos_that_are_none_are_refused(
    report: Report, move: Move, town: Town, cast: Cast, wrong: Any
) -> None:
    case = in_progress(report, move, town)
    with pytest.raises(cases.BadData) as refused:
        move(case, "progress", "handler", note="更换了灯头。", photos=wrong)
    assert set(refused.value.errors) == {"photos"}


# Commands -------------------------------------------------------------------------------------


def test_only_the_same_post_gets_the_first_result_again(report: Report, town: Town, cast: Cast) -> None:
    case, other = report().case, report().case
    command = uuid7()
    given: dict[str, Any] = {
        "verb": "add",
        "at": NOW,
        "command_id": command,
        "data": {"note": "第四盏也不亮了。"},
    }
    first = cases.advance(case=case.pk, by=Actor.reporter(case.pk), **given)
    assert cases.advance(case=case.pk, by=Actor.reporter(case.pk), **given).number == first.number
    with pytest.raises(cases.CaseNotFound):
        cases.advance(case=case.pk, by=Actor.reporter(other.pk), **given)
    with pytest.raises(cases.CommandReused):
        cases.advance(case=case.pk, by=Actor.reporter(case.pk), **{**given, "data": {"note": ""}})


def test_a_stale_form_is_shown_what_changed(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = report().case
    move(case, "accept", "dispatcher")
    with pytest.raises(cases.StaleCase) as stale:
        cases.advance(
            case=case.pk,
            verb="dispatch",
            by=cast["dispatcher"],
            at=NOW,
            command_id=uuid7(),
            data={"unit": str(town["east_works"].pk)},
            version=1,
        )
    assert (stale.value.case.state, stale.value.case.version) == ("accepted", 2)


def test_nobody_but_linli_reports_clocks(report: Report, move: Move, town: Town, cast: Cast) -> None:
    case = report().case
    for who in ("dispatcher", "supervisor", "administrator"):
        with pytest.raises((cases.NotAllowed, cases.CaseNotFound)):
            move(case, "clock_missed", who)


def test_a_move_nobody_knows_is_not_allowed(report: Report, move: Move, town: Town, cast: Cast) -> None:
    with pytest.raises(cases.NotAllowed):
        move(report().case, "vanish", "dispatcher")
    with pytest.raises(cases.NotAllowed):
        move(report().case, "open", "dispatcher")


def test_one_clock_that_cannot_be_reported_does_not_hold_up_the_others(
    report: Report, town: Town, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linli.cases.actions.advance import report as real

    first, second = report().case, report().case

    def broken(clock: Clock, at: Any) -> bool:
        if clock.case_id == first.pk:
            raise RuntimeError
        return real(clock, at)

    monkeypatch.setattr("linli.cases.actions.sweep.report", broken)
    assert cases.fire_due_clocks(at=NOW + timedelta(days=30)) == 2
    assert now_of(second).is_late
    assert not now_of(first).is_late


def test_work_at_a_desk_nobody_sits_at_moves_up(report: Report, town: Town, cast: Cast) -> None:
    case = report().case
    Grant.objects.filter(person=cast.people["dispatcher"]).update(valid_until=NOW + timedelta(days=1))
    assert cases.staff_desks(at=NOW) == 0
    assert cases.staff_desks(at=NOW + timedelta(days=2)) == 1
    assert tasks_of(case) == {("青石县", "to_accept")}
    cases.advance(
        case=case.pk,
        verb="accept",
        by=cast["county_dispatcher"],
        at=NOW + timedelta(days=2),
        command_id=uuid7(),
    )


# The tree -------------------------------------------------------------------------------------


def test_a_case_follows_its_units_through_a_move_and_a_merger(
    report: Report, move: Move, town: Town, cast: Cast
) -> None:
    case = in_progress(report, move, town)
    orgs.move(organisation=town["village"], to=town["west"], by=None, at=NOW)
    moved = now_of(case)
    assert moved.place is not None
    assert moved.place_path == moved.place.path
    assert moved.place_path.startswith(town["west"].path)
    orgs.merge(organisations=[town["east_works"]], into=town["west_works"], by=None, at=NOW)
    merged = now_of(case)
    assert (merged.holder, merged.holder_path) == (town["west_works"], town["west_works"].path)
    assert tasks_of(case) == {("西山镇村镇建设办", "to_work")}
    move(case, "progress", "west_handler", note="接手后已到现场查看。")
    assert verify(case.pk) == []


def test_merging_the_unit_accused_hides_the_accusation_from_its_successor(
    report: Report, town: Town, cast: Cast
) -> None:
    case = report(request_type="accusation", category="opinion.misconduct", accused=town["east_works"]).case
    assert Case.objects.visible_to(cast["dispatcher"]).filter(pk=case.pk).exists()
    orgs.merge(organisations=[town["east_works"]], into=town["west_works"], by=None, at=NOW)
    assert now_of(case).accused_path == town["west_works"].path
    assert not Case.objects.visible_to(cast["west_handler"]).filter(pk=case.pk).exists()


def test_linli_itself_sees_every_case(report: Report, town: Town, cast: Cast) -> None:
    case = report(request_type="accusation", category="opinion.misconduct", accused=town["east"]).case
    assert Case.objects.visible_to(SYSTEM).filter(pk=case.pk).exists()
