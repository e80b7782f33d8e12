"""The form an API key is asked for with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from linli.kit.clock import midnight_after
from linli.people.actions.keys import RATES

OF_A_POST = [("read", gettext_lazy("查看事项")), ("write", gettext_lazy("登记和办理"))]
OF_A_CLIENT = [("open311", gettext_lazy("通过 Open311 登记事项"))]


class KeyForm(forms.Form):
    """What is chosen; whether it may be given, the action says."""

    name = forms.CharField(
        label=gettext_lazy("给哪个程序用"), max_length=80, help_text=gettext_lazy("例如：12345 热线系统")
    )
    scopes = forms.MultipleChoiceField(label=gettext_lazy("能做什么"), widget=forms.CheckboxSelectMultiple)
    per_minute = forms.IntegerField(
        label=gettext_lazy("每分钟最多几次"), min_value=RATES[0], max_value=RATES[1], initial=60
    )
    until = forms.DateField(
        label=gettext_lazy("到哪天止（含当天）"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("不填就一直有效，直到停用或者岗位结束。"),
    )

    def __init__(self, *args: Any, of_a_post: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = OF_A_POST if of_a_post else OF_A_CLIENT
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]
        self.fields["scopes"].initial = [offered[0][0]]

    @property
    def expires_at(self) -> datetime | None:
        day = self.cleaned_data["until"]
        return midnight_after(day) if day else None
