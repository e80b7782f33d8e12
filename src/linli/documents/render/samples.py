"""An invented case on every form: what a Word template is tried with, and what the tests print."""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("sample.json")


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, Any]]:
    samples: dict[str, dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return samples


def sample(kind: str) -> dict[str, Any]:
    """The data of one paper of the invented case; every field of the form is there."""
    return copy.deepcopy(_all()["common"] | _all().get(kind, {}))


def kinds() -> list[str]:
    return [kind for kind in _all() if kind != "common"]
