"""Forms that only draw: what was typed stays as typed, and the actions say what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from linli.cases.procedures.story import Line
from linli.kit.ids import uuid7


@dataclass(frozen=True)
class Attempt:
    """A press that was refused: which form, what was typed, what is wrong, and what has changed meanwhile."""

    form: str
    data: QueryDict
    command_id: UUID
    problems: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    changes: list[Line] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)  # forms of the page that show it again

    @property
    def verb(self) -> str:
        """The name of the form, under which pages link to it."""
        return self.form

    @property
    def written(self) -> list[str]:
        """What was typed, to be shown where its form is gone."""
        carried = {"csrfmiddlewaretoken", "command_id", "version", "seen", "sha256", "strokes"}
        return [str(value) for name, value in self.data.items() if name not in carried and str(value).strip()]


class PressedForm(forms.Form):
    """A form of a page with many. `anchor` is where it stands and what a refused attempt is known by."""

    def __init__(
        self,
        name: str,
        attempt: Attempt | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        tried = attempt if attempt is not None and attempt.form == name else None
        super().__init__(
            tried.data if tried else None,
            auto_id=f"{name}-%s",
            initial=dict(initial or {}),
            use_required_attribute=False,
        )
        if tried is not None:
            tried.drawn.append(name)
        self.anchor = name
        self.is_open = tried is not None
        self.command_id = tried.command_id if tried else uuid7()
        self.refusal = tried.refusal if tried else ""
        self.problems = dict(tried.problems) if tried else {}

    def choose(self, name: str, choices: Iterable[tuple[str, Any]]) -> None:
        """Sets what a choice of the form offers."""
        found = self.fields[name]
        assert isinstance(found, forms.ChoiceField)
        found.choices = list(choices)

    def full_clean(self) -> None:
        self.cleaned_data = {}
        self._errors = ErrorDict()
        for name, problem in self.problems.items():
            key = name if name in self.fields else NON_FIELD_ERRORS
            self._errors.setdefault(key, self.error_class()).append(problem)


# Reading what was typed --------------------------------------------------------------------------


def text_in(posted: QueryDict, name: str) -> str:
    return posted.get(name, "").strip()


def is_ticked(posted: QueryDict, name: str) -> bool:
    return posted.get(name, "") in ("on", "1", "true", "yes")


def yes_or_no(posted: QueryDict, name: str) -> bool | None:
    """True or False as chosen; None where nothing was chosen."""
    return {"yes": True, "no": False}.get(posted.get(name, ""))


def day_in(posted: QueryDict, name: str, wrong: dict[str, str]) -> date | None:
    """A date; one that does not exist, 29 February of a common year say, is noted in `wrong`."""
    typed = text_in(posted, name)
    if not typed:
        return None
    try:
        found = parse_date(typed)
    except ValueError:
        found = None
    if found is None:
        wrong[name] = _("没有“%(typed)s”这一天，请写成 2026-09-30 这样。") % {"typed": typed[:20]}
    return found


def moment_in(posted: QueryDict, name: str, wrong: dict[str, str]) -> datetime | None:
    """A local moment as `datetime-local` sends it."""
    typed = text_in(posted, name)
    if not typed:
        return None
    try:
        found = parse_datetime(typed)
    except ValueError:
        found = None
    if found is None:
        wrong[name] = _("没有“%(typed)s”这个时间，请写成 2026-09-30 09:00 这样。") % {"typed": typed[:20]}
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def number_in(posted: QueryDict, name: str) -> int | None:
    typed = text_in(posted, name)
    return int(typed) if typed.isdecimal() and len(typed) < 9 else None


def id_in(posted: QueryDict, name: str) -> UUID | None:
    try:
        return UUID(text_in(posted, name))
    except ValueError:
        return None
