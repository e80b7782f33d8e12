"""Limits as procedure files and forms write them: `5wd`, `30d`, `8oh`, `1mo roll`, `36h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class Unit(StrEnum):
    WORKING_DAYS = "wd"
    DAYS = "d"
    OFFICE_HOURS = "oh"
    MONTHS = "mo"
    HOURS = "h"


MOST: Final = {
    Unit.WORKING_DAYS: 1000,
    Unit.DAYS: 3660,
    Unit.OFFICE_HOURS: 2000,
    Unit.MONTHS: 120,
    Unit.HOURS: 8784,
}
ROLLING: Final = frozenset({Unit.DAYS, Unit.MONTHS})
_WRITTEN: Final = re.compile(
    r"\s*([+-]?[0-9]{1,9}(?:\.[0-9]+)?)\s*([A-Za-z]+)(?:\s+([A-Za-z]+))?\s*", re.ASCII
)


class LimitError(ValueError):
    """A limit, a pause or a start that cannot be counted. The message tells what to write instead."""


class LimitNotUnderstood(LimitError):
    """The text is not an amount followed by a unit."""


class UnknownUnit(LimitError):
    """The unit is none of wd, d, oh, mo, h."""


class AmountNotPositive(LimitError):
    """The amount is zero, negative or not whole."""


class AmountTooLarge(LimitError):
    """The amount is past what any rule of law or office needs."""


class RollNotApplicable(LimitError):
    """Only calendar days and months roll to the next working day (Civil Code 203)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount of time in one unit. `roll`: a last day of rest moves to the next working day."""

    amount: int
    unit: Unit
    roll: bool = False

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise AmountNotPositive(_("限期“%(limit)s”须是正整数。") % {"limit": f"{self.amount}{self.unit}"})
        if self.amount > MOST[self.unit]:
            raise AmountTooLarge(
                _("限期“%(limit)s”太长，此单位最多 %(most)d。")
                % {"limit": f"{self.amount}{self.unit}", "most": MOST[self.unit]}
            )
        if self.roll and self.unit not in ROLLING:
            raise RollNotApplicable(_("只有自然日（d）和月（mo）可以顺延（roll）。"))

    @classmethod
    def parse(cls, text: str) -> Limit:
        """The limit written as `5wd`, `30d roll` and so on; raises a LimitError naming what is wrong."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise LimitNotUnderstood(
                _("看不懂限期“%(text)s”。请写数量和单位，如 5wd、30d、8oh、1mo、36h。") % {"text": text}
            )
        amount, unit, roll = match.groups()
        if unit.lower() not in set(Unit):
            raise UnknownUnit(
                _("限期单位“%(unit)s”不存在。可用：wd 工作日、d 自然日、oh 工作时、mo 月、h 小时。")
                % {"unit": unit}
            )
        if "." in amount:
            raise AmountNotPositive(_("限期“%(limit)s”须是正整数。") % {"limit": text.strip()})
        if roll and roll.lower() != "roll":
            raise LimitNotUnderstood(_("限期后面只能写 roll（顺延），不能写“%(text)s”。") % {"text": roll})
        return cls(int(amount), Unit(unit.lower()), bool(roll))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}{' roll' if self.roll else ''}"

    @property
    def words(self) -> str:
        """The limit in the reader's language: 5 个工作日."""
        return amount_words(self.amount, self.unit)


def amount_words(amount: float, unit: Unit) -> str:
    """An amount of a unit in the reader's language; parts of an hour become minutes."""
    if unit in (Unit.HOURS, Unit.OFFICE_HOURS) and amount != int(amount):
        return duration_words(round(amount * 3600))
    n = int(amount)
    if unit is Unit.WORKING_DAYS:
        return ngettext("%(n)d 个工作日", "%(n)d 个工作日", n) % {"n": n}
    if unit is Unit.DAYS:
        return ngettext("%(n)d 天", "%(n)d 天", n) % {"n": n}
    if unit is Unit.MONTHS:
        return ngettext("%(n)d 个月", "%(n)d 个月", n) % {"n": n}
    if unit is Unit.OFFICE_HOURS:
        return ngettext("%(n)d 个工作时", "%(n)d 个工作时", n) % {"n": n}
    return ngettext("%(n)d 小时", "%(n)d 小时", n) % {"n": n}


def duration_words(seconds: int) -> str:
    """A span of time in hours and minutes, never less than a minute."""
    hours, minutes = divmod(max(1, seconds // 60), 60)
    if not minutes:
        return ngettext("%(n)d 小时", "%(n)d 小时", hours) % {"n": hours}
    if not hours:
        return ngettext("%(n)d 分钟", "%(n)d 分钟", minutes) % {"n": minutes}
    return _("%(hours)d 小时 %(minutes)d 分") % {"hours": hours, "minutes": minutes}
