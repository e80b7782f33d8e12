"""What is done in a mediation: sessions, separate talks, papers, signatures and performance."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.kit.sealing import CASE, SealedField
from linli.mediation.models.committees import Room
from linli.mediation.models.matter import How
from linli.people.models import Person


class CaseRow(models.Model):
    """A row of one case under an id of its own, so that nothing can be counted from outside."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    id = models.UUIDField(default=uuid7, editable=False)

    class Meta:
        abstract = True
        constraints: ClassVar = []


class SittingKind(models.TextChoices):
    JOINT = "joint", _("共同会面")
    SEPARATE = "separate", _("单独谈话")


class SittingState(models.TextChoices):
    PLANNED = "planned", _("已约")
    HELD = "held", _("已开")
    CANCELLED = "cancelled", _("已取消")


class Sitting(CaseRow):
    """A session: joint, or a separate talk with one party that nobody else learns of."""

    kind = models.CharField(max_length=8, choices=SittingKind.choices)
    party = models.PositiveSmallIntegerField(null=True)
    room = models.ForeignKey(Room, null=True, on_delete=models.PROTECT, related_name="+")
    place = SealedField(_("地点"), limit=120, tier=CASE)
    starts_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    state = models.CharField(max_length=10, choices=SittingState.choices, default=SittingState.PLANNED)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="sitting_runs_forward"
            ),
            models.CheckConstraint(
                condition=Q(kind="joint", party=None) | Q(kind="separate", party__isnull=False),
                name="sitting_separate_is_with_one",
            ),
        ]


class Answer(models.TextChoices):
    NONE = "", _("还没有回音")
    COMING = "coming", _("能来")
    UNABLE = "unable", _("来不了")


class Invitation(CaseRow):
    """That a party was asked to a session, and what it answered."""

    sitting = models.UUIDField()
    party = models.PositiveSmallIntegerField()
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    note = SealedField(_("说明"), limit=120, tier=CASE)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "sitting", "party"], name="mediation_invited_once")
        ]


class Talk(CaseRow):
    """What a party said in a separate talk. Its mediator alone reads it, unless the party releases it."""

    party = models.PositiveSmallIntegerField()
    mediator = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = SealedField(tier=CASE, is_own=True, bound=["mediator_id", "party"])
    held_at = models.DateTimeField()
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)


class PaperKind(models.TextChoices):
    """卷宗文书 in the order of the file (司法部人民调解文书格式)."""

    APPLICATION = "application", _("人民调解申请书")
    REGISTER = "register", _("人民调解受理登记表")
    RIGHTS = "rights_notice", _("当事人权利义务告知书")
    IDENTITY = "identity", _("当事人身份证明")
    AUTHORITY = "authority", _("授权委托书")
    INVESTIGATION = "investigation", _("人民调解调查记录")
    EVIDENCE = "evidence", _("人民调解证据材料")
    RECORD = "record", _("人民调解记录")
    AGREEMENT = "agreement", _("人民调解协议书")
    ORAL = "oral_agreement", _("人民调解口头协议登记表")
    PERFORMANCE = "performance", _("履行凭证")
    FOLLOW_UP = "follow_up", _("人民调解回访记录")
    CONFIRMATION = "confirmation", _("司法确认有关材料")
    CLOSING = "closing_report", _("卷宗情况说明（结案报告）")
    LEGAL_AID = "legal_aid", _("法律援助申请表")


class PaperQuerySet(models.QuerySet["Paper"]):
    def current(self) -> Self:
        """The versions in force: superseded ones stay, but count no more."""
        return self.filter(is_current=True)


class Paper(CaseRow):
    """One version of a paper of the file. `text` is what is signed, word for word, and `sha256` its fingerprint.

    `content` holds the fields of the form. `party` is set where the paper is one party's own; a joint paper is seen
    by all parties, every other by the mediators and that party. A changed word makes a new version.
    """

    lineage = models.UUIDField()
    version = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=PaperKind.choices)
    party = models.PositiveSmallIntegerField(null=True)
    is_joint = models.BooleanField(default=False)
    sitting = models.UUIDField(null=True)
    content = SealedField(kind="dict", tier=CASE)
    text = SealedField(tier=CASE)
    sha256 = models.CharField(max_length=64)
    is_current = models.BooleanField(default=True)
    author = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = PaperQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "lineage", "version"], name="mediation_paper_version"),
            models.UniqueConstraint(
                fields=["case", "lineage"], condition=Q(is_current=True), name="mediation_paper_current"
            ),
        ]


class Signer(models.TextChoices):
    PARTY = "party", _("当事人")
    MEDIATOR = "mediator", _("调解员")
    RECORDER = "recorder", _("记录人")
    SEAL = "seal", _("委员会印章")


class SignatureQuerySet(models.QuerySet["Signature"]):
    def valid(self) -> Self:
        return self.filter(voided_at=None)


class Signature(CaseRow):
    """A signature or seal under the exact text with that fingerprint. `strokes` are lines of [x, y] in 0..1."""

    paper = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    signer = models.CharField(max_length=10, choices=Signer.choices)
    party = models.PositiveSmallIntegerField(null=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    name = SealedField(limit=80, tier=CASE)
    agent = SealedField(limit=50, tier=CASE)
    how = models.CharField(max_length=8, choices=How.choices)
    strokes = SealedField(kind="list", tier=CASE)
    image = SealedField(kind="bytes", tier=CASE)
    scan = models.UUIDField(null=True)
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "paper", "party"],
                condition=Q(voided_at=None, signer="party"),
                name="mediation_party_signs_once",
            ),
            models.UniqueConstraint(
                fields=["case", "paper", "signer", "person"],
                condition=Q(voided_at=None, person__isnull=False, signer__in=["mediator", "recorder"]),
                name="mediation_person_signs_once",
            ),
            models.UniqueConstraint(
                fields=["case", "paper"],
                condition=Q(voided_at=None, signer="seal"),
                name="mediation_sealed_once",
            ),
        ]


class Instalment(CaseRow):
    """One thing somebody is to do under the agreement, until when, and the proof that it was done."""

    position = models.PositiveSmallIntegerField()
    party = models.PositiveSmallIntegerField()
    what = SealedField(_("履行内容"), limit=200, tier=CASE)
    amount = models.DecimalField(_("金额（元）"), max_digits=14, decimal_places=2, null=True)
    due_on = models.DateField(_("履行期限"))
    done_on = models.DateField(null=True)
    note = SealedField(limit=200, tier=CASE)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="instalment_not_negative"
            )
        ]


class Remark(CaseRow):
    """Words that belong to an event, kept out of the event itself: the tree above reads events, not these."""

    event_number = models.PositiveIntegerField()
    text = SealedField(tier=CASE)
    is_joint = models.BooleanField(default=True)
    party = models.PositiveSmallIntegerField(null=True)
