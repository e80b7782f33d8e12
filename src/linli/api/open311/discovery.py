"""Where this interface can be found, and in which formats."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from .door import Content, Visit

CHANGED = "2026-11-24T00:00:00Z"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
FORMATS = ["text/xml", "application/json"]


def discovered(visit: Visit) -> Content:
    """GET discovery: the endpoint for real requests and, unless it is switched off, the one for trying things out."""
    kinds = [("production", "open311")] + ([("test", "open311-test")] if settings.OPEN311_TEST else [])
    county = visit.county
    who = f"{county.label} {county.phone}".strip()
    values = {
        "changeset": CHANGED,
        "contact": _("%(county)s，请找管理员") % {"county": who},
        "key_service": _("查询不用密钥。要提交事项，请向本县管理员要一个 api_key。"),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": visit.request.build_absolute_uri(
                    reverse(f"{namespace}:services", args=["xml"]).removesuffix("/services.xml")
                ),
                "changeset": CHANGED,
                "type": kind,
                "formats": FORMATS,
            }
            for kind, namespace in kinds
        ],
    }
    return Content("discovery", values)
