"""The order of supervision on the board."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.kit.ids import uuid7

MOST = 20


class Cases(forms.Field):
    """Ids of cases, as ticked in a list."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[UUID]:
        try:
            return [UUID(str(each)) for each in value or []]
        except ValueError as error:
            raise forms.ValidationError(_("没有这一件，请重新勾选。")) from error

    def validate(self, value: Any) -> None:
        if not value:
            raise forms.ValidationError(_("请先勾选要督办的事项。"))
        if len(value) > MOST:
            raise forms.ValidationError(_("一次最多 20 件。"))


class SupervisionForm(forms.Form):
    case = Cases(label=_("事项"))
    order = forms.CharField(
        label=_("督办要求"),
        min_length=5,
        max_length=2000,
        initial=_("请说明超期的原因、办结的日期；现在就能做的先做。"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("请写明要求。"), "min_length": _("要求至少写 5 个字。")},
    )
    command = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    @property
    def ticked(self) -> set[str]:
        """What was ticked when the form was sent, so that nothing is lost."""
        data = self.data.getlist("case") if self.is_bound and hasattr(self.data, "getlist") else []
        return set(data)
