"""Accounts and posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kit import clock, text
from linli.people import actions
from linli.people.access import Actor, confirm, post_of, requires, roles
from linli.people.models import Grant, Person, PersonQuerySet
from linli.service_requests.models import RoutingRule
from linli.web.forms.manage import units_listed, written
from linli.web.forms.manage_people import AccountForm, DetailsForm, PostForm

from . import history
from .index import empty_desks
from .pages import add_errors, show, unit_in_area

SIZE = 40
SHOWS = ("all", "never", "closed", "without")


@dataclass(frozen=True)
class Held:
    """A post as a page shows it. state: now, later, ended."""

    post: Grant
    role: str
    state: str
    is_mine: bool


@requires("manage.people")
@require_safe
def persons(request: HttpRequest) -> HttpResponse:
    post, at = post_of(request), clock.now()
    query, show_only = asked_for(request.GET)
    wanted = narrowed(actions.people_of(post), query, show_only, at)
    after = request.GET.get("after", "")[:64]
    if after:
        wanted = wanted.filter(username__gt=after)
    found = list(wanted.prefetch_related(posts_in(post)).order_by("username")[: SIZE + 1])
    rows = [(person, held_by(person.grants.all(), post, at, now=True)) for person in found[:SIZE]]
    context = {
        "rows": rows,
        "query": query,
        "show": show_only,
        "more": found[SIZE - 1].username if len(found) > SIZE else "",
        "size": SIZE,
    }
    return show(request, "people", context)


@requires("manage.people")
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    """Opens an account with its first post; the initial password is on the answer to this and nowhere else."""
    post = post_of(request)
    initial = _unit_asked_for(request, post)
    form = AccountForm(request.POST if request.method == "POST" else None, area=post.path, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            person, password = _open(form, post, clock.now())
        except actions.PeopleError as error:
            add_errors(form, {error.field: error.message})
        else:
            return _password_page(request, person, password, status=201)
    context = {"form": form, "units": units_listed(post.path)}
    return show(request, "person_new", context, refused=form.is_bound)


@requires("manage.people")
@require_safe
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    post = post_of(request)
    return _person_page(request, _get(post, person_id), post)


@requires("manage.people")
@require_POST
def details(request: HttpRequest, person_id: UUID) -> HttpResponse:
    post = post_of(request)
    row = _get(post, person_id)
    form = DetailsForm(request.POST, auto_id="details-%s")
    if form.is_valid():
        try:
            actions.edit_account(person=row, by=post, at=clock.now(), **form.cleaned_data)
        except actions.PeopleError as error:
            add_errors(form, {error.field: error.message})
        else:
            messages.success(request, _("资料已保存。"))
            return redirect("web:manage_person", row.pk)
    return _person_page(request, row, post, {"details": form})


@requires("manage.people")
@require_POST
def posts(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Grants a post."""
    post, at = post_of(request), clock.now()
    row = _get(post, person_id)
    form = PostForm(request.POST, area=post.path, auto_id="post-%s")
    if form.is_valid():
        given = form.cleaned_data
        begins, until = form.period(at)
        try:
            actions.grant(
                person=row,
                role=given["role"],
                organisation=given["organisation"],
                by=post,
                at=at,
                valid_from=begins,
                valid_until=until,
            )
        except actions.PeopleError as error:
            add_errors(form, {error.field: error.message})
        else:
            said = _("%(name)s：%(unit)s · %(role)s。")
            role = roles()[given["role"]].label
            parts = {"name": row.name, "unit": given["organisation"].label, "role": role}
            messages.success(request, said % parts)
            return redirect("web:manage_person", row.pk)
    return _person_page(request, row, post, {"post": form})


