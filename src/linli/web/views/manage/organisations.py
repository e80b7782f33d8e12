"""The tree of organisations: to look through, and one unit with everything about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.kit import clock, text
from linli.orgs import lookup
from linli.orgs.actions.tree import PARENTS
from linli.orgs.models import (
    Boundary,
    Change,
    Kind,
    Organisation,
    OrganisationChange,
    OrganisationQuerySet,
    within,
)
from linli.people.access import Actor, post_of, requires, roles
from linli.people.models import Grant, Person
from linli.web.forms import manage_units as unit_forms
from linli.web.forms.manage import units_listed

from . import history
from .pages import REFUSED, show, unit_in_area

FOUND = 50
POSTS = 60


@dataclass(frozen=True)
class Passage:
    """A line of a unit's history in words."""

    on: Any
    what: str
    was: str
    other: Organisation | None
    who: str
    note: str


@requires("manage.organisations")
@require_safe
def organisations(request: HttpRequest) -> HttpResponse:
    """The top of the area with what lies below it; a search lists what fits, closed units included."""
    post = post_of(request)
    query = " ".join(text.clean(request.GET.get("q", "")).split())[:80]
    area = in_area(post)
    found = None
    if query:
        found = list(area.filter(fits(query)).select_related("parent").order_by("path")[: FOUND + 1])
    top = area.filter(path=post.path).first()
    context = {
        "query": query,
        "found": found[:FOUND] if found else found,
        "more": bool(found and len(found) > FOUND),
        "size": FOUND,
        "top": top,
        "children": _with_sizes(Organisation.objects.filter(parent=top)) if top else [],
    }
    return show(request, "organisations", context)


def in_area(post: Actor) -> OrganisationQuerySet:
    return (
        Organisation.objects.filter(within("path", post.path)) if post.path else Organisation.objects.none()
    )


def fits(query: str) -> Q:
    """Units whose name or code is looked for."""
    return Q(name__contains=query) | Q(name_en__icontains=query) | Q(code__startswith=query)


@requires("manage.organisations")
@require_safe
def children(request: HttpRequest, code: str) -> HttpResponse:
    """The next level of the tree, fetched when a branch is opened."""
    unit = unit_in_area(post_of(request), code)
    return show(request, "branch", {"children": _with_sizes(Organisation.objects.filter(parent=unit))})


@requires("manage.organisations")
@require_safe
def unit(request: HttpRequest, code: str) -> HttpResponse:
    return unit_page(request, unit_in_area(post_of(request), code))


@requires("manage.organisations")
@require_safe
def outline(request: HttpRequest, code: str) -> HttpResponse:
    """The unit's outline and those of the units directly below, for its map."""
    unit = unit_in_area(post_of(request), code)
    shown = Organisation.objects.filter(Q(pk=unit.pk) | Q(parent=unit), valid_until=None)
    tag = lookup.boundaries_etag("unit", unit.code)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    return JsonResponse(
        lookup.boundaries_geojson(shown, simplify=20),
        headers={"ETag": tag, "Cache-Control": "private, no-cache"},
    )


def unit_page(
    request: HttpRequest,
    unit: Organisation,
    given: Mapping[str, forms.Form] | None = None,
    opened: str = "",
) -> HttpResponse:
    """A unit with its forms; those of a refused attempt come with what was typed."""
    post, at = post_of(request), clock.now()
    given = given or {}
    is_standing = unit.valid_until is None
    is_own_root = unit.path == post.path
    below = list(_with_sizes(Organisation.objects.filter(parent=unit)))
    standing = [child for child in below if child.valid_until is None]
    forms_shown = unit_changes(unit, post, standing) if is_standing else {}
    posts = Grant.objects.active(at).filter(organisation=unit).select_related("person")
    context = {
        "unit": unit,
        "above": list(_above(unit, post)),
        "children": below,
        "forms": {name: given.get(name, form) for name, form in forms_shown.items()},
        "opened": opened,
        "is_own_root": is_own_root,
        "posts": [
            (grant, roles()[grant.role].label) for grant in posts.order_by("role", "person__name")[:POSTS]
        ],
        "may_grant": post.may("manage.people"),
        "boundary": Boundary.objects.filter(organisation=unit).first(),
        "passages": _passages(unit),
        "history": history.of("unit", unit.code),
        "units": units_listed(post.path) if is_standing else [],
    }
    response = show(request, "unit", context)
    if given:
        response.status_code = REFUSED
    return response


def unit_changes(unit: Organisation, post: Actor, below: list[Organisation]) -> dict[str, forms.Form]:
    """The forms of what may be done with a unit; the root of one's own area stays where it is."""
    found: dict[str, forms.Form] = {
        "name": unit_forms.NameForm(initial={"name": unit.name, "name_en": unit.name_en}, auto_id="name-%s"),
        "details": unit_forms.DetailsForm(initial=unit_forms.DetailsForm.values(unit), auto_id="details-%s"),
    }
    if any(Kind(unit.kind) in parents for parents in PARENTS.values()):
        found["units"] = unit_forms.NewUnitForm(parent=unit, auto_id="units-%s")
    if unit.path != post.path:
        found["parent"] = unit_forms.ParentForm(area=post.path, auto_id="parent-%s")
        found["merger"] = unit_forms.MergerForm(area=post.path, auto_id="merger-%s")
        found["division"] = unit_forms.DivisionForm(children=below, auto_id="division-%s")
        found["closure"] = unit_forms.ClosureForm(auto_id="closure-%s")
    return found


def _with_sizes(units: OrganisationQuerySet) -> OrganisationQuerySet:
    """Units in tree order, each with the number of units standing directly below it."""
    return units.annotate(size=Count("children", filter=Q(children__valid_until=None))).order_by(
        "valid_until", "path"
    )


def _above(unit: Organisation, post: Actor) -> OrganisationQuerySet:
    paths = [path for path in unit.ancestor_paths[:-1] if path.startswith(post.path)]
    return Organisation.objects.filter(path__in=paths).order_by("path")


def _passages(unit: Organisation) -> list[Passage]:
    rows = list(
        OrganisationChange.objects.filter(organisation=unit)
        .select_related("other")
        .order_by("-on_date", "-id")
    )
    names = dict(
        Person.objects.filter(pk__in={row.made_by for row in rows if row.made_by}).values_list("pk", "name")
    )
    return [
        Passage(
            row.on_date,
            str(Change(row.change).label),
            _("原名“%(name)s”") % {"name": row.name} if row.change == Change.RENAMED else "",
            row.other,
            names.get(row.made_by, _("系统")) if row.made_by else _("系统"),
            row.note,
        )
        for row in rows
    ]
