"""Units and places to choose from in forms: few, near the case, and in an order that makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.mediation.actions.committees import committees_for
from linli.mediation.models import Category, Committee
from linli.orgs.models import Kind, Organisation, within

UNIT_KINDS = (Kind.DEPARTMENT, Kind.CENTRE)
AREA_KINDS = (Kind.TOWNSHIP, Kind.VILLAGE, Kind.COMMUNITY, Kind.GRID)


@dataclass(frozen=True)
class Group:
    """A heading of a select and what stands under it: (id, label)."""

    label: str
    choices: list[tuple[str, str]]


def near(case: Case) -> list[Organisation]:
    """Every standing unit of the case's township, and the departments of its county, from one statement."""
    parents = case.place.ancestor_paths if case.place else []
    if not parents:
        return []
    wanted = Q(path__startswith=parents[0], kind__in=UNIT_KINDS, parent__path=parents[0]) | Q(path=parents[0])
    if len(parents) > 1:
        wanted |= within("path", parents[1])
    return list(Organisation.objects.standing().filter(wanted).order_by("path"))


def groups_for(case: Case, suggested: Organisation | None = None) -> list[Group]:
    """Units that can be given the case: the suggested one, the township, the village, the county."""
    return unit_groups(case, near(case), suggested)


def unit_groups(
    case: Case, units: Sequence[Organisation], suggested: Organisation | None = None
) -> list[Group]:
    parents = case.place.ancestor_paths if case.place else [""]
    town = parents[1] if len(parents) > 1 else ""
    own = set(parents[1:])
    found = {
        _("规则建议"): [suggested] if suggested else [],
        _("乡镇单位"): [u for u in units if u.kind in UNIT_KINDS and town and u.path.startswith(town)],
        _("所在地"): [u for u in units if u.kind in AREA_KINDS and u.path in own],
        _("县级部门"): [u for u in units if u.kind in UNIT_KINDS and not (town and u.path.startswith(town))],
        _("县"): [u for u in units if u.kind == Kind.COUNTY],
    }
    return [Group(label, [(str(u.pk), u.label) for u in inside]) for label, inside in found.items() if inside]


def place_groups(case: Case, units: Sequence[Organisation]) -> list[Group]:
    """Villages of the township with their grids."""
    villages = [u for u in units if u.kind in (Kind.VILLAGE, Kind.COMMUNITY)]
    groups = []
    for village in villages:
        grids = [u for u in units if u.kind == Kind.GRID and u.path.startswith(village.path)]
        choices = [(str(village.pk), village.label)]
        choices += [(str(grid.pk), f"{village.label} {grid.label}") for grid in grids]
        groups.append(Group(village.label, choices))
    return groups


def committee_groups(case: Case) -> list[tuple[str, list[tuple[str, str]]]]:
    """Mediation committees for a dispute: those that fit its place and kind best first, then all others."""
    category = Category.objects.filter(pk=case.category).first()
    fit = committees_for(case.place, category) if case.place and category else []
    known = {committee.pk for committee in fit}
    rest = Committee.objects.standing().select_related("organisation").order_by("organisation__path")
    groups = [
        (_("适合这一件的"), [(str(each.pk), each.label) for each in fit]),
        (_("其他委员会"), [(str(each.pk), each.label) for each in rest if each.pk not in known]),
    ]
    return [group for group in groups if group[1]]
