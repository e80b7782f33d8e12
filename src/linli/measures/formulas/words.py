"""The words of the open data, in both languages at once: data/dictionary.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

Entry = dict[str, str]


@cache
def _written() -> dict[str, Any]:
    text = files("linli.measures").joinpath("data", "dictionary.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def entries(name: str) -> list[Entry]:
    """A list of the dictionary; each entry has a name, `zh` and `en`."""
    found: list[Entry] = _written()[name]
    return found


def sentence(name: str, zh: dict[str, str], en: dict[str, str]) -> tuple[str, str]:
    """A sentence in both languages, each with its own names filled in."""
    text: Entry = _written()["text"][name]
    return text["zh"].format(**zh), text["en"].format(**en)
