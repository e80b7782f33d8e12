"""Merge units into one, split one into several, and follow what became of a closed unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from shapely import union_all
from shapely.geometry import mapping, shape

from linli.kit.lists import listed
from linli.orgs.actions.tree import (
    PARENTS,
    By,
    NothingChanged,
    OrganisationError,
    WouldLoop,
    WrongParent,
    bump,
    close_row,
    end,
    found,
    lock,
    record,
    rehang,
    unit_merged_hooks,
)
from linli.orgs.models import Boundary, Change, Organisation, is_within


class PartUnassigned(OrganisationError):
    field = "parts"


@dataclass(frozen=True, kw_only=True)
class UnitPart:
    """One of the units that come out of a split; `children` are codes of units that go with it."""

    code: str
    name: str
    name_en: str = ""
    children: tuple[str, ...] = ()


def merge(
    *, organisations: Sequence[Organisation], into: Organisation, by: By, at: datetime, note: str = ""
) -> Organisation:
    """Close several units into one that stands: their open children move to it, their outlines join it."""
    with transaction.atomic():
        bump("organisations")
        lock(into)
        if not organisations or into in organisations:
            raise NothingChanged(_("请选择至少一个要并入的单位，且不能是它自己。"), "organisations")
        for organisation in organisations:
            lock(organisation)
            _check_merge(organisation, into)
            for child in organisation.children.standing():
                record(child, Change.MOVED, by=by, at=at, note=note)
                rehang(child, into)
            end(organisation, Change.MERGED, by=by, at=at, note=note, other=into)
            for hook in unit_merged_hooks:
                hook(organisation, into)
        _join_outlines([*organisations, into], into)
        bump("boundaries")
        into.refresh_from_db()
    return into


def split(
    *, organisation: Organisation, parts: Sequence[UnitPart], by: By, at: datetime, note: str = ""
) -> list[Organisation]:
    """Close a unit into several new ones beside it; each open child goes with exactly one of them."""
    with transaction.atomic():
        bump("organisations")
        lock(organisation)
        children = {child.code: child for child in organisation.children.standing()}
        _check_parts(parts, set(children))
        heirs_found = []
        for part in parts:
            heir = found(
                code=part.code,
                name=part.name,
                name_en=part.name_en,
                kind=organisation.kind,
                parent=organisation.parent,
                function=organisation.function,
                is_demo=organisation.is_demo,
                by=by,
                at=at,
            )
            for code in part.children:
                record(children[code], Change.MOVED, by=by, at=at, note=note)
                rehang(children[code], heir)
            record(organisation, Change.SPLIT, by=by, at=at, note=note, other=heir)
            heirs_found.append(heir)
        close_row(organisation, at)
        bump("boundaries")
    return heirs_found


def heirs(organisation: Organisation) -> list[Organisation]:
    """The standing units that took a closed one over, through any number of merges and splits."""
    waiting, seen, standing = [organisation], {organisation.pk}, []
    while waiting:
        unit = waiting.pop()
        if unit.valid_until is None:
            standing.append(unit)
            continue
        for change in unit.changes.filter(other__isnull=False).select_related("other"):
            if change.other is not None and change.other.pk not in seen:
                seen.add(change.other.pk)
                waiting.append(change.other)
    return sorted(standing, key=lambda unit: unit.code)


def _check_merge(organisation: Organisation, into: Organisation) -> None:
    if is_within(into.path, organisation.path):
        raise WouldLoop(_("“%(name)s”是目标单位的上级，不能并入它。") % {"name": organisation.label})
    if PARENTS[organisation.kind] != PARENTS[into.kind]:
        raise WrongParent(
            _("“%(name)s”与目标单位不是同一类，不能合并。") % {"name": organisation.label}, "organisations"
        )


def _check_parts(parts: Sequence[UnitPart], children: set[str]) -> None:
    if len(parts) < 2:
        raise PartUnassigned(_("拆分后至少要有两个单位。"))
    assigned = [code for part in parts for code in part.children]
    wrong = sorted((children ^ set(assigned)) | {code for code in assigned if assigned.count(code) > 1})
    if wrong:
        raise PartUnassigned(
            _("下级单位要各归一个新单位，请检查：%(codes)s。") % {"codes": listed(wrong[:10])}
        )


def _join_outlines(organisations: Sequence[Organisation], into: Organisation) -> None:
    outlines = list(Boundary.objects.filter(organisation__in=organisations))
    if not outlines:
        return
    joined = union_all([shape(outline.geometry) for outline in outlines])
    Boundary.objects.update_or_create(
        organisation=into,
        defaults={
            "geometry": mapping(joined),
            "is_sketch": any(outline.is_sketch for outline in outlines),
            "source": outlines[0].source,
        },
    )
