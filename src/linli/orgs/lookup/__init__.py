"""From a point to the unit that looks after it, and from units to shapes on a map."""

from linli.orgs.lookup.index import Place, forget, locate
from linli.orgs.lookup.memory import Memory, line, unit, units
from linli.orgs.lookup.shapes import REVISIONS, boundaries_etag, boundaries_geojson, outlines
from linli.orgs.lookup.sketch import SketchTown, SketchVillage, sketch_county

__all__ = [
    "REVISIONS",
    "Memory",
    "Place",
    "SketchTown",
    "SketchVillage",
    "boundaries_etag",
    "boundaries_geojson",
    "forget",
    "line",
    "locate",
    "outlines",
    "sketch_county",
    "unit",
    "units",
]
