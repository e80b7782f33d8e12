"""What is asked about requests of a category, and whether the answers fit the questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from linli.kit import text
from linli.kit.lists import listed
from linli.service_requests.models import Datatype, Question

Answers = Mapping[str, str | Sequence[str]]

LONGEST_LINE, LONGEST_TEXT = 200, 1000
MOST = 50  # answers to one question, and questions answered
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?(Z|[+\- ][0-9]{2}:[0-9]{2}))?"
)


class Unfit(Exception):
    """An answer that does not fit its question; the message says what would."""


def questions_of(categories: Sequence[str]) -> list[Question]:
    """The questions of these categories, in their order."""
    return list(Question.objects.filter(category__in=categories).order_by("position", "code"))


def moment_of(said: str) -> datetime | None:
    """A moment in W3C form, in whole seconds of UTC: 2026-11-24, 2026-11-24T08:00Z, 2026-11-24T16:00:00+08:00.

    A space stands for the plus sign that an address loses. None for anything else.
    """
    match = _MOMENT.fullmatch(said.strip())
    if match is None:
        return None
    day, minute, second, zone = match.groups()
    zone = (zone or "Z").replace(" ", "+").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def written(moment: datetime) -> str:
    """A moment as programs read it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def checked(
    category: str, answers: Answers, *, is_complete: bool
) -> tuple[dict[str, str | list[str]], dict[str, str]]:
    """The answers as they are kept, and what is wrong with the others: `answers.<code>` → message.

    `is_complete` asks for every required one. An empty answer is none.
    """
    questions = {question.code: question for question in questions_of([category]) if question.is_answerable}
    kept: dict[str, str | list[str]] = {}
    errors: dict[str, str] = {}
    for code in sorted(answers.keys() - questions.keys())[:MOST]:
        errors[f"answers.{text.clean(code)[:48]}"] = _("这一类没有这个问题。")
    for code, question in questions.items():
        given = _given(answers.get(code, ""))
        try:
            if given:
                kept[code] = ANSWERED[question.datatype](question, given)
            elif is_complete and question.is_required:
                raise Unfit(_("这个问题要回答：%(question)s") % {"question": question.label})
        except Unfit as error:
            errors[f"answers.{code}"] = str(error)
    return kept, errors


def told(category: str, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Questions and answers in the reader's language; a question that has gone is called by its code."""
    if not answers:
        return []
    questions = {question.code: question for question in questions_of([category])}
    order = [*(code for code in questions if code in answers), *(c for c in answers if c not in questions)]
    return [_told(code, questions.get(code), answers[code]) for code in order]


def _told(code: str, question: Question | None, answer: str | list[str]) -> tuple[str, str]:
    choices = question.choices if question else {}
    words = [choices.get(each, each) for each in ([answer] if isinstance(answer, str) else answer)]
    return question.label if question else code, listed(words)


def _given(answer: str | Sequence[str]) -> list[str]:
    several = [answer] if isinstance(answer, str) else list(answer)
    return [said for said in (text.clean(each).strip() for each in several) if said]


def _one(given: list[str]) -> str:
    if len(given) > 1:
        raise Unfit(_("这个问题只能回答一次。"))
    return given[0]


def _line(question: Question, given: list[str]) -> str:
    return _short(" ".join(_one(given).split()), LONGEST_LINE)


def _text(question: Question, given: list[str]) -> str:
    return _short(_one(given), LONGEST_TEXT)


def _short(said: str, most: int) -> str:
    if len(said) > most:
        raise Unfit(_("最多%(n)d个字。") % {"n": most})
    return said


def _number(question: Question, given: list[str]) -> str:
    said = _one(given)
    if not _NUMBER.fullmatch(said):
        raise Unfit(_("请填一个数，如 3 或 2.5。"))
    return said


def _datetime(question: Question, given: list[str]) -> str:
    moment = moment_of(_one(given))
    if moment is None:
        raise Unfit(_("请写日期和时间，如 2026-11-24T19:30:00+08:00。"))
    return written(moment)


def _chosen(question: Question, given: list[str]) -> str:
    said = _one(given)
    if said not in question.choices:
        raise Unfit(_("请从这些里选：%(values)s。") % {"values": listed(question.choices)})
    return said


def _several(question: Question, given: list[str]) -> list[str]:
    return list(dict.fromkeys(_chosen(question, [each]) for each in given[:MOST]))


ANSWERED: dict[str, Callable[[Question, list[str]], str | list[str]]] = {
    Datatype.STRING.value: _line,
    Datatype.NUMBER.value: _number,
    Datatype.DATETIME.value: _datetime,
    Datatype.TEXT.value: _text,
    Datatype.ONE.value: _chosen,
    Datatype.SEVERAL.value: _several,
}
