"""A slice of `make torture` in every run of the tests, and one fault that the whole harness must catch."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import find_postgresql
from django.db import connection

from torture import pages, profiles, report
from torture.plants import IN_PARTS
from torture.profiles import AMOUNTS, ROOT
from torture.rounds import Rounds

needs_a_server = pytest.mark.skipif(
    find_postgresql() is None or connection.vendor != "sqlite", reason="has a PostgreSQL of its own"
)


def tortured(out: Path, *given: str) -> tuple[int, dict[str, Any]]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src"), str(ROOT)]),
    }
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "torture",
        "--profile",
        "slice",
        "--out",
        str(out),
        *given,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert out.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(out.read_text(encoding="utf-8"))


@needs_a_server
def test_a_slice_of_it_objects_to_nothing(tmp_path: Path) -> None:
    code, found = tortured(tmp_path / "torture.json")
    assert {name: report.bad(one) for name, one in found["parts"].items()} == {
        name: {} for name in AMOUNTS["slice"]
    }
    assert code == 0
    assert found["parts"]["kills"]["acknowledged"] > 0
    assert sum(found["parts"]["kills"]["kills"].values()) > 0


@needs_a_server
def test_a_planted_race_is_caught(tmp_path: Path) -> None:
    code, found = tortured(tmp_path / "torture.json", "--plant", "races_without_lock")
    assert code == 0, "0 says that it was caught"
    assert report.bad(found["parts"]["races"])


@pytest.mark.parametrize(
    ("ended", "code", "said"),
    [
        (1, 0, "planted no_such: CAUGHT"),
        (0, 1, "planted no_such: NOT CAUGHT"),
        (5, 2, "there is no fault no_such"),
    ],
)
def test_a_fault_nobody_knows_is_not_one_that_was_missed(
    ended: int, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: subprocess.CompletedProcess[bytes] = subprocess.CompletedProcess([], ended)
    monkeypatch.setattr(subprocess, "run", lambda *_given, **_more: done)
    assert profiles.run("short", [], "no_such", Path("nowhere")) == code
    assert capsys.readouterr().out.startswith(said)


def test_every_planted_fault_has_a_part_that_is_run() -> None:
    assert {fault.part for fault in IN_PARTS.values()} <= set(AMOUNTS["long"])


def test_what_is_objected_to_is_found_wherever_it_stands() -> None:
    found = {"inner": {"objections": {"torn": 2}}, "objections": {"lost": 0}, "left to deliver": 1}
    assert report.bad(found) == {"inner: torn": 2, "left to deliver": 1}
    (row,) = report.rows({"parts": {"kills": {"broken": "no word"}}})
    assert row[1:] == ("did not run: no word", "—")


def test_a_part_that_was_stopped_says_what_it_had_found_by_then() -> None:
    found = {
        "kills": {"web": 3},
        "acknowledged": 9,
        "retried": 1,
        "objections": {"lost": 0},
        "broken": "out of time",
    }
    (row,) = report.rows({"parts": {"kills": found}})

    assert row[1:] == (f"{row[1].partition(';')[0]}; 9 acknowledged writes, 1 of them asked for again after no answer"
                       "; then stopped: out of time", "0 lost, 0 half, 0 wrong")  # fmt: skip


def test_runs_of_single_parts_make_one_page_and_the_later_counts() -> None:
    def run(at: str, **parts: int) -> dict[str, Any]:
        done = {name: {"done": count} for name, count in parts.items()}
        return {"at": at, "profile": "long", "minutes": 10, "parts": done}

    found = pages.together([run("2", races=2), run("1", races=1, kills=1)])
    assert found["minutes"] == 20
    assert list(found["parts"].items()) == [
        ("kills", {"at": "1", "done": 1}),
        ("races", {"at": "2", "done": 2}),
    ]


def test_every_address_and_every_field_of_its_forms_is_asked() -> None:
    rounds, chance = Rounds(["/a", "/b"]), random.Random(3)
    asked = []
    while rounds.waiting:
        asked.append(turn := rounds.next(chance))
        rounds.note(
            turn, 4, 0.001, '<input type="text" name="code"><a name="x">' if turn.address == "/a" else ""
        )
    assert {turn.address for turn in asked if turn.is_plain} == {"/a", "/b"}
    assert {turn[:3] for turn in asked if turn.field} == {("/a", "POST", "code"), ("/a", "GET", "code")}
    assert rounds.next(chance).method == ""
