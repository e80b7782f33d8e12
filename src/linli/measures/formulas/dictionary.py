"""What the columns, tables and values of an edition mean, and under which licences it may be published."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from linli.measures.formulas import matters, words
from linli.measures.formulas.editions import Value
from linli.measures.formulas.words import Entry


@dataclass(frozen=True)
class Licence:
    """A licence as data/licences.toml has it."""

    code: str
    uri: str
    zh: str
    en: str
    allows_zh: str
    allows_en: str


@cache
def licences() -> dict[str, Licence]:
    text = files("linli.measures").joinpath("data", "licences.toml").read_text(encoding="utf-8")
    return {code: Licence(code, **entry) for code, entry in tomllib.loads(text).items()}


def dictionary() -> dict[str, Any]:
    """The data dictionary: `columns`, `tables`, and under `values` what the coded columns may hold."""
    return {
        "columns": words.entries("column"),
        "tables": words.entries("table"),
        "values": {
            "place_level": words.entries("place_level"),
            "category": [_entry(value) for group in matters.categories().below for value in _with(group)],
            "type": [_entry(value) for value in matters.types().below],
            "channel": [_entry(value) for value in matters.channels().below],
            "progress": words.entries("progress"),
            "apart": words.entries("apart"),
        },
    }


def _with(group: Value) -> tuple[Value, ...]:
    return (group, *group.below)


def _entry(value: Value) -> Entry:
    return {"name": value.code, "zh": value.zh, "en": value.en}
