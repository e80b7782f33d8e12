"""Keys of cases lie outside the database, open for those on their sealed list, and can be destroyed for good."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from linli.kit import sealing
from linli.kit.ids import uuid7
from linli.kit.sealing import Keyring, KeyringError, Place, Unreadable, vault
from linli.kit.sealing import keys as rings

pytestmark = pytest.mark.usefixtures("own_ring")
HERE = Place("table", "row", "column")


def file_of(settings: Any, case: Any) -> Path:
    return Path(settings.CASE_KEYS) / str(case)[-2:] / f"{case}.key"


def test_a_case_has_one_key_and_each_part_another() -> None:
    case = uuid7()
    vault.make(case)
    vault.make(case, part="talk")
    first, part = vault.key_of(case), vault.key_of(case, "talk")
    vault.make(case)
    assert vault.key_of(case) == first != part
    sealed = sealing.seal(b"x", HERE, first)
    with pytest.raises(Unreadable):
        sealing.open_sealed(sealed, HERE, part)
    assert vault.has(case)
    assert not vault.has(uuid7())
    assert list(vault.cases()) == [case]


def test_no_secret_stands_open_in_the_file_and_only_its_owner_reads_it(settings: Any) -> None:
    case = uuid7()
    vault.make(case)
    path = file_of(settings, case)
    assert vault.key_of(case).current.secret not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0


def test_whoever_is_on_the_list_is_admitted_until_taken_off() -> None:
    case = uuid7()
    vault.make(case, ["person:1"])
    before = vault.key_of(case)
    vault.admit(case, ["person:2", "person:1"])
    assert [vault.admits(case, f"person:{n}") for n in (1, 2, 3)] == [True, True, False]
    vault.dismiss(case, ["person:1"])
    assert [vault.admits(case, f"person:{n}") for n in (1, 2, 3)] == [False, True, False]
    assert vault.key_of(case) == before


def test_a_reader_written_into_the_list_opens_nothing(settings: Any) -> None:
    case = uuid7()
    vault.make(case, ["person:1"])
    path = file_of(settings, case)
    raw = json.loads(path.read_text())
    raw["keys"][""]["readers"].append("person:2")
    path.write_text(json.dumps(raw))
    assert not vault.admits(case, "person:2")
    with pytest.raises(Unreadable):
        vault.key_of(case)
    with pytest.raises(Unreadable):
        vault.admit(case, ["person:3"])


@pytest.mark.parametrize("change", ["part", "case", "algorithm", "cut"])
def test_keys_moved_or_altered_do_not_open(settings: Any, change: str) -> None:
    case, other = uuid7(), uuid7()
    vault.make(case)
    vault.make(case, part="talk")
    vault.make(other)
    path = file_of(settings, case)
    raw = json.loads(path.read_text())
    if change == "part":
        raw["keys"][""] = raw["keys"]["talk"]
    elif change == "case":
        raw = json.loads(file_of(settings, other).read_text())
    elif change == "algorithm":
        raw["keys"][""]["algorithm"] = "sm4-gcm"
    else:
        raw["keys"][""]["sealed"] = "AAAA"
    path.write_text(json.dumps(raw))
    with pytest.raises(Unreadable):
        vault.key_of(case)


@pytest.mark.parametrize("text", ["", "[]", '{"keys": {"": {}}}', '{"keys": []}'])
def test_a_file_that_is_none_is_refused(settings: Any, text: str) -> None:
    case = uuid7()
    vault.make(case, ["person:1"])
    file_of(settings, case).write_text(text)
    with pytest.raises(Unreadable):
        vault.key_of(case)
    assert not vault.admits(case, "person:1")


def test_a_key_of_the_wrong_kind_is_none() -> None:
    case = uuid7()
    vault.make(case)
    entry = vault._entry(case, "")
    short = vault._wrapped(entry, b"short", case, "")
    with pytest.raises(Unreadable):
        vault._opened(case, "", short)


def test_destroyed_keys_are_gone_also_for_an_older_copy_of_the_folder(settings: Any, tmp_path: Path) -> None:
    case = uuid7()
    vault.make(case, ["person:1"])
    shutil.copytree(settings.CASE_KEYS, tmp_path / "copy")
    with vault.at_hand():
        ring = vault.key_of(case)
        vault.make(uuid7())
        vault.shred(case)
        with pytest.raises(vault.Shredded):
            vault.key_of(case)
    assert ring.current.secret not in file_of(settings, case).read_bytes()
    assert vault.is_shredded(case)
    assert not vault.admits(case, "person:1")
    assert vault.standing(case) == []
    with pytest.raises(vault.Shredded):
        vault.make(case)
    with pytest.raises(Unreadable):
        vault.admit(case, ["person:1"])
    assert vault.rewrap(case) == 0
    shutil.copytree(settings.CASE_KEYS, tmp_path / "copy", dirs_exist_ok=True)
    settings.CASE_KEYS = tmp_path / "copy"
    assert vault.is_shredded(case)


def test_what_never_had_keys_can_be_destroyed_beforehand() -> None:
    case = uuid7()
    vault.shred(case)
    with pytest.raises(vault.Shredded):
        vault.make(case)
    assert not vault.is_shredded(uuid7())


def test_a_new_key_of_the_server_takes_over_and_the_old_may_go() -> None:
    case = uuid7()
    vault.make(case, ["person:1"])
    secret = vault.key_of(case)
    old = sealing.keyring()
    rings.write(old.with_new_key("sm4-gcm"))
    assert vault.rewrap(case) == 1
    assert vault.rewrap(case) == 0
    assert vault.standing(case) == [2]
    rings.write(sealing.keyring().without(1))
    assert vault.key_of(case) == secret
    assert vault.admits(case, "person:1")
    other = uuid7()
    vault.make(other)
    assert vault.key_of(other).current.algorithm == "sm4-gcm"


def test_a_case_comes_in_while_the_keys_are_away_and_is_read_once_they_are_back(away: Any) -> None:
    back = away()
    case = uuid7()
    with vault.at_hand():
        vault.make(case, ["unit:1"])
        sealed = sealing.seal(b"x", HERE, vault.key_of(case))
    with pytest.raises(KeyringError):
        vault.key_of(case)
    assert vault.admits(case, "unit:1")
    assert not vault.admits(case, "unit:2")
    with pytest.raises(KeyringError):
        vault.admit(case, ["person:1"])
    vault.admit(case, ["unit:1"])
    back()
    assert sealing.open_sealed(sealed, HERE, vault.key_of(case)) == b"x"
    assert vault.rewrap(case) == 1


def test_opened_keys_are_kept_for_one_request_and_no_longer(away: Any) -> None:
    case = uuid7()
    vault.make(case)
    with vault.at_hand():
        ring = vault.key_of(case)
        assert vault.key_of(case) is ring
    assert vault.key_of(case) is not ring


def test_two_who_change_one_list_lose_nothing() -> None:
    case = uuid7()
    vault.make(case)
    wanted = [f"person:{n}" for n in range(16)]
    threads = [threading.Thread(target=vault.admit, args=(case, [each])) for each in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(vault.admits(case, each) for each in wanted)


def test_help_given_by_consent_is_read_as_long_as_the_consent_lives() -> None:
    """What a kind of case with live consent does: a part a recipient, admitted by consent, dismissed by its end."""
    case, health = uuid7(), "health"
    vault.make(case)
    vault.make(case, part=health)
    vault.admit(case, ["consent:7/unit:clinic"], health)
    sealed = sealing.seal(b"needs a ramp", HERE, vault.key_of(case, health))
    assert vault.admits(case, "consent:7/unit:clinic", health)
    assert not vault.admits(case, "consent:7/unit:clinic")
    vault.dismiss(case, ["consent:7/unit:clinic"], health)
    assert not vault.admits(case, "consent:7/unit:clinic", health)
    assert sealing.open_sealed(sealed, HERE, vault.key_of(case, health)) == b"needs a ramp"


def test_a_ring_never_reads_what_another_ring_sealed() -> None:
    with pytest.raises(Unreadable):
        sealing.open_sealed(sealing.seal(b"x", HERE, Keyring.new()), HERE, Keyring.new())


def test_says_whether_keys_are_merely_away(away: Any) -> None:
    case, gone = uuid7(), uuid7()
    vault.make(case)
    vault.shred(gone)
    assert not vault.is_away(case)
    back = away()
    assert vault.is_away(case)
    assert not vault.is_away(gone)
    back()
    assert not vault.is_away(case)


def test_keys_stay_at_hand_until_the_outermost_has_ended() -> None:
    with vault.at_hand():
        kept = vault._at_hand.get()
        with vault.at_hand():
            assert vault._at_hand.get() is kept
        assert vault._at_hand.get() is kept
    assert vault._at_hand.get() is None
