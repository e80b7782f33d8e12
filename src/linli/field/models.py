"""What the server knows of a phone that works without a network, and of what it sent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.orgs.models import PathField, within
from linli.people.access import Actor
from linli.people.models import Grant, Person

GUESSES = 10


class PhoneQuerySet(models.QuerySet["Phone"]):
    def of(self, person_id: UUID) -> Self:
        return self.filter(grant__person_id=person_id)


class Phone(models.Model):
    """A phone one person works with under one post. Neither its token nor its PIN stands here, only their hashes.

    `nonce` makes the server's share of the key to what lies on the phone; without it, nobody opens that again.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("名称"), max_length=80)
    token_digest = models.BinaryField(max_length=32)
    pin_digest = models.BinaryField(max_length=32)
    nonce = models.BinaryField(max_length=16)
    guesses_left = models.PositiveSmallIntegerField(default=GUESSES)
    enrolled_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = PhoneQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(guesses_left__lte=GUESSES), name="field_phone_guesses")
        ]

    def __str__(self) -> str:
        return self.name

    def may_act(self, at: datetime) -> bool:
        """Whether what it sends is carried out; otherwise a person looks at it first."""
        grant = self.grant
        is_held = grant.valid_from <= at and (grant.valid_until is None or grant.valid_until > at)
        return self.revoked_at is None and is_held and grant.person.is_active


class State(models.TextChoices):
    """What became of a command."""

    RECEIVED = "received", _("已收到")
    CONFLICT = "conflict", _("有冲突，等您定")
    REFUSED = "refused", _("没有收下")
    HELD = "held", _("交人工处理")


class Sent(models.Model):
    """A command a phone sent, and what was answered: sent again, it gets the same answer and changes nothing.

    `content` is kept only where a case does not hold it: of what is in conflict, was refused, or waits for a person.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    device = models.ForeignKey(Phone, on_delete=models.PROTECT, related_name="sent")
    digest = models.BinaryField(max_length=32)
    state = models.CharField(max_length=10, choices=State.choices)
    answer = models.JSONField(default=dict)
    content = SealedField(kind="dict")
    claimed_at = models.CharField(max_length=40, blank=True)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class Parcel(models.Model):
    """A sealed photo that arrives in pieces: `got` bytes of it lie on the disk. Whole, it has `done_at`."""

    id = models.UUIDField(primary_key=True, editable=False)
    device = models.ForeignKey(Phone, on_delete=models.PROTECT, related_name="parcels")
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    got = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField(db_index=True)
    done_at = models.DateTimeField(null=True)
    photo_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(got__lte=models.F("size")), name="field_parcel_fits")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.got}/{self.size}"

    @property
    def file(self) -> Path:
        return settings.PARCELS / f"{self.id}.sealed"


class HeldQuerySet(models.QuerySet["Held"]):
    def within_reach(self, post: Actor) -> Self:
        """What was sent under posts at the unit or below it."""
        return self.filter(within("path", post.path)) if post.path else self.none()

    def waiting(self) -> Self:
        return self.filter(decided_at=None)


class Held(models.Model):
    """Something sent from a phone that may no longer act: kept until a person releases or discards it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sent = models.OneToOneField(Sent, on_delete=models.PROTECT, related_name="+")
    path = PathField()
    why = models.CharField(max_length=12)
    since = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    is_released = models.BooleanField(default=False)
    reason = models.CharField(_("理由"), max_length=500, blank=True)

    objects = HeldQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["path", "since"], name="field_held_waiting", condition=Q(decided_at=None))
        ]

    def __str__(self) -> str:
        return str(self.sent_id)
