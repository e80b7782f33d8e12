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
