"""What the public face does: takes requests and moves in, holds what is over the budget, and slows guessing down."""

from .budget import bits_now, is_too_soon
from .holding import WHY_DECLINED, AlreadyDecided, decline, find_held, hold, release, waiting_for
from .intake import make_move, take_in
from .receiving import Sender, receive
from .throttle import blocked_until, note_wrong_code

__all__ = [
    "WHY_DECLINED",
    "AlreadyDecided",
    "Sender",
    "bits_now",
    "blocked_until",
    "decline",
    "find_held",
    "hold",
    "is_too_soon",
    "make_move",
    "note_wrong_code",
    "receive",
    "release",
    "take_in",
    "waiting_for",
]
