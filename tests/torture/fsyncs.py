"""The write-ahead log cannot be brought to the disk: strace makes fdatasync fail in PostgreSQL's own processes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from torture import world
from torture.cluster import Cluster
from torture.kills import Stage, verdict

INJECTED = "(INJECTED)"
WHEN = 3  # the n-th sync of each process, so that some were acknowledged before
MISSING = "strace is not installed: apt-get install strace"


def run(*, cluster: Cluster, folder: Path, seconds: float, failures: int, plant: str = "") -> dict[str, Any]:
    """Failing syncs until there were so many or the time is up; every one must cost nothing that was acknowledged."""
    if shutil.which("strace") is None:
        return {"skipped": MISSING}
    world.prepare()
    stage = Stage(cluster, folder, plant)
    trace = cluster.folder / "strace"
    stage.open(writers=3, clients=1, web=1)
    begin = time.monotonic()
    cluster.stop()
    cluster.start(under=failing("fdatasync", trace))
    while time.monotonic() - begin < seconds and injected(trace) < failures:
        time.sleep(0.5)
        if not cluster.answers():  # the failure came while it was getting up, and it gave up
            cluster.kill()
            cluster.start(under=failing("fdatasync", trace))
    spent = time.monotonic() - begin
    cluster.kill()
    cluster.start()
    panics = (cluster.folder / "log").read_text(errors="replace").count("PANIC:")
    return {"seconds": round(spent), "failures": injected(trace), "panics": panics, **verdict(stage.close())}


def failing(call: str, trace: Path) -> list[str]:
    """The beginning of a command in which that system call fails, again and again, in every process it starts."""
    given = ["-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={WHEN}"]
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-A", "-o", str(trace), *given]


def injected(trace: Path) -> int:
    return trace.read_text(errors="replace").count(INJECTED) if trace.exists() else 0
