"""The form of any paper of a mediation, made from its fields; what is right is decided by the rules alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from linli.mediation.models import PaperKind, Party
from linli.mediation.rules.forms import FIELDS, MOST_ROWS, Field, checked

SPARE_ROWS, MORE_ROWS = 3, 6
INPUTS = {"day": "date", "moment": "datetime-local"}


class Written(forms.Field):
    """What was typed, as it was typed: the rules of the paper say what is wrong with it."""

    def clean(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Cell:
    """One input of a row."""

    name: str
    field: Field
    value: str
    problem: str
    options: Sequence[tuple[str, str]] = ()

    @property
    def type(self) -> str:
        return INPUTS.get(self.field.kind, "text")


@dataclass(frozen=True)
class Table:
    """The rows of an `items` field."""

    field: Field
    rows: list[list[Cell]]
    problem: str


class PaperForm(forms.Form):
    """One paper's fields. `content` is what is to be kept once the form is valid."""

    def __init__(
        self,
        kind: PaperKind,
        *,
        parties: Sequence[Party] = (),
        data: Mapping[str, Any] | None = None,
        content: Mapping[str, Any] | None = None,
        without: Sequence[str] = (),
    ) -> None:
        self.kind, self.parties, self.written = kind, parties, dict(content or {})
        self.asked = [field for field in FIELDS[kind] if field.name not in without]
        self.wants_rows = data is not None and "more" in data
        self.content: dict[str, Any] = {}
        self.problems: dict[str, str] = {}
        plain = [field for field in self.asked if field.kind != "items"]
        super().__init__(data, initial={field.name: _typed(self.written.get(field.name)) for field in plain})
        for field in plain:
            self.fields[field.name] = _django(field)

    def full_clean(self) -> None:
        """Asking for more rows is not sending the form: nothing is wrong with it yet."""
        if not self.wants_rows:
            super().full_clean()
            return
        self._errors, self.cleaned_data = ErrorDict(), {}

    def clean(self) -> None:
        given = dict(self.written)
        for field in self.asked:
            if field.kind == "items":
                given[field.name] = self._posted_rows(field)
            else:
                given[field.name] = self.cleaned_data.get(field.name)
        self.content, self.problems = checked(self.kind, given)
        for name, problem in self.problems.items():
            self.add_error(name if name in self.fields else None, problem)

    def add_problems(self, problems: Mapping[str, str]) -> None:
        """What the action refused, each under its field."""
        self.problems = {**self.problems, **problems}
        for name, problem in problems.items():
            self.add_error(name if name in self.fields else None, problem)

    @property
    def tables(self) -> list[Table]:
        return [self._table(field) for field in self.asked if field.kind == "items"]

    def _table(self, field: Field) -> Table:
        rows = self._posted_rows(field) if self.is_bound else list(self.written.get(field.name) or [])
        filled = [row for row in rows if any(str(row.get(c.name) or "").strip() for c in field.columns)]
        spare = MORE_ROWS if self.wants_rows else SPARE_ROWS
        shown = [*filled, *[{} for _spare in range(spare)]][:MOST_ROWS]
        cells = [
            [self._cell(field, place, column, row) for column in field.columns]
            for place, row in enumerate(shown)
        ]
        return Table(field, cells, self.problems.get(field.name, ""))

    def _cell(self, field: Field, place: int, column: Field, row: Mapping[str, Any]) -> Cell:
        options = [(str(party.number), party.name) for party in self.parties]
        return Cell(
            name=f"{field.name}-{place}-{column.name}",
            field=column,
            value=str(row.get(column.name) or ""),
            problem=self.problems.get(f"{field.name}.{place}.{column.name}", ""),
            options=options if column.kind == "party" else column.options,
        )

    def _posted_rows(self, field: Field) -> list[dict[str, str]]:
        """The rows as posted; those left empty are dropped first, so that places in messages are those shown."""
        rows = [
            {
                column.name: self.data.get(f"{field.name}-{place}-{column.name}", "")
                for column in field.columns
            }
            for place in range(MOST_ROWS)
        ]
        return [row for row in rows if any(str(text).strip() for text in row.values())]


def _typed(value: Any) -> Any:
    return "\n".join(map(str, value)) if isinstance(value, list) else value


def _django(field: Field) -> forms.Field:
    widget: forms.Widget
    if field.kind in ("text", "lines"):
        widget = forms.Textarea(attrs={"rows": 5, "maxlength": field.most})
    elif field.kind == "choice":
        widget = forms.Select(choices=field.options)
    elif field.kind in INPUTS:
        widget = forms.TextInput(attrs={"type": INPUTS[field.kind]})
    elif field.kind == "money":
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    else:
        widget = forms.TextInput(attrs={"maxlength": field.most, "autocomplete": "off"})
    return Written(label=field.label, required=field.required, help_text=field.hint, widget=widget)
