"""Forms of accounts and posts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit.clock import midnight, midnight_after
from linli.people import actions as people
from linli.people.models import Person

from .manage import UnitField

PHONE = RegexValidator(
    r"^\+?[0-9][0-9 ()-]{4,24}$", gettext_lazy("这个电话号码看起来不对，请只写数字和横线。")
)
USERNAME = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$",
    gettext_lazy("账号用 3 至 32 个字母、数字、点、横线或下划线，以字母或数字开头。"),
)


class DetailsForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=80)
    work_phone = forms.CharField(
        label=gettext_lazy("工作电话"), max_length=26, required=False, validators=[PHONE]
    )
    email = forms.EmailField(label=gettext_lazy("电子邮件"), required=False)

    @classmethod
    def values(cls, person: Person) -> dict[str, str]:
        return {name: getattr(person, name) for name in cls.base_fields}


class PostForm(forms.Form):
    """A role in a unit, from a day until the end of another."""

    role = forms.ChoiceField(label=gettext_lazy("角色"))
    organisation = UnitField(
        label=gettext_lazy("单位"), help_text=gettext_lazy("填名称或代码，只能是您管理范围内的。")
    )
    begins = forms.DateField(
        label=gettext_lazy("从哪天起"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("不填就是现在。"),
    )
    until = forms.DateField(
        label=gettext_lazy("到哪天止（含当天）"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("不填就一直有效。"),
    )

    def __init__(self, *args: Any, area: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role.name, role.label) for role in people.grantable_roles()]
        self.fields["role"].choices = [("", _("请选")), *roles]  # type: ignore[attr-defined]
        organisation = self.fields["organisation"]
        assert isinstance(organisation, UnitField)
        organisation.area = area

    def period(self, at: datetime) -> tuple[datetime, datetime | None]:
        """From when until when: a day that has begun counts from now."""
        begins, until = self.cleaned_data["begins"], self.cleaned_data["until"]
        start = max(at, midnight(begins)) if begins else at
        return start, midnight_after(until) if until else None


class AccountForm(PostForm, DetailsForm):
    """A new account with its first post."""

    username = forms.CharField(
        label=gettext_lazy("账号"),
        max_length=32,
        validators=[USERNAME],
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
    )
    field_order = ("name", "username", "work_phone", "email", "role", "organisation", "begins", "until")
