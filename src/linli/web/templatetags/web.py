"""Tags of the desk's own templates: `{% load web %}`."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from linli.documents.actions import listings
from linli.documents.models import Format
from linli.people.access import post_of
from linli.privacy.actions import purposes
from linli.privacy.models import Read

register = template.Library()


@register.simple_tag(takes_context=True)
def without(context: template.Context, name: str) -> str:
    """The present address without one condition and without its page key."""
    request = context["request"]
    query = request.GET.copy()
    for key in (name, "after"):
        query.pop(key, None)
    return f"{request.path}?{query.urlencode()}" if query else str(request.path)


@register.filter
def purpose(read: Read) -> str:
    """What a case was opened for, in words."""
    return purposes.label_of(read.purpose, read.case.kind)


@register.inclusion_tag("web/export.html", takes_context=True)
def export(context: template.Context, name: str, *, left: bool = False, **more: object) -> dict[str, object]:
    """`{% export "cases" %}`: takes the list out as a file, with the filter of the page; `more` adds to the filter.

    Draws nothing for posts that may not have the list.
    """
    request, listing = context["request"], listings.known()[name]
    query = request.GET.copy()
    query.pop("after", None)
    for key, value in more.items():
        query[key] = str(value)
    return {
        "listing": listing if listing.is_open_to(post_of(request)) else None,
        "query": query.urlencode(),
        "formats": _formats(),
        "is_left": left,
        "csrf_token": context.get("csrf_token"),
    }


def _formats() -> list[tuple[str, str, str]]:
    return [
        (Format.XLSX.value, _("Excel（.xlsx）"), ""),
        (Format.CSV.value, "CSV", _("表格软件都能开")),
        (Format.PARQUET.value, "Parquet", _("给程序读")),
    ]
