"""Who read what, and what people may ask about what is held on them."""

from .glass import Glass
from .reading import Group, Read

__all__ = ["Glass", "Group", "Read"]
