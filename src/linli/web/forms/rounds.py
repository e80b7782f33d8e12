"""Forms of assessment rounds and of problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.measures.formulas.schemes import schemes
from linli.measures.models import ActKind
from linli.orgs.models import Kind, Organisation, within

OWNERS = (Kind.TOWNSHIP, Kind.DEPARTMENT, Kind.CENTRE)


def _text(label: Any, rows: int = 3) -> forms.CharField:
    return forms.CharField(label=label, max_length=2000, widget=forms.Textarea(attrs={"rows": rows}))


class NewRoundForm(forms.Form):
    scheme = forms.ChoiceField(label=_("考评办法"))
    begins_on = forms.DateField(
        label=_("哪一期"),
        help_text=_("填这个月或这个季度里的任何一天；要等这一期结束以后才能算。"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scheme"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, str(scheme.label)) for code, scheme in schemes().items()]


class ObjectionForm(forms.Form):
    words = _text(_("哪里不符，为什么"))
    cases = forms.CharField(label=_("不该算的事项（编号，用空格隔开）"), required=False, max_length=400)

    def clean_cases(self) -> list[str]:
        return str(self.cleaned_data["cases"]).replace("，", " ").replace(",", " ").upper().split()


class RulingForm(forms.Form):
    is_upheld = forms.TypedChoiceField(
        label=_("裁定"),
        choices=[("yes", _("异议成立，所列事项不算")), ("no", _("异议不成立"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reason = _text(_("裁定理由"), rows=2)


class OfUnit(forms.Form):
    """About one of the assessed units."""

    unit = forms.ChoiceField(label=_("单位"))

    def __init__(self, units: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*units.items()]


class AdjustmentForm(OfUnit):
    points = forms.DecimalField(
        label=_("分数"), max_digits=4, decimal_places=2, help_text=_("加分写正数，扣分写负数。")
    )
    reason = forms.CharField(label=_("理由"), max_length=200)
    evidence = forms.CharField(label=_("依据"), max_length=200, help_text=_("文件、事项编号或检查记录。"))


class ActForm(OfUnit):
    kind = forms.ChoiceField(label=_("做什么"), choices=ActKind.choices)
    text = _text(_("内容"))


class ReplyForm(forms.Form):
    words = _text(_("回复"), rows=2)


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(
        label=_("由哪个单位查原因"), queryset=Organisation.objects.none(), empty_label=_("请选择")
    )

    def __init__(self, county: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)
        standing = Organisation.objects.standing().filter(within("path", county), kind__in=OWNERS)
        field.queryset = standing.order_by("path")


class RemedyForm(forms.Form):
    cause = _text(_("为什么总是发生"))
    remedy = _text(_("做了什么，让它不再发生"))
