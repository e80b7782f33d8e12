"""Units and outlines from files."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from linli.kit import clock
from linli.orgs import actions as orgs
from linli.people.access import Actor, requires
from linli.people.models import Person
from linli.web.forms.manage_units import FileForm, OutlinesForm

from .pages import county_post, show

SHOWN = 50


@requires("manage.organisations")
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    county_post(request)
    return _page(request)


@requires("manage.organisations")
@require_POST
def units(request: HttpRequest) -> HttpResponse:
    """Brings the tree in line with a list of statistics codes; all of it or nothing."""
    post = county_post(request)
    form = FileForm(request.POST, request.FILES, auto_id="units-%s")
    if form.is_valid():
        try:
            report = _import_units(form.cleaned_data["file"], post, clock.now())
        except orgs.OrganisationError as error:
            return _page(request, units=form, problem=error)
        messages.success(request, str(report))
        return redirect("web:manage_organisations")
    return _page(request, units=form, refused=True)


@requires("manage.organisations")
@require_POST
def boundaries(request: HttpRequest) -> HttpResponse:
    """Sets outlines from GeoJSON; all of them or none."""
    county_post(request)
    form = OutlinesForm(request.POST, request.FILES, auto_id="outlines-%s")
    if form.is_valid():
        given = form.cleaned_data
        try:
            n = orgs.import_boundaries(given["file"], source=given["source"], is_sketch=given["is_sketch"])
        except orgs.OrganisationError as error:
            return _page(request, outlines=form, problem=error)
        said = ngettext("已导入 %(n)d 个单位的边界。", "已导入 %(n)d 个单位的边界。", n)
        messages.success(request, said % {"n": n})
        return redirect("web:manage_organisations")
    return _page(request, outlines=form, refused=True)


def _import_units(content: bytes, post: Actor, at: datetime) -> orgs.ImportReport:
    rows = orgs.read_units(content)
    code = post.organisation.code if post.organisation else ""
    by = Person.objects.filter(pk=post.person_id).first()
    return orgs.import_units(rows, by=by, at=at, county_code=code)


def _page(
    request: HttpRequest,
    *,
    units: forms.Form | None = None,
    outlines: forms.Form | None = None,
    problem: orgs.OrganisationError | None = None,
    refused: bool = False,
) -> HttpResponse:
    problems = problem.problems if isinstance(problem, orgs.ImportRefused) else []
    context = {
        "units_form": units or FileForm(auto_id="units-%s"),
        "outlines_form": outlines or OutlinesForm(auto_id="outlines-%s"),
        "problem": problem,
        "problems": problems[:SHOWN],
        "left": max(0, len(problems) - SHOWN),
        "where": _("单位名单") if units else _("边界"),
    }
    return show(request, "imports", context, refused=refused or problem is not None)
