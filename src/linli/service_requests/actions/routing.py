"""Which unit a request goes to, and which rule said so."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, OrganisationQuerySet, is_within
from linli.service_requests.models import Category, RoutingRule

LISTS = lookup.Memory()


@dataclass(frozen=True)
class Routing:
    """The unit a rule names, with the rule, and the rules that fitted but are broken."""

    unit: Organisation | None
    rule: RoutingRule | None
    broken: list[RoutingRule] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        """As the event keeps it."""
        return {
            "rule": self.rule.code if self.rule else None,
            "rule_position": self.rule.position if self.rule else None,
            "suggested": str(self.unit.pk) if self.unit else None,
            "broken_rules": [rule.code for rule in self.broken],
        }


def rules() -> list[RoutingRule]:
    """The rules in force, in the order in which they are read."""
    return list(
        RoutingRule.objects.filter(is_active=True).select_related("unit", "author").order_by("position")
    )


def _rules_known() -> list[RoutingRule]:
    return LISTS.get("rules", rules)


def category_known(code: str) -> Category | None:
    """A category in use, at most a second old."""
    return LISTS.get(
        ("category", code),
        lambda: Category.objects.filter(pk=code, is_active=True).select_related("unit").first(),
    )


def route(
    *,
    category: Category,
    request_type: str,
    channel: str,
    place: Organisation,
    accused_path: str = "",
    given: Iterable[RoutingRule] | None = None,
) -> Routing:
    """The unit for a request; broken rules are named, and an accused unit is never chosen."""
    facts = {
        "types": request_type,
        "categories": category.code,
        "channels": channel,
        "levels": category.level,
        "place_kinds": _place_kind(place),
    }
    broken: list[RoutingRule] = []
    for rule in given if given is not None else _rules_known():
        if not rule.fits(facts):
            continue
        unit = _unit_of(rule, place)
        if unit is None or problem(rule, {rule.function}):
            broken.append(rule)
        elif not is_within(unit.path, accused_path):
            return Routing(unit, rule, broken)
    unit = _unit_of(category, place)
    return Routing(None if unit is None or is_within(unit.path, accused_path) else unit, None, broken)


def problem(rule: RoutingRule, known: Collection[str] | None = None) -> str:
    """Why a rule cannot be used, in the reader's language; empty when it can. `known`: functions units have."""
    if rule.unit is not None and rule.unit.valid_until is not None:
        return _("指定的单位已经撤销：%(unit)s。") % {"unit": rule.unit.label}
    if rule.author is not None and not rule.author.is_active:
        return _("制定人的账号已停用：%(name)s。请由现任管理员确认这条规则。") % {"name": rule.author.name}
    is_known = _units_with(rule.function).exists if known is None else lambda: rule.function in known
    if rule.unit is None and not is_known():
        return _("没有职能为“%(function)s”的单位。") % {"function": rule.function}
    return ""


def broken_rules() -> list[tuple[RoutingRule, str]]:
    """Every active rule that cannot be used, with the reason."""
    known = set(Organisation.objects.standing().values_list("function", flat=True).distinct())
    found = [(rule, problem(rule, known)) for rule in rules()]
    return [(rule, reason) for rule, reason in found if reason]


def _place_kind(place: Organisation) -> str:
    line = lookup.line(place.path)
    return line[-2].kind if place.kind == Kind.GRID and len(line) > 1 else place.kind


def _units_with(function: str) -> OrganisationQuerySet:
    return Organisation.objects.filter(function=function, valid_until=None)


def _unit_of(target: RoutingRule | Category, place: Organisation) -> Organisation | None:
    """The unit named, or the one with that function in the place's township, else in its county."""
    if target.unit is not None:
        return target.unit if target.unit.valid_until is None else None
    if not target.function:
        return None
    parents = place.ancestor_paths
    wanted = parents[1:2] if target.unit_level == "township" else parents[:1]
    path = (wanted or parents[:1])[0]
    function = target.function
    return lookup.units.get(
        ("function", function, path),
        lambda: _units_with(function).filter(parent__path=path).order_by("code").first(),
    )
