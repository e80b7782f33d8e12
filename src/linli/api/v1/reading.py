"""Reads a body strictly: one JSON object, each key once, numbers that are numbers, text that is text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from .problems import Problem

LARGEST = 256 * 1024
DEEPEST = 16
MOST = 2**53  # beyond it, programs disagree about whole numbers
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def read(body: bytes) -> dict[str, Any]:
    """The object in a body. Raises Problem, which says what is wrong."""
    if not body:
        _refuse(_("内容是空的，至少写 {}。"))
    _check_depth(body)
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
        )
    except UnicodeDecodeError:
        _refuse(_("内容不是 UTF-8。"))
    except (ValueError, RecursionError):
        _refuse(_("内容不是 JSON。"))
    if not isinstance(found, dict):
        _refuse(_("内容应当是一个 JSON 对象。"))
    _check_texts(found)
    return found


def is_text(value: str) -> bool:
    """Whether it can be stored and sent: no NUL, no half of a surrogate pair."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _refuse(detail: str) -> NoReturn:
    raise Problem("malformed", detail)


def _check_depth(body: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST:
            _refuse(_("内容套得太深，最多 %(n)d 层。") % {"n": DEEPEST})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _value in pairs).most_common(1)[0][0]
        _refuse(_("“%(name)s”写了两次。") % {"name": twice[:60]})
    return found


def _no_number(text: str) -> NoReturn:
    _refuse(_("%(number)s 不是 JSON 的数字。") % {"number": text})


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _no_number(text[:20])
    return number


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MOST:
        _no_number(text[:20])
    return int(text)


def _check_texts(value: Any) -> None:
    """A body is shallow by now, so this goes no deeper than its parser did."""
    if isinstance(value, str) and not is_text(value):
        _refuse(_("有不能用的字符。"))
    if isinstance(value, list):
        for item in value:
            _check_texts(item)
    if isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name)
            _check_texts(item)
