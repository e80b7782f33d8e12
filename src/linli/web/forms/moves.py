"""The short form of a move, drawn from what the procedure file says it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.cases.procedures import Move, Need
from linli.documents.models import Upload
from linli.kit.ids import uuid7

Grouped = list[tuple[str, list[tuple[str, str]]]]
EMPTY = ""


@dataclass(frozen=True)
class Choices:
    """What the selects of the forms offer; loaded only where a permitted move asks."""

    units: Grouped = field(default_factory=list)
    places: Grouped = field(default_factory=list)
    categories: Grouped = field(default_factory=list)
    committees: Grouped = field(default_factory=list)
    suggested: str = ""


class MoveForm(forms.Form):
    """Draws the fields. The kernel checks them: `problems` are its words, by field."""

    def __init__(
        self,
        move: Move,
        choices: Choices,
        *,
        data: QueryDict | None = None,
        problems: Mapping[str, str] | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            data, auto_id=f"{move.verb}-%s", initial=dict(initial or {}), use_required_attribute=True
        )
        self.problems = dict(problems or {})
        for need in move.needs:
            if need.kind != "photos":
                self.fields[need.name] = FIELDS[need.kind](need, choices)

    def full_clean(self) -> None:
        """Everything typed stays as typed; only the kernel says what is wrong with it."""
        self.cleaned_data = {}
        self._errors = ErrorDict()
        for name, problem in self.problems.items():
            key = name if name in self.fields else NON_FIELD_ERRORS
            self._errors.setdefault(key, self.error_class()).append(problem)


@dataclass(frozen=True)
class MoveCard:
    """A permitted move with its form, and what stands around it."""

    move: Move
    form: MoveForm
    command_id: UUID
    is_open: bool = False
    warning: str = ""
    photos: Need | None = None
    staged: list[Upload] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether it asks for nothing, so that one press is enough."""
        return not self.move.needs

    @property
    def is_grave(self) -> bool:
        """Whether it hands the case away or ends it without the work being done."""
        return self.move.verb in {"decline", "return", "fail_check"}


def card(
    move: Move,
    case: Case,
    choices: Choices,
    *,
    is_open: bool = False,
    data: QueryDict | None = None,
    problems: Mapping[str, str] | None = None,
    command_id: UUID | None = None,
    staged: list[Upload] | None = None,
) -> MoveCard:
    """The card of a move; `data` and `problems` come from a refused attempt."""
    initial = {"unit": choices.suggested} if move.verb in {"dispatch", "reassign"} else {}
    initial |= {"title": case.title, "category": case.category} if move.verb == "correct" else {}
    return MoveCard(
        move=move,
        form=MoveForm(move, choices, data=data, problems=problems, initial=initial),
        command_id=command_id or uuid7(),
        is_open=is_open,
        warning=_warning(move, case),
        photos=next((need for need in move.needs if need.kind == "photos"), None),
        staged=staged or [],
    )


def given(move: Move, posted: QueryDict, case: Case) -> dict[str, Any]:
    """What was typed, for the kernel. What a correction leaves as it was is not a correction."""
    data: dict[str, Any] = {}
    for need in move.needs:
        value: Any = posted.getlist(need.name) if need.kind == "photos" else posted.get(need.name, "")
        if move.verb == "correct" and value == getattr(case, need.name, None):
            continue
        if value not in ("", []):
            data[need.name] = value
    return data


def _warning(move: Move, case: Case) -> str:
    if move.verb == "return" and case.returns:
        return _("这是第二次退回：将交共同上级裁定，由它指定承办单位，不能再退。")
    if move.verb == "defer":
        return _("挂账期间限期暂停，反映人会看到理由。")
    return ""


# Fields ---------------------------------------------------------------------------------------


def _options(need: Need) -> dict[str, Any]:
    return {"label": str(need.label), "help_text": str(need.hint), "required": need.required}


def _text(need: Need, choices: Choices) -> forms.Field:
    attrs = {"rows": 3, "maxlength": need.maximum}
    if need.minimum:
        attrs["minlength"] = need.minimum
    return forms.CharField(widget=forms.Textarea(attrs=attrs), **_options(need))


def _line(need: Need, choices: Choices) -> forms.Field:
    return forms.CharField(widget=forms.TextInput(attrs={"maxlength": need.maximum}), **_options(need))


def _limit(need: Need, choices: Choices) -> forms.Field:
    attrs = {"min": 1, "max": need.maximum, "inputmode": "numeric", "class": "ll-auto"}
    return forms.IntegerField(widget=forms.NumberInput(attrs=attrs), **_options(need))


def _choice(need: Need, choices: Choices) -> forms.Field:
    offered = [(value, str(label)) for value, label in need.choices]
    if len(offered) > 4:
        return forms.ChoiceField(choices=[(EMPTY, _("请选择")), *offered], **_options(need))
    return forms.ChoiceField(choices=offered, widget=forms.RadioSelect, **_options(need))


def _case(need: Need, choices: Choices) -> forms.Field:
    attrs = {"maxlength": 24, "autocapitalize": "characters", "spellcheck": "false", "autocomplete": "off"}
    return forms.CharField(widget=forms.TextInput(attrs=attrs), **_options(need))


def _units(need: Need, choices: Choices) -> Grouped:
    return choices.committees if need.unit_kinds == {"committee"} else choices.units


def _select(grouped: Grouped, need: Need, empty: str) -> forms.Field:
    return forms.ChoiceField(choices=[(EMPTY, empty), *grouped], **_options(need))


FIELDS: dict[str, Callable[[Need, Choices], forms.Field]] = {
    "text": _text,
    "line": _line,
    "limit": _limit,
    "choice": _choice,
    "case": _case,
    "unit": lambda need, choices: _select(_units(need, choices), need, _("请选择单位")),
    "place": lambda need, choices: _select(choices.places, need, _("不更正")),
    "category": lambda need, choices: _select(choices.categories, need, _("不更正")),
}
