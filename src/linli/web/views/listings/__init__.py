"""The lists of the desk, as the export knows them: each asks the page's own code for its rows."""

from .disputes import LISTINGS as DISPUTES
from .managed import LISTINGS as MANAGED
from .matters import LISTINGS as MATTERS
from .mediating import LISTINGS as MEDIATING
from .recurring import LISTINGS as RECURRING
from .supervising import LISTINGS as SUPERVISING

LISTINGS = (*MATTERS, *SUPERVISING, *RECURRING, *DISPUTES, *MEDIATING, *MANAGED)
