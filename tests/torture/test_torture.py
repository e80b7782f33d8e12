"""A slice of `make torture` in every run of the tests, and one fault that the whole harness must catch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import find_postgresql
from django.db import connection

from torture import report
from torture.plants import IN_PARTS
from torture.profiles import AMOUNTS, ROOT

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


def test_every_planted_fault_has_a_part_that_is_run() -> None:
    assert {fault.part for fault in IN_PARTS.values()} <= set(AMOUNTS["long"])


def test_what_is_objected_to_is_found_wherever_it_stands() -> None:
    found = {"inner": {"objections": {"torn": 2}}, "objections": {"lost": 0}, "left to deliver": 1}
    assert report.bad(found) == {"inner: torn": 2, "left to deliver": 1}
    (row,) = report.rows({"parts": {"kills": {"broken": "no word"}}})
    assert row[1:] == ("did not run: no word", "—")
