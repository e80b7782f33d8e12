"""Search over Chinese text by pairs of characters: a GIN index on PostgreSQL, an FTS5 phrase on SQLite.

A text is found when it holds every word of the query, letter for letter, case, width and punctuation apart; both
databases give exactly the same.
"""

from .plans import Key, about, find, matching, newest, search
from .tables import CaseText, GramsField, Searched, statements

__all__ = [
    "CaseText",
    "GramsField",
    "Key",
    "Searched",
    "about",
    "find",
    "matching",
    "newest",
    "search",
    "statements",
]
