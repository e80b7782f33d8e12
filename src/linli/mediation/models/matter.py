"""A dispute: what it is about, who the parties are, what each agreed to, and who mediates."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.kit.sealing import CASE, SealedField
from linli.mediation.models.committees import Category, Committee, ScreeningRound
from linli.people.models import Person


class Source(models.TextChoices):
    """案件来源 (人民调解法 17, 18; 司法统计)."""

    APPLIED = "applied", _("当事人申请")
    PROACTIVE = "proactive", _("主动调解")
    ENTRUSTED = "entrusted", _("委托移送")


class Entruster(models.TextChoices):
    COURT = "court", _("法院")
    POLICE = "police", _("公安")
    GOVERNMENT = "government", _("政府及部门")


class Form(models.TextChoices):
    WRITTEN = "written", _("书面协议")
    ORAL = "oral", _("口头协议")


class Bar(models.TextChoices):
    """What a court cannot confirm (民诉法解释 355)."""

    STATUS = "status", _("涉及身份关系")
    OWNERSHIP = "ownership", _("涉及物权、知识产权确权")


class Confirmation(models.TextChoices):
    """The parallel track of judicial confirmation (人民调解法 33; 民诉法 205)."""

    NONE = "", _("未开始")
    OPEN = "window_open", _("可以申请")
    BARRED = "barred", _("依法不能确认")
    APPLIED = "applied", _("已申请")
    CONFIRMED = "confirmed", _("已确认")
    DISMISSED = "dismissed", _("裁定驳回")
    REJECTED = "rejected", _("不予受理")
    WITHDRAWN = "withdrawn", _("已撤回")
    CLOSED = "window_closed", _("期限已过")


class Outcome(models.TextChoices):
    SUCCEEDED = "succeeded", _("调解成功")
    FAILED = "failed", _("调解不成")
    TERMINATED = "terminated", _("当事人终止")
    EXPIRED = "expired", _("期满未成")
    REFUSED = "not_accepted", _("未受理")


class Mediation(models.Model):
    """What a dispute is about, one to one with its case. There is no fee: people's mediation is free (人民调解法 4).

    `test` keeps the answers of the acceptance test, by question. `accepted_on`, `ended_on` and `effective_on` are
    local days; `effective_at` is the moment of the last signature or seal.
    """

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(
        Category, verbose_name=_("纠纷类型"), on_delete=models.PROTECT, related_name="+"
    )
    source = models.CharField(_("案件来源"), max_length=12, choices=Source.choices)
    entrusted_by = models.CharField(_("委托单位类别"), max_length=12, choices=Entruster.choices, blank=True)
    entrusted_name = SealedField(_("委托单位"), limit=80, tier=CASE)
    subject = SealedField(_("纠纷名称"), limit=80, tier=CASE)
    brief = SealedField(_("简要情况"), tier=CASE)
    requests = SealedField(_("申请事项"), kind="list", tier=CASE)
    test = SealedField(kind="dict", tier=CASE)
    is_session_public = models.BooleanField(_("公开调解"), default=False)
    form = models.CharField(_("协议形式"), max_length=8, choices=Form.choices, blank=True)
    amount = models.DecimalField(_("协议涉及金额（元）"), max_digits=14, decimal_places=2, null=True)
    bar = models.CharField(_("不能司法确认"), max_length=12, choices=Bar.choices, blank=True)
    confirmation = models.CharField(max_length=16, choices=Confirmation.choices, blank=True)
    court = SealedField(_("法院"), limit=80, tier=CASE)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    file_number = models.CharField(_("卷号"), max_length=48, blank=True)
    retention = models.CharField(_("保管期限"), max_length=16, blank=True)
    accepted_on = models.DateField(null=True)
    effective_on = models.DateField(null=True)
    effective_at = models.DateTimeField(null=True)
    ended_on = models.DateField(null=True)
    routes_told_at = models.DateTimeField(null=True)
    screening = models.ForeignKey(ScreeningRound, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["accepted_on"], name="mediation_accepted"),
            models.Index(fields=["ended_on"], name="mediation_ended"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(source="entrusted") | ~Q(entrusted_by=""), name="mediation_entrusted_by_somebody"
            )
        ]

    def __str__(self) -> str:
        return str(self.subject)


class FileNumber(models.Model):
    """卷号: the next number of a committee's year, taken when a case is accepted. The key is the lock."""

    pk = models.CompositePrimaryKey("committee_id", "year", "number")
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    case = models.UUIDField()


class Side(models.TextChoices):
    APPLICANT = "applicant", _("申请方")
    RESPONDENT = "respondent", _("对方")


class Sex(models.TextChoices):
    MAN = "man", _("男")
    WOMAN = "woman", _("女")


class PartyQuerySet(models.QuerySet["Party"]):
    def present(self) -> Self:
        """Those who have not withdrawn."""
        return self.filter(withdrawn_at=None)


