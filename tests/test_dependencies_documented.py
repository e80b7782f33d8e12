"""docs/dependencies.md says why each package is here, and no lock file names the host it came from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")


def declared() -> set[str]:
    """Every package asked for by name, for Python and for the front end."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["dev"]]
    asked += [name for group in project["dependency-groups"].values() for name in group]
    front = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    names = {re.split(r"[\[<>=~ ]", name)[0] for name in asked}
    return names | set(front["dependencies"]) | set(front["devDependencies"])


def explained(page: str) -> set[str]:
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def hosts(text: str) -> list[str]:
    return re.findall(r"https?://[^\s\"']+|--(?:index-url|extra-index-url|find-links)[^\n]*", text)


def test_every_package_is_explained_and_nothing_else() -> None:
    assert explained(PAGE) == declared()


def test_lock_files_name_no_host() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "package-lock.json"]
    assert len(locks) == 5
    lines = {path.name: path.read_text(encoding="utf-8") for path in locks}
    # npm also notes where a package asks for money; that is not where it came from.
    lines["package-lock.json"] = re.sub(r'"url": "[^"]+"|"funding": "[^"]+"', "", lines["package-lock.json"])
    assert {name: hosts(text) for name, text in lines.items() if hosts(text)} == {}


def test_catches_what_is_not_explained_and_where_it_came_from() -> None:
    assert explained("| `a`, `b` | MIT | `c` |\n`d` comes too") == {"a", "b"}
    assert (
        len(hosts('--index-url x\n"resolved": "https://registry.example/a.tgz"\na==1 --hash=sha256:0')) == 2
    )
