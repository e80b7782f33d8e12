"""What an administrator changes in the category list and the routing rules, with a line of history each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from linli.kit import text
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.people.actions import note_change
from linli.privacy.actions import assessments
from linli.service_requests.actions.routing import LISTS
from linli.service_requests.models import Category, RoutingRule

CATEGORY_FIELDS = (
    "name_zh name_en hint_zh hint_en advice_zh advice_en level limit unit_limit limit_source limit_source_en"
    " unit function unit_level photo is_active position icon".split()
)
RULE_FIELDS = "name_zh name_en why_zh why_en when unit function unit_level is_active".split()
CONDITIONS = ("types", "categories", "place_kinds", "channels", "levels")
CODE = re.compile(r"[a-z][a-z0-9_]{1,23}")
STEP = 10


class EditRefused(Exception):
    """Something wrong with an entry: field → message. Nothing was written."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(self.errors.values()))


def edit_category(*, category: Category, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Category:
    """Changes a category. Requests taken in before keep their limits; open ones keep theirs too."""
    with _changing():
        category = Category.objects.select_for_update().get(pk=category.pk)
        before = _facts(category, CATEGORY_FIELDS)
        _apply(category, changes, CATEGORY_FIELDS)
        _check_target(category, is_needed=category.parent_id is not None)
        if category.is_active and not before["is_active"]:
            _check_assessed(category.code, at)
        if (after := _facts(category, CATEGORY_FIELDS)) != before:
            category.save(force_update=True)
            _note(category.code, "category", category.name_zh, "category.edited", by, at, before, after)
    return category


def add_category(
    *, parent: Category, code: str, by: Actor, at: datetime, changes: Mapping[str, Any]
) -> Category:
    """Adds a category below a group; its code is the group's, a dot and a word of its own."""
    if parent.parent_id is not None:
        raise EditRefused({"code": _("只能在大类下面加小类。")})
    if not CODE.fullmatch(code):
        raise EditRefused(
            {"code": _("代码用 2 至 24 个小写字母、数字和下划线，以字母开头，如 street_lamp。")}
        )
    full = f"{parent.code}.{code}"
    with _changing():
        if Category.objects.filter(pk=full).exists():
            raise EditRefused({"code": _("代码“%(code)s”已经有了，请换一个。") % {"code": full}})
        category = Category(code=full, parent=parent, icon=parent.icon)
        _apply(category, changes, CATEGORY_FIELDS)
        _check_target(category, is_needed=True)
        _check_assessed(full, at)
        category.save(force_insert=True)
        after = _facts(category, CATEGORY_FIELDS)
        _note(category.code, "category", category.name_zh, "category.added", by, at, {}, after)
    return category


def _check_assessed(code: str, at: datetime) -> None:
    """What asks for sensitive information is switched on after its impact assessment is signed, not before."""
    try:
        assessments.require(subject=f"category:{code}", at=at)
    except assessments.NotAssessed as error:
        raise EditRefused({"is_active": str(error)}) from error


def edit_rule(*, rule: RoutingRule, by: Actor, at: datetime, changes: Mapping[str, Any]) -> RoutingRule:
    """Changes a rule; whoever does answers for it from now on."""
    with _changing():
        rule = RoutingRule.objects.select_for_update().get(pk=rule.pk)
        before = _facts(rule, RULE_FIELDS)
        _apply(rule, changes, RULE_FIELDS)
        _check_target(rule, is_needed=True)
        rule.author_id = by.person_id
        if (after := _facts(rule, RULE_FIELDS)) != before:
            _note(rule.code, "rule", rule.name_zh, "rule.edited", by, at, before, after)
        rule.save(force_update=True)
    return rule


def add_rule(*, by: Actor, at: datetime, changes: Mapping[str, Any]) -> RoutingRule:
    """Adds a rule at the end of the list."""
    with _changing():
        last = RoutingRule.objects.order_by("-position").values_list("position", flat=True).first() or 0
        rule = RoutingRule(position=last + STEP, code=_free_code(), author_id=by.person_id)
        _apply(rule, changes, RULE_FIELDS)
        _check_target(rule, is_needed=True)
        rule.save(force_insert=True)
        after = _facts(rule, RULE_FIELDS)
        _note(rule.code, "rule", rule.name_zh, "rule.added", by, at, {}, after)
    return rule


def move_rule(*, rule: RoutingRule, places: int, by: Actor, at: datetime) -> int:
    """Moves a rule up (negative) or down the list and numbers the list anew; returns its new position."""
    with _changing():
        order = list(RoutingRule.objects.select_for_update().order_by("position", "code"))
        index = next(n for n, other in enumerate(order) if other.pk == rule.pk)
        before = order[index].position
        moved = order.pop(index)
        order.insert(max(0, min(len(order), index + places)), moved)
        changed = []
        for number, other in enumerate(order, start=1):
            if other.position != number * STEP:
                other.position = number * STEP
                changed.append(other)
        RoutingRule.objects.bulk_update(changed, ["position"])
        facts = {"position": before}, {"position": moved.position}
        if before != moved.position:
            _note(moved.code, "rule", moved.name_zh, "rule.moved", by, at, *facts)
    return moved.position


def confirm_rule(*, rule: RoutingRule, by: Actor, at: datetime) -> RoutingRule:
    """Takes a rule over whose author's account is closed."""
    with _changing():
        rule = RoutingRule.objects.select_for_update().get(pk=rule.pk)
        before = {"author": rule.author.name if rule.author else ""}
        rule.author_id = by.person_id
        rule.save(update_fields=["author"])
        _note(rule.code, "rule", rule.name_zh, "rule.confirmed", by, at, before, {"author": by.name})
    return rule


@contextmanager
def _changing() -> Iterator[None]:
    """One transaction, after which this process reads lists and rules anew."""
    with transaction.atomic():
        LISTS.forget()
        yield


def _apply(row: models.Model, changes: Mapping[str, Any], allowed: list[str]) -> None:
    """Sets the fields and has the model check itself; unknown names are a mistake of the caller."""
    for name, value in changes.items():
        if name not in allowed:
            raise KeyError(name)
        setattr(row, name, " ".join(text.clean(value).split()) if isinstance(value, str) else value)
    try:
        row.full_clean(exclude={"author"}, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise EditRefused({name: " ".join(said) for name, said in error.message_dict.items()}) from error


def _check_target(row: Category | RoutingRule, *, is_needed: bool) -> None:
    if row.unit is not None and row.unit.valid_until is not None:
        raise EditRefused({"unit": _("“%(unit)s”已经停用，请换一个。") % {"unit": row.unit.label}})
    if is_needed and row.unit is None and not row.function:
        raise EditRefused({"function": _("请选一种职能，或者指定一个单位。")})
    if row.unit is None and row.function and row.is_active:
        known = Organisation.objects.standing().filter(function=row.function).exists()
        if not known:
            raise EditRefused(
                {"function": _("没有职能为“%(function)s”的单位。") % {"function": row.function}}
            )


def _free_code() -> str:
    number = RoutingRule.objects.count() + 1
    while RoutingRule.objects.filter(code=f"rule-{number}").exists():
        number += 1
    return f"rule-{number}"


def _facts(row: models.Model, names: list[str]) -> dict[str, Any]:
    """The fields as the history keeps them: a unit by its code and name."""
    facts: dict[str, Any] = {}
    for name in names:
        value = getattr(row, name)
        facts[name] = f"{value.name} {value.code}" if isinstance(value, Organisation) else value
    return facts


def _note(
    code: str,
    kind: str,
    name: str,
    what: str,
    by: Actor,
    at: datetime,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Only what differs is kept."""
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    note_change(
        by=by,
        at=at,
        what=what,
        target=(kind, code, name),
        before={key: value for key, value in before.items() if key in changed},
        after={key: value for key, value in after.items() if key in changed},
    )
