"""Who may send how much at once. What is over the budget is held for a person to look at, never refused, never lost.

A browser with scripts has done a little sum for the form (`proof`), at no cost anybody notices and at some to whoever
sends thousands. Without scripts the budgets are smaller: in quiet times nobody notices that either. Addresses and
neighbourhoods are kept as keyed hashes that run empty within minutes (`people.actions.rates`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from linli.people.actions import rates

BITS, BITS_BUSY = (
    15,
    19,
)  # leading zeros of the sum: some 30,000 tries, and half a million while the county is flooded
LONGEST = 16


@dataclass(frozen=True)
class Budget:
    """A bucket: so many at once, then so many a minute."""

    name: str
    burst: int
    per_minute: float


ADDRESS = Budget("address", 12, 2)
NEIGHBOURHOOD = Budget("neighbourhood", 40, 10)
COUNTY = Budget("county", 600, 300)
UNPROVEN_ADDRESS = Budget("unproven", 4, 0.5)
UNPROVEN_COUNTY = Budget("unproven-county", 60, 20)


def bits_now(at: datetime) -> int:
    """How hard the sum is at present: harder while more is sent than a county ever needs."""
    flood = UNPROVEN_COUNTY
    name = _name(flood, "")
    until = rates.blocked_until(name=name, per_minute=flood.per_minute, burst=flood.burst, at=at)
    return BITS if until is None else BITS_BUSY


def is_proven(challenge: str, proof: str, bits: int) -> bool:
    """Whether SHA-256 of challenge, colon and proof begins with that many zero bits."""
    if not 0 < len(proof) <= LONGEST or not proof.isascii():
        return False
    digest = hashlib.sha256(f"{challenge}:{proof}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0


def over(*, address: str, challenge: str, proof: str, at: datetime) -> list[str]:
    """The budgets this sending is over; none means: take it in. A full budget is not charged any further.

    What comes from this machine itself has none: a proxy here that is not named in LINLI_TRUSTED_PROXIES hides
    everybody behind one address.
    """
    if not settings.REPORT_BUDGETS or rates.is_this_machine(address):
        return []
    where = rates.network(address)
    asked = [(ADDRESS, where), (NEIGHBOURHOOD, rates.neighbourhood(address)), (COUNTY, "")]
    if not is_proven(challenge, proof, bits_now(at)):
        asked = [(UNPROVEN_ADDRESS, where), (UNPROVEN_COUNTY, ""), *asked]
    return [budget.name for budget, whose in asked if _is_full(budget, whose, at)]


def _is_full(budget: Budget, whose: str, at: datetime) -> bool:
    name = _name(budget, whose)
    return rates.take(name=name, per_minute=budget.per_minute, burst=budget.burst, at=at) is not None


def _name(budget: Budget, whose: str) -> str:
    return f"report/{budget.name}/{whose}"
