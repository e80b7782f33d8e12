from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.orgs.models import Organisation
from linli.people.models import Person


class ClaimKind(models.TextChoices):
    """What may be asked about what is held on oneself (个人信息保护法 44 至 48)."""

    CORRECTION = "correction", _("更正、补充")
    DELETION = "deletion", _("删除")
    LOCKING = "locking", _("停止使用，只保存")
    EXPLANATION = "explanation", _("说明为什么、怎么处理")


class Outcome(models.TextChoices):
    DONE = "done", _("照办了")
    PARTLY = "partly", _("部分照办")
    LOCKED = "locked", _("依法要保存，已封存")
    REFUSED = "refused", _("没有照办")


class ClaimQuerySet(models.QuerySet["Claim"]):
    def open(self) -> Self:
        return self.filter(answered_at=None)

    def overdue(self, at: datetime) -> Self:
        return self.open().filter(due_at__lte=at)


class Claim(models.Model):
    """What somebody asks about what one case holds on them, until when it must be answered, and the answer."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    party = models.PositiveSmallIntegerField(null=True)
    kind = models.CharField(_("要求"), max_length=12, choices=ClaimKind.choices)
    words = SealedField(_("要改成什么、为什么"))
    salt = models.BinaryField(default=b"")
    commitment = models.BinaryField(default=b"")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(_("答复期限"))
    outcome = models.CharField(_("结果"), max_length=8, choices=Outcome.choices, blank=True)
    reply = SealedField(_("答复和理由"))
    reply_salt = models.BinaryField(default=b"")
    reply_commitment = models.BinaryField(default=b"")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=32, blank=True)
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    answered_at = models.DateTimeField(null=True)
    is_reported = models.BooleanField(default=False)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="claim_due", condition=Q(answered_at=None)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "party", "kind"],
                condition=Q(answered_at=None, party__isnull=False),
                name="claim_open_once_of_a_party",
            ),
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=Q(answered_at=None, party=None),
                name="claim_open_once",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, outcome="") | (Q(answered_at__isnull=False) & ~Q(outcome="")),
                name="claim_answer_has_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"

    def record(self) -> dict[str, Any]:
        """What the leaf of the asking covers: everything, the words by what commits to them, for they may be erased."""
        return {
            "claim": str(self.id),
            "case": str(self.case_id),
            "party": self.party,
            "kind": self.kind,
            "asked_at": self.asked_at,
            "due_at": self.due_at,
            **_committed(bytes(self.commitment)),
        }

    def answer_record(self) -> dict[str, Any]:
        """What the leaf of the answer covers: who, in which role, and the reasons in the same way."""
        return {
            "claim": str(self.id),
            "outcome": self.outcome,
            "role": self.role,
            "at": self.answered_at,
            **_committed(
                bytes(self.reply_commitment), person=self.person_id, organisation=self.organisation_id
            ),
        }


def _committed(commitment: bytes, **who: UUID | None) -> dict[str, str]:
    """Nothing for rows from before words were committed to: their leaves stand as they were written."""
    if not commitment:
        return {}
    return {"commitment": commitment.hex(), **{name: str(each) for name, each in who.items()}}
