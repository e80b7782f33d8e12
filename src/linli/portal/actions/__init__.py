"""What the public face does: takes requests and moves in, and holds back guessing."""

from .intake import make_move, take_in
from .throttle import blocked_until, note_wrong_code

__all__ = ["blocked_until", "make_move", "note_wrong_code", "take_in"]
