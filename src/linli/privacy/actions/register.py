"""The register of processing: for every column what it is for, on which ground, what it is, who sees it, how long.

It is a file an official can read (`data/register.toml`); a test fails the build for a column it does not cover.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db import models
from django.utils.translation import get_language

FILE = Path(__file__).parent.parent / "data" / "register.toml"
WORDS = {"kind": "kinds", "basis": "bases", "who": "who", "retention": "terms"}


@dataclass(frozen=True)
class Column:
    """One column of the register, in both languages."""

    table: str
    name: str
    kind: str
    basis: str
    who: str
    retention: str
    purpose_zh: str
    purpose_en: str


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def fingerprint() -> str:
    """What the register says now; an assessment names the one it was made for."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def sensitive_forms() -> list[str]:
    """Beginnings of the names of forms that collect sensitive information."""
    return list(_file()["sensitive"])


def form_label(subject: str) -> str:
    """What such a form is called in the reader's language; '' for any other."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    entry = _file()["sensitive"].get(subject)
    return str(entry[language]) if entry else ""


def tables() -> dict[str, Any]:
    return dict(_file()["tables"])


def columns() -> Iterator[Column]:
    """Every column of the register, in its order."""
    for table, entry in tables().items():
        for name, given in entry["columns"].items():
            own = given if isinstance(given, dict) else {"kind": given}
            said = {**entry, **own}
            purpose = said["purpose"]
            yield Column(
                table,
                name,
                said["kind"],
                said["basis"],
                said["who"],
                said["retention"],
                purpose["zh"],
                purpose["en"],
            )


def word(field: str, code: str, language: str) -> str:
    """What a code of the register means."""
    return str(_file()[WORDS[field]][code][language])


def is_personal(kind: str) -> bool:
    return bool(_file()["kinds"][kind]["is_personal"])


def faults(of: Iterable[type[models.Model]]) -> list[str]:
    """Columns the register does not cover or that are gone, and codes it does not explain."""
    held = {
        f"{model._meta.label}.{field.name}"
        for model in of
        for field in model._meta.concrete_fields
        if field.column
    }
    written = {f"{column.table}.{column.name}": column for column in columns()}
    found = [f"{name} has no entry" for name in sorted(held - set(written))]
    found += [f"{name} is not there any more" for name in sorted(set(written) - held)]
    for name, column in written.items():
        for field, group in WORDS.items():
            if getattr(column, field) not in _file()[group]:
                found.append(f"{name}: {field} {getattr(column, field)} is not explained")
        if column.basis == "none" and is_personal(column.kind):
            found.append(f"{name} is personal and has no legal basis")
    return found
