"""Whatever comes from something that says it is a phone: an answer for each, or the named refusal; never a fault."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from linli.field import wire
from linli.field.wire.commands import parsed
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.kit.tests.strict import (
    DEEP,
    FEW,
    THROWN,
    VALUES,
    altered,
    as_json,
    as_strict_as_postgresql,
    mutated,
)

from .device import Device

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ID = uuid7()
COMMAND = {
    "kind": "report",
    "made_at": "2026-09-30T16:42:00+08:00",
    "data": {
        "text": "村口的路灯坏了三天了。",
        "category": "facility.street_lamp",
        "place": "990001101201001",
    },
    "photos": [str(uuid7())],
    "after": [],
    "seen": 3,
}


@THROWN
@given(
    st.one_of(st.binary(max_size=200), altered(COMMAND).map(as_json), mutated(as_json(COMMAND))),
    st.integers(1, 4),
)
@example(DEEP[0], 4)
@example(DEEP[1], 1)
def test_any_content_is_a_command_or_malformed(content: bytes, version: int) -> None:
    with suppress(wire.Malformed):
        wire.read(ID, wire.upcast(parsed(content), version))


@THROWN
@given(st.one_of(st.binary(max_size=200), mutated(wire.seal(b"{}", ID, wire.public_key()))))
def test_any_bytes_open_or_are_damaged(sealed: bytes) -> None:
    with suppress(wire.Damaged):
        wire.unseal(sealed, ID)


@pytest.fixture
def phone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Device:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Device.enrol(cast["grid_worker"], NOW)


def envelope(content: Any, key: UUID) -> dict[str, Any]:
    """A command as it travels."""
    sealed = wire.seal(as_json(content), key, wire.public_key())
    return {"id": str(key), "version": wire.CURRENT, "sealed": base64.b64encode(sealed).decode()}


@pytest.mark.django_db
@FEW
@given(altered(COMMAND))
@example({**COMMAND, "data": {**COMMAND["data"], "text": "路\x00灯"}})  # type: ignore[dict-item]
@example({**COMMAND, "kind": "move", "case": str(ID), "verb": "accept\x00"})
@example({**COMMAND, "made_at": "9" * 60})
def test_a_sealed_command_of_any_kind_has_its_answer(phone: Device, content: Any) -> None:
    key = uuid7()
    body = json.dumps({"commands": [envelope(content, key)]})
    with as_strict_as_postgresql():
        answer = Client().post(
            "/field/batches", body, "application/json", headers={"Authorization": phone.authorization}
        )
    assert answer.status_code == 200
    assert [each["id"] for each in answer.json()["results"]] == [str(key)]


@pytest.mark.django_db
@FEW
@given(st.one_of(st.binary(max_size=60), altered({"commands": [envelope(COMMAND, ID)]}).map(as_json)))
@example(DEEP[0])
def test_any_body_is_a_batch_or_refused(phone: Device, body: bytes) -> None:
    headers = {"Authorization": phone.authorization}
    with as_strict_as_postgresql():
        for address in ("/field/batches", "/field/opening"):
            assert Client().post(address, body, "application/json", headers=headers).status_code < 500


@pytest.mark.django_db
@FEW
@given(st.one_of(VALUES.map(as_json), st.just(DEEP[0])))
def test_any_body_enrols_or_subscribes_or_is_refused(cast: Cast, body: bytes) -> None:
    client = Client()
    client.force_login(cast.people["grid_worker"], backend=BACKEND)
    with as_strict_as_postgresql():
        for address in ("/field/phones", "/field/push"):
            assert client.post(address, body, "application/json").status_code < 500
