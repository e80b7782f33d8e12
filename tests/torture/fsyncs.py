"""The write-ahead log cannot be brought to the disk: strace makes fdatasync fail in PostgreSQL's own processes."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from torture import world
from torture.cluster import Cluster
from torture.kills import Stage, verdict

INJECTED = "(INJECTED)"
WHEN = 6  # the n-th sync of each process, so that some were acknowledged before
MISSING = "strace is not installed: apt-get install strace"


def run(*, cluster: Cluster, folder: Path, seconds: float, failures: int, plant: str = "") -> dict[str, Any]:
    """Failing syncs until there were so many or the time is up; every one must cost nothing that was acknowledged."""
    if shutil.which("strace") is None:
        return {"skipped": MISSING}
    world.prepare()
    stage = Stage(cluster, folder, plant)
    trace = folder / "strace"
    tracer = attach(cluster.postmaster, trace, f"fdatasync:error=EIO:when={WHEN}")
    time.sleep(1)  # from here on every process PostgreSQL forks is held
    stage.open(writers=3, clients=1, web=1)
    begin = time.monotonic()
    try:
        while time.monotonic() - begin < seconds and injected(trace) < failures:
            time.sleep(0.5)
            if tracer.poll() is not None:
                break
    finally:
        tracer.terminate()
        tracer.wait(20)
    spent = time.monotonic() - begin
    done = injected(trace)
    panics = (cluster.folder / "log").read_text(errors="replace").count("PANIC:")
    cluster.answers()
    return {"seconds": round(spent), "failures": done, "panics": panics, **verdict(stage.close())}


def attach(pid: int, trace: Path, inject: str) -> subprocess.Popen[bytes]:
    """strace on a process and all it will fork."""
    call = inject.partition(":")[0]
    command = ["strace", "-f", "-qq", "-p", str(pid), "-o", str(trace)]
    return subprocess.Popen([*command, "-e", f"trace={call}", "-e", f"inject={inject}"])


def injected(trace: Path) -> int:
    return trace.read_text(errors="replace").count(INJECTED) if trace.exists() else 0
