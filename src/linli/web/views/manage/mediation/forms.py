"""Word templates of the official forms: fetched, replaced, and put back."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.kit import clock
from linli.mediation.actions import templates as actions
from linli.mediation.models import FormTemplate
from linli.people.access import requires
from linli.web.forms.manage_mediation import TemplateForm
from linli.web.views.manage.pages import county_post, show

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class Line:
    """A form, the template of ours or the administrator's own that it is printed with, and the upload."""

    kind: str
    label: str
    own: FormTemplate | None
    form: forms.Form


@requires("manage.mediation")
@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    county_post(request)
    return _page(request)


@requires("manage.mediation")
@require_POST
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """Takes an own template in, once the form can be made from it."""
    post = county_post(request)
    _known(kind)
    form = TemplateForm(request.POST, request.FILES, auto_id=f"{kind}-%s")
    if form.is_valid():
        file = form.cleaned_data["template"]
        try:
            actions.replace(kind=kind, docx=file.read(), name=file.name, by=post, at=clock.now())
        except actions.TemplateRefused as error:
            form.add_error("template", error.message)
        else:
            said = _("“%(form)s”以后用您的模板。") % {"form": actions.label(kind)}
            messages.success(request, said)
            return redirect("web:manage_mediation_forms")
    return _page(request, kind, form)


@requires("manage.mediation")
@require_safe
def file(request: HttpRequest, kind: str) -> HttpResponse:
    """The template in use; with ?ours=1 the one Linli brings."""
    county_post(request)
    _known(kind)
    content = actions.ours(kind) if "ours" in request.GET else actions.current(kind)
    answer = HttpResponse(content, content_type=WORD)
    answer["Content-Disposition"] = f'attachment; filename="{kind}.docx"'
    return answer


@requires("manage.mediation")
@require_POST
def removal(request: HttpRequest, kind: str) -> HttpResponse:
    """Goes back to the template Linli brings."""
    post = county_post(request)
    _known(kind)
    if actions.restore(kind=kind, by=post, at=clock.now()):
        messages.success(request, _("“%(form)s”又用系统自带的模板。") % {"form": actions.label(kind)})
    return redirect("web:manage_mediation_forms")


def _known(kind: str) -> None:
    if kind not in actions.kinds():
        raise Http404


def own_templates() -> dict[str, FormTemplate]:
    """The templates the county has replaced by its own."""
    return {row.kind: row for row in FormTemplate.objects.defer("docx").select_related("by")}


def _page(request: HttpRequest, opened: str = "", refused: forms.Form | None = None) -> HttpResponse:
    own = own_templates()
    lines = [
        Line(
            kind,
            actions.label(kind),
            own.get(kind),
            refused if refused is not None and kind == opened else TemplateForm(auto_id=f"{kind}-%s"),
        )
        for kind in actions.kinds()
    ]
    context = {"lines": lines, "opened": opened}
    return show(request, "mediation/forms", context, refused=refused is not None)
