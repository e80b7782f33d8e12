"""The public face, page by page."""

from .articles import guide, guides
from .county import county_context
from .directory import boundaries, grid, grids, places
from .figures import figures, figures_csv
from .held import held
from .home import accessibility, home, privacy, promises
from .information import copy, information
from .lost import session_lost
from .opendata import (
    catalogue_jsonld,
    catalogue_ttl,
    dictionary_json,
    edition,
    edition_csv,
    edition_json,
    open_data,
)
from .receipt import receipt
from .report import located, report
from .search import search
from .switches import language, size, theme
from .telling import telling
from .track import departure, mediation, move, photo, track

__all__ = [
    "accessibility",
    "boundaries",
    "catalogue_jsonld",
    "catalogue_ttl",
    "copy",
    "county_context",
    "departure",
    "dictionary_json",
    "edition",
    "edition_csv",
    "edition_json",
    "figures",
    "figures_csv",
    "grid",
    "grids",
    "guide",
    "guides",
    "home",
    "information",
    "language",
    "located",
    "mediation",
    "move",
    "open_data",
    "photo",
    "places",
    "privacy",
    "promises",
    "held",
    "receipt",
    "report",
    "search",
    "session_lost",
    "size",
    "telling",
    "theme",
    "track",
]
