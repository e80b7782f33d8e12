"""Where it is: a point, lists, or words. Any one is enough; where two disagree, the person is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from linli.kit.lists import listed
from linli.orgs import lookup
from linli.orgs.models import Kind, Organisation, is_within, within
from linli.portal.forms.draft import Draft

VILLAGES = (Kind.VILLAGE, Kind.COMMUNITY)
AREAS = (Kind.TOWNSHIP, *VILLAGES, Kind.GRID)
LEVELS = ("town", "village", "grid")


@dataclass(frozen=True)
class Where:
    """What the where step says: the smallest unit, or what is wrong, or the two that disagree."""

    draft: Draft
    place: Organisation | None = None
    errors: dict[str, str] = field(default_factory=dict)
    disagree: tuple[Organisation, Organisation] | None = None

    @property
    def lon(self) -> float | None:
        return float(self.draft.lon) if self.draft.lon else None

    @property
    def lat(self) -> float | None:
        return float(self.draft.lat) if self.draft.lat else None


def find_where(county: Organisation, draft: Draft) -> Where:
    """The place a draft means, with its lists filled in to match."""
    if draft.prefer == "point":
        draft = replace(draft, town="", village="", grid="")
    elif draft.prefer == "list":
        draft = replace(draft, lon="", lat="")
    draft = replace(draft, prefer="")
    try:
        by_point = _by_point(county, draft)
        by_list = _by_list(county, draft)
    except Wrong as wrong:
        return Where(draft, errors={wrong.field: str(wrong)})
    if by_point is None and by_list is None:
        return _by_words(county, draft)
    if by_point is not None and by_list is not None and _disagree(by_point, by_list):
        return Where(draft, disagree=(by_point, by_list))
    found = max((unit for unit in (by_point, by_list) if unit), key=lambda unit: len(unit.path))
    return Where(_listed(draft, found), place=found)


def _disagree(one: Organisation, other: Organisation) -> bool:
    return not (is_within(one.path, other.path) or is_within(other.path, one.path))


class Wrong(ValueError):
    """A field of the where step that cannot be right."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def _by_point(county: Organisation, draft: Draft) -> Organisation | None:
    if not draft.lon and not draft.lat:
        return None
    outside = Wrong(
        "point",
        _("图上的点不在%(county)s范围内，可能点在了水面或县外。请重新点，或清掉这个点，从名单里选。")
        % {"county": county.label},
    )
    try:
        found = lookup.locate(float(draft.lon), float(draft.lat))
    except ValueError:
        raise Wrong("point", _("图上的点没有读出来，请重新点一次，或从名单里选。")) from None
    if found is None or not is_within(found.path, county.path):
        raise outside
    return lookup.unit(found.path) or Organisation.objects.get(pk=found.id)


def _by_list(county: Organisation, draft: Draft) -> Organisation | None:
    """The smallest unit chosen; what was chosen under another town or village is not silently taken."""
    codes = {level: getattr(draft, level) for level in LEVELS if getattr(draft, level)}
    if not codes:
        return None
    units = {
        unit.code: unit
        for unit in Organisation.objects.filter(
            within("path", county.path), code__in=codes.values(), kind__in=AREAS, valid_until=None
        )
    }
    above = county
    for level, code in codes.items():
        unit = units.get(code)
        if unit is None or not is_within(unit.path, above.path):
            raise Wrong(level, MISFITS[level]())
        above = unit
    return above


MISFITS = {
    "town": lambda: _("没有这个乡镇，请从名单里重新选。"),
    "village": lambda: _("这个村（社区）不在选的乡镇里，请重新选。"),
    "grid": lambda: _("这个网格不在选的村（社区）里，请重新选，或不选网格。"),
}


def _by_words(county: Organisation, draft: Draft) -> Where:
    """The village, else the township, whose name stands in the typed address, if only one does."""
    message = _("请告诉我们在哪里：用现在的位置、在图上点，或从名单里选乡镇和村。")
    if not draft.address.strip():
        return Where(draft, errors={"place": message})
    units = Organisation.objects.filter(
        within("path", county.path), kind__in=(Kind.TOWNSHIP, *VILLAGES), valid_until=None
    ).select_related("parent")
    named = [unit for unit in units if _stands_in(unit, draft.address)]
    towns = [unit for unit in named if unit.kind == Kind.TOWNSHIP]
    villages = [unit for unit in named if unit.kind != Kind.TOWNSHIP]
    if len(towns) == 1:
        villages = [unit for unit in villages if is_within(unit.path, towns[0].path)]
    found = villages if villages else towns
    if len(found) == 1:
        return Where(_listed(draft, found[0]), place=found[0])
    if found:
        names = listed(_full_name(unit) for unit in found[:4])
        message = _("地址里的名字有好几处：%(names)s。请从名单里选是哪一处。") % {"names": names}
    else:
        message = _("从地址里没看出是哪个乡镇、哪个村。请从名单里选乡镇和村，地址会留着。")
    return Where(draft, errors={"place": message})


def _stands_in(unit: Organisation, address: str) -> bool:
    return any(name and name in address for name in (unit.name, unit.name_en))


def _full_name(unit: Organisation) -> str:
    parent = unit.parent.label if unit.parent and unit.kind != Kind.TOWNSHIP else ""
    return f"{parent}{unit.label}"


def _listed(draft: Draft, place: Organisation) -> Draft:
    """The draft with its lists set to the place found."""
    codes: dict[str, str] = {}
    for unit in lookup.line(place.path):
        if unit.kind == Kind.TOWNSHIP:
            codes["town"] = unit.code
        elif unit.kind in VILLAGES:
            codes["village"] = unit.code
        elif unit.kind == Kind.GRID:
            codes["grid"] = unit.code
    return replace(
        draft, town=codes.get("town", ""), village=codes.get("village", ""), grid=codes.get("grid", "")
    )


def lists_for(county: Organisation, draft: Draft) -> dict[str, list[Organisation]]:
    """The choices of the three lists: towns, and the villages and grids under what is chosen already."""
    parents = [code for code in (draft.town, draft.village) if code]
    units = (
        Organisation.objects.filter(valid_until=None, kind__in=AREAS)
        .filter(parent__code__in=[county.code, *parents])
        .select_related("parent")
        .order_by("code")
    )
    under = _by_parent(units)
    return {
        "towns": [unit for unit in under.get(county.code, []) if unit.kind == Kind.TOWNSHIP],
        "villages": under.get(draft.town, []) if draft.town else [],
        "grids": under.get(draft.village, []) if draft.village else [],
    }


def _by_parent(units: Iterable[Organisation]) -> dict[str, list[Organisation]]:
    under: dict[str, list[Organisation]] = {}
    for unit in units:
        if unit.parent is not None:
            under.setdefault(unit.parent.code, []).append(unit)
    return under
