"""Photos, staged by somebody who is still writing, then attached to an event; lists taken out as files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.people.access import Actor
from linli.people.models import Grant, Person

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
    """A photo that belongs to no case yet: shown to the browser that sent it alone, and gone after a day.

    `holder` is a keyed hash of the cookie of that browser; empty where it came by another way.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PHOTO)
    name = models.CharField(_("文件名"), max_length=80, blank=True)
    created_at = models.DateTimeField(db_index=True)
    holder = models.BinaryField(max_length=32, default=b"", editable=False)

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


class Format(models.TextChoices):
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("Excel")
    PARQUET = "parquet", _("Parquet")


class ExportState(models.TextChoices):
    WAITING = "waiting", _("排队中")
    RUNNING = "running", _("正在导出")
    DONE = "done", _("导好了")
    FAILED = "failed", _("没有导成")
    CANCELLED = "cancelled", _("取消了")


class Trouble(models.TextChoices):
    """Why an export has come to nothing."""

    RIGHTS = "rights", _("岗位或权限已经变了，导出停止，文件已删。")
    LIST_GONE = "list_gone", _("这个名单已经没有了。")
    NO_ROOM = "no_room", _("服务器上地方不够，请告诉管理员，过后再试。")
    BROKEN = "broken", _("导出时出了错，是我们的问题。请再试一次。")


class ExportQuerySet(models.QuerySet["Export"]):
    def under(self, post: Actor) -> Self:
        """What was asked for by this person under this very post."""
        if post.person_id is None:
            return self.none()
        return self.filter(person_id=post.person_id, grant_id=post.grant_id)

    def unfinished(self) -> Self:
        return self.filter(state__in=(ExportState.WAITING, ExportState.RUNNING))

    def ready(self, at: datetime) -> Self:
        """What can be fetched."""
        return self.filter(state=ExportState.DONE, expires_at__gt=at)


class Export(models.Model):
    """A list somebody takes out as a file: made in the background, theirs alone under one post, gone after a day.

    `run` names the attempt that holds it until `held_until`; whoever finds another name in the row has lost it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    listing = models.CharField(_("名单"), max_length=40)
    query = models.CharField(_("筛选"), max_length=1000, blank=True)
    source = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=8)
    format = models.CharField(_("格式"), max_length=8, choices=Format.choices)
    state = models.CharField(
        _("状态"), max_length=10, choices=ExportState.choices, default=ExportState.WAITING
    )
    trouble = models.CharField(max_length=12, choices=Trouble.choices, blank=True)
    rows_done = models.PositiveIntegerField(_("行数"), default=0)
    rows_expected = models.PositiveIntegerField(null=True)
    size = models.PositiveBigIntegerField(_("字节数"), default=0)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    run = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-asked_at"], name="export_person"),
            models.Index(
                fields=["asked_at"], name="export_unfinished", condition=Q(state__in=("waiting", "running"))
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False, expires_at__isnull=False),
                name="export_done_expires",
            )
        ]

    def __str__(self) -> str:
        return f"{self.listing} {self.format} {self.state}"

    @property
    def file(self) -> Path:
        return settings.EXPORTS / f"{self.id}.{self.format}"

    @property
    def share(self) -> int | None:
        """How much is done, in per cent; None while nobody knows how much there is."""
        if not self.rows_expected:
            return None
        return min(99, 100 * self.rows_done // self.rows_expected)
