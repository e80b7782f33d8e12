"""What everybody is told before anything is collected, by version; consent is given to the words of one version."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

FILE = Path(__file__).parent.parent / "data" / "notice.toml"


@dataclass(frozen=True)
class Section:
    name: str
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """One version, in the reader's language."""

    version: str
    since: date
    changed: str
    lead: str
    sections: tuple[Section, ...]


@cache
def _file() -> list[dict[str, Any]]:
    return list(tomllib.loads(FILE.read_text(encoding="utf-8"))["versions"])


def versions() -> list[str]:
    """Every version there has been, oldest first."""
    return [entry["version"] for entry in _file()]


def current() -> str:
    """The version shown now."""
    return versions()[-1]


def notice(version: str = "") -> Notice | None:
    """A version by name, the present one by default; None where there is none."""
    wanted = version or current()
    entry = next((each for each in _file() if each["version"] == wanted), None)
    return _in_words(entry) if entry else None


def _in_words(entry: dict[str, Any]) -> Notice:
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return Notice(
        version=entry["version"],
        since=entry["since"],
        changed=entry["changed"][language],
        lead=entry["lead"][language],
        sections=tuple(
            Section(part["name"], part["title"][language], tuple(item[language] for item in part["items"]))
            for part in entry["sections"]
        ),
    )
