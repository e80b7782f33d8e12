"""docs/settings.md names every variable Linli reads and no other, and one file reads them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "linli"
SETTINGS = SOURCE / "config" / "settings.py"
# Set by every Django entry point so that the settings can be found at all.
FINDS_THE_SETTINGS = "DJANGO_SETTINGS_MODULE"


def variables_read(source: str) -> set[str]:
    """Names handed to `env.kind("NAME")`, `os.environ["NAME"]`, `os.environ.get` or `os.getenv`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            place, argument = ast.unparse(node.func), node.args[0]
        elif isinstance(node, ast.Subscript):
            place, argument = ast.unparse(node.value), node.slice
        else:
            continue
        if re.match(r"env(\.\w+)?$|(os\.)?environ(\.\w+)?$|(os\.)?getenv$", place) and isinstance(
            argument, ast.Constant
        ):
            found.add(str(argument.value))
    return found - {FINDS_THE_SETTINGS}


def variables_documented(page: str) -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    documented = variables_documented((ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))
    assert documented == variables_read(SETTINGS.read_text(encoding="utf-8"))


def test_one_file_reads_the_environment() -> None:
    files = [path for path in SOURCE.rglob("*.py") if path != SETTINGS and "tests" not in path.parts]
    assert [path.name for path in files if variables_read(path.read_text(encoding="utf-8"))] == []


def test_sees_every_way_to_read_a_variable() -> None:
    source = (
        'env.str("A")\nenv("B")\nos.environ["C"]\nos.environ.get("D", "")\nos.getenv("E")\nenvelope("F")\n'
    )
    assert variables_read(source) == {"A", "B", "C", "D", "E"}
    assert variables_documented("| `A` | text |\nmentions `B`\n| `C` | x |\n") == {"A", "C"}
