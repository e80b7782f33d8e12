"""Checks what a move asks for, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from linli.cases.actions.errors import BadData
from linli.cases.models import CaseNumber
from linli.cases.procedures import Need
from linli.kit import codes, text
from linli.orgs.models import Kind, Organisation

MOST_PHOTOS = 6
OFFICES = (Kind.DEPARTMENT, Kind.CENTRE, Kind.COMMITTEE)

# Kinds of case that keep categories add a look-up here: whether a code may be chosen now.
category_hooks: list[Callable[[str], bool]] = []


def checked(needs: tuple[Need, ...], data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a move, cleaned; raises BadData naming every field that is wrong."""
    unknown = set(data) - {need.name for need in needs}
    errors = {name: _("没有“%(name)s”这一项。") % {"name": name} for name in sorted(unknown)}
    cleaned: dict[str, Any] = {}
    for need in needs:
        value = data.get(need.name)
        if value is None or value == [] or (isinstance(value, str) and not text.clean(value)):
            if need.required:
                errors[need.name] = _("请填写“%(label)s”。") % {"label": need.label}
            continue
        try:
            cleaned[need.name] = CHECKS[need.kind](need, value)
        except ValueError as error:
            errors[need.name] = str(error)
    if errors:
        raise BadData(errors)
    return cleaned


def _text(need: Need, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("“%(label)s”应当是文字。") % {"label": need.label})
    words = text.clean(value)
    if len(words) < need.minimum:
        raise ValueError(
            _("“%(label)s”至少写%(n)d个字，现在是%(have)d个。")
            % {"label": need.label, "n": need.minimum, "have": len(words)}
        )
    if len(words) > need.maximum:
        raise ValueError(
            _("“%(label)s”最多%(n)d个字，现在是%(have)d个。")
            % {"label": need.label, "n": need.maximum, "have": len(words)}
        )
    return words


def _line(need: Need, value: Any) -> str:
    return _text(need, " ".join(value.split()) if isinstance(value, str) else value)


def _unit(need: Need, value: Any) -> str:
    try:
        unit = Organisation.objects.filter(pk=UUID(str(value)), valid_until=None).first()
    except ValueError:
        unit = None
    if unit is None or (need.unit_kinds and unit.kind not in need.unit_kinds):
        raise ValueError(_("“%(label)s”：没有这个单位，请从名单里选。") % {"label": need.label})
    return str(unit.pk)


def _limit(need: Need, value: Any) -> int:
    try:
        days = int(str(value))
    except ValueError:
        days = 0
    if not 1 <= days <= need.maximum:
        raise ValueError(_("“%(label)s”请填1到%(n)d的整数。") % {"label": need.label, "n": need.maximum})
    return days


def _date(need: Need, value: Any) -> str:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        raise ValueError(_("“%(label)s”请填日期，例如 2026-10-13。") % {"label": need.label}) from None


def _choice(need: Need, value: Any) -> str:
    if str(value) not in dict(need.choices):
        raise ValueError(_("“%(label)s”请从列出的几项里选。") % {"label": need.label})
    return str(value)


def _photos(need: Need, value: Any) -> list[str]:
    photos = [value] if isinstance(value, str) else value
    try:
        found = [str(UUID(str(photo))) for photo in photos]
    except (ValueError, TypeError) as error:
        raise ValueError(_("照片没有传上来，请重新选一次。")) from error
    if len(found) > MOST_PHOTOS:
        raise ValueError(_("最多%(n)d张照片。") % {"n": MOST_PHOTOS})
    return found


def _case(need: Need, value: Any) -> str:
    number = codes.normalise_number(str(value))
    found = CaseNumber.objects.filter(number=number).values_list("case_id", flat=True).first()
    if found is None:
        raise ValueError(_("没有这个编号的事项，或者您看不到它。请填另一件的编号。"))
    return str(found)


def _place(need: Need, value: Any) -> str:
    unit = Organisation.objects.filter(pk=UUID(_unit(need, value))).exclude(kind__in=OFFICES).first()
    if unit is None:
        raise ValueError(_("“%(label)s”应当是一个地方，不是单位。") % {"label": need.label})
    return str(unit.pk)


def _category(need: Need, value: Any) -> str:
    code = _line(need, value)
    if not any(knows(code) for knows in category_hooks):
        raise ValueError(_("“%(label)s”：没有这一类，请从名单里选。") % {"label": need.label})
    return code


CHECKS: dict[str, Callable[[Need, Any], Any]] = {
    "text": _text,
    "line": _line,
    "unit": _unit,
    "limit": _limit,
    "choice": _choice,
    "date": _date,
    "photos": _photos,
    "case": _case,
    "category": _category,
    "place": _place,
}
