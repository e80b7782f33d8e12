"""What the portal's templates need besides `{% load linli %}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def get(values: Mapping[str, Any] | None, name: str) -> Any:
    """One entry of a mapping; empty where there is none."""
    return values.get(name, "") if values else ""