@requires("manage.people")
@require_POST
def end(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """Ends a post now; names the desk that stays empty because of it."""
    post, at = post_of(request), clock.now()
    held = actions.grants_in(post).filter(pk=post_id).select_related("person", "organisation").first()
    if held is None:
        raise Http404
    try:
        actions.revoke(post=held, by=post, at=at)
    except actions.PeopleError as error:
        messages.warning(request, error.message)
    else:
        messages.success(
            request, _("已撤销。%(name)s下一次点开页面就没有这个岗位了。") % {"name": held.person.name}
        )
        left = next((desk for desk in empty_desks(post, at) if desk.unit.pk == held.organisation_id), None)
        if left is not None:
            said = ngettext(
                "“%(unit)s”的%(duties)s现在没有人，还有 %(n)d 件在等。请尽快另派一个人。",
                "“%(unit)s”的%(duties)s现在没有人，还有 %(n)d 件在等。请尽快另派一个人。",
                left.waiting,
            )
            parts = {"unit": left.unit.label, "duties": left.duties, "n": left.waiting}
            messages.warning(request, said % parts)
    return redirect("web:manage_person", held.person_id)


@requires("manage.people")
@require_POST
def account(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Closes or reopens an account."""
    post, at = post_of(request), clock.now()
    row = _get(post, person_id)
    wanted = request.POST.get("state", "")
    if wanted not in ("open", "closed"):
        raise Http404
    change = actions.reopen_account if wanted == "open" else actions.close_account
    try:
        change(person=row, by=post, at=at)
    except actions.PeopleError as error:
        messages.warning(request, error.message)
    else:
        messages.success(
            request, _("账号已启用。") if wanted == "open" else _("账号已停用，岗位都不再起作用。")
        )
    return redirect("web:manage_person", row.pk)


@requires("manage.people")
@require_POST
def password(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Sets a new initial password and shows it once."""
    post = post_of(request)
    row = _get(post, person_id)
    confirm(request)
    try:
        fresh = actions.set_initial_password(person=row, by=post, at=clock.now())
    except actions.PeopleError as error:
        messages.warning(request, error.message)
        return redirect("web:manage_person", row.pk)
    return _password_page(request, row, fresh)


@requires("manage.people")
@require_POST
def factors(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Takes away every second factor of somebody who has lost them; they set up new ones at the next sign-in."""
    post = post_of(request)
    row = _get(post, person_id)
    confirm(request)
    try:
        actions.clear_second_factors(person=row, by=post, at=clock.now())
    except actions.PeopleError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("第二道验证已经清除，下次登录时重新设。"))
    return redirect("web:manage_person", row.pk)


def _get(post: Actor, person_id: UUID) -> Person:
    row = actions.people_of(post).filter(pk=person_id).first()
    if row is None:
        raise Http404
    return row


def _open(form: AccountForm, post: Actor, at: datetime) -> tuple[Person, str]:
    """Account and first post: both or neither."""
    given = form.cleaned_data
    begins, until = form.period(at)
    with transaction.atomic():
        person, fresh = actions.open_account(
            by=post, at=at, **{name: given[name] for name in ("username", "name", "work_phone", "email")}
        )
        actions.grant(
            person=person,
            role=given["role"],
            organisation=given["organisation"],
            by=post,
            at=at,
            valid_from=begins,
            valid_until=until,
        )
    return person, fresh


def _password_page(request: HttpRequest, person: Person, fresh: str, status: int = 200) -> HttpResponse:
    response = show(request, "password", {"person": person, "password": fresh})
    response.status_code = status
    response["Cache-Control"] = "no-store"
    return response


def _person_page(
    request: HttpRequest, person: Person, post: Actor, given: dict[str, forms.Form] | None = None
) -> HttpResponse:
    at, refused = clock.now(), bool(given)
    given = given or {}
    held = Grant.objects.filter(person=person).select_related("organisation__parent")
    context = {
        "person": person,
        "held": held_by(held.order_by("-valid_from", "-id"), post, at),
        "may_manage": actions.may_manage(person=person, by=post, at=at),
        "is_self": person.pk == post.person_id,
        "details_form": given.get("details")
        or DetailsForm(initial=DetailsForm.values(person), auto_id="details-%s"),
        "post_form": given.get("post")
        or PostForm(area=post.path, auto_id="post-%s", initial=_unit_asked_for(request, post)),
        "has_factors": actions.has_second_factors(person),
        "rules": RoutingRule.objects.filter(author=person, is_active=True).count(),
        "units": units_listed(post.path),
        "history": history.of("person", person.pk),
    }
    return show(request, "person", context, refused=refused)


def held_by(held: Any, post: Actor, at: datetime, *, now: bool = False) -> list[Held]:
    """Posts with their state; with `now`, only those in force."""
    found = []
    for grant in held:
        ended = grant.valid_until is not None and grant.valid_until <= at
        state = "ended" if ended else "later" if grant.valid_from > at else "now"
        if now and state != "now":
            continue
        role = roles().get(grant.role)
        is_mine = actions.may_administer(grant.organisation, post)
        found.append(Held(grant, role.label if role else grant.role, state, is_mine))
    return sorted(found, key=lambda each: ("now", "later", "ended").index(each.state))


def asked_for(given: QueryDict) -> tuple[str, str]:
    """The words that are looked for, and which accounts."""
    query = " ".join(text.clean(given.get("q", "")).split())[:80]
    show_only = given.get("show", "all")
    return query, show_only if show_only in SHOWS else "all"


def narrowed(people: PersonQuerySet, query: str, show_only: str, at: datetime) -> PersonQuerySet:
    if query:
        here = Grant.objects.active(at).filter(organisation__name__contains=query).values("person_id")
        people = people.filter(Q(name__contains=query) | Q(username__icontains=query) | Q(pk__in=here))
    if show_only == "never":
        people = people.filter(last_login=None, is_active=True)
    elif show_only == "closed":
        people = people.filter(is_active=False)
    elif show_only == "without":
        people = people.exclude(pk__in=Grant.objects.active(at).values("person_id"))
    return people


def posts_in(post: Actor) -> Prefetch[Any]:
    """The posts of each person that lie in the area."""
    return Prefetch("grants", queryset=actions.grants_in(post).select_related("organisation__parent"))


def _unit_asked_for(request: HttpRequest, post: Actor) -> dict[str, str]:
    """A unit named in the address, filled in beforehand."""
    code = request.GET.get("unit", "")
    return {"organisation": written(unit_in_area(post, code))} if code else {}
