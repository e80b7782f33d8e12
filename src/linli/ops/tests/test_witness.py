"""A witness signs what only grew, keeps it, and refuses loudly what forked or went back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from linli.kit import clock
from linli.kit.ids import uuid7
from linli.ledger import actions as ledger
from linli.ledger import merkle, notes, witness
from linli.ledger.actions import keys
from linli.ledger.models import Checkpoint, Cosignature, Head, Leaf, Tile
from linli.ops import watching

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path) -> None:
    settings.LOG_KEY = tmp_path / "log.key"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, client: Client) -> dict[str, bool]:
    """The witness's network leads into this very process; `up` is False while it is cut."""
    state = {"up": True}

    def answer(request: httpx.Request) -> httpx.Response:
        if not state["up"]:
            raise httpx.ConnectError("nobody there")
        path = request.url.raw_path.decode()
        if request.method == "POST":
            got = client.post(path, request.content, content_type="text/plain")
        else:
            got = client.get(path)
        return httpx.Response(got.status_code, content=got.content)

    def connected(url: str) -> httpx.Client:
        return httpx.Client(base_url=url, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(watching, "client", connected)
    return state


@pytest.fixture
def look(tmp_path: Path, settings: Any) -> Callable[..., str]:
    """One look of the witness whose key the log knows."""
    secret = keys.read_or_make(tmp_path / "witness" / witness.SECRET, "audit.example", notes.WITNESS)
    settings.WITNESSES = [str(secret.key)]

    def run(*more: str) -> str:
        out = StringIO()
        store = ["--store", str(tmp_path / "witness"), "--url", "http://linli.example/"]
        call_command("witness", *store, "--once", *more, stdout=out, stderr=out)
        return out.getvalue()

    return run


def grow(count: int) -> None:
    hashes = [merkle.leaf_hash(uuid7().bytes) for _n in range(count)]
    Leaf.objects.bulk_create([Leaf(case_id=uuid7(), number=1, hash=one, at=AT) for one in hashes])
    ledger.sequence()
    ledger.make_checkpoint(at=clock.now())


def forget(*, after: int) -> None:
    """What somebody who has the whole server does: takes leaves away, and the tree and its signatures with them."""
    Cosignature.objects.filter(checkpoint__size__gt=after).delete()
    Checkpoint.objects.filter(size__gt=after).delete()
    Tile.objects.all().delete()
    Leaf.objects.filter(position__gt=after).delete()
    Head.objects.update(position=after)
    rebuild(after)


def rebuild(size: int) -> None:
    from linli.ledger.actions import tree

    stored = tree.Tree()
    stored.append(0, tree.leaf_hashes(0, size))
    stored.save()
    root = stored.root(size)
    note = notes.sign(notes.Checkpoint(keys.secret().name, size, root).text, keys.secret())
    Checkpoint.objects.filter(size__gte=size).exclude(size=size).delete()
    Checkpoint.objects.update_or_create(size=size, defaults={"root": root, "note": str(note), "made_at": AT})


def kept(tmp_path: Path) -> list[int]:
    return [entry.checkpoint.size for entry in witness.entries(tmp_path / "witness" / witness.KEPT)]


def test_signs_what_only_grew_and_the_log_keeps_it(look: Callable[..., str], tmp_path: Path) -> None:
    assert "日志还是空的" in look()
    for count in (3, 1, 600):
        grow(count)
        look()
    look()
    assert kept(tmp_path) == [3, 4, 604]
    assert list(Cosignature.objects.order_by("checkpoint").values_list("checkpoint", flat=True)) == [
        3,
        4,
        604,
    ]
    assert (tmp_path / "witness" / witness.SECRET).stat().st_mode & 0o777 == 0o600


def alarmed(look: Callable[..., str], *more: str) -> None:
    with pytest.raises(SystemExit) as ended:
        look(*more)
    assert ended.value.code == 3


def test_a_log_that_went_back_is_refused_and_the_evidence_kept(
    look: Callable[..., str], tmp_path: Path
) -> None:
    grow(5)
    look()
    forget(after=4)
    alarmed(look)
    assert not Cosignature.objects.exists()
    (evidence,) = (tmp_path / "witness").glob("alarm-*-back.txt")
    said = evidence.read_text()
    assert "\n5\n" in said
    assert "\n4\n" in said


def test_a_log_that_was_rebuilt_is_refused_at_the_same_length_and_beyond(
    look: Callable[..., str], tmp_path: Path
) -> None:
    grow(5)
    look()
    Leaf.objects.filter(position=2).update(hash=merkle.leaf_hash(b"forged"))
    Cosignature.objects.all().delete()
    rebuild(5)
    alarmed(look)
    grow(2)
    alarmed(look)
    assert kept(tmp_path) == [5]
    assert not Cosignature.objects.exists()


def test_two_histories_shown_to_two_witnesses_convict_the_log(tmp_path: Path) -> None:
    """Each alone saw a good log; put side by side, what they kept can't both be true."""
    secret = notes.Secret.make("linli.990001", notes.LOG)
    one, other = (
        notes.sign(
            notes.Checkpoint("linli.990001", 2, merkle.root([bytes(32), bytes([n] * 32)])).text, secret
        )
        for n in (1, 2)
    )
    for shown in (one, other):
        assert witness.judge(None, shown, [], secret.key).size == 2
    with pytest.raises(witness.Alarm, match="fork"):
        witness.judge(one, other, [], secret.key)


def test_a_stranger_cannot_speak_for_the_log(look: Callable[..., str], settings: Any, tmp_path: Path) -> None:
    grow(3)
    look()
    settings.LOG_KEY = tmp_path / "other.key"
    grow(1)
    alarmed(look)


def test_somebody_accepts_that_the_log_was_restored(look: Callable[..., str], tmp_path: Path) -> None:
    grow(5)
    look()
    forget(after=4)
    look("--accept", "restored from Tuesday's backup")
    grow(3)
    look()
    found = witness.entries(tmp_path / "witness" / witness.KEPT)
    assert [(entry.checkpoint.size, entry.reason) for entry in found] == [
        (5, ""),
        (4, "restored from Tuesday's backup"),
        (7, ""),
    ]
    assert [entry.checkpoint.size for entry in witness.since_acceptance(found)] == [4, 7]
    assert list((tmp_path / "witness").glob("alarm-*-back.txt"))


def test_a_network_that_is_away_is_no_alarm(look: Callable[..., str], server: dict[str, bool]) -> None:
    server["up"] = False
    with pytest.raises(SystemExit) as ended:
        look()
    assert ended.value.code == 1


def test_a_log_that_does_not_know_the_witness_is_told(
    look: Callable[..., str], settings: Any, tmp_path: Path
) -> None:
    grow(1)
    settings.WITNESSES = []
    with pytest.raises(SystemExit) as ended:
        look()
    assert ended.value.code == 1
    assert kept(tmp_path) == [1]


def test_a_witness_without_a_network_works_by_files(tmp_path: Path, settings: Any) -> None:
    secret = keys.read_or_make(tmp_path / "witness" / witness.SECRET, "audit.example", notes.WITNESS)
    settings.WITNESSES = [str(secret.key)]
    offer, signed = tmp_path / "offer.txt", tmp_path / "signed.txt"
    for old, count in ((0, 3), (3, 4)):
        grow(count)
        with offer.open("w") as file:
            call_command("checkpoint", "--old", str(old), stdout=file)
        with signed.open("w") as file:
            arguments = ["--store", str(tmp_path / "witness"), "--file", str(offer)]
            call_command(
                "witness", *arguments, "--log-key", str(keys.public()), stdout=file, stderr=StringIO()
            )
        call_command("checkpoint", "--take", str(signed))
    assert kept(tmp_path) == [3, 7]
    assert Cosignature.objects.count() == 2
    with pytest.raises(CommandError):
        call_command("checkpoint", "--take", str(offer))
    with pytest.raises(CommandError):
        call_command("checkpoint", "--old", "99")


def test_a_line_the_power_cut_short_is_no_entry(look: Callable[..., str], tmp_path: Path) -> None:
    grow(2)
    look()
    path = tmp_path / "witness" / witness.KEPT
    with path.open("a") as file:
        file.write('{"at": "2026-')
    assert [entry.checkpoint.size for entry in witness.entries(path)] == [2]
    grow(1)
    look()
    assert kept(tmp_path) == [2, 3]
    path.write_text("not JSON\n")
    with pytest.raises(notes.NoteError):
        witness.entries(path)
