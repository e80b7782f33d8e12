"""What comes back: surges of a category at a place, and problems whose cause somebody looks for."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7
from linli.orgs.models import Organisation


class SurgeNotice(models.Model):
    """A place and one or more categories far above their own level, by the day on which it was seen.

    `surges`: rows of category, day, counts (of the day before and the day), expected and probability.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    last_day = models.DateField()
    surges = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "day"], name="surge_once_a_day"),
        ]


class ProblemState(models.TextChoices):
    FOUND = "found", _("待认领")
    OWNED = "owned", _("查原因")
    REMEDIED = "remedied", _("已整改，观察中")
    RETURNED = "returned", _("又出现了")
    SETTLED = "settled", _("已根治")


class Problem(models.Model):
    """The same category at the same place again and again: who looks for its cause, what is done, whether it came back.

    `cases` counts those within the period in which it was found, and those since.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(max_length=48)
    state = models.CharField(max_length=8, choices=ProblemState.choices, default=ProblemState.FOUND)
    found_on = models.DateField()
    first_on = models.DateField()
    last_on = models.DateField()
    cases = models.PositiveIntegerField()
    owner = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    cause = models.TextField(_("原因"), blank=True)
    remedy = models.TextField(_("措施"), blank=True)
    remedied_on = models.DateField(null=True)
    watched_until = models.DateField(null=True)
    came_back = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "category"], name="problem_place")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "category"],
                condition=~Q(state="settled"),
                name="problem_once_at_a_place",
            ),
            models.CheckConstraint(
                condition=Q(remedied_on=None) | Q(watched_until__gt=models.F("remedied_on")),
                name="problem_is_watched",
            ),
        ]
