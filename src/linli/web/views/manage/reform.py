"""Changes to units: each a form on the unit's page, each a verb of the tree, each with a line of history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from linli.kit import clock
from linli.orgs import actions as orgs
from linli.orgs.models import Organisation
from linli.people import actions as people
from linli.people.access import Actor, post_of, requires
from linli.people.models import Person
from linli.web.forms import manage_units as unit_forms

from .organisations import unit_changes, unit_page
from .pages import add_errors, unit_in_area


class Doing(NamedTuple):
    """One change as it is carried out: on what, by whom, when, with what was filled in."""

    unit: Organisation
    post: Actor
    person: Person | None
    at: datetime
    form: Any

    @property
    def given(self) -> dict[str, Any]:
        return dict(self.form.cleaned_data)


def _name(doing: Doing) -> Organisation:
    return orgs.rename(organisation=doing.unit, by=doing.person, at=doing.at, **doing.given)


def _details(doing: Doing) -> Organisation:
    return people.describe_unit(unit=doing.unit, by=doing.post, at=doing.at, details=doing.given)


def _units(doing: Doing) -> Organisation:
    return orgs.found(
        parent=doing.unit, by=doing.person, at=doing.at, is_demo=doing.unit.is_demo, **doing.given
    )


def _parent(doing: Doing) -> Organisation:
    to, note = doing.given["parent"], doing.given["note"]
    orgs.move(organisation=doing.unit, to=to, by=doing.person, at=doing.at, note=note)
    return doing.unit


def _merger(doing: Doing) -> Organisation:
    into, note = doing.given["into"], doing.given["note"]
    return orgs.merge(organisations=[doing.unit], into=into, by=doing.person, at=doing.at, note=note)


def _division(doing: Doing) -> Organisation:
    parts = doing.form.unit_parts()
    made = orgs.split(
        organisation=doing.unit, parts=parts, by=doing.person, at=doing.at, note=doing.given["note"]
    )
    return made[0]


def _closure(doing: Doing) -> Organisation:
    return orgs.close(organisation=doing.unit, by=doing.person, at=doing.at, note=doing.given["note"])


CHANGES: Mapping[str, Callable[[Doing], Organisation]] = {
    "name": _name,
    "details": _details,
    "units": _units,
    "parent": _parent,
    "merger": _merger,
    "division": _division,
    "closure": _closure,
}
SAID = {
    "name": gettext_noop("已更名为“%(unit)s”。"),
    "details": gettext_noop("“%(unit)s”的资料已保存。"),
    "units": gettext_noop("已设立“%(unit)s”。"),
    "parent": gettext_noop("“%(unit)s”已划转。它和下面单位的事项跟着走。"),
    "merger": gettext_noop("已并入“%(unit)s”。"),
    "division": gettext_noop("已拆分，这是第一个新单位“%(unit)s”。"),
    "closure": gettext_noop("“%(unit)s”已撤销，沿革还在。"),
}
FIELDS = {
    "division": {"parts": "parts", "code": "parts", "name": "parts"},
    "merger": {"organisations": "into"},
}


@requires("manage.organisations")
@require_POST
def change(request: HttpRequest, code: str, what: str) -> HttpResponse:
    """Carries out one change; a refusal shows the page again with what was typed."""
    post = post_of(request)
    unit = unit_in_area(post, code)
    form = _bound(request, unit, post, what)
    if form.is_valid():
        person = Person.objects.filter(pk=post.person_id).first()
        try:
            result = CHANGES[what](Doing(unit, post, person, clock.now(), form))
        except (orgs.OrganisationError, people.PeopleError) as error:
            field = FIELDS.get(what, {}).get(error.field, error.field)
            add_errors(form, {field: error.message})
            unit = unit_in_area(post, code)  # as it is now, not as the attempt left it
        else:
            messages.success(request, _(SAID[what]) % {"unit": result.label})
            return redirect("web:manage_unit", result.code)
    return unit_page(request, unit, {what: form}, opened=what)


def _bound(request: HttpRequest, unit: Organisation, post: Actor, what: str) -> Any:
    """The form of this change with what was sent; 404 where the unit offers no such change."""
    children = list(unit.children.standing().order_by("path"))
    offered = unit_changes(unit, post, children)
    if unit.valid_until is not None or what not in offered:
        raise Http404
    data, auto_id = request.POST, f"{what}-%s"
    match what:
        case "units":
            return unit_forms.NewUnitForm(data, parent=unit, auto_id=auto_id)
        case "parent":
            return unit_forms.ParentForm(data, area=post.path, auto_id=auto_id)
        case "merger":
            return unit_forms.MergerForm(data, area=post.path, auto_id=auto_id)
        case "division":
            return unit_forms.DivisionForm(data, children=children, auto_id=auto_id)
        case _:
            return type(offered[what])(data, auto_id=auto_id)
