"""What a witness does: keeps every checkpoint it has seen, and signs a new one only where it adds to the last.

It has its own folder and its own key, and needs no database. A log that forks, or goes back, is refused with an Alarm;
both signed checkpoints are kept as evidence, since together they convict the log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from linli.ledger import merkle, notes
from linli.ledger.notes import Checkpoint, Key, Note, NoteError

KEPT, SECRET, PINNED = "checkpoints.jsonl", "witness.key", "log.pub"


class Alarm(Exception):
    """The log shows something that cannot be true together with what it showed before."""

    def __init__(self, kind: str, kept: Note | None, shown: Note) -> None:
        super().__init__(kind)
        self.kind, self.kept, self.shown = kind, kept, shown


@dataclass(frozen=True)
class Entry:
    """A checkpoint as the witness signed it; `reason` where somebody accepted that the log went back."""

    at: str
    note: Note
    reason: str = ""

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(self.note.text)


def judge(kept: Note | None, shown: Note, proof: Sequence[bytes], log: Key) -> Checkpoint:
    """The checkpoint shown, where it is the log's own and only adds to the one kept; Alarm for anything else."""
    if not shown.signed_by(log):
        raise Alarm("signature", kept, shown)
    new = _checkpoint(kept, shown)
    if new.origin != log.name:
        raise Alarm("origin", kept, shown)
    if kept is None:
        return new
    old = Checkpoint.parse(kept.text)
    if new.size < old.size:
        raise Alarm("back", kept, shown)
    is_consistent = merkle.verify_consistency(
        old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof
    )
    if not is_consistent:
        raise Alarm("fork", kept, shown)
    return new


def _checkpoint(kept: Note | None, shown: Note) -> Checkpoint:
    try:
        return Checkpoint.parse(shown.text)
    except NoteError:
        raise Alarm("origin", kept, shown) from None


class Store:
    """The folder of a witness."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> Key | None:
        """The key of the log it watches, pinned when it saw it first."""
        path = self.folder / PINNED
        return Key.parse(path.read_text()) if path.exists() else None

    def pin(self, key: Key) -> None:
        _write(self.folder / PINNED, f"{key}\n", append=False)

    def newest(self) -> Note | None:
        kept = entries(self.folder / KEPT)
        return kept[-1].note if kept else None

    def keep(self, note: Note, *, at: datetime, reason: str = "") -> None:
        """Adds a line that stands on the disk before anything is signed in its name elsewhere."""
        path = self.folder / KEPT
        if path.exists() and not (text := path.read_text(encoding="utf-8")).endswith("\n"):
            _write(path, text[: text.rfind("\n") + 1], append=False)
        line: dict[str, Any] = {"at": at.isoformat(), "note": str(note)}
        if reason:
            line["accepted"] = reason
        _write(path, json.dumps(line, ensure_ascii=False) + "\n", append=True)

    def keep_evidence(self, alarm: Alarm, *, at: datetime) -> Path:
        """Both checkpoints, side by side, in a file of their own."""
        path = self.folder / f"alarm-{at:%Y%m%dT%H%M%SZ}-{alarm.kind}.txt"
        said = [
            f"{alarm.kind} {at.isoformat()}",
            "== kept",
            str(alarm.kept or ""),
            "== shown",
            str(alarm.shown),
        ]
        _write(path, "\n".join(said), append=False)
        return path


def entries(path: Path) -> list[Entry]:
    """Every checkpoint of a witness's store, oldest first. NoteError for a file that is none.

    A last line without its end was being written when the machine went down: nothing was signed for it.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [_entry(line) for line in lines]


def since_acceptance(kept: Sequence[Entry]) -> list[Entry]:
    """Those that must be true of the log together: from where somebody last accepted that it went back."""
    breaks = [at for at, entry in enumerate(kept) if entry.reason]
    return list(kept[breaks[-1] :] if breaks else kept)


def _entry(line: str) -> Entry:
    try:
        found = json.loads(line)
        entry = Entry(str(found["at"]), Note.parse(found["note"]), str(found.get("accepted", "")))
        Checkpoint.parse(entry.note.text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoteError("not a line of a witness's store") from error
    return entry


def _write(path: Path, text: str, *, append: bool) -> None:
    with path.open("a" if append else "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


@dataclass(frozen=True)
class Offer:
    """A checkpoint with what leads to it from an older one, as text (the body of tlog-witness)."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = "".join(f"{notes.encoded(each)}\n" for each in self.proof)
        return f"old {self.old_size}\n{lines}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Offer:
        head, middle, rest = text.partition("\n\n")
        first, *lines = head.split("\n")
        if not middle or not first.startswith("old "):
            raise NoteError("not an offer to a witness")
        return cls(
            notes.number(first.removeprefix("old ")),
            tuple(notes.decoded(line) for line in lines),
            Note.parse(rest),
        )
