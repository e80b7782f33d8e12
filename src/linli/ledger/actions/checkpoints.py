"""Checkpoints: the log signs how many leaves it has and the hash over them; witnesses sign that it only grew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from linli.ledger import notes
from linli.ledger.actions import keys, sequencing
from linli.ledger.actions.tree import Tree, leaf_hashes
from linli.ledger.models import Checkpoint, Cosignature, Head

TREE = "tree"
MOST = 50_000  # leaves a round, so that a large import holds nobody up
AHEAD = timedelta(minutes=5)  # how far a witness's clock may be before ours


class Refused(Exception):
    """A witness's signature that is not taken, and why."""


def make_checkpoint(*, at: datetime, limit: int = MOST) -> int:
    """Takes leaves that have their places into the tree and signs it; returns how many. One at a time, whoever asks."""
    if sequencing.head() <= (latest_size() or 0):
        return 0
    with transaction.atomic():
        Head.objects.get_or_create(name=TREE)
        Head.objects.select_for_update().get(name=TREE)
        size = latest_size() or 0
        until = min(sequencing.head(), size + limit)
        if until <= size:
            return 0
        tree = Tree()
        tree.append(size, leaf_hashes(size, until))
        tree.save()
        secret = keys.secret()
        signed = notes.Checkpoint(secret.name, until, tree.root(until))
        Checkpoint.objects.create(
            size=until, root=signed.root, note=str(notes.sign(signed.text, secret)), made_at=at
        )
        Head.objects.filter(name=TREE).update(position=until)
    return until - size


def latest_size() -> int | None:
    return Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()


def latest() -> Checkpoint | None:
    """The newest checkpoint, witnessed or not."""
    return Checkpoint.objects.order_by("-size").first()


def is_signed_here() -> bool:
    """Whether the key in force signed the first checkpoint and the newest: else the log began with another."""
    first, newest = Checkpoint.objects.order_by("size").first(), latest()
    if first is None or newest is None:
        return True
    ends = [notes.Note.parse(one.note) for one in (first, newest)]
    return keys.is_here() and all(note.signed_by(keys.public()) for note in ends)


def latest_witnessed(at_least: int = 0) -> Checkpoint | None:
    """The newest checkpoint that a witness signed, of at least so many leaves."""
    return Checkpoint.objects.filter(cosignatures__isnull=False, size__gte=at_least).order_by("-size").first()


def first_covering(position: int) -> Checkpoint | None:
    """The newest witnessed checkpoint over the leaf at that position; else the newest that has it at all."""
    found = latest_witnessed(position)
    if found is None:
        found = Checkpoint.objects.filter(size__gte=position).order_by("-size").first()
    return found


def note_of(checkpoint: Checkpoint) -> str:
    """The signed text, with the line of every witness who signed it."""
    lines = checkpoint.cosignatures.order_by("witness").values_list("line", flat=True)
    return checkpoint.note + "".join(lines)


def consistency(old_size: int, new_size: int) -> list[bytes]:
    """Shows that the newer checkpoint only added to the older one. LookupError where there are not so many leaves."""
    if not 0 < old_size <= new_size <= (latest_size() or 0):
        raise LookupError(f"{old_size}..{new_size}")
    return Tree().consistency(old_size, new_size)


def inclusion(position: int, size: int) -> list[bytes]:
    """Shows that the leaf at that position (the first is 1) stands under the checkpoint of that size."""
    if not 0 < position <= size <= (latest_size() or 0):
        raise LookupError(f"{position} of {size}")
    return Tree().inclusion(position - 1, size)


def take_cosignatures(*, written: str, at: datetime, known: Sequence[notes.Key]) -> int:
    """Keeps what known witnesses signed under one of our own checkpoints; Refused for anything else."""
    try:
        note = notes.Note.parse(written)
        named = notes.Checkpoint.parse(note.text)
    except notes.NoteError as error:
        raise Refused(str(error)) from error
    checkpoint = Checkpoint.objects.filter(size=named.size).first()
    if checkpoint is None or notes.Note.parse(checkpoint.note).text != note.text:
        raise Refused("no such checkpoint here")
    kept = sum(_keep(checkpoint, note, key, at) for key in known)
    if not kept:
        raise Refused("no signature of a witness that is known here")
    return kept


def _keep(checkpoint: Checkpoint, note: notes.Note, key: notes.Key, at: datetime) -> int:
    seconds = note.witnessed_by(key)
    if seconds is None:
        return 0
    if seconds > (at + AHEAD).timestamp():
        raise Refused("the clock of the witness is ahead of ours")
    line = next(
        each.line
        for each in note.signatures
        if each.name == key.name
        and each.key_id == key.id
        and notes.Note(note.text, (each,)).witnessed_by(key) == seconds
    )
    witnessed_at = datetime.fromtimestamp(seconds, UTC)
    known = Cosignature.objects.filter(checkpoint=checkpoint, witness=key.name).first()
    if known is not None and known.witnessed_at >= witnessed_at:
        return 1
    Cosignature.objects.update_or_create(
        checkpoint=checkpoint,
        witness=key.name,
        defaults={"line": line, "witnessed_at": witnessed_at},
    )
    return 1
