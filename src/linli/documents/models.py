"""Photos: staged by somebody who is still writing, then attached to an event of a case."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7

ENDING = ".jpg"
THUMBNAIL_ENDING = "-thumbnail.jpg"


class Kind(models.TextChoices):
    PHOTO = "photo", _("照片")


class Purpose(models.TextChoices):
    """At which step a photo was added."""

    REPORT = "report", _("反映时")
    PROGRESS = "progress", _("办理中")
    FEEDBACK = "feedback", _("办结时")
    VERIFICATION = "verification", _("核查时")
    OTHER = "other", _("其他")


class StoredPhoto(models.Model):
    """What is known of the bytes. `path` is relative to settings.ATTACHMENTS and made from the id alone."""

    width = models.PositiveIntegerField(_("宽"))
    height = models.PositiveIntegerField(_("高"))
    size = models.PositiveIntegerField(_("字节数"))
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=64)

    class Meta:
        abstract = True

    @property
    def file(self) -> Path:
        return settings.ATTACHMENTS / self.path

    @property
    def thumbnail_file(self) -> Path:
        return settings.ATTACHMENTS / (self.path.removesuffix(ENDING) + THUMBNAIL_ENDING)


class Upload(StoredPhoto):
    """A photo that belongs to no case yet. Its id is the only key to it, and it is gone after a day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PHOTO)
    name = models.CharField(_("文件名"), max_length=80, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(size__gt=0, width__gt=0, height__gt=0), name="upload_has_pixels"
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def of_case(self, case_id: UUID) -> Self:
        """Everything attached to a case, in the order of its events and of taking."""
        return self.filter(case_id=case_id).order_by("event_number", "id")

    def public(self) -> Self:
        """What the reporter may see, too."""
        return self.filter(is_public=True)


class Attachment(StoredPhoto):
    """A photo added by an event of a case. Its id is that of the upload it came from."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments", db_index=False)
    id = models.UUIDField(editable=False)
    event_number = models.PositiveIntegerField()
    purpose = models.CharField(_("用途"), max_length=12, choices=Purpose.choices)
    is_public = models.BooleanField(_("反映人可见"))
    by_label = models.CharField(_("添加者"), max_length=80)
    uploaded_at = models.DateTimeField()
    attached_at = models.DateTimeField()

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="attachment_id"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(size__gt=0, width__gt=0, height__gt=0), name="attachment_has_pixels"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.event_number} {self.id}"
