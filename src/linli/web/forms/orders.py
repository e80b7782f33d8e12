"""Forms of orders on a set of cases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7
from linli.measures.models import ActKind


class OrderForm(forms.Form):
    unit = forms.ChoiceField(label=_("由哪个单位回复"))
    order = forms.CharField(
        label=_("督办要求"),
        max_length=2000,
        initial=_("请说明超期的原因、办结的日期；现在就能做的先做。"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    command = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def __init__(self, units: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = units


class WordsForm(forms.Form):
    words = forms.CharField(label=_("写明"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ReplyForm(WordsForm):
    words = forms.CharField(
        label=_("回复：做了什么，还差什么"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


class CheckForm(WordsForm):
    words = forms.CharField(
        label=_("怎么核实的，看到了什么"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    agrees = forms.TypedChoiceField(
        label=_("核实结果"),
        choices=[("yes", _("相符，销号")), ("no", _("不符，退回重新回复"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )


class ActForm(forms.Form):
    kind = forms.ChoiceField(label=_("做什么"), choices=ActKind.choices)
    text = forms.CharField(label=_("内容"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class AnswerForm(forms.Form):
    words = forms.CharField(label=_("回复"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
