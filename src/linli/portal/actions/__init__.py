"""What the public face does: takes requests and moves in, holds what is over the budget, and slows guessing down."""

from .budget import bits_now, over
from .holding import WHY_DECLINED, AlreadyDecided, decline, find_held, hold, reasons_of, release, waiting_for
from .intake import make_move, take_in
from .throttle import blocked_until, note_wrong_code

__all__ = [
    "WHY_DECLINED",
    "AlreadyDecided",
    "bits_now",
    "blocked_until",
    "decline",
    "find_held",
    "hold",
    "make_move",
    "note_wrong_code",
    "over",
    "reasons_of",
    "release",
    "take_in",
    "waiting_for",
]
