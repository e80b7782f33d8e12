from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.people.models import Person


class Lock(models.Model):
    """That a case is kept and not used: no page, list or file of the desk shows it (个人信息保护法 47).

    While one stands, `Case.is_locked` is set.
    """

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    why = SealedField(_("理由"), limit=200)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at=None), name="lock_stands_once")
        ]


class HoldQuerySet(models.QuerySet["Hold"]):
    def standing(self) -> Self:
        return self.filter(ended_at=None)


class Hold(models.Model):
    """That what a case holds may not be deleted yet though its time has come: a lawsuit, an audit, an inspection."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    why = SealedField(_("理由"), limit=200)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at=None), name="hold_stands_once")
        ]


class Why(models.TextChoices):
    RETENTION = "retention", _("保存期限到了")
    CLAIM = "claim", _("本人要求删除")


class Deletion(models.Model):
    """The trace of a deletion: of which case, why, by which rule, and how much of what. Never what it was."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    why = models.CharField(max_length=12, choices=Why.choices)
    rule = models.CharField(max_length=40)
    removed = models.JSONField(default=dict)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(why="retention"), name="deletion_at_its_time_once"
            )
        ]

    def record(self) -> dict[str, Any]:
        return {
            "deletion": str(self.id),
            "case": str(self.case_id),
            "why": self.why,
            "rule": self.rule,
            "removed": self.removed,
            "by": str(self.by_id) if self.by_id else None,
            "at": self.at,
        }


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def in_force(self, at: datetime) -> Self:
        return self.filter(signed_at__lte=at, valid_until__gt=at)


class Assessment(models.Model):
    """个人信息保护影响评估: what a sensitive form collects, why, what could go wrong, what is done against it.

    Nobody signs their own. A form marked sensitive is switched on only while one for it is signed and in force
    (个人信息保护法 55, 56); it is kept for three years at least.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(_("评估什么"), max_length=64)
    purpose = models.TextField(_("处理目的、方式是否合法、正当、必要"))
    effects = models.TextField(_("对个人权益的影响和安全风险"))
    measures = models.TextField(_("保护措施是否合法、有效、与风险相适应"))
    register = models.CharField(_("登记表指纹"), max_length=64)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    signed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(_("有效到"), null=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject", "-made_at"], name="assessment_subject")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(signed_by=None) | ~Q(signed_by=models.F("made_by")),
                name="assessment_signed_by_another",
            )
        ]

    def __str__(self) -> str:
        return self.subject
