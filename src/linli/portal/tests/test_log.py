"""Anybody may check the log: its checkpoints and proofs are open, and say nothing about anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes
from linli.ledger.actions import keys
from linli.ledger.models import Cosignature, Leaf

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path) -> None:
    settings.LOG_KEY = tmp_path / "log.key"


def grow(count: int) -> list[bytes]:
    hashes = [merkle.leaf_hash(uuid7().bytes) for _n in range(count)]
    Leaf.objects.bulk_create([Leaf(case_id=uuid7(), number=1, hash=one, at=AT) for one in hashes])
    ledger.sequence()
    ledger.make_checkpoint(at=AT)
    return [bytes(one) for one in Leaf.objects.order_by("position").values_list("hash", flat=True)]


def hashes(text: bytes) -> list[bytes]:
    return [notes.decoded(line) for line in text.decode().splitlines()]


def test_a_log_of_nothing_has_no_checkpoint(client: Client) -> None:
    assert client.get("/log/checkpoint").status_code == 404
    assert client.get("/log/key").status_code == 200


def test_a_stranger_checks_the_log_with_nothing_but_its_key(client: Client) -> None:
    old = grow(3)
    every = grow(5)
    key = notes.Key.parse(client.get("/log/key").content.decode())
    note = notes.Note.parse(client.get("/log/checkpoint").content.decode())
    assert note.signed_by(key)
    newest = notes.Checkpoint.parse(note.text)
    proof = hashes(client.get("/log/consistency?from=3&to=8").content)
    assert merkle.verify_consistency(
        old_size=3, new_size=8, old_root=merkle.root(old), new_root=newest.root, proof=proof
    )
    path = hashes(client.get("/log/inclusion?position=2&size=8").content)
    assert merkle.verify_inclusion(leaf=every[1], index=1, size=8, proof=path, root=newest.root)


@pytest.mark.parametrize(
    "address",
    [
        "consistency",
        "consistency?from=0&to=3",
        "consistency?from=3&to=2",
        "consistency?from=1&to=4",
        "consistency?from=-1&to=3",
        "consistency?from=%D9%A3&to=3",
        "inclusion?position=0&size=3",
        "inclusion?position=4&size=3",
        "inclusion?position=1&size=99999999999999999999999",
        "checkpoint?witnessed=1",
    ],
)
def test_what_the_log_does_not_have_is_not_found(client: Client, address: str) -> None:
    grow(3)
    assert client.get(f"/log/{address}").status_code == 404


def test_a_witness_hands_its_signature_back(client: Client, settings: Any) -> None:
    grow(3)
    secret = notes.Secret.make("audit.example", notes.WITNESS)
    note = notes.Note.parse(client.get("/log/checkpoint").content.decode())
    written = str(note.with_more([notes.cosign(note.text, secret, int(AT.timestamp()))]))

    def given(body: Any) -> int:
        return client.post("/log/cosignatures", body, content_type="text/plain").status_code

    assert given(written) == 422
    settings.WITNESSES = [str(secret.key)]
    assert (given(b"\xff"), given(written.replace("3", "4")), given("x" * 30_000)) == (422, 422, 413)
    assert not Cosignature.objects.exists()
    assert given(written) == 204
    assert client.get("/log/checkpoint?witnessed=1").content.decode() == written
    assert client.get("/log/key").content.decode() == f"{keys.public()}\n{secret.key}\n"
