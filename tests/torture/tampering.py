"""The past changed by somebody who holds the whole server: the suite of the ledger's own tests, at full size."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from torture.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]
SUITE = "src/linli/ops/tests/test_tampering.py"
SAID = re.compile(r"(\d+) tamperings, 0 missed: (\{.*\})")


def run(*, cluster: Cluster, folder: Path, seconds: float, count: int, plant: str = "") -> dict[str, Any]:
    """So many tamperings, each looked at by the verifier that knows what a witness keeps."""
    begin = time.monotonic()
    environment = {**os.environ, "LINLI_TAMPERINGS": str(count)}
    del environment["DATABASE_URL"]  # the suite has its own
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-s", "-p", "no:cacheprovider", SUITE]
    done = subprocess.run(
        [*command, "-k", "every_tampering or nobody_touched"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = SAID.search(done.stdout)
    if found is None or done.returncode:
        return {
            "seconds": 0,
            "tamperings": 0,
            "kinds": 0,
            "objections": {"missed": 1},
            "examples": done.stdout[-900:],
        }
    ways: dict[str, int] = ast.literal_eval(found[2])
    return {
        "seconds": round(time.monotonic() - begin),
        "tamperings": int(found[1]),
        "kinds": len(ways),
        "ways": ways,
        "objections": {"missed": 0},
    }
