"""Every system call of the way a photo takes to the disk fails, or is the last one: old or new, never half."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from linli.documents.actions import storing
from torture import world
from torture.cluster import Cluster
from torture.fsyncs import MISSING

CALLS = "openat,write,fsync,fdatasync,rename,renameat,renameat2,close,mkdir,unlink,fstat,newfstatat,stat,lseek,ioctl"
HOW = ("error=EIO", "error=ENOSPC", "signal=SIGKILL")
OLD, NEW = b"old " * 9000, b"new " * 9000
LINE = re.compile(r"^\d+\s+(\w+)\(")


def run(*, cluster: Cluster, folder: Path, every: int = 1, plant: str = "") -> dict[str, Any]:
    """Each call, each way, with an older file of that name and without; or every so manieth of them."""
    if shutil.which("strace") is None:
        return {"skipped": MISSING}
    writer = _in_place if plant == "photo_written_in_place" else storing.write
    made = _calls(folder, writer)
    points = [(call, when) for call, count in made.items() for when in range(1, count + 1)]
    planned = [
        (call, when, how, has_old) for call, when in points for how in HOW for has_old in (False, True)
    ]
    outcomes: Counter[str] = Counter()
    torn: list[str] = []
    for call, when, how, has_old in planned[::every]:
        said = _once(folder, writer, f"{call}:{how}:when={when}", has_old=has_old)
        outcomes[said] += 1
        if said == "torn":
            torn.append(f"{call} {how} {when}")
    return {
        "points": len(points),
        "injections": sum(outcomes.values()),
        "outcomes": dict(outcomes),
        "objections": {"torn": len(torn)},
        "examples": torn[:5],
    }


def _in_place(path: Path, content: bytes) -> None:
    """Planted: a writer that does not know better."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for start in range(0, len(content), 4096):
            file.write(content[start : start + 4096])


def _calls(folder: Path, writer: Any) -> Counter[str]:
    """How often each call is made when nothing fails."""
    trace = folder / "calls"
    path = folder / "aa" / "bb" / "photo.jpg"
    _traced(partial(writer, path, NEW), ["-e", f"trace={CALLS}", "-o", str(trace)])
    assert path.read_bytes() == NEW
    shutil.rmtree(folder / "aa")
    return Counter(m[1] for line in trace.read_text().splitlines() if (m := LINE.match(line)))


def _once(folder: Path, writer: Any, inject: str, *, has_old: bool) -> str:
    path = folder / "aa" / "bb" / "photo.jpg"
    if has_old:
        path.parent.mkdir(parents=True)
        path.write_bytes(OLD)
    call = inject.partition(":")[0]
    given = ["-e", f"trace={call}", "-e", f"inject={inject}", "-o", os.devnull]
    _traced(partial(writer, path, NEW), given)
    said = _what_stands(path, has_old=has_old)
    shutil.rmtree(folder / "aa", ignore_errors=True)
    return said


def _what_stands(path: Path, *, has_old: bool) -> str:
    if not path.exists():
        return "torn" if has_old else "absent"
    content = path.read_bytes()
    if content == NEW:
        return "new"
    return "old" if has_old and content == OLD else "torn"


def _traced(job: Any, options: list[str]) -> None:
    """Does the job in a process that strace holds from its first step on."""

    def held() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        job()

    child = world.fork("writer", held, Path(os.devnull))
    os.waitpid(child.pid, os.WUNTRACED)
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-p", str(child.pid), *options], stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 10
    while time.monotonic() < until and "TracerPid:\t0\n" in Path(f"/proc/{child.pid}/status").read_text():
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGCONT)
    child.wait()
    tracer.wait(20)
