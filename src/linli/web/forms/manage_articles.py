"""The form of an article of the public pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from linli.portal.models import Article, ArticleKind


class ArticleForm(forms.Form):
    """Both languages beside each other; the lengths are those of the model, which checks everything again."""

    kind = forms.ChoiceField(label=gettext_lazy("种类"), choices=ArticleKind.choices)
    title_zh = forms.CharField(label=gettext_lazy("标题"), max_length=120)
    title_en = forms.CharField(label=gettext_lazy("英文标题"), max_length=200, required=False)
    text_zh = forms.CharField(
        label=gettext_lazy("正文"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy("只写文字，一行一段。"),
    )
    text_en = forms.CharField(
        label=gettext_lazy("英文正文"),
        max_length=40_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    source = forms.CharField(label=gettext_lazy("发布单位"), max_length=120)
    source_en = forms.CharField(label=gettext_lazy("发布单位（英文）"), max_length=200, required=False)
    document_number = forms.CharField(label=gettext_lazy("文号"), max_length=80, required=False)
    link = forms.CharField(
        label=gettext_lazy("原文网址"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("只作文字显示，不能点。"),
    )
    valid_from = forms.DateField(
        label=gettext_lazy("施行日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    published_at = forms.DateTimeField(
        label=gettext_lazy("发布时间"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("不填就是现在；写以后的时间，到时候才公布。"),
    )

    @classmethod
    def values(cls, article: Article) -> dict[str, Any]:
        return {name: getattr(article, name) for name in cls.base_fields}
