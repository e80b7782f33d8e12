"""Which malformed request is sent next: first the fields of every form, one by one, then whatever answers soon."""

from __future__ import annotations

import random
import re
from itertools import accumulate
from typing import NamedTuple

WEIGHED_EVERY = 2_000  # requests after which addresses are weighed anew
LOOKS = 2  # at every page, each as somebody else
ODD_EACH = 3  # odd values for every field of a form
FIELD = re.compile(r'<(?:input|select|textarea)\b[^>]*?\bname="([^"]{1,40})"')


class Turn(NamedTuple):
    """What is asked: `method` "": any; `field`: which one gets an odd value; `who`: which client, -1: any."""

    address: str
    method: str = ""
    field: str = ""
    who: int = -1

    @property
    def is_plain(self) -> bool:
        """A look at the page, so that the fields of its forms are known: nothing is wrong with it."""
        return self.method == "GET" and not self.field


class Rounds:
    """Each address in turn as a browser asks for it, each field of the forms found there, then any, weighed.

    Weighed: what answers sooner is asked more often. A page that draws a sheet or hashes a password is not asked a
    thousand times, but none is left out.
    """

    def __init__(self, addresses: list[str]) -> None:
        self.waiting = [Turn(address, "GET") for address in addresses * LOOKS]
        self.times = dict.fromkeys(addresses, 0)
        self.spent = dict.fromkeys(addresses, 0.0)  # seconds of processor time
        self.forms: dict[str, set[str]] = {}
        self.sums: list[float] = []
        self.left = 0

    def next(self, chance: random.Random) -> Turn:
        if self.waiting:
            return self.waiting.pop(chance.randrange(len(self.waiting)))
        if not self.left:
            self.left = WEIGHED_EVERY
            weights = [(n / (self.spent[address] + 1e-5)) ** 2 for address, n in self.times.items()]
            self.sums = list(accumulate(weights))
        self.left -= 1
        return Turn(chance.choices(list(self.times), cum_weights=self.sums)[0])

    def note(self, turn: Turn, who: int, seconds: float, page: str) -> None:
        """What came back, to which client: how long it took, and which fields its forms have."""
        self.times[turn.address] += 1
        self.spent[turn.address] += seconds
        known = self.forms.setdefault(turn.address, set())
        for name in sorted(set(FIELD.findall(page)) - known):
            known.add(name)
            both = [turn._replace(method=method, field=name, who=who) for method in ("POST", "GET")]
            self.waiting += both * ODD_EACH
