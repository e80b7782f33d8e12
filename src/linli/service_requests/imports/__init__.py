"""Requests recorded elsewhere, taken in as historical cases by a mapping of that system's columns."""

from .mapping import Mapping, MappingError, mapping_names, read_mapping
from .reading import FileRefused, Reject, Row, Source
from .taking import Outcome, case_id_of, found_lists, take_in

__all__ = [
    "FileRefused",
    "Mapping",
    "MappingError",
    "Outcome",
    "Reject",
    "Row",
    "Source",
    "case_id_of",
    "found_lists",
    "mapping_names",
    "read_mapping",
    "take_in",
]
