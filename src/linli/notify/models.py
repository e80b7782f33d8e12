"""Who was told of what: people by messages, systems by webhooks."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.people.models import Grant, Person


class Message(models.Model):
    """One person told of one event; without a person, it is the reporter, who reads it under their code.

    `source` is the case whose event it is: the case itself, or the one it was merged into; without an event (number 0)
    it is the breaking of the glass that is told.
    """

    pk = models.CompositePrimaryKey("case_id", "id")
    id = models.UUIDField(default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    source = models.UUIDField()
    event_number = models.PositiveIntegerField()
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="message_inbox"),
            models.Index(fields=["person"], name="message_unread", condition=Q(read_at=None)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "source", "event_number", "person"],
                condition=Q(person__isnull=False),
                name="message_person_once",
            ),
            models.UniqueConstraint(
                fields=["case", "source", "event_number"],
                condition=Q(person=None),
                name="message_reporter_once",
            ),
        ]


class Memo(models.Model):
    """One person told of one step of something that is about no single case: an order on a set, a round, an act.

    `sort` says what `subject` is and who writes the words (`actions.memos`); `number` is the step's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sort = models.CharField(max_length=12)
    subject = models.UUIDField()
    number = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="memo_inbox"),
            models.Index(fields=["person"], name="memo_unread", condition=Q(read_at=None)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sort", "subject", "number", "person"], name="memo_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sort} {self.subject} {self.number}"


class Webhook(models.Model):
    """An address that is told of events: ids and kinds, signed, and only of cases its post may open.

    The secret lies nowhere: it is made from the server's key, this id and `key_version`. After a change the one
    before signs, too, until `previous_until`. `position` is how far the feed has been read for it; `failures` counts
    attempts in a row that came to nothing, and until `rest_until` it is left alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("名称"), max_length=80)
    url = models.CharField(_("地址"), max_length=500)
    kinds = models.JSONField(_("哪些案件"), default=list)
    events = models.JSONField(_("哪些事件"), default=list)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="+", verbose_name=_("岗位"))
    is_active = models.BooleanField(_("启用"), default=True)
    key_version = models.PositiveSmallIntegerField(default=1)
    previous_until = models.DateTimeField(null=True)
    position = models.BigIntegerField()
    failures = models.PositiveIntegerField(default=0)
    rest_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one webhook; without a position, a trial. Waits while `due_at` is set, and ends done or dead.

    `status` and `error` are of the last attempt: a number, and one word of ours. Nothing of the answer is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    position = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=20, blank=True)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["webhook", "due_at"], name="webhook_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["webhook", "dead_at"], name="webhook_dead", condition=Q(dead_at__isnull=False)
            ),
            models.Index(fields=["webhook", "-made_at"], name="webhook_log"),
            models.Index(fields=["done_at"], name="webhook_done", condition=Q(done_at__isnull=False)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["webhook", "position"], condition=Q(position__isnull=False), name="webhook_event_once"
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False, done_at=None, dead_at=None)
                | Q(due_at=None, done_at__isnull=False, dead_at=None)
                | Q(due_at=None, done_at=None, dead_at__isnull=False),
                name="webhook_delivery_waits_or_ends",
            ),
        ]

    @property
    def message_id(self) -> str:
        """What a receiver knows it by: the same in every attempt and every replay."""
        return f"evt_{self.position}" if self.position is not None else f"ping_{self.pk.hex}"


class PushAddress(models.Model):
    """Where a browser of somebody's is reached while no page is open; its push service learns nothing else."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=700, unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class Channel(models.TextChoices):
    """Ways to tell somebody beside the inbox and the tracking page."""

    PUSH = "push", _("手机提醒")
    SMS = "sms", _("短信")
    EMAIL = "email", _("电子邮件")


class Wish(models.Model):
    """How a member of staff wants to be told, and the quiet hours in which only what is urgent reaches them."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    by_push = models.BooleanField(_("手机提醒"), default=True)
    by_sms = models.BooleanField(_("短信发到工作电话"), default=False)
    by_email = models.BooleanField(_("电子邮件"), default=False)
    by_week = models.BooleanField(_("每周简报发到电子邮件"), default=True)
    quiet_from = models.TimeField(_("安静时段开始"), null=True, blank=True)
    quiet_until = models.TimeField(_("安静时段结束"), null=True, blank=True)
    language = models.CharField(_("语言"), max_length=8, default="zh-hans")

    def __str__(self) -> str:
        return str(self.person_id)


class ReporterWish(models.Model):
    """How the reporter of a case wants to be told; without a row, they look under their code."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    address = SealedField(limit=254)
    language = models.CharField(max_length=8, default="zh-hans")

    def __str__(self) -> str:
        return self.channel


class Notice(models.Model):
    """One thing to be sent about one event on one way: it carries no words of the case, only that there is news."""

    pk = models.CompositePrimaryKey("case_id", "id")
    id = models.UUIDField(default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    event_number = models.PositiveIntegerField()
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    why = models.CharField(max_length=12)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="notice_due", condition=Q(due_at__isnull=False)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "event_number", "person", "channel"],
                condition=Q(person__isnull=False),
                name="notice_person_once",
            ),
            models.UniqueConstraint(
                fields=["case", "event_number", "channel"],
                condition=Q(person=None),
                name="notice_reporter_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.event_number} {self.channel}"


class Mailing(models.Model):
    """One thing to be sent to one of the staff on one way that is about no case.

    It holds no words: they are made from `subject` when it is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    why = models.CharField(max_length=12)
    subject = models.UUIDField()
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="mailing_due", condition=Q(due_at__isnull=False)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "why", "subject", "channel"], name="mailing_once"),
        ]

    def __str__(self) -> str:
        return f"{self.why} {self.subject}"


class SignInNotice(models.Model):
    """Somebody's account was entered from a browser it had not met: to be told by mail. Gone once it is told."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    browser = models.CharField(max_length=80)
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], name="sign_in_notice_due")]

    def __str__(self) -> str:
        return str(self.id)
