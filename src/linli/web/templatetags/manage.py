"""Tags of the administration: `{% load manage %}`."""

from __future__ import annotations

from django import template

from linli.cases.procedures.limits import Limit, LimitError
from linli.orgs.models import Kind, Organisation

register = template.Library()


@register.filter
def limit_words(written: str) -> str:
    """A limit in the reader's language: 5wd is 5 个工作日."""
    try:
        limit = Limit.parse(written)
    except LimitError:
        return written
    return limit.words


@register.filter
def full_name(unit: Organisation) -> str:
    """A unit by its name; a grid, whose name many share, with its village."""
    if unit.kind == Kind.GRID and unit.parent is not None:
        return f"{unit.parent.label} {unit.label}"
    return unit.label


@register.filter
def lookup(names: dict[str, str], key: str) -> str:
    """The entry of a table of names, else the key itself."""
    return names.get(key, key)
