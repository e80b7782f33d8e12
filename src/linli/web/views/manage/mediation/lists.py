"""The professional fields and the kinds of dispute."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kit import clock
from linli.mediation.actions import lists as actions
from linli.mediation.models import Category, Field
from linli.people.access import requires
from linli.web.forms.manage_mediation import (
    DisputeForm,
    EntryForm,
    NewDisputeForm,
    NewEntryForm,
    procedure_label,
)
from linli.web.views.manage import history
from linli.web.views.manage.pages import add_errors, county_post, show

KINDS = {"fields": "field", "disputes": "dispute"}
FORMS = {"fields": EntryForm, "disputes": DisputeForm}
NEW_FORMS = {"fields": NewEntryForm, "disputes": NewDisputeForm}


@requires("manage.mediation")
@require_safe
def lists(request: HttpRequest) -> HttpResponse:
    county_post(request)
    context = {
        "fields": all_fields(),
        "disputes": [(row, procedure_label(row.procedure)) for row in all_disputes()],
    }
    return show(request, "mediation/lists", context)


@requires("manage.mediation")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, which: str) -> HttpResponse:
    post = county_post(request)
    form = _known(which, NEW_FORMS)(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        add: Any = actions.add_field if which == "fields" else actions.add_category
        try:
            row = add(code=form.cleaned_data["code"], by=post, at=clock.now(), changes=form.changes())
        except actions.ListRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("已新增“%(name)s”。") % {"name": row.label})
            return redirect("web:manage_mediation_lists")
    return show(request, "mediation/entry", {"form": form, "which": which}, refused=form.is_bound)


@requires("manage.mediation")
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, which: str, code: str) -> HttpResponse:
    post, row = county_post(request), _get(which, code)
    data = request.POST if request.method == "POST" else None
    shape = FORMS[which]
    form = shape(data, initial=shape.values(row))
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = {"by": post, "at": clock.now(), "changes": form.changes()}
        try:
            if isinstance(row, Field):
                actions.edit_field(field=row, **given)
            else:
                actions.edit_category(category=row, **given)
        except actions.ListRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("“%(name)s”已保存。") % {"name": row.label})
            return redirect("web:manage_mediation_lists")
    context = {"form": form, "which": which, "entry": row, "history": history.of(KINDS[which], row.code)}
    return show(request, "mediation/entry", context, refused=form.is_bound)


@requires("manage.mediation")
@require_POST
def position(request: HttpRequest, which: str, code: str) -> HttpResponse:
    """Moves an entry a place up or down."""
    post, row = county_post(request), _get(which, code)
    places = {"up": -1, "down": 1}.get(request.POST.get("move", ""))
    if places is None:
        raise Http404
    actions.move_entry(entry=row, places=places, by=post, at=clock.now())
    answer = redirect("web:manage_mediation_lists")
    answer["Location"] += f"#{which}-{row.code}"
    return answer


def all_fields() -> list[Field]:
    return list(Field.objects.order_by("position", "code"))


def all_disputes() -> list[Category]:
    return list(Category.objects.select_related("field").order_by("position", "code"))


def _known(which: str, table: dict[str, Any]) -> Any:
    if which not in table:
        raise Http404
    return table[which]


def _get(which: str, code: str) -> Field | Category:
    model: Any = _known(which, {"fields": Field, "disputes": Category})
    row: Field | Category | None = model.objects.filter(pk=code).first()
    if row is None:
        raise Http404
    return row
