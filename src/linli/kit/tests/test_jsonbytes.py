"""Canonical bytes: what is hashed today must hash the same after a trip through the database."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kit.jsonbytes import NotCanonical, canonical, instant, plain

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


class Colour(StrEnum):
    RED = "red"


@given(VALUES)
def test_a_round_trip_through_json_gives_the_same_bytes(value: Any) -> None:
    first = canonical(value)
    assert canonical(json.loads(first)) == first
    assert canonical(plain(value)) == first


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))


def test_the_form_is_fixed() -> None:
    beijing = timezone(timedelta(hours=8))
    value = {
        "乙": [1.0, -0.0, 0.5, 1e22, True, None],
        "at": datetime(2026, 9, 30, 16, 42, tzinfo=beijing),
        "b": date(2026, 9, 30),
        "a": (uuid.UUID(int=1), Colour.RED),
    }
    assert canonical(value).decode() == (
        '{"a":["00000000-0000-0000-0000-000000000001","red"],"at":"2026-09-30T08:42:00.000000Z",'
        '"b":"2026-09-30","乙":[1,0,0.5,10000000000000000000000,true,null]}'
    )


def test_text_is_not_normalised() -> None:
    assert canonical("e\u0301") != canonical("\u00e9")


@pytest.mark.parametrize(
    "wrong",
    [
        float("nan"),
        float("inf"),
        datetime(2026, 9, 30, 16, 42),  # noqa: DTZ001
        {1: "a"},
        {None: "a"},
        {"a"},
        b"bytes",
        Decimal("1.0"),
        "\ud800",
        {"\udfff": 1},
        object(),
    ],
)
def test_refuses_what_has_no_canonical_form(wrong: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical({"value": wrong})


def test_refuses_a_bottomless_nest() -> None:
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]
    with pytest.raises(NotCanonical):
        canonical(nest)


def test_instants_are_utc_with_microseconds() -> None:
    assert instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"
