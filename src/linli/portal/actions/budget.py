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

from linli.people.actions import rates, rough

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
    until = rates.blocked_until(name=FLOOD.name, per_minute=FLOOD.per_minute, burst=FLOOD.burst, at=at)
    return BITS if until is None else BITS_BUSY


def is_proven(challenge: str, proof: str, bits: int) -> bool:
    """Whether SHA-256 of challenge, colon and proof begins with that many zero bits."""
    if not 0 < len(proof) <= LONGEST or not proof.isascii():
        return False
    digest = hashlib.sha256(f"{challenge}:{proof}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0


def charge(*, address: str, challenge: str, proof: str, at: datetime) -> rough.Charged:
    """Counts a report; where no budget was full it may be taken in. A full one is not charged any further.

    What comes from this machine itself has none: a proxy here that is not named in LINLI_TRUSTED_PROXIES hides
    everybody behind one address.
    """
    if not settings.REPORT_BUDGETS or rates.is_this_machine(address):
        return rough.Charged([], [])
    return _charge(
        [*_nearby(address), (COUNTY, "")], address=address, challenge=challenge, proof=proof, at=at
    )


def is_too_soon(*, form: str, address: str, challenge: str, proof: str, at: datetime) -> bool:
    """Whether a form that holds nothing has to be sent again a little later. What strangers send counts for nothing:
    no budget of the whole county is asked, so a flood cannot shut the form to anybody who does the sum.
    """
    if not settings.REPORT_BUDGETS or rates.is_this_machine(address):
        return False
    asked = _nearby(address)
    return bool(_charge(asked, address=address, challenge=challenge, proof=proof, at=at, form=form).full)


Asked = list[tuple[Budget, str]]
"""Budgets, and whose they are."""


def _nearby(address: str) -> Asked:
    return [(ADDRESS, rates.network(address)), (NEIGHBOURHOOD, rates.neighbourhood(address))]


def _charge(
    asked: Asked, *, address: str, challenge: str, proof: str, at: datetime, form: str = "report"
) -> rough.Charged:
    """One statement at most; beside it is asked how hard the sum has to be, which matters only in a flood.

    What the share of this process has room for is not asked, so in a flood its few pass with the easier sum.
    """
    unproven: Asked = [(UNPROVEN_ADDRESS, rates.network(address)), (UNPROVEN_COUNTY, "")]
    if not is_proven(challenge, proof, BITS):
        return _full([*unproven, *asked], at, form)
    beside = None if is_proven(challenge, proof, BITS_BUSY) else FLOOD
    charged = _full(asked, at, form, beside=beside)
    if FLOOD.name not in charged.full:
        return charged
    charged.full.remove(FLOOD.name)
    also = _full(unproven, at, form)
    return rough.Charged([*charged.taken, *also.taken], [*also.full, *charged.full])


def _full(asked: Asked, at: datetime, form: str, *, beside: rates.Limit | None = None) -> rough.Charged:
    named = {_name(budget, whose, form): budget for budget, whose in asked}
    limits = [rates.Limit(name, each.per_minute, each.burst) for name, each in named.items()]
    taken, full = rough.charge(limits, at, beside=beside)
    return rough.Charged(taken, [named[name].name if name in named else name for name in full])


def _name(budget: Budget, whose: str, form: str = "report") -> str:
    return f"{form}/{budget.name}/{whose}"


# Full while more is sent without the sum than a county ever needs.
FLOOD = rates.Limit(_name(UNPROVEN_COUNTY, ""), UNPROVEN_COUNTY.per_minute, UNPROVEN_COUNTY.burst)
