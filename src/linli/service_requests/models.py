"""Requests of residents: what can be reported, which unit it goes to, and what the reporter said."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from linli.cases.models import Case
from linli.cases.procedures.limits import Limit, LimitError
from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.orgs.models import Organisation
from linli.people.models import Person


def _in_english() -> bool:
    return (get_language() or "").startswith("en")


class Level(models.TextChoices):
    NORMAL = "normal", _("一般")
    URGENT = "urgent", _("紧急")
    EMERGENCY = "emergency_advice", _("请先打急救、报警电话")


class Channel(models.TextChoices):
    PORTAL = "portal", _("网上反映")
    GRID = "grid", _("网格员上报")
    HOTLINE = "hotline", _("热线代登记")
    IMPORT = "import", _("导入")
    OPEN311 = "open311", _("外部系统（Open311）")
    OPEN311_TEST = "open311_test", _("外部系统测试")


class Photo(models.TextChoices):
    ASK = "ask", _("建议附照片")
    MAY = "may", _("可附照片")
    NO = "no", _("不要照片")


class Datatype(models.TextChoices):
    """What an answer may be; the names are those of GeoReport v2."""

    STRING = "string", _("一行字")
    NUMBER = "number", _("数")
    DATETIME = "datetime", _("时间")
    TEXT = "text", _("一段话")
    ONE = "singlevaluelist", _("单选")
    SEVERAL = "multivaluelist", _("多选")


class RequestType(models.TextChoices):
    HELP = "help", _("求助")
    ENQUIRY = "enquiry", _("咨询")
    COMPLAINT = "complaint", _("投诉")
    ACCUSATION = "accusation", _("举报")
    SUGGESTION = "suggestion", _("建议")


def validate_limit(value: str) -> None:
    """Refuses a limit nobody can count, naming what to write instead."""
    from django.core.exceptions import ValidationError

    try:
        Limit.parse(value)
    except LimitError as error:
        raise ValidationError(str(error)) from error


class Category(models.Model):
    """What a request is about, in two levels, with its default unit, limits and level."""

    code = models.CharField(_("代码"), max_length=48, primary_key=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级类别"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    position = models.PositiveIntegerField(_("次序"), default=0)
    name_zh = models.CharField(_("名称"), max_length=40)
    name_en = models.CharField(_("英文名称"), max_length=80)
    hint_zh = models.CharField(_("提示"), max_length=200, blank=True)
    hint_en = models.CharField(_("英文提示"), max_length=300, blank=True)
    advice_zh = models.CharField(_("先做什么"), max_length=200, blank=True)
    advice_en = models.CharField(_("先做什么（英文）"), max_length=300, blank=True)
    icon = models.CharField(_("图标"), max_length=40, default="dots")
    level = models.CharField(_("紧急程度"), max_length=20, choices=Level.choices, default=Level.NORMAL)
    limit = models.CharField(_("总限期"), max_length=16, default="5wd", validators=[validate_limit])
    unit_limit = models.CharField(_("单位限期"), max_length=16, default="3wd", validators=[validate_limit])
    limit_source = models.CharField(_("限期依据"), max_length=200, blank=True)
    limit_source_en = models.CharField(_("限期依据（英文）"), max_length=300, blank=True)
    unit = models.ForeignKey(
        Organisation,
        verbose_name=_("默认单位"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    function = models.CharField(_("默认单位的职能"), max_length=32, blank=True)
    unit_level = models.CharField(_("默认单位的层级"), max_length=12, default="township")
    photo = models.CharField(_("照片"), max_length=4, choices=Photo.choices, default=Photo.MAY)
    is_active = models.BooleanField(_("启用"), default=True)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.name_en if _in_english() and self.name_en else self.name_zh

    @property
    def hint(self) -> str:
        return self.hint_en if _in_english() else self.hint_zh

    @property
    def advice(self) -> str:
        return self.advice_en if _in_english() else self.advice_zh

    @property
    def source(self) -> str:
        return self.limit_source_en if _in_english() else self.limit_source


class Question(models.Model):
    """What is worth knowing about a request of one category. `values` lists the answers to choose from.

    One that is not `is_answerable` asks nothing: it tells whoever reports something first.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="questions")
    code = models.CharField(_("代码"), max_length=48)
    position = models.PositiveIntegerField(_("次序"), default=0)
    datatype = models.CharField(_("怎样回答"), max_length=16, choices=Datatype.choices)
    is_required = models.BooleanField(_("必填"), default=False)
    is_answerable = models.BooleanField(_("要回答"), default=True)
    text_zh = models.CharField(_("问题"), max_length=200)
    text_en = models.CharField(_("英文问题"), max_length=300)
    hint_zh = models.CharField(_("怎样填写"), max_length=200)
    hint_en = models.CharField(_("怎样填写（英文）"), max_length=300)
    values = models.JSONField(_("可选的回答"), default=list, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["category", "code"], name="question_code_once"),
            models.CheckConstraint(
                condition=models.Q(is_answerable=True) | models.Q(is_required=False),
                name="question_required_is_answerable",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.text_en if _in_english() else self.text_zh

    @property
    def hint(self) -> str:
        return self.hint_en if _in_english() else self.hint_zh

    @property
    def choices(self) -> dict[str, str]:
        """The answers to choose from, key to words, in their order."""
        language = "en" if _in_english() else "zh"
        return {value["key"]: value[language] for value in self.values}


class RoutingRule(models.Model):
    """Which unit a request goes to. Rules are read in order; the first whose conditions all hold decides.

    `when` maps types, categories, place_kinds, channels and levels to lists; an empty one always holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    position = models.PositiveIntegerField(_("次序"))
    code = models.CharField(_("代码"), max_length=48, unique=True)
    name_zh = models.CharField(_("名称"), max_length=80)
    name_en = models.CharField(_("英文名称"), max_length=120)
    why_zh = models.CharField(_("依据"), max_length=200, blank=True)
    why_en = models.CharField(_("依据（英文）"), max_length=300, blank=True)
    when = models.JSONField(_("条件"), default=dict, blank=True)
    unit = models.ForeignKey(
        Organisation,
        verbose_name=_("指定单位"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    function = models.CharField(_("单位职能"), max_length=32, blank=True)
    unit_level = models.CharField(_("单位层级"), max_length=12, default="township")
    author = models.ForeignKey(
        Person, verbose_name=_("制定人"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_active = models.BooleanField(_("启用"), default=True)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.name_en if _in_english() else self.name_zh

    @property
    def why(self) -> str:
        return self.why_en if _in_english() else self.why_zh

    def fits(self, facts: dict[str, Any]) -> bool:
        """Whether every condition holds for a request with these facts: types, categories, ... → value."""
        return all(_fits(wanted, facts.get(name, "")) for name, wanted in self.when.items())


def _fits(wanted: list[str], value: str) -> bool:
    return any(value == entry or value.startswith(entry + ".") for entry in wanted)


class Request(models.Model):
    """What the reporter said, one to one with its case."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="+")
    request_type = models.CharField(_("类型"), max_length=12, choices=RequestType.choices)
    text = models.TextField(_("原话"))
    contact_name = SealedField(_("称呼"), limit=50)
    contact_phone = SealedField(_("电话"), limit=32)
    reporter = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    accused = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    may_publish = models.BooleanField(_("同意公开"), default=False)

    class Meta:
        indexes: ClassVar = []
