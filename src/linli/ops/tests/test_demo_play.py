"""Playing a case in memory comes to the same rows as `advance`; seeding goes on where it was interrupted."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction

from linli.cases import actions as cases
from linli.cases.models import Case, Clock, Event, Partner, Task
from linli.kit.ids import uuid7
from linli.ops.demo import seeding
from linli.ops.demo.play import Play
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.service_requests import actions as service_requests

OWN = {"id", "case_id", "command_id", "salt", "commitment", "prev_hash", "leaf_hash", "last_hash"}
HOUR = timedelta(hours=1)


def _same(row: models.Model, *own: str) -> dict[str, Any]:
    names = [field.attname for field in row._meta.concrete_fields if field.attname not in OWN.union(own)]
    return {name: getattr(row, name) for name in names}


def _rows(case_id: Any) -> list[dict[str, Any]]:
    found = [_same(Case.objects.get(pk=case_id), "number")]
    found += [_same(row) for row in Event.objects.filter(case_id=case_id).order_by("number")]
    found += [_same(row) for row in Clock.objects.filter(case_id=case_id).order_by("number")]
    found += [_same(row) for row in Task.objects.filter(case_id=case_id).order_by("number")]
    found += [_same(row) for row in Partner.objects.filter(case_id=case_id)]
    return found


def _script(town: Town) -> list[tuple[float, str, str, dict[str, Any]]]:
    """Hours to wait, verb, who, what they say: returns, a ruling, extension, hold, partner, supervision, reopening."""
    works, housing = str(town["east_works"].pk), str(town["county_housing"].pk)
    reason = "依据职责清单第十七条，应由本单位以外的单位承办。"
    return [
        (30, "accept", "dispatcher", {}),
        (1, "dispatch", "dispatcher", {"unit": works}),
        (1, "return", "handler", {"ground": "duty", "reason": reason}),
        (1, "reassign", "dispatcher", {"unit": housing, "reason": reason}),
        (1, "return", "housing_handler", {"ground": "duty", "reason": reason}),
        (1, "rule", "county_dispatcher", {"unit": works, "reason": reason}),
        (9, "acknowledge", "handler", {}),
        (1, "progress", "handler", {"note": "材料已经到了，明天进场施工。"}),
        (1, "request_extension", "handler", {"limit": "3", "reason": reason}),
        (1, "grant_extension", "dispatcher", {"note": "同意延期三天。"}),
        (1, "call_in", "handler", {"unit": housing, "reason": "请派人到现场配合。"}),
        (1, "answer_call", "housing_handler", {"note": "已经到场配合完成。"}),
        (1, "ask_progress", "reporter", {"note": "什么时候能好"}),
        (1, "request_deferral", "handler", {"reason": reason, "condition": "资金到位后恢复。"}),
        (1, "defer", "dispatcher", {"reason": reason}),
        (200, "resume", "dispatcher", {"note": "恢复"}),
        (1, "supervise", "supervisor", {"order": "请三日内办结并报来。"}),
        (90, "reply_supervision", "handler", {"reply": "已经安排，后天完成，特此回复。"}),
        (1, "feedback", "handler", {"result": "三盏灯都换了新的光源，晚上亮了。"}),
        (1, "arrange_check", "dispatcher", {}),
        (80, "fail_check", "grid_worker", {"reason": "路口的一盏还是不亮，请再看一看。"}),
        (1, "feedback", "handler", {"result": "路口那盏也换了，晚上都亮了。"}),
        (1, "arrange_check", "dispatcher", {}),
        (1, "verify", "grid_worker", {"finding": "晚上去看都亮了。"}),
        (5, "reopen", "reporter", {"reason": "第二天又不亮了。"}),
        (1, "dispatch", "dispatcher", {"unit": works}),
        (200, "acknowledge", "handler", {}),
    ]


def test_playing_a_case_comes_to_the_same_rows_as_advancing_it(town: Town, cast: Cast) -> None:
    given = service_requests.Submission(
        text="村部门前三盏路灯连着三个晚上不亮了。",
        category="facility.street_lamp",
        request_type="help",
        channel="portal",
        place=town["grid"],
    )
    submission, category = service_requests.check(given)
    command_id, at = uuid7(), NOW
    receipt = service_requests.submit(
        submission=submission, by=Actor.reporter(command_id), at=at, command_id=command_id
    )
    played_id = uuid7()
    play = Play(
        {unit.pk: unit for unit in Organisation.objects.all()},
        service_requests.opening_of(submission, category, ""),
        "2026-PLAYED",
        by=Actor.reporter(played_id),
        at=at,
        command_id=played_id,
        data=receipt.event.data,
        facts=receipt.event.facts,
    )
    for hours, verb, who, data in _script(town):
        until = at + hours * HOUR
        _pass_time(receipt.case, until)
        play.pass_time(at, until)
        at = until
        for case_id in (receipt.case.pk, played_id):
            by = Actor.reporter(case_id) if who == "reporter" else cast[who]
            if case_id == played_id:
                play.move(verb, by=by, at=at, command_id=uuid7(), data=data)
            else:
                cases.advance(case=case_id, verb=verb, by=by, at=at, command_id=uuid7(), data=data)
    play.write()
    assert len(play.events) > 35
    assert _rows(played_id) == _rows(receipt.case.pk)


def _pass_time(case: Case, until: datetime) -> None:
    while True:
        due = Clock.objects.filter(case=case, fires_at__lte=until).order_by("fires_at", "number").first()
        if due is None or due.fires_at is None:
            return
        cases.fire_due_clocks(at=due.fires_at, case_id=case.pk)


@pytest.fixture
def prepared(db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ATTACHMENTS = tmp_path
    monkeypatch.setattr(seeding, "BATCH", 4)
    seeding.prepare(NOW)
    monkeypatch.setattr(seeding, "prepare", lambda at: Organisation.objects.get(code="420921"))


def _told() -> list[tuple[str, str, str]]:
    kept = Case.objects.order_by("number").values_list("number", "id", "state")
    return [(number, service_requests.tracking_code(case_id), state) for number, case_id, state in kept]


def test_an_interrupted_run_goes_on_to_the_same_county(prepared: None) -> None:
    with transaction.atomic():
        seeding.seed(at=NOW, requests=10)
        whole = _told()
        transaction.set_rollback(True)
    assert not Case.objects.exists()

    def interrupt(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seeding.seed(at=NOW, requests=10, progress=interrupt)
    assert (seeding.is_seeded(), seeding.is_begun()) == (False, True)
    seeding.seed(at=NOW + timedelta(days=3), requests=99)
    assert (seeding.is_seeded(), seeding.is_begun()) == (True, False)
    assert _told() == whole
    connection.check_constraints()


def test_a_demonstration_is_never_mixed_with_real_cases(report: Any) -> None:
    report()
    with pytest.raises(CommandError, match="LINLI_VAR"):
        call_command("demo", "--no-serve", "--requests", "3")
    assert Case.objects.count() == 1
