"""Routing rules: read in order, tried out, put right when broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kit import clock
from linli.kit.lists import listed
from linli.orgs import actions as orgs
from linli.orgs.models import Kind, Organisation
from linli.people.access import requires
from linli.service_requests import actions as service_requests
from linli.service_requests.actions import Routing, editing
from linli.service_requests.models import Category, Channel, Level, RequestType, RoutingRule
from linli.web.forms.manage import functions, units_listed
from linli.web.forms.manage_lists import RuleForm, TrialForm

from . import history
from .pages import add_errors, county_post, show


@dataclass(frozen=True)
class Line:
    """A rule as the list shows it; `problem` says why it is skipped."""

    rule: RoutingRule
    conditions: list[str]
    target: str
    problem: str
    heirs: Sequence[Organisation] = ()


@requires("manage.rules")
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    post = county_post(request)
    words = Words()
    lines = in_order(words)
    tried = bool({"category", "place"} & set(request.GET))
    trial = TrialForm(request.GET if tried else None, area=post.path)
    context = {
        "lines": lines,
        "broken": [line for line in lines if line.problem],
        "trial": trial,
        "outcome": _outcome(trial, words) if tried and trial.is_valid() else None,
    }
    return show(request, "rules", context)


def in_order(words: Words | None = None) -> list[Line]:
    """Every rule, in the order in which they are read."""
    words = words or Words()
    rows = list(RoutingRule.objects.select_related("unit", "author").order_by("position", "code"))
    problems = {rule.pk: reason for rule, reason in service_requests.broken_rules()}
    return [words.line(rule, problems.get(rule.pk, "")) for rule in rows]


@requires("manage.rules")
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, code: str) -> HttpResponse:
    post = county_post(request)
    row = _get(code)
    form = RuleForm(
        request.POST if request.method == "POST" else None, area=post.path, initial=RuleForm.values(row)
    )
    if request.method == "POST" and form.is_valid():
        try:
            editing.edit_rule(rule=row, by=post, at=clock.now(), changes=form.changes())
        except editing.EditRefused as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("规则“%(name)s”已保存。") % {"name": row.label})
            return redirect("web:manage_rules")
    line = Words().line(row, service_requests.problem(row) if row.is_active else "")
    context = {
        "form": form,
        "rule": row,
        "line": line,
        "author_gone": row.author is not None and not row.author.is_active,
        "units": units_listed(post.path),
        "history": history.of("rule", row.code),
    }
    return show(request, "rule", context, refused=form.is_bound)


@requires("manage.rules")
@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: HttpRequest) -> HttpResponse:
    post = county_post(request)
    data = request.POST if request.method == "POST" else None
    form = RuleForm(data, area=post.path, initial={"is_active": True})
    if request.method == "POST" and form.is_valid():
        try:
            row = editing.add_rule(by=post, at=clock.now(), changes=form.changes())
        except editing.EditRefused as error:
            add_errors(form, error.errors)
        else:
            said = _("已新增规则“%(name)s”，排在最后。需要先起作用的，请往上移。")
            messages.success(request, said % {"name": row.label})
            return redirect(f"{reverse('web:manage_rules')}#r-{row.code}")
    return show(request, "rule", {"form": form, "units": units_listed(post.path)}, refused=form.is_bound)


@requires("manage.rules")
@require_POST
def position(request: HttpRequest, code: str) -> HttpResponse:
    """Moves a rule one place up or down."""
    post = county_post(request)
    row = _get(code)
    places = {"up": -1, "down": 1}.get(request.POST.get("move", ""))
    if places is None:
        raise Http404
    editing.move_rule(rule=row, places=places, by=post, at=clock.now())
    return redirect(f"{reverse('web:manage_rules')}#r-{row.code}")


@requires("manage.rules")
@require_POST
def confirmation(request: HttpRequest, code: str) -> HttpResponse:
    """Takes over a rule whose author has gone."""
    post = county_post(request)
    row = editing.confirm_rule(rule=_get(code), by=post, at=clock.now())
    messages.success(request, _("规则“%(name)s”现在由您负责。") % {"name": row.label})
    return redirect("web:manage_rules")


def _get(code: str) -> RoutingRule:
    row = RoutingRule.objects.filter(code=code).select_related("unit", "author").first()
    if row is None:
        raise Http404
    return row


class Words:
    """Conditions and targets in words; what they need is read once."""

    def __init__(self) -> None:
        self.categories = {row.code: row.label for row in Category.objects.all()}
        self.functions = dict(functions())
        kinds = {kind.value: kind.label for kind in Kind}
        self.values: dict[str, tuple[str, dict[str, Any]]] = {
            "types": (_("类型"), dict(RequestType.choices)),
            "categories": (_("类别"), self.categories),
            "place_kinds": (_("地点"), kinds),
            "channels": (_("来源"), dict(Channel.choices)),
            "levels": (_("紧急程度"), dict(Level.choices)),
        }

    def line(self, rule: RoutingRule, problem: str) -> Line:
        gone = rule.unit is not None and rule.unit.valid_until is not None
        heirs = orgs.heirs(rule.unit) if gone and rule.unit is not None else []
        return Line(rule, self.conditions(rule), self.target(rule), problem, heirs)

    def conditions(self, rule: RoutingRule) -> list[str]:
        said = []
        for name, wanted in rule.when.items():
            label, names = self.values.get(name, (name, {}))
            words = listed(str(names.get(value, value)) for value in wanted)
            said.append(_("%(label)s：%(value)s") % {"label": label, "value": words})
        return said

    def target(self, row: RoutingRule | Category) -> str:
        if row.unit is not None:
            return row.unit.label
        if not row.function:
            return _("没有单位，由调度员决定")
        unit = self.functions.get(row.function, row.function)
        words = _("事发乡镇的“%(unit)s”") if row.unit_level == "township" else _("县级的“%(unit)s”")
        return words % {"unit": unit}


def _outcome(form: TrialForm, words: Words) -> dict[str, Any]:
    """Which rule decides for this request, and which were read before it."""
    given = form.cleaned_data
    category = Category.objects.select_related("unit").get(pk=given["category"])
    place: Organisation = given["place"]
    known = service_requests.rules()
    routing: Routing = service_requests.route(
        category=category,
        request_type=given["request_type"],
        channel=given["channel"],
        place=place,
        given=known,
    )
    decided = next((n for n, rule in enumerate(known, 1) if rule == routing.rule), None)
    return {
        "routing": routing,
        "category": category,
        "place": place,
        "number": decided,
        "passed": (decided or len(known) + 1) - 1,
        "broken": [(rule, service_requests.problem(rule)) for rule in routing.broken],
        "default": words.target(category),
    }
