"""What the portal's templates need besides `{% load linli %}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def notice(words: str) -> str:
    """A line of the privacy notice; what stands between <b> and </b> at its beginning is bold, and nothing else is."""
    head, _mark, rest = words.partition("</b>")
    return format_html("<b>{}</b>{}", head.removeprefix("<b>"), rest) if rest else words


@register.filter
def get(values: Mapping[str, Any] | None, name: str) -> Any:
    """One entry of a mapping; empty where there is none."""
    return values.get(name, "") if values else ""
