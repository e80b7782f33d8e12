"""docs/asvs.toml: every requirement of levels 1 and 2 leads to a test, a page or a reason, or says that it is open."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {1: 70, 2: 183}
WAYS = {"test", "doc", "because", "open"}
MOST_OPEN = 5  # may fall, never rise


def requirements() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = tomllib.loads(
        (ROOT / "docs" / "asvs.toml").read_text(encoding="utf-8")
    )["requirements"]
    return found


def ways(of: dict[str, dict[str, Any]]) -> Counter[str]:
    return Counter(way for one in of.values() for way in WAYS & set(one))


def objections(name: str, one: dict[str, Any], root: Path = ROOT) -> list[str]:
    """What is wrong with an entry: not one way, or a way that leads nowhere."""
    (way, *more) = sorted(WAYS & set(one)) or ["none"]
    if more or way == "none" or not one.get("says") or one.get("level") not in LEVELS:
        return [f"{name} needs a level, a summary and exactly one of {', '.join(sorted(WAYS))}"]
    if way in ("because", "open"):
        return [] if len(one[way]) > 5 else [f"{name} gives no reason"]
    file, _colons, test = str(one[way]).partition("::")
    path = root / file
    if not path.is_file():
        return [f"{name} names {file}, which is not there"]
    if test and test not in functions(path):
        return [f"{name} names {test}, which is not in {file}"]
    return []


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_requirement_of_two_levels_is_answered() -> None:
    found = requirements()
    assert Counter(one["level"] for one in found.values()) == LEVELS
    assert [line for name, one in found.items() for line in objections(name, one)] == []


def test_what_is_open_grows_no_more() -> None:
    assert ways(requirements())["open"] <= MOST_OPEN


def test_the_page_on_trust_counts_them() -> None:
    counted = ways(requirements())
    said = (
        f"{counted['test']} by a test, {counted['doc']} by what is written or set, {counted['because']} do not apply,"
        f" {counted['open']} are open"
    )
    assert said in " ".join((ROOT / "docs" / "trust.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "entry",
    [
        {"level": 1, "says": "x"},
        {"level": 3, "says": "x", "because": "it is not asked"},
        {"level": 1, "says": "x", "test": "tests/test_nothing.py"},
        {"level": 1, "says": "x", "test": "tests/test_asvs.py::test_that_is_not_there"},
        {"level": 1, "says": "x", "doc": "docs/nothing.md"},
        {"level": 1, "says": "x", "because": "n/a"},
        {"level": 1, "says": "x", "open": "not yet met", "test": "tests/test_asvs.py"},
    ],
)
def test_catches_empty_answers(entry: dict[str, Any]) -> None:
    assert objections("1.1.1", entry)
