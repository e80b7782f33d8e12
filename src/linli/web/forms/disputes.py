"""A dispute registered at the window: what is asked, and what was typed turned into an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kit import text
from linli.mediation.actions.parties import MOST_PARTIES
from linli.mediation.actions.registering import Application, PartyDetails
from linli.mediation.models import Category, Committee, Entruster, ScreeningRound, Sex, Side, Source
from linli.orgs.models import Organisation

from .moves import Grouped
from .pressed import day_in, is_ticked, text_in

MOST_REQUESTS = 10
DETAILS = ("sex", "ethnicity", "occupation", "address", "phone")


def _input(most: int, kind: str = "text", **attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"maxlength": most, "type": kind, "autocomplete": "off", **attrs})


class Drawn(forms.Form):
    """Draws fields with what was typed; problems come from the action."""

    def __init__(
        self,
        data: QueryDict | None,
        problems: Mapping[str, str],
        *,
        prefix: str | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, prefix=prefix, initial=dict(initial or {}), use_required_attribute=False)
        self.problems = dict(problems)

    def choose(self, name: str, choices: Any) -> None:
        found = self.fields[name]
        assert isinstance(found, forms.ChoiceField)
        found.choices = choices

    def full_clean(self) -> None:
        self.cleaned_data = {}
        self._errors = ErrorDict()
        for name, problem in self.problems.items():
            key = name if name in self.fields else NON_FIELD_ERRORS
            self._errors.setdefault(key, self.error_class()).append(problem)


class DisputeForm(Drawn):
    source = forms.ChoiceField(
        label=gettext_lazy("从哪里来"), choices=Source.choices, widget=forms.RadioSelect
    )
    entrusted_by = forms.ChoiceField(
        label=gettext_lazy("委托移送的单位是哪一类"),
        required=False,
        help_text=gettext_lazy("委托移送的才选。"),
    )
    entrusted_name = forms.CharField(label=gettext_lazy("委托单位名称"), required=False, widget=_input(80))
    category = forms.ChoiceField(label=gettext_lazy("纠纷类型"))
    place = forms.ChoiceField(label=gettext_lazy("在哪个村（社区）"))
    subject = forms.CharField(
        label=gettext_lazy("纠纷名称"),
        help_text=gettext_lazy("例如：李某、陈某院墙排水纠纷。只有调解员看得到。"),
        widget=_input(80, **{"data-private": ""}),
    )
    brief = forms.CharField(
        label=gettext_lazy("简要情况"),
        help_text=gettext_lazy("照当事人的原话写。"),
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": 4000, "data-private": ""}),
    )
    requests = forms.CharField(
        label=gettext_lazy("申请事项"),
        help_text=gettext_lazy("每行写一项。"),
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000, "data-private": ""}),
    )

    def __init__(
        self,
        data: QueryDict | None,
        problems: Mapping[str, str],
        *,
        places: Grouped,
        initial: Mapping[str, Any],
    ) -> None:
        super().__init__(data, problems, initial=initial)
        self.choose("entrusted_by", [("", _("不是委托移送")), *Entruster.choices])
        rows = Category.objects.filter(is_active=True).order_by("position", "code")
        self.choose("category", [("", _("请选择")), *((row.code, row.label) for row in rows)])
        self.choose("place", [("", _("请选择")), *places])


class PartyRow(Drawn):
    """One party of a dispute being registered."""

    side = forms.ChoiceField(label=gettext_lazy("哪一方"), choices=Side.choices, widget=forms.RadioSelect)
    name = forms.CharField(label=gettext_lazy("姓名或名称"), widget=_input(50, **{"data-private": ""}))
    phone = forms.CharField(
        label=gettext_lazy("联系电话"), required=False, widget=_input(32, "tel", **{"data-private": ""})
    )
    address = forms.CharField(
        label=gettext_lazy("单位或住址"), required=False, widget=_input(120, **{"data-private": ""})
    )
    is_body = forms.BooleanField(label=gettext_lazy("是单位"), required=False)
    sex = forms.ChoiceField(label=gettext_lazy("性别"), required=False)
    ethnicity = forms.CharField(label=gettext_lazy("民族"), required=False, widget=_input(20))
    born_on = forms.CharField(label=gettext_lazy("出生日期"), required=False, widget=_input(10, "date"))
    occupation = forms.CharField(label=gettext_lazy("职业或职务"), required=False, widget=_input(40))

    def __init__(
        self, number: int, data: QueryDict | None, problems: Mapping[str, str], *, side: str
    ) -> None:
        super().__init__(data, problems, prefix=f"parties-{number}", initial={"side": side})
        self.choose("sex", [("", _("不写")), *Sex.choices])

    @property
    def first_fields(self) -> list[Any]:
        return [self[name] for name in ("side", "name", "phone", "address")]

    @property
    def more_fields(self) -> list[Any]:
        return [self[name] for name in ("is_body", "sex", "ethnicity", "born_on", "occupation")]

    @property
    def has_more(self) -> bool:
        """Whether something stands behind the fold of what may be left out."""
        return any(each.errors or (self.is_bound and each.value()) for each in self.more_fields)


def rows_in(posted: QueryDict) -> int:
    typed = posted.get("rows", "")
    return max(2, min(MOST_PARTIES, int(typed))) if typed.isdecimal() and len(typed) < 4 else 2


def party_rows(posted: QueryDict | None, problems: Mapping[str, str], count: int) -> list[PartyRow]:
    """The rows of parties, each with its own problems."""
    rows = []
    for number in range(count):
        own = {
            name.rpartition(".")[2]: said
            for name, said in problems.items()
            if name.startswith(f"parties.{number}.")
        }
        side = Side.APPLICANT if number == 0 else Side.RESPONDENT
        rows.append(PartyRow(number, posted, own, side=side.value))
    return rows


def application_of(
    posted: QueryDict,
    *,
    place: Organisation | None,
    committee: Committee | None,
    screening: ScreeningRound | None,
    is_willing: bool,
) -> tuple[Application, dict[str, str]]:
    """What was typed as an application, and what could not be read of it. An empty row is no party."""
    wrong: dict[str, str] = {}
    given: list[PartyDetails] = []
    for number in range(rows_in(posted)):
        if row := _party(posted, number, len(given), wrong):
            given.append(row)
    lines = [line.strip() for line in text.clean(posted.get("requests", "")).splitlines()]
    application = Application(
        subject=text_in(posted, "subject"),
        brief=posted.get("brief", ""),
        requests=[line for line in lines if line][:MOST_REQUESTS],
        category=text_in(posted, "category"),
        source=text_in(posted, "source"),
        place=place,
        parties=given,
        channel="window",
        entrusted_by=text_in(posted, "entrusted_by"),
        entrusted_name=text_in(posted, "entrusted_name"),
        committee=committee,
        screening=screening,
        is_willing=is_willing,
    )
    return application, wrong


def _party(posted: QueryDict, number: int, position: int, wrong: dict[str, str]) -> PartyDetails | None:
    prefix = f"parties-{number}-"
    typed = {name: text_in(posted, prefix + name) for name in (*DETAILS, "name", "born_on")}
    if not any(typed.values()):
        return None
    unread: dict[str, str] = {}
    born_on = day_in(posted, f"{prefix}born_on", unread)
    wrong |= {f"parties.{number}.born_on": said for said in unread.values()}
    return PartyDetails(
        name=typed["name"],
        side=text_in(posted, prefix + "side") or Side.RESPONDENT.value,
        is_body=is_ticked(posted, prefix + "is_body"),
        born_on=born_on,
        sex=typed["sex"],
        ethnicity=typed["ethnicity"],
        occupation=typed["occupation"],
        address=typed["address"],
        phone=typed["phone"],
    )


def at_rows(posted: QueryDict, problems: Mapping[str, str]) -> dict[str, str]:
    """Problems by the row they stand in: the action counts parties, the form counts rows, empty ones among them."""
    filled = []
    for number in range(rows_in(posted)):
        prefix = f"parties-{number}-"
        if any(text_in(posted, prefix + name) for name in (*DETAILS, "name", "born_on")):
            filled.append(number)
    found = {}
    for name, said in problems.items():
        parts = name.split(".")
        if len(parts) == 3 and parts[0] == "parties" and parts[1].isdecimal() and int(parts[1]) < len(filled):
            name = f"parties.{filled[int(parts[1])]}.{parts[2]}"
        found[name] = said
    return found
