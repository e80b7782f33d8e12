"""Who mediates: committees, their members, the lists they work with, and their rooms."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.orgs.models import Organisation
from linli.people.models import Person


class CommitteeKind(models.TextChoices):
    VILLAGE = "village", _("村（社区）调委会")
    TOWNSHIP = "township", _("乡镇（街道）调委会")
    ENTERPRISE = "enterprise", _("企事业单位调委会")
    PROFESSIONAL = "professional", _("行业性、专业性调委会")
    ASSOCIATION = "association", _("行业协会调委会")


class Duty(models.TextChoices):
    CHAIR = "chair", _("主任")
    VICE = "vice", _("副主任")
    MEMBER = "member", _("委员")
    APPOINTED = "appointed", _("聘任调解员")


class Named(models.Model):
    """An entry of an editable list, in both languages."""

    code = models.CharField(_("代码"), max_length=32, primary_key=True)
    name_zh = models.CharField(_("名称"), max_length=40)
    name_en = models.CharField(_("英文名称"), max_length=60)
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    is_active = models.BooleanField(_("启用"), default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class Field(Named):
    """A professional field in which a committee mediates (行业性、专业性领域)."""


class Category(Named):
    """A kind of dispute as the statistics count them; `procedure` names the procedure its cases follow."""

    field = models.ForeignKey(
        Field, verbose_name=_("专业领域"), null=True, blank=True, on_delete=models.PROTECT
    )
    procedure = models.CharField(_("程序"), max_length=32, default="mediation")


class CommitteeQuerySet(models.QuerySet["Committee"]):
    def standing(self) -> Self:
        return self.filter(organisation__valid_until=None)


class Committee(models.Model):
    """A people's mediation committee; its unit in the tree carries name and place (人民调解法 7—9, 34)."""

    organisation = models.OneToOneField(
        Organisation, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("类型"), max_length=16, choices=CommitteeKind.choices)
    area = models.ForeignKey(
        Organisation, verbose_name=_("管辖地方"), on_delete=models.PROTECT, related_name="+"
    )
    fields = models.ManyToManyField(Field, verbose_name=_("专业领域"), blank=True, related_name="committees")
    file_mark = models.CharField(_("文号简称"), max_length=12)
    established_on = models.DateField(_("设立日期"), null=True, blank=True)
    filed_on = models.DateField(_("备案日期"), null=True, blank=True)
    term_from = models.DateField(_("本届开始"), null=True, blank=True)
    term_until = models.DateField(_("本届届满"), null=True, blank=True)

    objects = CommitteeQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(term_from=None) | Q(term_until=None) | Q(term_until__gt=models.F("term_from")),
                name="committee_term_runs_forward",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.organisation.label


class MemberQuerySet(models.QuerySet["Member"]):
    def on(self, day: date) -> Self:
        """Members in office on that day."""
        return self.filter(since__lte=day).filter(Q(until=None) | Q(until__gt=day))


class Member(models.Model):
    """A member or appointed mediator of a committee, from then until then (人民调解法 13, 14)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    duty = models.CharField(_("职务"), max_length=12, choices=Duty.choices)
    is_woman = models.BooleanField(_("女"), default=False)
    languages = models.CharField(_("会说的话"), max_length=80, blank=True)
    since = models.DateField(_("任职日期"))
    until = models.DateField(_("离任日期"), null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["committee", "person"], condition=Q(until=None), name="mediation_member_once"
            )
        ]


class Room(models.Model):
    """A room in which sessions are held."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("名称"), max_length=40)
    address = models.CharField(_("地址"), max_length=120, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="mediation_room_name")
        ]

    def __str__(self) -> str:
        return self.name


class Booking(models.Model):
    """A quarter of an hour of a room or a mediator. The key is the lock: nobody and nothing is booked twice."""

    pk = models.CompositePrimaryKey("resource", "slot")
    resource = models.UUIDField()
    slot = models.DateTimeField()
    sitting = models.UUIDField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["sitting"], name="mediation_booking_sitting")]


class Feed(models.Model):
    """The secret address of a mediator's calendar, known by its keyed hash alone."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)


class FormTemplate(models.Model):
    """An administrator's own Word template for one form."""

    kind = models.CharField(max_length=24, primary_key=True)
    docx = models.BinaryField()
    name = models.CharField(max_length=80)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class ScreeningRound(models.Model):
    """A round of looking for disputes in a place and month (排查): that it was done, and how many were found."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("月份"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    found = models.PositiveSmallIntegerField(_("发现纠纷"), default=0)
    note = SealedField(_("说明"), limit=200)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["place", "month"], name="mediation_round_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="mediation_round_is_a_month"),
        ]
