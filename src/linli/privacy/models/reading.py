from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.orgs.models import Organisation
from linli.people.models import Person


class Group(models.TextChoices):
    """What was shown, in the words of the person concerned (字段组)."""

    HEADLINE = "headline", _("标题和进展")
    HISTORY = "history", _("办理经过")
    WORDS = "words", _("说的话")
    CONTACT = "contact", _("称呼和电话")
    PHOTOS = "photos", _("照片")
    PARTIES = "parties", _("当事人")
    PAPERS = "papers", _("文书")
    TALKS = "talks", _("会面安排")


class Read(models.Model):
    """That somebody was shown what a case holds: under which post, for what, which part. Written before it is shown.

    Appended, never changed. `source` tells by which session or key, so that a stolen one can be followed; `glass` is
    the breaking of the glass it was allowed by. It has a leaf in the log over all cases, under this row's own id.
    """

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=32)
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    source = models.CharField(max_length=40, blank=True)
    purpose = models.CharField(max_length=16)
    what = models.CharField(max_length=24)
    groups = models.JSONField(default=list)
    glass = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at"], name="read_at"),
            models.Index(fields=["id"], name="read_log"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.what} {self.purpose}"

    def record(self) -> dict[str, Any]:
        """What the leaf hash covers: everything."""
        return {
            "read": str(self.id),
            "case": str(self.case_id),
            "person": str(self.person_id) if self.person_id else None,
            "role": self.role,
            "organisation": str(self.organisation_id) if self.organisation_id else None,
            "source": self.source,
            "purpose": self.purpose,
            "what": self.what,
            "groups": self.groups,
            "glass": str(self.glass) if self.glass else None,
            "at": self.at,
        }
