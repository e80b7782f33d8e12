"""Forms of changes to the tree of organisations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from linli.kit import text
from linli.orgs.actions import UnitPart
from linli.orgs.actions.tree import PARENTS
from linli.orgs.models import Kind, Organisation

from .manage import UnitField

MOST_PARTS = 6
LARGEST = 20_000_000


def _note() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("依据或说明"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("例如批复文号；留在这个单位的沿革里。"),
    )


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("新名称"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=120, required=False)
    note = _note()


class DetailsForm(forms.Form):
    """What may change without a line in the history of the tree."""

    function = forms.SlugField(
        label=gettext_lazy("职能"),
        max_length=32,
        required=False,
        help_text=gettext_lazy("英文代码，如 housing；规则和类别按它找单位。"),
    )
    phone = forms.CharField(label=gettext_lazy("电话"), max_length=32, required=False)
    supervision_phone = forms.CharField(label=gettext_lazy("监督电话"), max_length=32, required=False)
    area = forms.CharField(label=gettext_lazy("范围"), max_length=200, required=False)

    @classmethod
    def values(cls, unit: Organisation) -> dict[str, str]:
        return {name: getattr(unit, name) for name in cls.base_fields}


class NewUnitForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("类型"))
    code = forms.CharField(
        label=gettext_lazy("代码"),
        max_length=32,
        help_text=gettext_lazy("统计用区划代码，或上级代码加横线和简称。定了不能改。"),
    )
    name = forms.CharField(label=gettext_lazy("名称"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=120, required=False)
    function = forms.SlugField(label=gettext_lazy("职能"), max_length=32, required=False)
    phone = forms.CharField(label=gettext_lazy("电话"), max_length=32, required=False)

    def __init__(self, *args: Any, parent: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [kind for kind in Kind if Kind(parent.kind) in PARENTS[kind]]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]


class ParentForm(forms.Form):
    parent = UnitField(label=gettext_lazy("划到哪个单位之下"))
    note = _note()

    def __init__(self, *args: Any, area: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parent = self.fields["parent"]
        assert isinstance(parent, UnitField)
        parent.area = area


class MergerForm(forms.Form):
    into = UnitField(label=gettext_lazy("并入哪个单位"))
    note = _note()

    def __init__(self, *args: Any, area: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        into = self.fields["into"]
        assert isinstance(into, UnitField)
        into.area = area


class DivisionForm(forms.Form):
    """The new units, one a line, and for each unit below the line of the one it goes with."""

    parts = forms.CharField(
        label=gettext_lazy("拆成哪几个"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("每行一个：代码，名称，英文名称（可不写）。"),
    )
    note = _note()

    def __init__(self, *args: Any, children: Sequence[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.children = list(children)
        choices = [("", _("请选"))] + [
            (str(n), _("第 %(n)d 行") % {"n": n}) for n in range(1, MOST_PARTS + 1)
        ]
        for child in self.children:
            self.fields[f"child-{child.code}"] = forms.ChoiceField(
                label=_("%(unit)s归") % {"unit": child.label}, choices=choices
            )

    def clean_parts(self) -> list[list[str]]:
        lines = [line for line in text.clean(self.cleaned_data["parts"]).splitlines() if line.strip()]
        if len(lines) > MOST_PARTS:
            raise forms.ValidationError(_("最多拆成 %(n)d 个。") % {"n": MOST_PARTS})
        parts = [[cell.strip() for cell in line.replace("，", ",").split(",")] for line in lines]
        for number, cells in enumerate(parts, start=1):
            if len(cells) < 2 or not all(cells[:2]):
                raise forms.ValidationError(_("第 %(n)d 行要有代码和名称，用逗号隔开。") % {"n": number})
        return parts

    def unit_parts(self) -> list[UnitPart]:
        given = self.cleaned_data
        return [
            UnitPart(
                code=cells[0],
                name=cells[1],
                name_en=cells[2] if len(cells) > 2 else "",
                children=tuple(
                    child.code for child in self.children if given[f"child-{child.code}"] == str(number)
                ),
            )
            for number, cells in enumerate(given["parts"], start=1)
        ]


class ClosureForm(forms.Form):
    sure = forms.BooleanField(label=gettext_lazy("我知道撤销后不能恢复，只能新设"))
    note = _note()


class FileForm(forms.Form):
    """A file to import."""

    file = forms.FileField(label=gettext_lazy("文件"))

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("文件超过 20 MB，请分开导入。"))
        return bytes(file.read())


class OutlinesForm(FileForm):
    source = forms.CharField(label=pgettext_lazy("boundary", "来源"), max_length=200)
    is_sketch = forms.BooleanField(
        label=gettext_lazy("示意边界，不作为界线依据"), required=False, initial=True
    )
