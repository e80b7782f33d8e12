from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from linli.cases.models.case import Case
from linli.kit import jsonbytes
from linli.ledger import merkle
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.people.models import Person


class Event(models.Model):
    """Something that happened to a case. Appended, never changed, never removed.

    `data` is what the actor said and may have to be erased one day; the log commits to it through a salted
    hash. `facts` is what Linli derived (units, rules, counts) and `clocks` what it did to the clocks.
    """

    pk = models.CompositePrimaryKey("case_id", "number")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=48)
    verb = models.CharField(max_length=32)
    state = models.CharField(max_length=32)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=32)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    is_public = models.BooleanField()
    data = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    clocks = models.JSONField(default=list)
    command_id = models.UUIDField(null=True)
    salt = models.BinaryField(max_length=16)
    commitment = models.BinaryField(max_length=32)
    prev_hash = models.BinaryField(max_length=32)
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "command_id"],
                condition=Q(command_id__isnull=False),
                name="event_command_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.number} {self.kind}"

    def is_by(self, actor: Actor) -> bool:
        """Whether the actor is who did it, under the same post or the same case's code."""
        if actor.kind == "reporter" and actor.case_id != self.case_id:
            return False
        mine = (actor.kind, actor.person_id, actor.role, actor.organisation_id)
        return mine == (self.actor_kind, self.person_id, self.role, self.organisation_id)

    def says(self, data: dict[str, Any]) -> bool:
        """Whether this is what the actor said; an erased payload answers to nothing."""
        salt = bytes(self.salt)
        if not salt:
            return False
        return merkle.payload_commitment(salt, jsonbytes.canonical(data)) == bytes(self.commitment)

    def record(self) -> dict[str, Any]:
        """What the leaf hash covers: everything but the erasable payload, which it commits to."""
        return {
            "case": str(self.case_id),
            "number": self.number,
            "kind": self.kind,
            "verb": self.verb,
            "state": self.state,
            "at": self.at,
            "received_at": self.received_at,
            "actor_kind": self.actor_kind,
            "person": str(self.person_id) if self.person_id else None,
            "role": self.role,
            "organisation": str(self.organisation_id) if self.organisation_id else None,
            "unit": str(self.unit_id) if self.unit_id else None,
            "is_public": self.is_public,
            "facts": self.facts,
            "clocks": self.clocks,
            "command": str(self.command_id) if self.command_id else None,
            "commitment": bytes(self.commitment).hex(),
            "prev": bytes(self.prev_hash).hex(),
        }
