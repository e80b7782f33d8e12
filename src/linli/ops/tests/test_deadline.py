"""`linli deadline` answers without a database and says what is wrong with what it was given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from linli.cases.procedures import calendar as calendars


@pytest.fixture(autouse=True)
def seeded_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "current", calendars.seeded)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("deadline", *arguments, stdout=out)
    return out.getvalue()


def answer(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def test_prints_the_due_moment_and_its_derivation() -> None:
    lines = run("--from", "2026-09-30", "--limit", "5wd").splitlines()
    assert lines[0] == "到期：2026年10月13日 周二 24:00"
    assert lines[2] == "  10月1日—7日 国庆节 不计"
    assert len(lines) == 10


def test_prints_english() -> None:
    lines = run("--from", "2026-09-30", "--limit", "5wd", "--language", "en").splitlines()
    assert lines[0] == "Due: Tue 13 Oct 2026, 24:00"


def test_answers_in_json() -> None:
    found = answer("--from", "2026-09-30T16:42", "--limit", "5wd")
    assert set(found) == {"due_date", "due_at", "provisional", "steps"}
    assert found["due_date"] == "2026-10-13"
    assert found["due_at"] == "2026-10-14T00:00:00+08:00"
    assert found["provisional"] is False
    assert found["steps"][1] == {
        "kind": "skipped",
        "date": "2026-10-01",
        "until": "2026-10-07",
        "ordinal": None,
        "text": "10月1日—7日 国庆节 不计",
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--from", "2026-09-01", "--limit", "30d"], "2026-10-01"),
        (["--from", "2026-09-01", "--limit", "30d", "--roll"], "2026-10-08"),
        (["--from", "2026-09-07", "--limit", "1mo", "--roll"], "2026-10-08"),
        (["--from", "2026-09-30", "--limit", "5wd", "--roll"], "2026-10-13"),
        (["--from", "2026-09-30", "--limit", "5wd", "--extend", "10wd"], "2026-10-27"),
        (["--from", "2026-09-30", "--limit", "5wd", "--pause", "2026-10-09T10:00..2026-10-10"], "2026-10-14"),
        (["--from", "2026-09-30T16:42+00:00", "--limit", "1d"], "2026-10-02"),  # already 1 October here
    ],
)
def test_takes_roll_pauses_and_extensions(arguments: list[str], expected: str) -> None:
    assert answer(*arguments)["due_date"] == expected


def test_says_provisional_past_the_confirmed_calendar() -> None:
    assert answer("--from", "2026-12-28", "--limit", "5wd")["provisional"] is True
    assert run("--from", "2026-12-28", "--limit", "5wd").splitlines()[0].endswith("（暂定）")


def test_an_open_pause_has_no_due_moment() -> None:
    found = answer("--from", "2026-09-30", "--limit", "5wd", "--pause", "2026-10-09..", "--extend", "2wd")
    assert (found["due_date"], found["due_at"]) == (None, None)
    assert found["steps"][-1]["date"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--from", "2026-13-01", "--limit", "5wd"], "2026-13-01"),
        (["--from", "yesterday", "--limit", "5wd"], "--from"),
        (["--from", "9999-12-31", "--limit", "5wd"], "9999-12-31"),
        (["--from", "2026-09-30", "--limit", "5dw"], "dw"),
        (["--from", "2026-09-30", "--limit", "0wd"], "0wd"),
        (["--from", "2026-09-30", "--limit", "5wd", "--pause", "2026-10-09"], "--pause"),
        (["--from", "2026-09-30", "--limit", "5wd", "--pause", "2026-10-09..2026-10-08"], "暂停"),
        (["--from", "2026-09-30", "--limit", "5wd", "--extend", "x"], "x"),
    ],
)
def test_bad_input_is_named_and_exits_with_two(arguments: list[str], word: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert word in str(caught.value)
    assert caught.value.returncode == 2


def test_works_where_the_database_is_out_of_reach(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/nowhere",
        "LINLI_VAR": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "linli.ops", "deadline", "--from", "2026-09-30", "--limit", "5wd", "--json"],
        env=environment,
        capture_output=True,
        check=True,
        timeout=600,
    )
    assert json.loads(done.stdout)["due_date"] == "2026-10-13"
