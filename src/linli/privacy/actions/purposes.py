"""What a case may be opened for, as data; a kind of case adds its own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import get_language

from linli.people.access import Actor

DEFAULT = "handling"
FILE = Path(__file__).parent.parent / "data" / "purposes.toml"


@dataclass(frozen=True)
class Purpose:
    """What somebody opens a case for. Posts with one of the duties or permissions have it without choosing."""

    name: str
    label_zh: str
    label_en: str
    duties: frozenset[str]
    permissions: frozenset[str]

    @property
    def label(self) -> str:
        return self.label_en if (get_language() or "").startswith("en") else self.label_zh


@cache
def known() -> dict[str, Purpose]:
    """Every purpose of the file, in its order."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Purpose(
            name,
            entry["label"]["zh"],
            entry["label"]["en"],
            frozenset(entry.get("duties", ())),
            frozenset(entry.get("permissions", ())),
        )
        for name, entry in raw.items()
    }


# By kind of case, what else it may be opened for: name → label.
_OF_KIND: dict[str, dict[str, str | Promise]] = {}


def add(kinds: Iterable[str], purposes: Iterable[tuple[str, str | Promise]]) -> None:
    """Makes the purposes of a kind of case known."""
    named = dict(purposes)
    for kind in kinds:
        _OF_KIND[kind] = named


def is_allowed(name: str, kind: str) -> bool:
    """Whether a case of that kind may be opened for it."""
    return name in known() or name in _OF_KIND.get(kind, {})


def of(actor: Actor) -> str:
    """What this post opens cases for in its ordinary work."""
    for purpose in known().values():
        if purpose.duties & actor.duties or any(actor.may(each) for each in purpose.permissions):
            return purpose.name
    return DEFAULT


def label_of(name: str, kind: str) -> str:
    """The purpose in words."""
    own = _OF_KIND.get(kind, {})
    if name in own:
        return str(own[name])
    return known()[name].label if name in known() else name
