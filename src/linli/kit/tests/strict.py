"""What PostgreSQL refuses and SQLite takes: a zero byte, or half a character, in a text on its way to the database.

And the values strangers send, for the tests that throw them at parsers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# A few hundred tries at every run, the same ones each time; nothing is kept on the disk.
THROWN = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FEW = settings(THROWN, max_examples=25)  # where each is a request
LETTERS = st.text(st.characters(exclude_categories=()), max_size=40)
ODD = st.sampled_from(
    ["", "0", "-1", "NaN", "1e400", "9" * 40, "\x00", "\ud800", "a\r\nb", "\u202e", "＝1", "2026-02-30", "9999-12-31",
     "0001-01-01", "9999-12-31T23:59:59Z", "~", "~~~", "%00", "[" * 3000, "{}", "null", "%(x)s", "{0}"]
)  # fmt: skip
WORDS = st.one_of(LETTERS, ODD)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=8,
)
DEEP = (b"[" * 100_000, b'{"a":' * 50_000, b'{"features":' + b"[" * 100_000)


class ZeroByte(ValueError):
    """What PostgreSQL says to a text with a zero byte in it."""


@contextmanager
def as_strict_as_postgresql() -> Iterator[None]:
    """No text with a zero byte reaches the database, nor one with half a character."""

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        for row in params if many else [params]:
            look_at(list(row.values()) if isinstance(row, dict) else list(row or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield


def look_at(values: list[Any]) -> None:
    """Raises ZeroByte, or UnicodeEncodeError, for what could not be stored."""
    for value in values:
        if isinstance(value, list | tuple):
            look_at(list(value))
        elif isinstance(value, str):
            value.encode()
            if "\x00" in value or (value[:1] in ("{", "[", '"') and "\\u0000" in value):
                raise ZeroByte(value[:80])


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Something right with a few stretches of it changed, doubled or cut out."""
    content = bytearray(whole)
    for _each in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 12))
        content[place : place + length] = draw(st.binary(max_size=12))
    return bytes(content)


@st.composite
def altered(draw: st.DrawFn, right: Any) -> Any:
    """Something right with one value in it, at any depth, replaced by anything."""
    if isinstance(right, dict) and right and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(right)))
        return {**right, name: draw(altered(right[name]))}
    if isinstance(right, list) and right and draw(st.booleans()):
        place = draw(st.integers(0, len(right) - 1))
        return [*right[:place], draw(altered(right[place])), *right[place + 1 :]]
    return draw(VALUES)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
