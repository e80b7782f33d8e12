"""Who read what, and what people may ask about what is held on them."""

from .claims import Claim, ClaimKind, Outcome
from .consents import Consent, Matter
from .glass import Glass
from .keeping import Assessment, Deletion, Hold, Lock, Why
from .reading import Group, Opening, Read, Takeout

__all__ = [
    "Assessment",
    "Claim",
    "ClaimKind",
    "Consent",
    "Deletion",
    "Glass",
    "Group",
    "Hold",
    "Lock",
    "Matter",
    "Opening",
    "Outcome",
    "Read",
    "Takeout",
    "Why",
]
