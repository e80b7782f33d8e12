"""Two processes at one file come to the same as one."""

from __future__ import annotations

import csv
import gzip
import os
import signal
from pathlib import Path

import pytest
import xlsxwriter
from conftest import NOW
from django.core.management import CommandError
from django.db import connection

from linli.cases.models import Case, CaseNumber, Event
from linli.ops.imports import sharing
from linli.service_requests import imports
from linli.service_requests.models import Request

SAMPLE = Path(__file__).resolve().parents[2] / "service_requests" / "tests" / "boston311_300.csv.gz"
BOSTON = imports.read_mapping("boston311")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "not __import__('os').environ.get('DATABASE_URL', '').startswith('postgres')",
        reason="only PostgreSQL has several writers",
    ),
]


@pytest.fixture(autouse=True)
def _many_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SMALL", 0)
    monkeypatch.setattr("linli.ops.serving.processes", lambda: 3)
    monkeypatch.setattr("linli.service_requests.imports.taking.BATCH", 20)


def run(limit: int | None = None, path: Path = SAMPLE) -> imports.Outcome:
    outcome = imports.Outcome()
    sharing.Job(imports.Source(path, BOSTON), BOSTON, NOW, limit).run(outcome, lambda so_far: None)
    return outcome


def test_every_row_is_taken_in_once() -> None:
    assert connection.vendor == "postgresql"
    outcome = run(limit=250)
    assert (outcome.rows, outcome.new, outcome.known, outcome.rejects) == (250, 250, 0, [])
    outcome = run()
    assert (outcome.rows, outcome.new, outcome.known) == (300, 50, 250)
    assert Case.objects.count() == CaseNumber.objects.count() == Request.objects.count() == 300


def test_a_workbook_is_shared_like_a_text(tmp_path: Path) -> None:
    path = tmp_path / "requests.xlsx"
    with (
        xlsxwriter.Workbook(str(path)) as book,
        gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as file,
    ):
        sheet = book.add_worksheet()
        for number, row in enumerate(csv.reader(file)):
            sheet.write_row(number, 0, row)
    outcome = run(path=path)
    assert (outcome.rows, outcome.new, outcome.rejects) == (300, 300, [])
    assert run().known == Case.objects.count() == 300


def test_a_process_that_dies_is_noticed_and_leaves_whole_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*args: object, **kwargs: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("linli.cases.actions.bulk.store", die)
    with pytest.raises(CommandError):
        run()
    assert not Case.objects.exists()
    monkeypatch.undo()
    assert run().new == 300
    assert Event.objects.filter(number=1).count() == 300


def test_what_goes_wrong_in_a_process_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr("linli.cases.actions.bulk.store", fail)
    with pytest.raises(CommandError, match="no room"):
        run()
