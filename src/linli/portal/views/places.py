"""How units are named on public pages."""

from __future__ import annotations

from collections.abc import Iterable

from linli.orgs.models import Kind, Organisation


def ancestors(units: Iterable[Organisation]) -> dict[str, Organisation]:
    """Every unit on the way from the root to these, by path, in one question."""
    paths = {path for unit in units for path in unit.ancestor_paths}
    return {unit.path: unit for unit in Organisation.objects.filter(path__in=paths)} if paths else {}


def full_label(place: Organisation, known: dict[str, Organisation] | None = None) -> str:
    """Township, village and grid: 周巷镇 · 绿林村 · 第二网格; the county alone for the county."""
    known = known if known is not None else ancestors([place])
    units = [known[path] for path in place.ancestor_paths if path in known]
    below = [unit.label for unit in units if unit.kind != Kind.COUNTY]
    return " · ".join(below) or place.label


def short_label(unit: Organisation) -> str:
    """A unit as it can stand alone: a grid with its village. Load it with `select_related("parent")`."""
    if unit.kind == Kind.GRID and unit.parent is not None:
        return (
            f"{unit.parent.label} {unit.label}"
            if unit.label.isascii()
            else f"{unit.parent.label}{unit.label}"
        )
    return unit.label
