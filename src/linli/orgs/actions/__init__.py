"""What can be done to the tree of organisations and its boundaries."""

from linli.orgs.actions.boundaries import BoundaryRefused, import_boundaries
from linli.orgs.actions.departments import import_departments
from linli.orgs.actions.imports import (
    ImportRefused,
    ImportReport,
    Problem,
    county_of,
    import_units,
    read_file,
    read_units,
)
from linli.orgs.actions.planting import county_known, plant
from linli.orgs.actions.succession import PartUnassigned, UnitPart, heirs, merge, split
from linli.orgs.actions.tree import (
    CodeTaken,
    CodeUnusable,
    NameMissing,
    NothingChanged,
    OrganisationError,
    StillHasUnits,
    TooDeep,
    UnitClosed,
    WouldLoop,
    WrongParent,
    bump,
    close,
    found,
    move,
    path_moved_hooks,
    rename,
)

__all__ = [
    "BoundaryRefused",
    "CodeTaken",
    "CodeUnusable",
    "ImportRefused",
    "ImportReport",
    "NameMissing",
    "NothingChanged",
    "OrganisationError",
    "PartUnassigned",
    "Problem",
    "StillHasUnits",
    "TooDeep",
    "UnitClosed",
    "UnitPart",
    "WouldLoop",
    "WrongParent",
    "bump",
    "close",
    "county_known",
    "county_of",
    "found",
    "heirs",
    "import_boundaries",
    "import_departments",
    "import_units",
    "merge",
    "move",
    "path_moved_hooks",
    "plant",
    "read_file",
    "read_units",
    "rename",
    "split",
]
