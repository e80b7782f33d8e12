"""Whatever a program sends: an object, a cursor, a token or a form; answered or refused, never a fault of ours."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import pytest
from conftest import Cast
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from linli.api.v1 import reading, shapes
from linli.api.v1.problems import Problem
from linli.kit.ids import uuid7
from linli.kit.tests.strict import (
    DEEP,
    FEW,
    THROWN,
    WORDS,
    altered,
    as_json,
    as_strict_as_postgresql,
    mutated,
)

pytestmark = pytest.mark.django_db
BODY = {
    "text": "村口的路灯坏了三天了。",
    "category": "facility.street_lamp",
    "place": {"lon": 114.02, "lat": 31.02},
}
FORM = {
    "service_code": "facility.street_lamp", "lat": "31.02", "long": "114.02", "description": "村口的路灯坏了三天了。",
    "attribute[fault]": "dark", "address_id": "990001101201001", "jurisdiction_id": "990001",
}  # fmt: skip
NAMES = "after limit parent kind lon lat month unit q".split()
LISTS = ["/api/v1/organisations", "/api/v1/categories", "/api/v1/statistics", "/api/v1/places"]


@THROWN
@given(st.one_of(st.binary(max_size=80), altered(BODY).map(as_json), mutated(as_json(BODY))))
@example(DEEP[0])
@example(DEEP[1])
def test_any_body_is_an_object_or_a_problem(body: bytes) -> None:
    with suppress(Problem):
        assert isinstance(reading.read(body), dict)


def covered(written: str) -> str:
    return base64.urlsafe_b64encode(written.encode("utf-8", "replace")).decode()


@THROWN
@given(st.one_of(WORDS, WORDS.map(covered)))
@example(covered("\x00"))
def test_any_cursor_goes_on_or_is_a_problem(after: str) -> None:
    for read in (shapes.uncovered, shapes.key_of):
        with suppress(Problem):
            assert reading.is_text(read(after))


@FEW
@given(
    st.dictionaries(
        st.sampled_from("after limit parent kind lon lat month unit q".split()),
        st.one_of(WORDS, WORDS.map(covered)),
    )
)
@example({"after": covered("990001/\x00")})
@example({"parent": "\x00"})
@example({"lon": "nan", "lat": "nan"})
def test_any_question_is_answered_or_refused(cast: Cast, question: dict[str, str]) -> None:
    with as_strict_as_postgresql():
        for address in LISTS:
            assert Client().get(address, encodable(question)).status_code < 500


@FEW
@given(altered(FORM).filter(lambda form: isinstance(form, dict)), st.sampled_from(["xml", "json"]))
@example({**FORM, "attribute[fault\x00]": "\x00"}, "json")
@example({"service_request_id": "\x00,260930-AAAAA", "start_date": "9999-12-31T23:59:59Z"}, "xml")
def test_any_form_and_question_of_open311(cast: Cast, form: dict[str, Any], suffix: str) -> None:
    given = encodable({name: str(value) for name, value in form.items()})
    with as_strict_as_postgresql():
        for address in (f"/open311/v2/requests.{suffix}", f"/open311/v2/requests/{uuid7()}.{suffix}"):
            assert Client().get(address, given).status_code < 500
        assert Client().post(f"/open311/v2/requests.{suffix}", given).status_code < 500
        token = given.get("service_code", "x").replace("/", "") or "x"
        assert Client().get(f"/open311/v2/tokens/{token}.{suffix}").status_code < 500


def encodable(given: dict[str, str]) -> dict[str, str]:
    """As a client sends it: halves of characters cannot travel."""
    return {
        name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
        for name, value in given.items()
    }