class Party(models.Model):
    """A party to one dispute. Parties exist within their case only: nobody is looked up across cases."""

    pk = models.CompositePrimaryKey("case_id", "number")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=12, choices=Side.choices)
    is_body = models.BooleanField(_("单位"), default=False)
    name = SealedField(_("姓名或名称"), limit=50, tier=CASE)
    sex = SealedField(_("性别"), limit=8, tier=CASE, choices=Sex.choices)
    ethnicity = SealedField(_("民族"), limit=20, tier=CASE)
    born_on = SealedField(_("出生日期"), kind="day", tier=CASE)
    occupation = SealedField(_("职业或职务"), limit=40, tier=CASE)
    address = SealedField(_("单位或住址"), limit=120, tier=CASE)
    phone = SealedField(_("联系方式"), limit=32, tier=CASE)
    is_identity_seen = models.BooleanField(_("已核对证件"), default=False)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = PartyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(number__gt=0), name="party_number")]

    def __str__(self) -> str:
        return str(self.name)

    def age_on(self, day: date) -> int | None:
        """Full years; somebody born on 29 February is a year older on 1 March of a common year (民法典 202)."""
        born: date | None = self.born_on
        if born is None:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class CompanionRole(models.TextChoices):
    AGENT = "agent", _("代理人")
    REPRESENTATIVE = "representative", _("代表人")
    GUARDIAN = "guardian", _("监护人")
    HELPER = "helper", _("协助调解的人")


class Companion(models.Model):
    """Somebody who comes with a party, or is asked to help with the parties' consent (人民调解法 20)."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    id = models.UUIDField(default=uuid7, editable=False)
    role = models.CharField(max_length=16, choices=CompanionRole.choices)
    party = models.PositiveSmallIntegerField(null=True)
    side = models.CharField(max_length=12, choices=Side.choices, blank=True)
    name = SealedField(_("姓名"), limit=50, tier=CASE)
    phone = SealedField(_("联系方式"), limit=32, tier=CASE)
    relation = SealedField(_("关系或身份"), limit=40, tier=CASE)
    has_authority = models.BooleanField(_("有授权委托书"), default=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = []


class Matter(models.TextChoices):
    """What a party was asked, or told and acknowledged."""

    WILLING = "willing", _("愿意调解")
    RIGHTS = "rights", _("已知道权利义务")
    MEDIATOR = "mediator", _("接受调解员")
    HELPER = "helper", _("同意请人协助")
    EXTENSION = "extension", _("同意延长期限")
    ORAL = "oral", _("同意口头协议")
    PUBLIC = "public", _("同意公开调解")
    CONFIRMATION = "confirmation", _("愿意共同申请司法确认")


class How(models.TextChoices):
    CODE = "code", _("手机查询码确认")
    SIGN_IN = "sign_in", _("登录确认")
    TABLET = "tablet", _("当面在屏幕上")
    SPOKEN = "spoken", _("当面口头")
    PHONE = "phone", _("电话")
    PAPER = "paper", _("纸面")


class AssentQuerySet(models.QuerySet["Assent"]):
    def last_answers(self, case_id: UUID, matter: str, about: UUID | None = None) -> dict[int, bool]:
        """What each party said last on a matter: party number → answer."""
        rows = self.filter(case_id=case_id, matter=matter, about=about).order_by("at", "id")
        return {row.party: row.answer for row in rows}


class Assent(models.Model):
    """A yes or no of a party, kept for good; the last one counts."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    id = models.UUIDField(default=uuid7, editable=False)
    party = models.PositiveSmallIntegerField()
    matter = models.CharField(max_length=16, choices=Matter.choices)
    about = models.UUIDField(null=True)
    answer = models.BooleanField()
    how = models.CharField(max_length=8, choices=How.choices)
    noted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = AssentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = []


class AssignmentRole(models.TextChoices):
    MEDIATOR = "mediator", _("调解员")
    RECORDER = "recorder", _("记录人")


class WhyEnded(models.TextChoices):
    INTEREST = "interest", _("与纠纷有利害关系")
    KINSHIP = "kinship", _("与当事人有亲属关系")
    OBJECTION = "objection", _("当事人要求回避")
    REPLACED = "replaced", _("换人")


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def current(self) -> Self:
        return self.filter(ended_at=None)


class Assignment(models.Model):
    """Who mediates or keeps the record, appointed by the committee or chosen by the parties (人民调解法 19)."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    id = models.UUIDField(default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=AssignmentRole.choices)
    is_chosen_by_parties = models.BooleanField(default=False)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    why_ended = models.CharField(max_length=12, choices=WhyEnded.choices, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "case"], name="mediation_assigned", condition=Q(ended_at=None))
        ]
        constraints: ClassVar = []


class Barrier(models.Model):
    """A reason why somebody may not mediate this case: disclosed interest or kinship, or a party's objection."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    id = models.UUIDField(default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=12, choices=WhyEnded.choices)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "person"], name="mediation_barrier_once")
        ]


class PartyCode(models.Model):
    """Look-up from the keyed hash of a party's secret code to the party; the code itself is stored nowhere."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    party = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True)


class Reader(models.Model):
    """An officer the case names, who may open its content besides its mediators."""

    pk = models.CompositePrimaryKey("case_id", "id")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    id = models.UUIDField(default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    why = SealedField(_("理由"), limit=120, tier=CASE)
    named_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = []


class Purpose(models.TextChoices):
    MEDIATING = "mediating", _("办理本案")
    SEALING = "sealing", _("审核盖章")
    CHECKING = "checking", _("检查办理质量")
    ANSWERING = "answering", _("答复当事人")
    ARCHIVING = "archiving", _("整理归档")
