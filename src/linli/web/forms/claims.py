"""What is asked when a claim on personal information is answered, a case held, an assessment written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.privacy.models import Claim, ClaimKind, Outcome


class AnswerForm(forms.Form):
    """What is done, and why; a correction may write name and telephone anew."""

    outcome = forms.ChoiceField(label=_("怎么办"), choices=Outcome.choices, widget=forms.RadioSelect)
    reply = forms.CharField(
        label=_("答复和理由"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("本人凭查询码看得到。"),
    )
    name = forms.CharField(label=_("改正后的称呼、姓名"), max_length=50, required=False)
    phone = forms.CharField(label=_("改正后的电话"), max_length=32, required=False)

    def __init__(self, claim: Claim, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if claim.kind != ClaimKind.CORRECTION:
            del self.fields["name"], self.fields["phone"]

    @property
    def corrected(self) -> dict[str, str]:
        said = {name: self.cleaned_data.get(name, "") for name in ("name", "phone")}
        return {name: value for name, value in said.items() if value}


class HoldForm(forms.Form):
    """Which case is kept beyond its time, and why."""

    number = forms.CharField(label=_("编号"), max_length=40)
    why = forms.CharField(
        label=_("理由"), min_length=4, max_length=200, help_text=_("例：诉讼、审计、巡查。")
    )
