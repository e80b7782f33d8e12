"""Figures once published stay as they were published."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from linli.kit.ids import uuid7
from linli.orgs.models import Organisation


class MonthlyFigures(models.Model):
    """What a county published about one month: counts only, as `formulas.month_counts` gives them.

    Published once: a second snapshot of the same month would let a reader find the one case between the two.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    published_at = models.DateTimeField()
    counts = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "month"], name="figures_once_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.month:%Y-%m}"


class Edition(models.Model):
    """A month of open data, as the two files everybody can fetch: written once, then the same bytes for ever.

    The files of a month follow from nothing kept here, so a later version of Linli serves them as they were. The
    digests are SHA-256 of their bytes in UTF-8.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    published_at = models.DateTimeField()
    csv = models.TextField()
    csv_digest = models.CharField(max_length=64)
    json = models.TextField()
    json_digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "month"], name="edition_once_a_month"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="edition_runs_forward"),
            models.CheckConstraint(
                condition=Q(published_at__gte=F("ends_at")), name="edition_of_a_closed_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.month:%Y-%m}"
