"""Reporting, in four short steps that need no script, no map, no name and no account."""

from .located import located
from .steps import report

__all__ = ["located", "report"]
