from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Func
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


class Opening(models.Model):
    """That somebody was shown what cases hold: under which post, for what, which part. Written before it is shown.

    Appended, never changed. `source` tells by which session or key, so that a stolen one can be followed. It has a
    leaf in the log over all cases, under this row's own id.
    """

    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=32)
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    source = models.CharField(max_length=40, blank=True)
    purpose = models.CharField(max_length=16)
    what = models.CharField(max_length=24)
    groups = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        abstract = True

    def post(self) -> dict[str, Any]:
        """Who, for what, which part and when, as the leaf hash covers it."""
        return {
            "person": str(self.person_id) if self.person_id else None,
            "role": self.role,
            "organisation": str(self.organisation_id) if self.organisation_id else None,
            "source": self.source,
            "purpose": self.purpose,
            "what": self.what,
            "groups": self.groups,
            "at": self.at,
        }


class Read(Opening):
    """One case was opened; `glass` is the breaking of the glass it was allowed by."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7, editable=False)
    glass = models.UUIDField(null=True)

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
            **self.post(),
            "read": str(self.id),
            "case": str(self.case_id),
            "glass": str(self.glass) if self.glass else None,
        }


class Place(Func):
    """Where bytes begin in a column of bytes, from 1; 0 where they are not."""

    output_field = models.IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="INSTR(%(expressions)s)", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        given = {"template": "POSITION(%(expressions)s)", "arg_joiner": " IN ", **extra}
        turned = self.copy()
        turned.set_source_expressions(self.get_source_expressions()[::-1])
        return turned.as_sql(compiler, connection, **given)


class TakeoutQuerySet(models.QuerySet["Takeout"]):
    def holding(self, case_id: UUID) -> Self:
        """Those that one case was part of, without the ids of all the others."""
        within = self.filter(first__lte=case_id, last__gte=case_id)
        return (
            within.alias(place=Place("cases", models.Value(case_id.bytes))).filter(place__gt=0).defer("cases")
        )


class Takeout(Opening):
    """Many cases were written into a file: one row, and one leaf, for some thousands of them.

    `cases` are their ids, 16 bytes each, in ascending order; `first` and `last` bound them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first = models.UUIDField()
    last = models.UUIDField()
    cases = models.BinaryField()

    objects = TakeoutQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at"], name="takeout_at"),
            models.Index(fields=["last"], name="takeout_last"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.purpose}"

    @staticmethod
    def packed(cases: Collection[UUID]) -> dict[str, Any]:
        """The fields that name the cases; there is at least one."""
        ids = sorted(cases)
        return {"first": ids[0], "last": ids[-1], "cases": b"".join(each.bytes for each in ids)}

    @property
    def case_ids(self) -> list[UUID]:
        packed = bytes(self.cases)
        return [UUID(bytes=packed[place : place + 16]) for place in range(0, len(packed), 16)]

    def record(self) -> dict[str, Any]:
        """What the leaf hash covers: everything, the ids by their hash."""
        return {
            **self.post(),
            "takeout": str(self.id),
            "first": str(self.first),
            "last": str(self.last),
            "cases": hashlib.sha256(bytes(self.cases)).hexdigest(),
        }
