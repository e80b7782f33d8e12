"""Sealed text opens where it was written and nowhere else; keys stand outside, change, and go."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kit import sealing
from linli.kit.sealing import Key, Keyring, KeyringError, Place, Unreadable
from linli.kit.sealing import keys as rings
from linli.kit.sealing.cipher import HEAD, NONCE

HERE = Place("table", "row", "column")
WORD = "甲".encode()
BOTH = ["aes-256-gcm", "sm4-gcm"]


@pytest.mark.parametrize("algorithm", BOTH)
@given(text=st.binary(max_size=200))
def test_what_was_sealed_opens_to_the_same_text(algorithm: str, text: bytes) -> None:
    ring = RINGS[algorithm]
    assert sealing.open_sealed(sealing.seal(text, HERE, ring), HERE, ring) == text


FORKED = """
import os, secrets
for n in range(2):
    if not os.fork():
        os.write(1, secrets.token_bytes(12).hex().encode() + b"\\n")
        os._exit(0)
os.wait(); os.wait()
"""
RINGS = {name: Keyring.new(name) for name in BOTH}


@pytest.mark.parametrize("algorithm", BOTH)
def test_it_opens_at_no_other_table_row_or_column(algorithm: str) -> None:
    sealed = sealing.seal(b"0712-0000-123", HERE, RINGS[algorithm])
    elsewhere = [
        HERE._replace(table="other"),
        HERE._replace(row="other"),
        HERE._replace(column="other"),
        Place("tablerow", "", "column"),
    ]
    for place in elsewhere:
        with pytest.raises(Unreadable):
            sealing.open_sealed(sealed, place, RINGS[algorithm])


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_changed_byte_anywhere_a_cut_end_or_another_mark_is_noticed(algorithm: str) -> None:
    ring = RINGS[algorithm]
    sealed = sealing.seal("张三".encode(), HERE, ring)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unreadable):
            sealing.open_sealed(bytes(changed), HERE, ring)
    for length in range(len(sealed)):
        with pytest.raises(Unreadable):
            sealing.open_sealed(sealed[:length], HERE, ring)


def test_a_value_says_its_algorithm_and_key_and_cannot_be_passed_off_as_anothers() -> None:
    first = Keyring.new("aes-256-gcm")
    both = first.with_new_key("sm4-gcm")
    old, new = sealing.seal(WORD, HERE, first), sealing.seal(WORD, HERE, both)
    assert (old[0], sealing.standing_key(old)) == (1, 1)
    assert (new[0], sealing.standing_key(new)) == (2, 2)
    assert sealing.open_sealed(old, HERE, both) == WORD
    for head in (new[:HEAD], bytes([1]) + new[1:HEAD], b"\x01\x00\x07"):
        with pytest.raises(Unreadable):
            sealing.open_sealed(head + old[HEAD:], HERE, both)
    with pytest.raises(Unreadable):
        sealing.open_sealed(old, HERE, both.without(1))


def test_no_nonce_is_used_twice_not_even_by_forked_processes() -> None:
    ring = RINGS["aes-256-gcm"]
    nonces = {sealing.seal(b"", HERE, ring)[HEAD : HEAD + NONCE] for _n in range(20_000)}
    assert len(nonces) == 20_000
    said = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert len(set(said.stdout.split())) == 2


@pytest.mark.usefixtures("own_ring")
def test_the_first_process_makes_the_keys_and_only_their_owner_reads_them(settings: Any) -> None:
    made = sealing.keyring()
    assert stat.S_IMODE(settings.KEYRING.stat().st_mode) == 0o600
    rings.forget()
    assert sealing.keyring() == made
    assert {entry.name for entry in settings.KEYRING.parent.iterdir()} == {"intake.json", "keyring.json"}


@pytest.mark.usefixtures("own_ring")
def test_a_new_key_is_noticed_without_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = sealing.keyring()
    monkeypatch.setattr(rings, "RECHECK_SECONDS", 0)
    rings.write(ring.with_new_key("sm4-gcm"))
    assert sealing.keyring().current.algorithm == "sm4-gcm"
    assert sealing.keyring().keys[1] == ring.keys[1]


@pytest.mark.usefixtures("own_ring")
def test_a_command_may_keep_the_keys_and_its_failure_says_no_secret(settings: Any) -> None:
    ring = Keyring.new()
    settings.KEYRING.write_text(ring.written())
    settings.KEYRING_COMMAND = f"cat {settings.KEYRING}"
    assert sealing.keyring() == ring
    with pytest.raises(KeyringError, match="kept by a command"):
        rings.write(ring)
    rings.forget()
    settings.KEYRING_COMMAND = "false"
    with pytest.raises(KeyringError, match="failed: CalledProcessError"):
        sealing.keyring()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"current": 1, "keys": {}}',
        '{"current": 1, "keys": {"1": {"algorithm": "rot13", "secret": ""}}}',
        "\x00",
    ],
)
def test_a_keyring_that_is_not_one_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(KeyringError) as refused:
        Keyring.read(text)
    assert "rot13" not in str(refused.value)


def test_a_key_never_shows_its_secret() -> None:
    ring = Keyring.new()
    assert repr(ring.current.secret) not in repr(ring)
    assert Key(1, "aes-256-gcm", b"s" * 32).derived("a", 32) != Key(1, "aes-256-gcm", b"s" * 32).derived(
        "b", 32
    )


def test_the_current_key_cannot_be_taken_away() -> None:
    with pytest.raises(KeyringError):
        Keyring.new().without(1)


@pytest.mark.usefixtures("own_ring")
def test_what_is_sealed_in_a_box_opens_with_the_ring_alone_and_nowhere_else() -> None:
    ring = sealing.keyring()
    boxed = sealing.seal_in_box(WORD, HERE)
    assert sealing.open_sealed(boxed, HERE, ring) == WORD
    for place in range(len(boxed)):
        changed = bytearray(boxed)
        changed[place] ^= 1
        with pytest.raises(Unreadable):
            sealing.open_sealed(bytes(changed), HERE, ring)
    small = boxed[:HEAD] + bytes(32) + boxed[HEAD + 32 :]
    for wrong in (small, boxed[: HEAD + 40]):
        with pytest.raises(Unreadable):
            sealing.open_sealed(wrong, HERE, ring)
    with pytest.raises(Unreadable):
        sealing.open_sealed(boxed, HERE._replace(row="other"), ring)
    assert len({sealing.seal_in_box(WORD, HERE)[HEAD : HEAD + 32] for _n in range(50)}) == 50


@pytest.mark.usefixtures("own_ring")
def test_a_lost_keyring_is_not_replaced_by_a_new_one(settings: Any) -> None:
    sealing.keyring()
    settings.KEYRING.unlink()
    rings.forget()
    with pytest.raises(KeyringError, match="is gone"):
        sealing.keyring()
    settings.KEYRING = settings.KEYRING.parent  # a folder cannot be read
    with pytest.raises(KeyringError, match="directory"):
        sealing.keyring()
    with pytest.raises(KeyringError):
        rings.write(Keyring.new())


@pytest.mark.usefixtures("own_ring")
def test_where_no_keyring_can_be_made_it_says_so(settings: Any, tmp_path: Path) -> None:
    settings.KEYRING = tmp_path / "not there" / "keyring.json"
    with pytest.raises(KeyringError, match="No such file"):
        sealing.keyring()


@pytest.mark.usefixtures("own_ring")
def test_of_two_that_make_the_first_ring_one_does(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Keyring.new()

    def lay(path: Path, text: str) -> None:
        path.write_text(text)
        settings.KEYRING.write_text(other.written())

    monkeypatch.setattr(rings, "lay", lay)
    assert rings._made(settings.KEYRING) == other


@pytest.mark.usefixtures("own_ring")
@pytest.mark.parametrize("text", ["{}", "[]", '{"key": 1, "public": "AAAA"}', '{"key": 0, "public": ""}'])
def test_an_intake_key_that_is_none_is_refused_and_written_anew(settings: Any, text: str) -> None:
    settings.INTAKE_KEY.write_text(text)
    with pytest.raises(KeyringError, match="intake key"):
        sealing.seal_in_box(WORD, HERE)
    settings.KEYRING.write_text(Keyring.new().written())
    assert sealing.open_sealed(
        sealing.seal_in_box(WORD, HERE) if sealing.keyring() else b"", HERE, sealing.keyring()
    )


@pytest.mark.usefixtures("own_ring")
def test_an_intake_key_that_cannot_be_written_stops_nothing_else(settings: Any, tmp_path: Path) -> None:
    settings.INTAKE_KEY = tmp_path / "not there" / "intake.json"
    assert sealing.open_sealed(sealing.seal_for_server(WORD, HERE), HERE, sealing.keyring()) == WORD


@pytest.mark.usefixtures("own_ring")
def test_a_key_service_that_is_away_is_not_asked_at_every_turn(settings: Any, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    settings.KEYRING_COMMAND = f"sh -c 'echo . >> {asked}; exit 1'"
    for _n in range(5):
        with pytest.raises(KeyringError):
            sealing.keyring()
    assert asked.read_text().count(".") == 1


@pytest.mark.parametrize("number", [0xFFFF])
def test_there_are_not_more_keys_than_their_numbers(number: int) -> None:
    ring = Keyring({number: Key(number, "aes-256-gcm", b"s" * 32)}, number)
    with pytest.raises(KeyringError):
        ring.with_new_key("aes-256-gcm")
    with pytest.raises(KeyringError):
        Keyring.new("rot13")


@pytest.mark.usefixtures("own_ring")
def test_a_value_sealed_with_a_key_another_process_has_just_added_opens(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rings, "RECHECK_SECONDS", 3600.0)  # on a busy machine a second is soon over
    ring = sealing.keyring()
    newer = ring.with_new_key("aes-256-gcm")
    settings.KEYRING.write_text(newer.written())
    assert sealing.keyring() == ring  # not looked at again so soon
    assert sealing.ring_with(1) == ring
    assert sealing.ring_with(2) == newer
    assert sealing.ring_with(7) == newer


@pytest.mark.usefixtures("own_ring")
def test_a_command_is_not_asked_again_for_a_key_it_does_not_have(settings: Any, tmp_path: Path) -> None:
    ring = Keyring.new()
    settings.KEYRING.write_text(ring.written())
    settings.KEYRING_COMMAND = f"sh -c 'echo . >> {tmp_path}/asked; cat {settings.KEYRING}'"
    assert sealing.ring_with(7) == sealing.ring_with(1) == ring
    assert (tmp_path / "asked").read_text().count(".") == 1
