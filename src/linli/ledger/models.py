"""The log over all cases: one leaf for everything that happened, and its place in the one order of all."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Leaf(models.Model):
    """What one event, or one row of another kind, commits to. Written with it; its `position` is given later, once.

    Of an event, `case_id` and `number` are its own; of another kind, `case_id` is the id of the row itself or of what
    it is about (`actions.leaf_for`). No foreign key: the log lies below what it is about, and stays when that is gone.
    """

    pk = models.CompositePrimaryKey("case_id", "number", "kind")
    case_id = models.UUIDField()
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, default="event")
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    position = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at", "case_id", "number"], name="leaf_waiting", condition=Q(position=None)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["position"], condition=Q(position__isnull=False), name="leaf_position_once"
            ),
            models.CheckConstraint(
                condition=Q(position=None) | Q(position__gt=0), name="leaf_position_counts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position or '—'} {self.case_id} {self.number}"


class Head(models.Model):
    """The last position given. Whoever gives positions holds this row; whoever writes events never touches it."""

    name = models.CharField(max_length=16, primary_key=True)
    position = models.BigIntegerField(default=0)


class Tile(models.Model):
    """Up to 256 neighbouring hashes of the tree: of leaves (level 0), or of full tiles one level below.

    So a new checkpoint writes a tile a level, and a proof over millions of leaves reads a handful of rows.
    """

    pk = models.CompositePrimaryKey("level", "number")
    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()


class Checkpoint(models.Model):
    """The log's own signature under its first `size` leaves."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(size__gt=0), name="checkpoint_of_something")
        ]

    def __str__(self) -> str:
        return f"{self.size}"


class Cosignature(models.Model):
    """A witness has seen a checkpoint, and that it only added to those before. Its newest line a checkpoint is kept."""

    pk = models.CompositePrimaryKey("checkpoint_id", "witness")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=120)
    line = models.TextField()
    witnessed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["witnessed_at"], name="cosignature_latest")]
