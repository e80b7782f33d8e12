"""What can be done in people's mediation."""

from .lists import install_lists

__all__ = ["install_lists"]
