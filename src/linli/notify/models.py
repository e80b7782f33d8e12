"""Who was told of what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.people.models import Person


class Message(models.Model):
    """One person told of one event; without a person, it is the reporter, who reads it under their code.

    `source` is the case whose event it is: the case itself, or the one it was merged into.
    """

    pk = models.CompositePrimaryKey("case_id", "id")
    id = models.UUIDField(default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    source = models.UUIDField()
    event_number = models.PositiveIntegerField()
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="message_inbox"),
            models.Index(fields=["person"], name="message_unread", condition=Q(read_at=None)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "source", "event_number", "person"],
                condition=Q(person__isnull=False),
                name="message_person_once",
            ),
            models.UniqueConstraint(
                fields=["case", "source", "event_number"],
                condition=Q(person=None),
                name="message_reporter_once",
            ),
        ]
