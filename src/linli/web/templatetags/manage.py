"""Tags of the administration: `{% load manage %}`."""

from __future__ import annotations

from django import template

from linli.cases.procedures.limits import Limit, LimitError

register = template.Library()


@register.filter
def limit_words(written: str) -> str:
    """A limit in the reader's language: 5wd is 5 个工作日."""
    try:
        limit = Limit.parse(written)
    except LimitError:
        return written
    return limit.words
