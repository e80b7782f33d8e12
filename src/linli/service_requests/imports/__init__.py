"""Requests recorded elsewhere, taken in as historical cases by a mapping of that system's columns."""

from .drafting import draft
from .mapping import Mapping, MappingError, mapping_names, read_mapping
from .reading import Row, Source
from .records import FileRefused, Reject
from .rehearsing import Column, Rehearsal, rehearse
from .taking import Outcome, found_lists, take_in
from .understanding import case_id_of

__all__ = [
    "Column",
    "FileRefused",
    "Mapping",
    "MappingError",
    "Outcome",
    "Rehearsal",
    "Reject",
    "Row",
    "Source",
    "case_id_of",
    "draft",
    "found_lists",
    "mapping_names",
    "read_mapping",
    "rehearse",
    "take_in",
]
