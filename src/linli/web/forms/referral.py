"""What is asked when a request is referred to people's mediation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.mediation.models import Category


class ReferralForm(forms.Form):
    """Why, over what, and between whom."""

    reason = forms.CharField(
        label=_("理由"),
        help_text=_("反映人会看到这段话。写明为什么适合调解。"),
        min_length=10,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    category = forms.ChoiceField(label=_("纠纷类型"))
    brief = forms.CharField(
        label=_("简要情况"),
        help_text=_("只有调解员和案件指定的人看得到。"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    requester = forms.CharField(label=_("反映人姓名"), max_length=50)
    phone = forms.CharField(label=_("反映人电话"), max_length=32, required=False)
    respondent = forms.CharField(label=_("对方姓名或名称"), max_length=50)
    respondent_phone = forms.CharField(label=_("对方电话"), max_length=32, required=False)
    is_willing = forms.BooleanField(
        label=_("已经问过，反映人愿意调解"),
        error_messages={"required": _("反映人不愿意调解的，不能转（人民调解法第十七条）。")},
    )
    command_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.categories = {
            row.code: row for row in Category.objects.filter(is_active=True).order_by("position")
        }
        choices = [(code, row.label) for code, row in self.categories.items()]
        self.fields["category"].choices = [("", _("请选择")), *choices]  # type: ignore[attr-defined]

    @property
    def procedure(self) -> str:
        """The kind of case the chosen dispute becomes."""
        return self.categories[self.cleaned_data["category"]].procedure
