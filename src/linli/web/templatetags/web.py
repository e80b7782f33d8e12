"""Tags of the desk's own templates: `{% load web %}`."""

from __future__ import annotations

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def without(context: template.Context, name: str) -> str:
    """The present address without one condition and without its page key."""
    request = context["request"]
    query = request.GET.copy()
    for key in (name, "after"):
        query.pop(key, None)
    return f"{request.path}?{query.urlencode()}" if query else str(request.path)
