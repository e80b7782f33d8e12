"""Forms of categories and routing rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.orgs.models import Kind
from linli.service_requests.models import (
    Category,
    Channel,
    Level,
    Photo,
    RequestType,
    RoutingRule,
    validate_limit,
)

from .manage import UnitField, functions, unit_levels

WIDE = {"rows": 2}


class TargetFields(forms.Form):
    """Which unit: one named, or one with a function, near the place or of the county."""

    function = forms.ChoiceField(label=gettext_lazy("按职能找单位"), required=False)
    unit_level = forms.ChoiceField(label=gettext_lazy("哪一级"))
    unit = UnitField(
        label=gettext_lazy("或者指定一个单位"),
        required=False,
        help_text=gettext_lazy("填了就只派给它，职能不再起作用。"),
    )

    def __init__(self, *args: Any, area: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["function"].choices = [("", _("不按职能")), *functions()]  # type: ignore[attr-defined]
        self.fields["unit_level"].choices = unit_levels()  # type: ignore[attr-defined]
        unit = self.fields["unit"]
        assert isinstance(unit, UnitField)
        unit.area = area
        given = self.initial.get("function")
        choices = self.fields["function"].choices  # type: ignore[attr-defined]
        if given and given not in dict(choices):
            missing = _("%(function)s（没有单位）") % {"function": given}
            self.fields["function"].choices = [*choices, (given, missing)]  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    """A group of categories: names, hint and order are all it has."""

    name_zh = forms.CharField(label=gettext_lazy("名称"), max_length=40)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=80)
    hint_zh = forms.CharField(label=gettext_lazy("提示"), max_length=200, required=False)
    hint_en = forms.CharField(label=gettext_lazy("英文提示"), max_length=300, required=False)
    position = forms.IntegerField(
        label=gettext_lazy("次序"), min_value=0, max_value=100_000, help_text=gettext_lazy("小的在前。")
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("启用"),
        required=False,
        help_text=gettext_lazy("停用后不能再选，已有的事项不受影响。"),
    )

    @classmethod
    def values(cls, category: Category) -> dict[str, Any]:
        return {name: getattr(category, name) for name in cls.base_fields}


class CategoryForm(TargetFields, GroupForm):
    """A category: what the reporter reads, its limits, and the unit it goes to by default."""

    limit = forms.CharField(
        label=gettext_lazy("总限期"),
        max_length=16,
        validators=[validate_limit],
        help_text=gettext_lazy("给居民的承诺。wd 工作日，d 自然日，oh 工作时，mo 月，如 5wd。"),
    )
    unit_limit = forms.CharField(
        label=gettext_lazy("单位限期"),
        max_length=16,
        validators=[validate_limit],
        help_text=gettext_lazy("每个承办单位的时钟，如 3wd。"),
    )
    limit_source = forms.CharField(label=gettext_lazy("限期依据"), max_length=200, required=False)
    limit_source_en = forms.CharField(label=gettext_lazy("限期依据（英文）"), max_length=300, required=False)
    level = forms.ChoiceField(label=gettext_lazy("紧急程度"), choices=Level.choices)
    photo = forms.ChoiceField(label=gettext_lazy("照片"), choices=Photo.choices)
    advice_zh = forms.CharField(
        label=gettext_lazy("先做什么"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("选到这一类时最先看到的话，如先打 119。"),
    )
    advice_en = forms.CharField(label=gettext_lazy("先做什么（英文）"), max_length=300, required=False)


class NewCategoryForm(CategoryForm):
    code = forms.CharField(
        label=gettext_lazy("代码"),
        max_length=24,
        help_text=gettext_lazy("小写字母、数字和下划线，如 street_lamp。定了不能改。"),
    )


PLACE_KINDS = (Kind.VILLAGE, Kind.COMMUNITY)


class RuleForm(TargetFields):
    """A routing rule: every condition left empty always holds."""

    name_zh = forms.CharField(label=gettext_lazy("名称"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("英文名称"), max_length=120)
    why_zh = forms.CharField(label=gettext_lazy("依据"), max_length=200, required=False)
    why_en = forms.CharField(label=gettext_lazy("依据（英文）"), max_length=300, required=False)
    types = forms.MultipleChoiceField(
        label=gettext_lazy("反映类型"),
        choices=RequestType.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("类别"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 10}),
        help_text=gettext_lazy("选大类就包括它下面的小类；按住 Ctrl 可多选。"),
    )
    place_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("事情发生在"),
        choices=[(kind.value, kind.label) for kind in PLACE_KINDS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("来源"),
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    levels = forms.MultipleChoiceField(
        label=gettext_lazy("紧急程度"),
        choices=Level.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_active = forms.BooleanField(label=gettext_lazy("启用"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["categories"].choices = category_choices(groups=True)  # type: ignore[attr-defined]

    @classmethod
    def values(cls, rule: RoutingRule) -> dict[str, Any]:
        own = {name: getattr(rule, name) for name in cls.base_fields if hasattr(rule, name)}
        return {**own, **rule.when}

    def changes(self) -> dict[str, Any]:
        """The cleaned values as a rule keeps them: conditions in one field, only those that are set."""
        given = dict(self.cleaned_data)
        conditions = ("types", "categories", "place_kinds", "channels", "levels")
        given["when"] = {name: given.pop(name) for name in conditions if given.get(name)}
        return {name: value for name, value in given.items() if name not in conditions}


class TrialForm(forms.Form):
    """A request nobody made, to see which rule decides."""

    category = forms.ChoiceField(label=gettext_lazy("类别"))
    request_type = forms.ChoiceField(label=gettext_lazy("反映类型"), choices=RequestType.choices)
    channel = forms.ChoiceField(label=gettext_lazy("来源"), choices=Channel.choices)
    place = UnitField(
        label=gettext_lazy("地点"), listed=False, help_text=gettext_lazy("村、社区或网格的名称或代码。")
    )

    def __init__(self, *args: Any, area: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = category_choices(groups=False)  # type: ignore[attr-defined]
        place = self.fields["place"]
        assert isinstance(place, UnitField)
        place.area = area


def category_choices(*, groups: bool) -> list[Any]:
    """Categories under their groups; with `groups`, each whole group can be chosen too."""
    rows = list(Category.objects.order_by("position", "code"))
    chosen: list[Any] = []
    for group in (row for row in rows if row.parent_id is None):
        inside = [(row.code, row.label) for row in rows if row.parent_id == group.code]
        if groups:
            inside.insert(0, (group.code, _("%(group)s（整类）") % {"group": group.label}))
        chosen.append((group.label, inside))
    return chosen
