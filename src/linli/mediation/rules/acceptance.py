"""The acceptance test: what must be there, and what may not be mediated (人民调解工作若干规定 22—24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


@dataclass(frozen=True)
class Question:
    """A question of the test: what must be answered, and the ground and route where the answer is the other one."""

    name: str
    text: str
    wanted: bool
    ground: str
    route: str

    @property
    def label(self) -> str:
        return _(self.text)


QUESTIONS = (
    Question("respondent", gettext_noop("有明确的对方"), True, "unclear", "court"),
    Question("request", gettext_noop("有具体的要求"), True, "unclear", "court"),
    Question("facts", gettext_noop("有事实依据"), True, "unclear", "court"),
    Question("reserved", gettext_noop("法律规定只能由专门机关处理"), False, "reserved", "administrative"),
    Question("court", gettext_noop("人民法院已经受理"), False, "court", "court"),
    Question("crime", gettext_noop("涉嫌犯罪，或者违反治安管理"), False, "crime", "police"),
    Question("government", gettext_noop("基层政府已经受理或者解决"), False, "government", "administrative"),
    Question("status", gettext_noop("是婚姻效力、亲子关系、收养等身份关系"), False, "status", "marriage"),
)


def ground_of(answers: Mapping[str, bool]) -> Question | None:
    """The first question whose answer forbids acceptance; None where every answer is as it must be.

    An answer that is missing forbids it, too.
    """
    return next((each for each in QUESTIONS if answers.get(each.name) is not each.wanted), None)
