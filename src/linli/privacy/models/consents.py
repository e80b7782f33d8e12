from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.people.models import Person


class Matter(models.TextChoices):
    """What consent is asked for, each by itself (个人信息保护法 14, 25, 29)."""

    PUBLICATION = "publication", _("公开原话、照片和位置")


class ConsentQuerySet(models.QuerySet["Consent"]):
    def last(self, case_id: UUID, matter: str, party: int | None = None) -> Consent | None:  # type: ignore[override]
        """What was said last on a matter."""
        rows = self.filter(case_id=case_id, matter=matter, party=party)
        return rows.order_by("-at", "-id").first()

    def given(self, case_id: UUID, matter: str, at: datetime) -> bool:
        """Whether consent stands at that moment."""
        last = self.filter(at__lte=at).last(case_id, matter)
        return last is not None and last.is_given

    def of(self, case_id: UUID, party: int | None = None) -> Self:
        return self.filter(case_id=case_id, party=party).order_by("-at", "-id")


class Consent(models.Model):
    """That the person concerned agreed, or took it back: to what, after which notice, when and how. Kept for good."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    party = models.PositiveSmallIntegerField(null=True)
    matter = models.CharField(max_length=16, choices=Matter.choices)
    is_given = models.BooleanField()
    notice = models.CharField(_("告知版本"), max_length=16)
    channel = models.CharField(_("渠道"), max_length=16)
    noted_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = []
