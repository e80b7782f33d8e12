"""The reports of a unit, to be looked through and saved; drawn in the reader's language when they are fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from linli.measures.actions import reports
from linli.measures.models import Report, ReportKind
from linli.orgs.models import Organisation
from linli.people.access import post_of, requires

from .asked import unit_of

SIZE = 12
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class Shelf:
    """Reports of one kind, newest first, and where the older ones are."""

    label: str
    reports: list[Report]
    older: str


@requires("measures.view")
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The reports of the reader's own unit, or of one below it that the address names."""
    post = post_of(request)
    unit = unit_of(post, request.GET.get("unit", "")[:32])
    before, wanted = _day(request.GET.get("before", "")), request.GET.get("kind", "")
    kinds = [kind for kind in ReportKind if wanted in ("", kind.value)]
    below = Organisation.objects.filter(parent=unit, pk__in=Report.objects.values("organisation"))
    context = {
        "unit": unit,
        "up": unit.parent if unit.path != post.path else None,
        "below": below.order_by("code"),
        "shelves": [_shelf(unit, kind, before) for kind in kinds],
        "sees_figures": post.may("measures.view"),
    }
    return render(request, "web/figures/reports.html", context)


@requires("measures.view")
@require_safe
def file(request: HttpRequest, report_id: UUID, form: str) -> HttpResponse:
    """One of them as PDF or Word."""
    report = reports.visible(report_id=report_id, by=post_of(request))
    if report is None or form not in TYPES:
        raise Http404
    document = report.documents[get_language() or "zh-hans"]
    response = HttpResponse(reports.file(document, form, at=report.made_at), content_type=TYPES[form])
    named = content_disposition_header(as_attachment=form != "pdf", filename=f"{document['title']}.{form}")
    response["Content-Disposition"] = named or "inline"
    return response


def _shelf(unit: Organisation, kind: ReportKind, before: date | None) -> Shelf:
    found = reports.of_unit(unit).filter(kind=kind).defer("documents").order_by("-begins_on")
    if before is not None:
        found = found.filter(begins_on__lt=before)
    rows = list(found[: SIZE + 1])
    older = ""
    if len(rows) > SIZE:
        older = urlencode(
            {"unit": unit.code, "kind": kind.value, "before": rows[SIZE - 1].begins_on.isoformat()}
        )
    return Shelf(str(kind.label), rows[:SIZE], older)


def _day(written: str) -> date | None:
    try:
        return parse_date(written[:10])
    except ValueError:
        return None
