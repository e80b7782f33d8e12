"""Figures once published stay as they were published."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

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
