"""What the public face keeps of its own: articles for everybody to read, and the words they are found by."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from linli.cases.actions.paging import Key, Page, older
from linli.cases.models.search import Searched
from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.orgs.models import PathField
from linli.people.models import Person


class ArticleKind(models.TextChoices):
    POLICY = "policy", _("政策")
    GUIDE = "guide", _("办事指南")
    NOTICE = "notice", _("公告")


class ArticleQuerySet(models.QuerySet["Article"]):
    def public(self, at: datetime) -> Self:
        """What everybody may read at that moment: published, and not withdrawn."""
        return self.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at), published_at__lte=at)

    def page(self, after: str, size: int) -> Page:
        """The newest first, from the key in the address on."""
        rows = older(self, Key.parse(after), "published_at")
        found = list(rows.order_by("-published_at", "-id")[: size + 1])
        more = str(Key(found[size - 1].published_at, found[size - 1].pk)) if len(found) > size else ""
        return Page(found[:size], more)


class Article(models.Model):
    """A policy, a guide or a notice: plain text in paragraphs, in Chinese and, where somebody wrote it, in English.

    Out on `published_at`, gone from `withdrawn_at`; the rows of withdrawn ones stay. `valid_from`: when a policy
    comes into force. `link` is shown as text, never as something to press.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("种类"), max_length=8, choices=ArticleKind.choices)
    title_zh = models.CharField(_("标题"), max_length=120)
    title_en = models.CharField(_("英文标题"), max_length=200, blank=True)
    text_zh = models.TextField(_("正文"), max_length=20_000)
    text_en = models.TextField(_("英文正文"), max_length=40_000, blank=True)
    source = models.CharField(_("发布单位"), max_length=120)
    source_en = models.CharField(_("发布单位（英文）"), max_length=200, blank=True)
    document_number = models.CharField(_("文号"), max_length=80, blank=True)
    link = models.CharField(_("原文网址"), max_length=300, blank=True)
    valid_from = models.DateField(_("施行日期"), null=True, blank=True)
    published_at = models.DateTimeField(_("发布时间"))
    withdrawn_at = models.DateTimeField(_("撤下时间"), null=True, blank=True)
    author = models.ForeignKey(
        Person, verbose_name=_("录入人"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_demo = models.BooleanField(default=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["published_at", "id"], name="article_published"),
            models.Index(fields=["kind", "published_at", "id"], name="article_kind"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ArticleKind.values), name="article_kind_known"),
        ]

    def __str__(self) -> str:
        return self.title_zh

    @property
    def _is_english(self) -> bool:
        return (get_language() or "").startswith("en")

    @property
    def title(self) -> str:
        return self.title_en if self._is_english and self.title_en else self.title_zh

    @property
    def text(self) -> str:
        return self.text_en if self._is_english and self.text_en else self.text_zh

    @property
    def office(self) -> str:
        return self.source_en if self._is_english and self.source_en else self.source

    @property
    def is_in_other_language(self) -> bool:
        """Whether the reader asked for English and there is none."""
        return self._is_english and not self.text_en

    @property
    def paragraphs(self) -> list[str]:
        return [part for part in (line.strip() for line in self.text.split("\n")) if part]

    def status(self, at: datetime) -> str:
        """public, planned or withdrawn."""
        if self.withdrawn_at is not None and self.withdrawn_at <= at:
            return "withdrawn"
        return "public" if self.published_at <= at else "planned"


class ArticleText(Searched):
    """What an article is found by, in both its languages."""

    order = "published_at"

    article = models.OneToOneField(Article, primary_key=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        managed = False
        db_table = "portal_articletext"


class HeldState(models.TextChoices):
    WAITING = "waiting", _("等着看")
    RELEASED = "released", _("已收下")
    DECLINED = "declined", _("没收下")


class HeldQuerySet(models.QuerySet["Held"]):
    pass


class Held(models.Model):
    """A report that came when too many came at once: kept whole until somebody looks at it (`actions.holding`).

    Its id is that of the case it becomes. What was written lies sealed; `digest` finds it by its tracking code.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    digest = models.BinaryField(max_length=32, unique=True)
    at = models.DateTimeField()
    place_path = PathField()
    accused_path = PathField(default="", blank=True)
    reasons = models.JSONField(default=list)
    content = SealedField(kind="dict")
    state = models.CharField(max_length=8, choices=HeldState.choices, default=HeldState.WAITING)
    why = models.CharField(max_length=12, default="", blank=True)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = HeldQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["place_path", "at"], name="held_waiting", condition=Q(state="waiting")),
            models.Index(fields=["decided_at"], name="held_decided", condition=Q(decided_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.state}"
