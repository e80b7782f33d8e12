"""The public face, page by page."""

from .county import county_context
from .directory import boundaries, grid, grids, places
from .figures import figures, figures_csv
from .home import accessibility, home, privacy, promises
from .lost import session_lost
from .receipt import receipt
from .report import located, report
from .switches import language, size, theme
from .track import departure, mediation, move, photo, track

__all__ = [
    "accessibility",
    "boundaries",
    "county_context",
    "departure",
    "figures",
    "figures_csv",
    "grid",
    "grids",
    "home",
    "language",
    "located",
    "mediation",
    "move",
    "photo",
    "places",
    "privacy",
    "promises",
    "receipt",
    "report",
    "session_lost",
    "size",
    "theme",
    "track",
]
