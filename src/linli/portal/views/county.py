"""The county this installation serves, for every page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation


def find_county() -> Organisation | None:
    """The county named in the settings, else the first there is."""
    named = ExpressionWrapper(Q(code=settings.COUNTY_CODE), output_field=BooleanField())
    counties = Organisation.objects.filter(kind=Kind.COUNTY, valid_until=None).annotate(is_named=named)
    return counties.order_by("-is_named", "code").first()


def county_of(request: HttpRequest) -> Organisation:
    """The county, asked for once a request; 404 before one has been set up."""
    county = known_county(request)
    if county is None:
        raise Http404
    return county


def known_county(request: HttpRequest) -> Organisation | None:
    """As `county_of`, but None before a county has been set up."""
    if not hasattr(request, "_linli_county"):
        request._linli_county = lookup.units.get(("county", settings.COUNTY_CODE), find_county)  # type: ignore[attr-defined]
    found: Organisation | None = request._linli_county  # type: ignore[attr-defined]
    return found


def county_context(request: HttpRequest) -> dict[str, Any]:
    """`county_name` and `is_demo` for templates; lazy, so fragments ask nothing of the database.

    Where the database does not answer, the pages that say so can still be shown.
    """

    def county() -> Organisation | None:
        try:
            return known_county(request)
        except DatabaseError:
            return None

    def name() -> str:
        found = county()
        return found.label if found else ""

    def is_demo() -> bool:
        found = county()
        return bool(found and found.is_demo)

    return {"county_name": SimpleLazyObject(name), "is_demo": SimpleLazyObject(is_demo)}
