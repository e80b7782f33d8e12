"""What the law of people's mediation asks before a step, as conditions its procedure files name.

Each looks at the rows of the case as they stand inside the transaction of the move, so that no way in goes round it.
"""

from .acceptance import QUESTIONS, Question, ground_of
from .conditions import CONDITIONS, install
from .papers import lacking_papers, lacking_signatures, missing_papers, missing_points, missing_signatures

__all__ = [
    "CONDITIONS",
    "QUESTIONS",
    "Question",
    "ground_of",
    "install",
    "lacking_papers",
    "lacking_signatures",
    "missing_papers",
    "missing_points",
    "missing_signatures",
]
