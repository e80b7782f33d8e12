"""How an official paper words what it is given: dates, numbers, blanks. The papers themselves are Chinese only."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Any

from django.utils import timezone

BLANK_DAY = "　　　　年　　月　　日"  # zh: printed on official papers, which are Chinese only
DIGITS = "零一二三四五六七八九十"  # zh: numerals of official papers
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)")
# Marks that turn the direction of writing make a line read as something it is not.
_TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_KEPT = {"\n"}
_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")


def clean(value: Any) -> Any:
    """The same data in which every text may be printed: no control characters, nothing that turns the line."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def _clean_text(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    text = _NO_CHARACTERS.sub("□", text)
    return "".join(
        character
        for character in text
        if character in _KEPT or (unicodedata.category(character) != "Cc" and character not in _TURNS)
    )


def said(value: Any) -> str:
    """A value as printed: nothing for what is missing, a list joined."""
    if value is None or value is False:
        return ""
    if value is True:
        return "是"  # zh: printed on official papers
    if isinstance(value, list | tuple):
        return "、".join(said(item) for item in value if said(item))  # zh: on an official paper
    return str(value)


def day(value: Any) -> str:
    """2026-10-12 as 2026年10月12日; what is no date stays as it is."""
    text = _local(value)
    found = _DAY.match(text)
    if not found:
        return text
    year, month, number = (int(part) for part in found.groups())
    return f"{year}年{month}月{number}日"  # zh: dates of official papers


def moment(value: Any) -> str:
    """2026-10-12T09:05 as 2026年10月12日9时05分; a date alone as a date."""
    text = _local(value)
    found = _MOMENT.match(text)
    if not found:
        return day(text)
    hour, minute = found.groups()[3:]
    return f"{day(text)}{int(hour)}时{minute}分"  # zh: times of official papers


def _local(value: Any) -> str:
    """A moment with an offset is worded in the county's own time."""
    text = value.isoformat() if isinstance(value, date) else said(value)
    if _MOMENT.match(text):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        return timezone.localtime(at).isoformat() if at.tzinfo else text
    return text


def numeral(number: int) -> str:
    """一, 二 … 十, 十一 … 九十九."""
    tens, ones = divmod(number, 10)
    if number <= 10:
        return DIGITS[number]
    return ("" if tens == 1 else DIGITS[tens]) + DIGITS[10] + (DIGITS[ones] if ones else "")


def blank(value: Any, places: int = 8) -> str:
    """The value, or a line to write on."""
    return said(value) or "＿" * places


def blank_day(value: Any) -> str:
    return day(value) or BLANK_DAY


def effect(value: Any) -> str:
    """The sentence that says since when an agreement stands, or nothing."""
    return f"生效日期：{day(value)}。" if said(value) else ""  # zh: printed on official papers


def ticked(value: Any, options: list[str]) -> list[tuple[bool, str]]:
    """Each choice of the form, ticked or not; what is chosen but not among them is added."""
    chosen = value if isinstance(value, list) else [value] if said(value) else []
    choices = [(option in chosen, option) for option in options]
    return choices + [(True, said(other)) for other in chosen if other not in options]


def ticks(value: Any, options: list[str]) -> list[str]:
    return [f"（{'√' if on else '　'}）{option}" for on, option in ticked(value, options)]  # zh: as printed


WORDINGS = {
    "text": said,
    "day": day,
    "moment": moment,
    "blank": blank,
    "blank_day": blank_day,
    "effect": effect,
}
