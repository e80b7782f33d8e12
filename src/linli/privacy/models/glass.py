from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation
from linli.people.models import Person


class Glass(models.Model):
    """That a post may read a case outside its area, for a reason and for some hours (越出管辖打开).

    Appended, never changed: it ends by itself. It has a leaf in the log over all cases.
    """

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=32)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(_("理由"), max_length=200)
    at = models.DateTimeField()
    until = models.DateTimeField(_("到什么时候"))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="glass_ends_later")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.role} {self.until:%Y-%m-%d %H:%M}"

    def record(self) -> dict[str, Any]:
        """What the leaf hash covers: everything."""
        return {
            "glass": str(self.id),
            "case": str(self.case_id),
            "person": str(self.person_id),
            "role": self.role,
            "organisation": str(self.organisation_id),
            "reason": self.reason,
            "at": self.at,
            "until": self.until,
        }
