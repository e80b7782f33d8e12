"""What is written to disk and database, byte by byte, opened here by other code than ours; and what refusals say."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linli.kit import sealing
from linli.kit.ids import uuid7
from linli.kit.sealing import Key, Keyring, KeyringError, Place, Unreadable, cipher, vault
from linli.kit.sealing import keys as rings

HERE = Place("table", "row", "column")
SECRET = bytes(range(32))
RING = Keyring({5: Key(5, "aes-256-gcm", SECRET)}, 5, 1_790_000_000)
BADLY_WRITTEN = "the keyring is not written as it must be"


def derived(secret: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=info).derive(secret)


def bound(head: bytes, *parts: str) -> bytes:
    return head + b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


def opened(sealed: bytes, key: bytes, head: int, *parts: str) -> bytes:
    """As the format is described: head, nonce of 12 bytes, ciphertext with its tag; the place is authenticated."""
    return AESGCM(key).decrypt(sealed[head : head + 12], sealed[head + 12 :], bound(sealed[:head], *parts))


def said(error: type[Exception], call: Any, *arguments: Any) -> str:
    with pytest.raises(error) as refused:
        call(*arguments)
    return str(refused.value)


def test_a_sealed_value_opens_as_its_description_says() -> None:
    sealed = sealing.seal("甲".encode(), HERE, RING)
    assert sealed[:3] == b"\x01\x00\x05"
    assert opened(sealed, derived(SECRET, b"linli.table"), 3, *HERE) == "甲".encode()
    sm4 = Keyring({0x0102: Key(0x0102, "sm4-gcm", SECRET)}, 0x0102)
    assert sealing.seal(b"", HERE, sm4)[:3] == b"\x02\x01\x02"
    assert len(sealing.seal(b"", HERE, sm4)) == cipher.SHORTEST == 31


@pytest.mark.usefixtures("own_ring")
def test_a_boxed_value_opens_as_its_description_says(settings: Any) -> None:
    settings.KEYRING.write_text(RING.written())
    assert sealing.keyring() == RING
    private = X25519PrivateKey.from_private_bytes(derived(SECRET, b"linli.intake"))
    public = private.public_key().public_bytes_raw()
    stored = json.loads(settings.INTAKE_KEY.read_text())
    assert stored == {"key": 5, "public": base64.b64encode(public).decode()}
    assert rings.intake_key() == (5, public)
    boxed = sealing.seal_in_box(b"words", HERE)
    point = boxed[3:35]
    assert boxed[:3] == b"\x03\x00\x05"
    shared = private.exchange(X25519PublicKey.from_public_bytes(point))
    key = derived(shared, b"linli.intake box", salt=point + public)
    assert opened(boxed, key, 35, *HERE) == b"words"


@pytest.mark.usefixtures("own_ring")
def test_the_key_of_a_case_opens_as_its_description_says(settings: Any) -> None:
    settings.KEYRING.write_text(RING.written())
    case = uuid7()
    vault.make(case, ["person:2", "person:1", "person:2"], part="talk")
    raw = json.loads((Path(settings.CASE_KEYS) / str(case)[-2:] / f"{case}.key").read_text())
    assert list(raw) == ["keys"]
    assert list(raw["keys"]) == ["talk"]
    entry = raw["keys"]["talk"]
    assert (entry["algorithm"], entry["readers"]) == ("aes-256-gcm", ["person:1", "person:2"])
    sealed = base64.b64decode(entry["sealed"])
    place = ("linli.vault", f"{case}/talk", "aes-256-gcm\nperson:1\nperson:2")
    secret = opened(sealed, derived(SECRET, b"linli.linli.vault"), 3, *place)
    assert secret == vault.key_of(case, "talk").current.secret
    assert vault.key_of(case, "talk") == Keyring({1: Key(1, "aes-256-gcm", secret)}, 1)


def test_a_ring_reads_back_as_it_was_written() -> None:
    more = RING.with_new_key("sm4-gcm")
    assert (more.current_id, more.current.algorithm, sorted(more.keys)) == (6, "sm4-gcm", [5, 6])
    assert Keyring.read(more.written()) == more
    assert Keyring.read(RING.written()) == RING
    assert more.without(5) == Keyring({6: more.keys[6]}, 6, more.since)
    assert more.since > RING.since
    raw = json.loads(RING.written())
    assert raw == {
        "current": 5,
        "since": 1_790_000_000,
        "keys": {"5": {"algorithm": "aes-256-gcm", "secret": base64.b64encode(SECRET).decode()}},
    }
    del raw["since"]
    assert Keyring.read(json.dumps(raw)).since == 0, "written before there was one"
    assert RING.written().endswith("}\n")


@pytest.mark.parametrize("number", [1, 0xFFFF])
def test_a_key_may_have_any_number_of_two_bytes(number: int) -> None:
    ring = Keyring({number: Key(number, "aes-256-gcm", SECRET)}, number)
    assert Keyring.read(ring.written()) == ring
    for wrong in (0, 0x10000):
        text = ring.written().replace(str(number), str(wrong))
        assert said(KeyringError, Keyring.read, text) == BADLY_WRITTEN


@pytest.mark.parametrize(
    "entry",
    [
        {"algorithm": "rot13", "secret": base64.b64encode(SECRET).decode()},
        {"algorithm": "aes-256-gcm", "secret": base64.b64encode(SECRET[1:]).decode()},
        {"algorithm": "aes-256-gcm", "secret": "!" + base64.b64encode(SECRET).decode()},
        {"algorithm": "aes-256-gcm"},
        [],
    ],
)
def test_a_ring_with_a_key_that_is_none_is_refused(entry: Any) -> None:
    text = json.dumps({"current": 1, "keys": {"1": entry, "2": json.loads(RING.written())["keys"]["5"]}})
    assert said(KeyringError, Keyring.read, text) == BADLY_WRITTEN
    assert (
        said(KeyringError, Keyring.read, RING.written().replace('"current": 5', '"current": 4'))
        == BADLY_WRITTEN
    )


def test_what_is_asked_of_a_ring_in_vain_is_named() -> None:
    assert said(KeyringError, RING.without, 5) == "5"
    assert said(KeyringError, RING.with_new_key("sm4-gcm").without, 7) == "7"
    assert said(KeyringError, RING.with_new_key, "rot13") == "rot13"


def test_what_does_not_open_says_why() -> None:
    sealed = sealing.seal(b"", HERE, RING)
    assert said(Unreadable, sealing.open_sealed, sealed[:-1], HERE, RING) == "too short"
    assert said(Unreadable, sealing.open_sealed, b"\x01\x00\x06" + sealed[3:], HERE, RING) == "no such key"
    assert said(Unreadable, sealing.open_sealed, b"\x02" + sealed[1:], HERE, RING) == "no such key"
    elsewhere = HERE._replace(row="other")
    assert said(Unreadable, sealing.open_sealed, sealed, elsewhere, RING) == "not what was written here"
    box = b"\x03" + sealed[1:3] + bytes(32 + 12 + 16)
    assert said(Unreadable, sealing.open_sealed, box, HERE, RING) == "not what was written here"
    assert said(Unreadable, sealing.open_sealed, box[:-1], HERE, RING) == "too short"
    assert sealing.open_sealed(sealed, HERE, RING) == b"", "as short as can be"


@pytest.mark.usefixtures("own_ring")
def test_where_the_keys_are_is_said_when_they_cannot_be_had(settings: Any, tmp_path: Path) -> None:
    assert said(KeyringError, rings.intake_key) == "there is no intake key"
    for public in (SECRET[1:], SECRET + b"x"):
        settings.INTAKE_KEY.write_text(json.dumps({"key": 1, "public": base64.b64encode(public).decode()}))
        assert said(KeyringError, rings.intake_key) == "the intake key is not written as it must be"
    for number in (0, 0x10000):
        settings.INTAKE_KEY.write_text(
            json.dumps({"key": number, "public": base64.b64encode(SECRET).decode()})
        )
        assert said(KeyringError, rings.intake_key) == "the intake key is not written as it must be"
    settings.INTAKE_KEY.write_text(json.dumps({"key": 0xFFFF, "public": base64.b64encode(SECRET).decode()}))
    assert rings.intake_key() == (0xFFFF, SECRET)
    settings.INTAKE_KEY.write_text(json.dumps({"key": 1, "public": "!" + base64.b64encode(SECRET).decode()}))
    assert said(KeyringError, rings.intake_key) == "there is no intake key"
    assert said(KeyringError, sealing.keyring) == f"{settings.KEYRING} is gone"
    settings.KEYRING = tmp_path / "no folder" / "keyring.json"
    assert said(KeyringError, rings.write, RING) == f"{settings.KEYRING}: No such file or directory"
    settings.INTAKE_KEY = tmp_path / "nothing"
    rings.forget()
    assert said(KeyringError, sealing.keyring) == f"{settings.KEYRING}: No such file or directory"
    rings.forget()
    settings.KEYRING_COMMAND = "no-such-command-anywhere"
    assert said(KeyringError, sealing.keyring) == "the keyring command failed: FileNotFoundError"
    assert said(KeyringError, rings.write, RING) == "the keys are kept by a command; add one there"


@pytest.mark.usefixtures("own_ring")
def test_the_keys_of_a_case_say_why_they_do_not_open(settings: Any) -> None:
    case = uuid7()
    assert said(Unreadable, vault.key_of, case) == "no such key"
    assert said(Unreadable, vault.admit, case, ["person:1"]) == "no such key"
    vault.make(case)
    assert said(Unreadable, vault.key_of, case, "talk") == "no such key"
    path = Path(settings.CASE_KEYS) / str(case)[-2:] / f"{case}.key"
    whole = path.read_text()
    path.write_text(whole.replace('"sealed": "', '"sealed": "!'))
    assert said(Unreadable, vault.key_of, case) == "the keys of the case are not written as they must be"
    path.write_text(whole)
    short = vault._wrapped(vault._entry(case, ""), b"short", case, "")
    assert said(Unreadable, vault._opened, case, "", short) == "no such key"
    vault.shred(case)
    assert said(vault.Shredded, vault.key_of, case) == "destroyed"
    assert said(vault.Shredded, vault.make, case) == "destroyed"
    assert json.loads(path.read_text()) == {"shredded": True}
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.usefixtures("own_ring")
def test_every_key_of_a_case_is_sealed_anew_once(settings: Any) -> None:
    case = uuid7()
    for part in ("", "talk", "paper"):
        vault.make(case, ["person:1"], part=part)
    before = [vault.key_of(case, part) for part in ("", "talk", "paper")]
    assert vault.rewrap(case) == 0
    rings.write(sealing.keyring().with_new_key("sm4-gcm"))
    assert vault.standing(case) == [1, 1, 1]
    assert vault.rewrap(case) == 3
    assert vault.standing(case) == [2, 2, 2]
    assert (vault.rewrap(case), vault.rewrap(uuid7())) == (0, 0)
    assert [vault.key_of(case, part) for part in ("", "talk", "paper")] == before
    assert vault.admits(case, "person:1", "paper")


@pytest.mark.usefixtures("own_ring")
def test_one_request_opens_a_key_once_and_the_next_one_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    case = uuid7()
    vault.make(case, ["person:1"])
    opened_keys: list[str] = []
    secret = vault._secret

    def counted(case_id: UUID, part: str, entry: Any) -> bytes:
        opened_keys.append(part)
        return secret(case_id, part, entry)

    monkeypatch.setattr(vault, "_secret", counted)
    with vault.at_hand():
        with vault.at_hand():
            assert vault.key_of(case) == vault.key_of(case)
        assert vault.admits(case, "person:1")
        vault.key_of(case)
        opened_within = len(opened_keys)
    assert opened_within == 2, "once for the key, once for the list"
    vault.key_of(case)
    vault.key_of(case)
    assert len(opened_keys) == 4
