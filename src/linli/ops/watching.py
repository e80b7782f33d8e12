"""The witness at work: asks a log for its newest checkpoint, judges it, signs it and hands the signature back."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx

from linli.ledger import notes, witness
from linli.ledger.notes import Checkpoint, Key, Note, NoteError, Secret
from linli.ledger.witness import Alarm, Store

LARGEST = 100_000
SECONDS = 20.0


class Unreachable(Exception):
    """The log could not be asked, or its answer was not understood."""


class NotTaken(Exception):
    """The log did not take the signature: it does not know this witness."""


@dataclass
class Log:
    """A log on the other side of the network."""

    client: httpx.Client

    def ask(self, path: str) -> str:
        """The text at an address; '' where the log has nothing there."""
        try:
            answer = self.client.get(path)
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return ""
        if answer.status_code != httpx.codes.OK or len(answer.content) > LARGEST:
            raise Unreachable(f"{path}: {answer.status_code}")
        return answer.text

    def give(self, note: Note) -> None:
        try:
            answer = self.client.post("log/cosignatures", content=str(note).encode())
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise NotTaken(answer.text.strip()[:200] or str(answer.status_code))


def client(url: str) -> httpx.Client:
    return httpx.Client(
        base_url=url.rstrip("/") + "/", timeout=SECONDS, headers={"User-Agent": "linli-witness"}
    )


def pinned(store: Store, log: Log) -> tuple[Key, bool]:
    """The key of the log, and whether it was met just now for the first time."""
    known = store.log
    if known is not None:
        return known, False
    try:
        key = Key.parse(log.ask("log/key").split("\n")[0])
    except NoteError as error:
        raise Unreachable(str(error)) from error
    if key.algorithm != notes.LOG:
        raise Unreachable("the first key is not that of a log")
    store.pin(key)
    return key, True


def shown(log: Log, kept: Note | None) -> tuple[Note, list[bytes]] | None:
    """The newest checkpoint and what leads to it from the one kept; None while there is none."""
    written = log.ask("log/checkpoint")
    if not written:
        if kept is not None:
            raise Unreachable("the log shows no checkpoint")
        return None
    try:
        note = Note.parse(written)
        old, new = Checkpoint.parse(kept.text).size if kept else 0, Checkpoint.parse(note.text).size
        proof = log.ask(f"log/consistency?from={old}&to={new}") if 0 < old < new else ""
        return note, [notes.decoded(line) for line in proof.splitlines()]
    except NoteError as error:
        raise Unreachable(str(error)) from error


def sign(
    *, store: Store, secret: Secret, key: Key, note: Note, proof: list[bytes], at: datetime, reason: str = ""
) -> Note:
    """Judges a checkpoint, keeps it, then signs it. With a `reason` it accepts one that contradicts what is kept."""
    kept = store.newest()
    is_break = False
    try:
        witness.judge(kept, note, proof, key)
    except Alarm as alarm:
        store.keep_evidence(alarm, at=at)
        if not reason or alarm.kind not in ("back", "fork"):
            raise
        is_break = True
    own = Note(note.text, tuple(each for each in note.signatures if each.key_id == key.id))
    signed = own.with_more([notes.cosign(note.text, secret, int(at.timestamp()))])
    if kept is None or kept.text != note.text:
        store.keep(signed, at=at, reason=reason if is_break else "")
    return signed


@contextmanager
def held(store: Store) -> Iterator[None]:
    """One witness at a time works in a folder; BlockingIOError for a second."""
    with (store.folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
