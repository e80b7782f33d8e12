"""The command line: every part in a process of its own, one table and one JSON file of what came of it.

`python -m torture [--profile short|long] [--only PART] [--plant NAME] [--minutes N]`
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--profile", choices=("slice", "short", "long"), default="short")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--plant", default="")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "torture.json")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    from torture import profiles

    signal.signal(signal.SIGTERM, lambda *given: sys.exit(1))  # so that what was started is stopped
    if options.part:
        found = profiles.do(options.part, options.profile, options.plant)
        options.out.write_text(json.dumps(found, default=str, ensure_ascii=False), encoding="utf-8")
        return 0
    return profiles.run(options.profile, options.only, options.plant, options.out)


if __name__ == "__main__":
    sys.exit(main())
