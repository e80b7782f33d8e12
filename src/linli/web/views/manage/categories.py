"""The list of categories, in two levels."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from linli.kit import clock
from linli.people.access import Actor, requires
from linli.service_requests.actions import editing
from linli.service_requests.models import Category
from linli.web.forms.manage import functions, units_listed
from linli.web.forms.manage_lists import CategoryForm, GroupForm, NewCategoryForm

from . import history
from .pages import add_errors, county_post, show


@requires("manage.categories")
@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    county_post(request)
    return show(request, "categories", {"groups": grouped(), "functions": dict(functions())})


def grouped() -> list[tuple[Category, list[Category]]]:
    """The groups in their order, each with what is in it."""
    rows = list(Category.objects.select_related("unit").order_by("position", "code"))
    return [
        (group, [row for row in rows if row.parent_id == group.code])
        for group in rows
        if group.parent_id is None
    ]


@requires("manage.categories")
@require_http_methods(["GET", "HEAD", "POST"])
def category(request: HttpRequest, code: str) -> HttpResponse:
    post = county_post(request)
    row = _get(code)
    form = _form(row, post, request)
    if request.method == "POST" and form.is_valid():
        try:
            editing.edit_category(category=row, by=post, at=clock.now(), changes=form.cleaned_data)
        except editing.EditRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("“%(name)s”已保存。") % {"name": row.label})
            return redirect("web:manage_categories")
    context = {
        "form": form,
        "category": row,
        "children": list(Category.objects.filter(parent=row).order_by("position", "code")),
        "units": units_listed(post.path) if row.parent_id else [],
        "history": history.of("category", row.code),
    }
    return show(request, "category", context, refused=form.is_bound)


@requires("manage.categories")
@require_http_methods(["GET", "HEAD", "POST"])
def new_category(request: HttpRequest, code: str) -> HttpResponse:
    post = county_post(request)
    group = _get(code)
    if group.parent_id is not None:
        raise Http404
    initial = {"position": _next_position(group), "is_active": True, "limit": "5wd", "unit_limit": "3wd"}
    form = NewCategoryForm(request.POST or None, area=post.path, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            row = editing.add_category(
                parent=group, code=given.pop("code"), by=post, at=clock.now(), changes=given
            )
        except editing.EditRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("已新增“%(name)s”。") % {"name": row.label})
            return redirect("web:manage_categories")
    context = {"form": form, "group": group, "units": units_listed(post.path)}
    return show(request, "category_new", context, refused=form.is_bound)


def _get(code: str) -> Category:
    row = Category.objects.filter(pk=code).select_related("parent", "unit").first()
    if row is None:
        raise Http404
    return row


def _form(row: Category, post: Actor, request: HttpRequest) -> GroupForm:
    data = request.POST if request.method == "POST" else None
    if row.parent_id is None:
        return GroupForm(data, initial=GroupForm.values(row))
    return CategoryForm(data, area=post.path, initial=CategoryForm.values(row))


def _next_position(group: Category) -> int:
    last = (
        Category.objects.filter(parent=group).order_by("-position").values_list("position", flat=True).first()
    )
    return (last if last is not None else group.position) + 1
