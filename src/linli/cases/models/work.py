from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from linli.cases.models.case import Case
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation, PathField
from linli.people.models import Person


class Clock(models.Model):
    """One running limit of a case. `due_at` is derived from the events' clock entries, never edited."""

    pk = models.CompositePrimaryKey("case_id", "number")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=32)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    limit = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    fires_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    is_warned = models.BooleanField(default=False)
    is_provisional = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["fires_at"], name="clock_fires", condition=Q(fires_at__isnull=False)),
        ]

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None and self.paused_at is None


class Task(models.Model):
    """What waits at a desk (待办): a role in a unit, why, and until when."""

    pk = models.CompositePrimaryKey("case_id", "number")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="tasks")
    number = models.PositiveSmallIntegerField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=32)
    why = models.CharField(max_length=32)
    since = models.DateTimeField()
    urgent_at = models.DateTimeField()
    is_stage = models.BooleanField(default=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "role", "urgent_at", "case"], name="task_desk"),
        ]


class Partner(models.Model):
    """A unit called in to help the one that handles the case (吹哨报到)."""

    pk = models.CompositePrimaryKey("case_id", "organisation_id")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="partners")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    path = PathField()
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["path"], name="partner_path", condition=Q(ended_at=None))]


class Delivery(models.Model):
    """One event to be handed to one reaction, at least once (outbox)."""

    pk = models.CompositePrimaryKey("case_id", "event_number", "reaction")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    event_number = models.PositiveIntegerField()
    reaction = models.CharField(max_length=48)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(due_at__isnull=False)),
        ]


class SavedView(models.Model):
    """A set of list filters somebody keeps under a name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=16)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "page", "name"], name="saved_view_name"),
        ]


class Referral(models.Model):
    """A case that was opened for another one and reports back to it."""

    pk = models.CompositePrimaryKey("case_id", "to_id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="referrals")
    to = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, blank=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = []
