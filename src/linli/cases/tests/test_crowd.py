"""Many at once, and some of them killed: what was acknowledged stands, and nothing stands half-written.

Runs `crowd.py` apart: on a SQLite file of its own, or on PostgreSQL in the test database.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

Crowd = Callable[..., dict[str, Any]]
HALVES = ("problems", "missing", "undelivered", "states", "desks", "paths")
ROOT = Path(__file__).parents[4]


def _run(job: str, database: str, acked: Path, fault: str = "") -> dict[str, Any]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "linli.config.settings",
        "LINLI_SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database,
        "ACKED": str(acked),
        "FAULT": fault,
        "KILLS": "6" if fault else "30",
    }
    done = subprocess.run(
        [sys.executable, "-m", "linli.cases.tests.crowd", job],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) or {}
    return found


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and the town."""
    path = tmp_path_factory.mktemp("crowd") / "town.sqlite3"
    _run("prepare", f"sqlite:///{path}", path)
    return path


@pytest.fixture
def crowd(transactional_db: None, tmp_path: Path, request: pytest.FixtureRequest) -> Crowd:
    """Runs one job of the crowd on a database with nothing but the town in it."""
    if connection.vendor == "postgresql":
        known = connection.settings_dict
        database = (
            f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
        )
    else:
        path = tmp_path / "linli.sqlite3"
        shutil.copy(request.getfixturevalue("prepared"), path)
        database = f"sqlite:///{path}"
    return lambda job, fault="": _run(job, database, tmp_path / "acked", fault)


def test_of_many_at_the_same_moment_one_wins(crowd: Crowd) -> None:
    found = crowd("race")
    for said in found["transition"]:
        assert sorted(map(str, said)) == ["2", *["StaleCase"] * 7]
    for said in found["retry"]:
        assert said == [2] * 8
    for said in found["opening"]:
        assert len(set(said)) == 1
    for said in found["merges"]:
        assert sorted(said)[1] == "merged"
        assert sorted(said)[0] in ("NotAllowed", "OutOfOrder", "StaleCase")
    assert found["most"] == {"commands": 1, "misses": 1, "messages": 1}
    assert {name: found[name] for name in HALVES} == {name: [] for name in HALVES}


def test_copies_of_a_path_stay_true_while_the_unit_moves(crowd: Crowd) -> None:
    found = crowd("moves")
    assert found["moves"] == [["moved"]] * 2
    assert found["paths"] == []


def test_a_killed_writer_loses_nothing_it_was_told_is_done(crowd: Crowd) -> None:
    found = crowd("kill")
    assert found["acked"] >= 30, found
    assert found["lost"] == []
    assert {name: found[name] for name in HALVES} == {name: [] for name in HALVES}, found["seed"]


def test_a_worker_killed_before_it_notes_a_delivery_done_hands_it_over_once_more(crowd: Crowd) -> None:
    found = crowd("worker")
    assert (found["first"], found["between"]) == (["killed"], 0)
    assert sum(found["later"]) >= 1
    assert found["left"] == 0
    assert set(found["messages"].values()) == {1}


def test_a_writer_that_acknowledges_too_early_is_caught(crowd: Crowd) -> None:
    assert crowd("kill", fault="acks_early")["lost"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time: a read cannot go stale")
def test_a_path_read_too_early_is_caught(crowd: Crowd) -> None:
    found = crowd("moves", fault="stale_place")
    assert found["paths"], found
