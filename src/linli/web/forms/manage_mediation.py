"""Forms of the administration of mediation: committees, their members and rooms, lists, and Word templates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.cases import procedures
from linli.kit import text
from linli.kit.lists import listed
from linli.mediation.actions.lists import PROCEDURES
from linli.mediation.models import Category, Committee, CommitteeKind, Duty, Field, Member, Room
from linli.people import actions as people
from linli.people.access import Actor
from linli.people.models import Person, PersonQuerySet

from .manage import SEPARATOR, UnitField, written

LARGEST = 2 * 1024 * 1024
LISTED = 200


def _day(label: Any, hint: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=hint,
    )


class PersonField(forms.CharField):
    """An open account of the area, typed as its name, its user name, or both as the list offers them."""

    people: PersonQuerySet

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 160)
        super().__init__(**kwargs)
        self.widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "list": "people"}

    def clean(self, value: Any) -> Person:
        given = " ".join(text.clean(super().clean(value)).split())
        username = given.rpartition(SEPARATOR.strip())[2].strip()
        found = self.people.filter(username=username, is_active=True).first()
        if found is not None:
            return found
        named = list(self.people.filter(name=given, is_active=True).order_by("username")[:6])
        if len(named) == 1:
            return named[0]
        if not named:
            raise forms.ValidationError(
                _("您的范围内没有“%(given)s”这个人的账号。请填姓名或账号，没有账号的先开通。")
                % {"given": given[:40]}
            )
        raise forms.ValidationError(
            _("叫“%(given)s”的不止一个，请填账号：%(people)s。")
            % {"given": given[:40], "people": listed(person.username for person in named)}
        )


def people_listed(post: Actor) -> list[str]:
    """What the list beside a person field offers."""
    rows = people.people_of(post).filter(is_active=True).order_by("name", "username")
    return [
        f"{name}{SEPARATOR}{username}" for name, username in rows.values_list("name", "username")[:LISTED]
    ]


class CommitteeForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("名称"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=120, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("类型"), choices=CommitteeKind.choices)
    file_mark = forms.CharField(
        label=gettext_lazy("文号简称"),
        max_length=12,
        help_text=gettext_lazy("写进卷号，如“小河”：〔2026〕小河人调字第1号。各委员会不能相同。"),
    )
    area = UnitField(
        label=gettext_lazy("管辖地方"),
        help_text=gettext_lazy("县、乡镇、村或社区的名称或代码；下面的地方都包括在内。"),
    )
    fields_ = forms.MultipleChoiceField(
        label=gettext_lazy("专业领域"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("行业性、专业性委员会选它管的领域；都不选就是什么纠纷都调。"),
    )
    established_on = _day(gettext_lazy("设立日期"))
    filed_on = _day(gettext_lazy("备案日期"), gettext_lazy("设立后 30 个工作日内报县司法局。"))
    term_from = _day(gettext_lazy("本届开始"))
    term_until = _day(gettext_lazy("本届届满"), gettext_lazy("不填就是开始后三年。"))

    def __init__(self, *args: Any, area: str, committee: Committee | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("area", "parent"):
            unit = self.fields.get(name)
            if isinstance(unit, UnitField):
                unit.area = area
        held = {field.pk for field in committee.fields.all()} if committee else set()
        self.listed = {
            row.code: row
            for row in Field.objects.order_by("position", "code")
            if row.is_active or row.code in held
        }
        self.fields["fields_"].choices = [(row.code, row.label) for row in self.listed.values()]  # type: ignore[attr-defined]

    @classmethod
    def values(cls, committee: Committee) -> dict[str, Any]:
        unit = committee.organisation
        own = {name: getattr(committee, name) for name in cls.base_fields if hasattr(committee, name)}
        return {
            **own,
            "name": unit.name,
            "name_en": unit.name_en,
            "area": written(committee.area),
            "fields_": [field.pk for field in committee.fields.all()],
        }

    def changes(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        given["fields"] = [self.listed[code] for code in given.pop("fields_")]
        return given


class NewCommitteeForm(CommitteeForm):
    parent = UnitField(
        label=gettext_lazy("设在哪个单位之下"), help_text=gettext_lazy("填名称或代码，只能是您管理范围内的。")
    )
    field_order = ("parent", "name", "name_en", "kind", "file_mark", "area", "fields_")


class DutyForm(forms.Form):
    duty = forms.ChoiceField(label=gettext_lazy("职务"), choices=Duty.choices, initial=Duty.MEMBER)
    languages = forms.CharField(
        label=gettext_lazy("会说的话"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("如普通话、本地话、手语。"),
    )
    is_woman = forms.BooleanField(label=gettext_lazy("女"), required=False)

    @classmethod
    def values(cls, member: Member) -> dict[str, Any]:
        return {name: getattr(member, name) for name in cls.base_fields}


class MemberForm(DutyForm):
    person = PersonField(label=gettext_lazy("姓名"), help_text=gettext_lazy("填姓名或账号。"))
    since = _day(gettext_lazy("任职日期"), gettext_lazy("不填就是今天。"))
    field_order = ("person", "duty", "languages", "since", "is_woman")

    def __init__(self, *args: Any, post: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["person"]
        assert isinstance(person, PersonField)
        person.people = people.people_of(post)


class RoomForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("名称"), max_length=40)
    address = forms.CharField(label=gettext_lazy("地址"), max_length=120, required=False)
    is_active = forms.BooleanField(
        label=gettext_lazy("启用"),
        required=False,
        initial=True,
        help_text=gettext_lazy("停用后不能再约，已约的不受影响。"),
    )

    @classmethod
    def values(cls, room: Room) -> dict[str, Any]:
        return {name: getattr(room, name) for name in cls.base_fields}


class EntryForm(forms.Form):
    """An entry of the list of fields."""

    name_zh = forms.CharField(label=gettext_lazy("名称"), max_length=40)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=60)
    is_active = forms.BooleanField(
        label=gettext_lazy("启用"),
        required=False,
        initial=True,
        help_text=gettext_lazy("停用后不能再选，已有的不受影响。"),
    )

    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "code"}

    @classmethod
    def values(cls, row: Field | Category) -> dict[str, Any]:
        return {name: getattr(row, name) for name in cls.base_fields}


class DisputeForm(EntryForm):
    """An entry of the list of kinds of dispute."""

    field = forms.ModelChoiceField(
        label=gettext_lazy("专业领域"),
        queryset=Field.objects.order_by("position", "code"),
        required=False,
        empty_label=gettext_lazy("没有"),
        help_text=gettext_lazy("有这个领域的委员会时，先荐给它。"),
    )
    procedure = forms.ChoiceField(
        label=gettext_lazy("程序"), help_text=gettext_lazy("改了只管以后的纠纷；已经受理的，限期不变。")
    )
    field_order: tuple[str, ...] = ("name_zh", "name_en", "field", "procedure", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["procedure"].choices = [(name, procedure_label(name)) for name in PROCEDURES]  # type: ignore[attr-defined]


class CodeForm(forms.Form):
    """The code of a new entry."""

    code = forms.CharField(
        label=gettext_lazy("代码"),
        max_length=32,
        help_text=gettext_lazy("小写字母、数字和下划线，如 water_works。定了不能改。"),
    )


class NewEntryForm(CodeForm, EntryForm):
    field_order = ("code", "name_zh", "name_en")


class NewDisputeForm(CodeForm, DisputeForm):
    field_order = ("code", "name_zh", "name_en", "field", "procedure", "is_active")


def procedure_label(kind: str) -> str:
    return str(procedures.latest(kind).label)


class TemplateForm(forms.Form):
    """A Word template for one form."""

    template = forms.FileField(
        label=gettext_lazy("Word 模板（.docx）"),
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".docx"}),
    )

    def clean_template(self) -> Any:
        file = self.cleaned_data["template"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("文件超过 2 MB。"))
        return file
