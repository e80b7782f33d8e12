"""How much of everything each profile does, and the run itself: a cluster, a process a part, a table at the end."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCALE = float(os.environ.get("TORTURE_SCALE", "1"))  # of the time each part may take
AMOUNTS: dict[str, dict[str, dict[str, Any]]] = {
    "slice": {
        "kills": {"seconds": 60, "kills": 20, "database_every": 3, "writes": 1},
        "races": {"seconds": 60, "races": 20},
        "attachments": {"every": 6},
        "fsyncs": {"seconds": 60, "failures": 10},
        "cuts": {"seconds": 60, "cuts": 12},
    },
    "short": {
        "kills": {"seconds": 60, "kills": 300, "database_every": 4},
        "fsyncs": {"seconds": 45, "failures": 20},
        "cuts": {"seconds": 20, "cuts": 100},
        "disks": {"seconds": 10},
        "attachments": {},
        "races": {"seconds": 30, "races": 200},
        "backups": {"rounds": 1},
        "requests": {"seconds": 60, "cases": 10_000},
        "access": {"seconds": 40, "checks": 5_000},
        "tampering": {"seconds": 60, "count": 750},
    },
    "long": {
        "kills": {
            "seconds": 3_000,
            "kills": 4_000,
            "database_every": 5,
            "database": 200,
            "writes": 100_000,
            "importing": 4.0,
            "laps": 3,
        },
        "fsyncs": {"seconds": 1_500, "failures": 300},
        "cuts": {"seconds": 300, "cuts": 1_000},
        "races": {"seconds": 3_000, "races": 10_000},
        "requests": {"seconds": 3_000, "cases": 300_000},
        "access": {"seconds": 900, "checks": 36_000},
        "tampering": {"seconds": 300, "count": 3_750},
        "attachments": {},
        "backups": {"rounds": 2},
        "disks": {"seconds": 15},
    },
}


def do(part: str, profile: str, plant: str) -> dict[str, Any]:
    """One part, in this process, on the cluster the environment names."""
    import django

    from torture.cluster import Cluster

    django.setup()
    where = os.environ.get("TORTURE_CLUSTER", "")
    folder = Path(os.environ["TORTURE_FOLDER"])
    cluster = Cluster(Path(where.rpartition(":")[0]), int(where.rpartition(":")[2])) if where else None
    if part == "prepare":
        from torture import world

        world.prepare()
        return {}
    amounts = dict(AMOUNTS[profile][part])
    if "seconds" in amounts:
        amounts["seconds"] *= SCALE
    return _parts()[part](cluster=cluster, folder=folder, plant=plant, **amounts)


def _parts() -> dict[str, Callable[..., dict[str, Any]]]:
    from torture import access, attachments, backups, cuts, disks, fsyncs, kills, races, requests, tampering

    return {
        "kills": kills.run,
        "fsyncs": fsyncs.run,
        "cuts": cuts.run,
        "disks": disks.run,
        "attachments": attachments.run,
        "races": races.run,
        "backups": backups.run,
        "requests": requests.run,
        "access": access.run,
        "tampering": tampering.run,
    }


def run(profile: str, only: list[str], plant: str, out: Path) -> int:
    """Every part in a process of its own; prints the table, writes the file. 1 where something was objected to.

    With a planted fault it is the other way round: 0 means that the fault was caught.
    """
    from torture import report
    from torture.cluster import running
    from torture.plants import IN_PARTS

    if plant and plant not in IN_PARTS:
        return _guard(plant)
    wanted = [IN_PARTS[plant].part] if plant else only or list(AMOUNTS[profile])
    begin, parts = time.monotonic(), {}
    with running() as cluster:
        for name in ["prepare", *wanted]:
            started = time.monotonic()
            cluster.ready()
            with tempfile.TemporaryDirectory(prefix="linli-torture-") as folder:
                parts[name] = _part(name, profile, plant, cluster, Path(folder))
            if name == "prepare":
                cluster.prepared = "prepared"
                del parts[name]
                continue
            parts[name]["load"] = round(os.getloadavg()[1], 1)  # whether other work ran beside it
            said = next(report.rows({"parts": {name: parts[name]}}))
            print(f"{said[0]} ({time.monotonic() - started:.0f} s): {said[1]} — {said[2]}", flush=True)
            _written(out, profile, plant, begin, parts)
    bad = [name for name, one in parts.items() if report.bad(one) or "broken" in one]
    if plant:
        print(f"planted {plant}: {'CAUGHT' if bad else 'NOT CAUGHT'}")
        return 0 if bad else 1
    print(f"{len(parts)} parts, objected to: {', '.join(bad) or 'nothing'}. Written to {out}")
    return 1 if bad else 0


def _written(out: Path, profile: str, plant: str, begin: float, parts: dict[str, Any]) -> dict[str, Any]:
    """What was found so far, in the file: a run that is stopped has said what it has done."""
    found = {
        "command": f"make torture PROFILE={profile}" + (f" SCALE={SCALE}" if SCALE != 1 else ""),
        "profile": profile,
        "plant": plant,
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "minutes": round((time.monotonic() - begin) / 60, 1),
        "machine": machine(),
        "parts": parts,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1, default=str, ensure_ascii=False), encoding="utf-8")
    return found


def _part(name: str, profile: str, plant: str, cluster: Any, folder: Path) -> dict[str, Any]:
    from torture import report

    database = cluster.create("prepared" if name == "prepare" else "torture", cluster.prepared)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "linli.config.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src"), str(ROOT)]),
        "DATABASE_URL": database,
        "LINLI_VAR": str(folder / "var"),
        "LINLI_COUNTY": "990001",
        "LINLI_SECRET_KEY": "tortured" * 8,
        "LINLI_SECOND_FACTOR": "false",  # or the posts that need one would knock at no door but that of its setting up
        "LINLI_LOG_LEVEL": "CRITICAL",  # of what is refused, nothing needs to be told
        "TORTURE_CLUSTER": f"{cluster.folder}:{cluster.port}",
        "TORTURE_FOLDER": str(folder),
    }
    out = folder / "out.json"
    command = [sys.executable, "-W", "ignore", "-m", "torture", "--part", name, "--profile", profile]
    command += ["--plant", plant, "--out", str(out)]
    with (folder / "said").open("w") as said:
        subprocess.run(command, env=environment, cwd=ROOT, stdout=said, stderr=said, check=False)
    if out.exists():
        return dict(json.loads(out.read_text(encoding="utf-8")))
    so_far = folder / report.SO_FAR
    found = dict(json.loads(so_far.read_text(encoding="utf-8"))) if so_far.exists() else {}
    lines = (folder / "said").read_text(errors="replace").strip().splitlines()
    print("\n".join(lines[-15:]), file=sys.stderr)
    return {**found, "broken": lines[-1][:200] if lines else "no word"}


def _guard(plant: str) -> int:
    """A fault for one guard: planted while it looks, in front of the reader."""
    file = str(Path(__file__).with_name("test_faults.py"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "--no-header",
        f"{file}::test_no_guard_cries_on_sound_code",
    ]
    done = subprocess.run(
        [*command, "-k", f"[{plant}]"], env={**os.environ, "FAULT": plant}, cwd=ROOT, check=False
    )
    if done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED:
        print(f"there is no fault {plant}: docs/trust.md lists them all")
        return 2
    print(f"planted {plant}: {'CAUGHT' if done.returncode == 1 else 'NOT CAUGHT'}")
    return 0 if done.returncode == 1 else 1


def machine() -> dict[str, Any]:
    from linli.ops.bench.cluster import program

    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    said = subprocess.run([program("postgres"), "--version"], capture_output=True, text=True, check=False)
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(pages / 2**30),
        "system": release.get("PRETTY_NAME", "").strip('"'),
        "postgresql": said.stdout.split()[2] if said.stdout else "?",
        "python": platform.python_version(),
    }
