"""Mediation for those in a dispute: applying for it, and following it under the code of one party."""

from .acts import answer, calendar, end, session, talk
from .apply import disputes
from .papers import paper, pdf
from .progress import progress
from .receipt import receipt
from .routes import legal_aid, routes

__all__ = [
    "answer",
    "calendar",
    "disputes",
    "end",
    "legal_aid",
    "paper",
    "pdf",
    "progress",
    "receipt",
    "routes",
    "session",
    "talk",
]
