"""The worker: each job on its own, a database that goes away and comes back, and an end as soon as it is told."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Town
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection

from linli.cases import actions as cases
from linli.cases.actions import recalculation
from linli.cases.models import Clock, Delivery
from linli.kit import clock
from linli.measures.models import MonthlyFigures
from linli.ops import working
from linli.orgs.models import Revision

PACKAGES = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _nobodys_photos(settings: Any, tmp_path: Path) -> None:
    settings.ATTACHMENTS = tmp_path / "attachments"


@pytest.fixture
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def _fails(error: Exception) -> Callable[..., Any]:
    def job(**_given: Any) -> int:
        raise error

    return job


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_a_round_hands_over_what_is_due_and_leaves_a_sign_of_life(report: Any) -> None:
    report(at=NOW - timedelta(hours=1))
    assert Delivery.objects.filter(due_at__lte=NOW).exists()
    assert working.Rounds().run() >= 1
    assert not Delivery.objects.filter(due_at__lte=NOW).exists()
    assert working.last_beat() == NOW


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_counts_the_month_that_has_ended_before_anybody_asks(town: Town, report: Any, settings: Any) -> None:
    settings.COUNTY_CODE = town["county"].code
    report(at=NOW - timedelta(days=40))
    working.Rounds().run()
    assert MonthlyFigures.objects.filter(organisation=town["county"], month=date(2026, 8, 1)).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_a_round_fires_clocks_that_are_due(report: Any) -> None:
    report(at=NOW - timedelta(days=9))
    rounds = working.Rounds()
    while rounds.run():
        pass
    assert Clock.objects.filter(missed_at__isnull=False).exists()
    assert not Clock.objects.filter(fires_at__lte=NOW).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_is_away_is_waited_for_and_told_once(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = working.Rounds()
    with monkeypatch.context() as away, caplog.at_level(logging.WARNING, logger=working.__name__):
        away.setattr(connection, "close", lambda: None)  # or the test would lose its own
        away.setattr(cases, "run_due", _fails(error))
        assert [rounds.run(), rounds.run()] == [0, 0]
        assert rounds.is_database_away
    assert [record.message for record in caplog.records if "away" in record.message] == [caplog.messages[0]]
    rounds.run()
    assert not rounds.is_database_away


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_a_job_that_fails_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cases, "run_due", _fails(ValueError("a fault of ours")))
    rounds = working.Rounds()
    rounds.run()
    rounds.run()
    assert working.last_beat() == NOW
    assert sum("deliveries failed" in message for message in caplog.messages) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_seldom_jobs_run_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def staff_desks(*, at: object) -> int:
        calls.append(at)
        return 0

    monkeypatch.setattr(cases, "staff_desks", staff_desks)
    rounds = working.Rounds()
    rounds.run()
    rounds.run()
    assert calls == [NOW]


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_due_dates_are_derived_again_after_a_change_of_the_calendar(report: Any) -> None:
    report(at=NOW)
    Revision.objects.update_or_create(name=recalculation.CALENDAR, defaults={"number": 7})
    rounds = working.Rounds()
    while rounds.run():
        pass
    assert not recalculation.is_behind()


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_a_round_stops_between_jobs_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "run_due", _fails(AssertionError("not reached")))
    rounds = working.Rounds()
    assert rounds.run(is_stopped=lambda: True) == 0
    assert not rounds.failed


@pytest.mark.django_db
@pytest.mark.usefixtures("_at_noon")
def test_a_job_in_hand_is_finished_and_no_other_begun_when_told_to_end(
    report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(at=NOW - timedelta(hours=1))
    told: list[object] = []
    run_due = cases.run_due

    def told_meanwhile(**given: Any) -> int:
        told.append(given)
        return run_due(**given)

    monkeypatch.setattr(cases, "run_due", told_meanwhile)
    monkeypatch.setattr(cases, "fire_due_clocks", _fails(AssertionError("not reached")))
    rounds = working.Rounds()
    assert rounds.run(is_stopped=lambda: bool(told)) >= 1
    assert not Delivery.objects.filter(due_at__lte=NOW).exists()
    assert not rounds.failed


@pytest.mark.django_db
def test_once_does_what_is_due_and_ends(report: Any) -> None:
    report(at=NOW - timedelta(hours=1))
    call_command("worker", "--once", stdout=StringIO())
    assert working.last_beat() is not None


@pytest.mark.django_db
def test_once_fails_where_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(cases, "run_due", _fails(OperationalError("gone")))
    with pytest.raises(CommandError):
        call_command("worker", "--once", stdout=StringIO())


def test_ends_when_it_is_told_in_the_midst_of_a_pause_even_without_tables(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "LINLI_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
        "PYTHONPATH": str(PACKAGES),
    }
    command = [sys.executable, "-m", "linli.ops", "worker", "--pause", "600"]
    worker = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert worker.stderr is not None
    assert "away" in worker.stderr.readline()
    worker.send_signal(signal.SIGTERM)
    _out, rest = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert "Traceback" not in rest


def test_counting_rests_five_times_as_long_as_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100.0, 100.5, 102.9, 103.1, 103.1])
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    done = iter([40, 0])
    count = working.Unhurried(lambda: next(done))
    assert [count(NOW) for _turn in range(3)] == [40, 0, 0]
    assert next(done, None) is None
    assert count.until == 0
