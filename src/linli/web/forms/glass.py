"""What is asked before a case outside one's area opens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from linli.privacy.actions.glass import HOURS


class GlassForm(forms.Form):
    """Which case, why, and for how long."""

    number = forms.CharField(label=_("编号"), max_length=40, help_text=_("例：261123-7K3M9"))
    reason = forms.CharField(
        label=_("理由"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("反映人和上级都看得到。"),
    )
    hours = forms.TypedChoiceField(
        label=_("打开多久"), coerce=int, widget=forms.RadioSelect, initial=HOURS[0]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(n, ngettext("%(n)d 小时", "%(n)d 小时", n) % {"n": n}) for n in HOURS]
        self.fields["hours"].choices = choices  # type: ignore[attr-defined]
