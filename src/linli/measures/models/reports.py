"""Reports as they were made: the words and numbers in every language, drawn when somebody fetches them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7
from linli.orgs.models import Organisation


class ReportKind(models.TextChoices):
    MONTH = "month", _("月报")
    WEEK = "week", _("每周简报")


class Report(models.Model):
    """What a unit's month or week came to, made once and never again. Holds counts, units and case numbers only.

    `documents` by language: what `documents.render.reports` draws. `ends_on` is the day after the last.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=ReportKind.choices)
    begins_on = models.DateField()
    ends_on = models.DateField()
    made_at = models.DateTimeField()
    documents = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "kind", "begins_on"], name="report_once"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("begins_on")), name="report_runs_forward"),
        ]

    @property
    def last_day(self) -> date:
        return self.ends_on - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.kind} {self.begins_on}"
